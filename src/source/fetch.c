/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ring of slots, four for each connection, so that the connections stay busy while the oldest object is still on its way. Slots
 * keep their text buffers and calls come from a pool: a small object costs no allocation.
 */
#include "source/fetch.h"

#include "base/error.h"
#include "base/view.h"
#include "source/call_pool.h"

#define SLOTS_PER_CONNECTION 4
#define GET_OVERHEAD         4096       /* header block and bookkeeping, reserved beside the body */
#define TEXT_MAX             (1u << 20) /* key, version id and ETag */
#define SUBMIT_BATCH         64
#define LOG_PAUSE            (5 * S3C_NS_PER_SEC)

enum slot_state {
    WAITING, /* for room */
    FLYING,
    PAUSING, /* until retry_at_ns */
    DONE,
    SKIPPED,
    FAILED,
};

struct slot {
    struct s3c_event event; /* views into text */
    struct s3c_buf text;
    struct s3c_call *call;
    enum slot_state state;
    struct s3c_patience patience;
    int64_t retry_at_ns;
    uint64_t reserved;
    uint64_t number; /* in order of pushing */
};

struct s3c_fetch {
    struct s3c_fetch_options o;
    struct slot *slots;
    uint64_t cap;
    /* Numbers of events: lent <= head <= scheduled <= tail <= lent + cap. */
    uint64_t lent, head, scheduled, tail;
    uint64_t undecided, flying, pausing;
    uint64_t ready; /* DONE or FAILED, at head or later */
    uint64_t reserved;
    struct s3c_call_pool pool;
    struct s3c_call *chain, **chain_end; /* to be submitted together */
    uint64_t failed_at;                  /* number of the first FAILED one; UINT64_MAX: none */
    struct s3c_error failure;
    int64_t logged_ns;
    struct s3c_fetch_stats stats;
};

static struct slot *slot_at(const struct s3c_fetch *f, uint64_t number)
{
    return &f->slots[number % f->cap];
}

int s3c_fetch_new(struct s3c_fetch **ret, const struct s3c_fetch_options *o, struct s3c_error *err)
{
    struct s3c_fetch *f = s3c_zalloc(sizeof(*f));

    if (!f)
        return s3c_error_nomem(err);
    f->o = *o;
    f->cap = (uint64_t)o->settings->max_connections * SLOTS_PER_CONNECTION;
    f->chain_end = &f->chain;
    f->failed_at = UINT64_MAX;
    f->pool.max_bytes = (size_t)o->settings->memory_limit / 8;
    f->slots = s3c_zalloc((size_t)f->cap * sizeof(*f->slots));
    if (!f->slots) {
        s3c_free(f);
        return s3c_error_nomem(err);
    }
    for (uint64_t i = 0; i < f->cap; i++)
        f->slots[i].text.max = TEXT_MAX;
    *ret = f;
    return 0;
}

void s3c_fetch_free(struct s3c_fetch *f)
{
    if (!f)
        return;
    for (uint64_t n = f->head; n < f->scheduled; n++)
        if (slot_at(f, n)->state == FLYING)
            s3c_client_cancel(f->o.client, slot_at(f, n)->call);
    while (f->flying > 0)
        for (struct s3c_call *c = s3c_inbox_take(f->o.inbox, -1, NULL); c; c = c->next)
            f->flying -= c->op == S3C_GET_OBJECT;
    for (uint64_t i = 0; i < f->cap; i++) {
        s3c_call_free(f->slots[i].call);
        s3c_buf_done(&f->slots[i].text);
    }
    s3c_call_pool_done(&f->pool);
    s3c_free(f->slots);
    s3c_free(f);
}

bool s3c_fetch_has_room(const struct s3c_fetch *f)
{
    return f->tail - f->lent < f->cap;
}

static int copy_event(struct slot *s, const struct s3c_event *e)
{
    s3c_buf_clear(&s->text);
    if (s3c_buf_reserve(&s->text, e->key.len + e->version_id.len + e->etag.len) < 0 ||
        s3c_buf_add_view(&s->text, e->key) < 0 || s3c_buf_add_view(&s->text, e->version_id) < 0 ||
        s3c_buf_add_view(&s->text, e->etag) < 0)
        return S3C_E_NOMEM;
    s->event = *e;
    s->event.key.ptr = s->text.ptr;
    s->event.version_id.ptr = s->text.ptr + e->key.len;
    s->event.etag.ptr = s->event.version_id.ptr + e->version_id.len;
    return 0;
}

static void decide(struct s3c_fetch *f, struct slot *s, enum slot_state state)
{
    s->state = state;
    f->undecided--;
    f->ready += state != SKIPPED;
}

/* A skipped one holds no memory; the others give it back when they were read. */
static void drop_call(struct s3c_fetch *f, struct slot *s)
{
    if (s->call)
        s3c_call_pool_put(&f->pool, s->call);
    s->call = NULL;
    f->reserved -= s->reserved;
    s->reserved = 0;
}

static void fail(struct s3c_fetch *f, struct slot *s, const struct s3c_error *why)
{
    if (s->number < f->failed_at) {
        f->failed_at = s->number;
        f->failure = *why;
    }
    decide(f, s, FAILED);
}

/* Keys in messages: cut, and without bytes that could upset a terminal. */
#define KEY_TEXT 128
static const char *key_text(char dst[KEY_TEXT], const struct slot *s)
{
    s3c_view_copy(dst, KEY_TEXT, s->event.key);
    for (char *p = dst; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
    return dst;
}

/* The reader does not want to fail on such an object (`policy`), or this is the end. */
static void refuse(struct s3c_fetch *f, struct slot *s, enum s3c_on_trouble policy,
                   uint64_t *counter, const struct s3c_error *why)
{
    if (policy == S3C_FAIL) {
        fail(f, s, why);
        return;
    }
    ++*counter;
    s3c_logf(f->o.log, S3C_LOG_WARN, "skipped: %s", why->message);
    drop_call(f, s);
    decide(f, s, SKIPPED);
}

static void refuse_too_large(struct s3c_fetch *f, struct slot *s)
{
    struct s3c_error why;
    char key[KEY_TEXT];

    s3c_error_set(&why, S3C_E_TOO_LARGE,
                  "object \"%s\" has %llu bytes, more than object.max-bytes (%lld): raise "
                  "object.max-bytes, or set object.too-large to skip",
                  key_text(key, s), (unsigned long long)s->event.size,
                  (long long)f->o.settings->object_max_bytes);
    refuse(f, s, f->o.settings->too_large, &f->stats.skipped_too_large, &why);
}

static void refuse_archived(struct s3c_fetch *f, struct slot *s)
{
    struct s3c_error why = s->call->error;
    char key[KEY_TEXT];

    s3c_error_wrap(&why, S3C_E_ARCHIVED,
                   "object \"%s\" is archived: restore it, or set object.archived to skip",
                   key_text(key, s));
    refuse(f, s, f->o.settings->archived, &f->stats.skipped_archived, &why);
}

int s3c_fetch_push(struct s3c_fetch *f, const struct s3c_event *e, struct s3c_error *err)
{
    struct slot *s = slot_at(f, f->tail);

    if (copy_event(s, e) < 0)
        return s3c_error_nomem(err);
    s->number = f->tail++;
    s->state = WAITING;
    s->patience = (struct s3c_patience){0};
    f->undecided++;
    if (e->op == S3C_OP_DELETE)
        decide(f, s, DONE);
    else if (e->size > (uint64_t)f->o.settings->object_max_bytes)
        refuse_too_large(f, s);
    return 0;
}

static void submit(struct s3c_fetch *f, struct slot *s)
{
    struct s3c_call *c = s->call;
    const struct s3c_event *e = &s->event;

    c->op = S3C_GET_OBJECT;
    c->key = e->key;
    if (e->versioned)
        c->version_id = e->version_id;
    /* A `null` version can be replaced in place, so its id alone does not say which one was listed. */
    if (!e->versioned || s3c_fingerprint_is(e->print, S3C_FP_NULL))
        c->if_match = e->etag;
    c->expected_size = e->size;
    c->max_size = (uint64_t)f->o.settings->object_max_bytes;
    c->inbox = f->o.inbox;
    c->user = s;
    c->next = NULL;
    *f->chain_end = c;
    f->chain_end = &c->next;
    s->state = FLYING;
    f->flying++;
}

static void submit_chain(struct s3c_fetch *f)
{
    struct s3c_call *first = f->chain;

    f->chain = NULL;
    f->chain_end = &f->chain;
    if (first)
        s3c_client_submit_list(f->o.client, first);
}

static void retry_due(struct s3c_fetch *f)
{
    int64_t now;

    if (f->pausing == 0)
        return;
    now = s3c_mono_ns(f->o.clock);
    for (uint64_t n = f->head; n < f->scheduled; n++) {
        struct slot *s = slot_at(f, n);

        if (s->state != PAUSING || s->retry_at_ns > now)
            continue;
        f->pausing--;
        submit(f, s);
    }
}

/* An object larger than the limit runs alone; a snapshot record that is held back does not count, or nothing could follow it. */
static bool fits(const struct s3c_fetch *f, uint64_t need)
{
    if (f->reserved + need <= (uint64_t)f->o.settings->memory_limit)
        return true;
    return f->flying == 0 && f->pausing == 0 && f->ready <= 1 && f->lent == f->head;
}

int s3c_fetch_schedule(struct s3c_fetch *f, struct s3c_error *err)
{
    /* While the connections have enough to do, submit many at once: each submission may wake the I/O thread. */
    bool busy = f->flying > 2 * (uint64_t)f->o.settings->max_connections;

    retry_due(f);
    if (!busy || f->tail - f->scheduled >= SUBMIT_BATCH) {
        for (; f->scheduled < f->tail; f->scheduled++) {
            struct slot *s = slot_at(f, f->scheduled);
            uint64_t need = s->event.size + GET_OVERHEAD;

            if (s->state != WAITING)
                continue;
            if (!fits(f, need))
                break;
            s->call = s3c_call_pool_get(&f->pool);
            if (!s->call) {
                submit_chain(f);
                return s3c_error_nomem(err);
            }
            s->reserved = need;
            f->reserved += need;
            submit(f, s);
        }
    }
    submit_chain(f);
    return 0;
}

static void log_pause(struct s3c_fetch *f, const struct slot *s, int64_t now)
{
    if (f->logged_ns != 0 && now - f->logged_ns < LOG_PAUSE)
        return;
    f->logged_ns = now;
    s3c_logf(f->o.log, S3C_LOG_WARN, "an object is tried again in %lld ms: %s",
             (long long)((s->retry_at_ns - now) / S3C_NS_PER_MS), s->call->error.message);
}

static void try_again_or_fail(struct s3c_fetch *f, struct slot *s)
{
    int64_t now = s3c_mono_ns(f->o.clock);

    if (!s3c_patience_again(&s->patience, &s->call->error, now,
                            (uint32_t)(now + (int64_t)s->number), &s->retry_at_ns)) {
        fail(f, s, &s->call->error);
        return;
    }
    log_pause(f, s, now);
    s3c_call_reset(s->call);
    s->state = PAUSING;
    f->pausing++;
}

static int skip_changed(struct s3c_fetch *f, struct slot *s, struct s3c_error *err)
{
    f->stats.skipped_changed++;
    s3c_logf(f->o.log, S3C_LOG_DEBUG, "left to the next pass: %s", s->call->error.message);
    drop_call(f, s);
    decide(f, s, SKIPPED);
    return s3c_unseen_mark(f->o.unseen, &s->event) < 0 ? s3c_error_nomem(err) : 0;
}

int s3c_fetch_feed(struct s3c_fetch *f, struct s3c_call *call, struct s3c_error *err)
{
    struct slot *s = call->user;

    f->flying--;
    switch (call->result) {
    case 0:
        f->stats.objects++;
        f->stats.bytes += call->reply.len;
        decide(f, s, DONE);
        return 0;
    case S3C_E_NOT_FOUND:
    case S3C_E_CHANGED:
        return skip_changed(f, s, err);
    case S3C_E_ARCHIVED:
        refuse_archived(f, s);
        return 0;
    case S3C_E_TOO_LARGE:
        refuse_too_large(f, s);
        return 0;
    default:
        try_again_or_fail(f, s);
        return 0;
    }
}

int s3c_fetch_pop(struct s3c_fetch *f, enum s3c_fetch_more more, struct s3c_fetched *ret,
                  struct s3c_error *err)
{
    struct slot *s;

    for (; f->head < f->scheduled && slot_at(f, f->head)->state == SKIPPED; f->head++)
        f->lent +=
            f->lent == f->head; /* its slot is free at once where nothing lent comes before it */
    if (f->head == f->scheduled)
        return f->head == f->tail ? S3C_END : S3C_AGAIN;
    s = slot_at(f, f->head);
    if (s->state == FAILED) {
        if (err)
            *err = f->failure;
        return f->failure.code;
    }
    if (s->state != DONE)
        return S3C_AGAIN;
    ret->last = false;
    if (s->event.op == S3C_OP_SNAPSHOT && f->ready == 1 && more != S3C_FETCH_MORE_BROKEN) {
        if (more == S3C_FETCH_MORE_MAY || f->undecided > 0)
            return S3C_AGAIN;
        ret->last = true;
    }
    f->head++;
    f->ready--;
    ret->event = &s->event;
    ret->call = s->call;
    return 0;
}

void s3c_fetch_return(struct s3c_fetch *f)
{
    for (; f->lent < f->head; f->lent++)
        drop_call(f, slot_at(f, f->lent));
}

bool s3c_fetch_settled(const struct s3c_fetch *f)
{
    return f->undecided == 0;
}

int64_t s3c_fetch_timer_ns(const struct s3c_fetch *f)
{
    int64_t first = 0;

    for (uint64_t n = f->head; f->pausing > 0 && n < f->scheduled; n++) {
        const struct slot *s = slot_at(f, n);

        if (s->state == PAUSING && (first == 0 || s->retry_at_ns < first))
            first = s->retry_at_ns;
    }
    return first;
}

void s3c_fetch_get_stats(const struct s3c_fetch *f, struct s3c_fetch_stats *ret)
{
    *ret = f->stats;
}
