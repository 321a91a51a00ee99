/* SPDX-License-Identifier: Apache-2.0 */
#include "dest/pipeline.h"

#include "base/error.h"
#include "dest/once.h"
#include "dest/pipeline_private.h"
#include "s3/parts.h"

#define BACKOFF_FIRST_NS (500 * S3C_NS_PER_MS)
#define BACKOFF_MAX_NS   (20 * S3C_NS_PER_SEC)

void s3c_pipeline_init(struct s3c_pipeline *p)
{
    struct s3c_link *lists[] = {&p->queued,  &p->resting, &p->sending, &p->done,
                                &p->streams, &p->blocked, &p->held};

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        s3c_link_init(lists[i]);
    p->deadline_ns = INT64_MAX;
}

static const struct s3c_error no_memory = {.code = S3C_E_NOMEM, .message = "out of memory"};

static struct s3c_file *first_of(const struct s3c_link *list)
{
    return s3c_link_alone(list) ? NULL : S3C_LINK_OF(list->next, struct s3c_file, link);
}

void s3c_pipeline_move(struct s3c_link *at, struct s3c_file *f, enum s3c_file_state state)
{
    s3c_link_remove(&f->link);
    s3c_link_insert(at, &f->link);
    f->state = state;
}

/* ---- coming, being done, going ---- */

void s3c_pipeline_recount(struct s3c_pipeline *p, struct s3c_file *f)
{
    size_t now = s3c_file_bytes(f);

    p->bytes += now - f->counted;
    f->counted = now;
}

void s3c_pipeline_enter(struct s3c_pipeline *p, struct s3c_file *f)
{
    p->waiting++;
    s3c_pipeline_recount(p, f);
}

void s3c_pipeline_finish(struct s3c_pipeline *p, struct s3c_file *f, const struct s3c_error *err)
{
    if (!err && !(f->once && f->once->found)) {
        p->stored_files++;
        p->stored_bytes += f->size;
    }
    if (err && p->end_at_failure && !p->failed) {
        p->failed = true;
        p->failure = *err;
    }
    s3c_file_settle(f, err);
    if (f->once)
        s3c_once_leave(p, f);
    s3c_pipeline_recount(p, f);
    p->waiting--;
    p->done_bytes += f->counted;
    s3c_pipeline_move(&p->done, f, S3C_FILE_DONE);
}

void s3c_pipeline_push(struct s3c_pipeline *p, struct s3c_file *f)
{
    s3c_pipeline_enter(p, f);
    if (f->once)
        s3c_once_line_up(p, f);
    else
        s3c_pipeline_move(&p->queued, f, S3C_FILE_QUEUED);
}

void s3c_pipeline_push_failed(struct s3c_pipeline *p, struct s3c_file *f,
                              const struct s3c_error *err)
{
    s3c_pipeline_enter(p, f);
    s3c_pipeline_finish(p, f, err);
}

void s3c_pipeline_remove(struct s3c_pipeline *p, struct s3c_file *f)
{
    s3c_link_remove(&f->link);
    p->bytes -= f->counted;
    p->done_bytes -= f->counted;
    f->counted = 0;
}

void s3c_pipeline_fail_late(struct s3c_pipeline *p, struct s3c_file *f)
{
    struct s3c_error err;

    if (f->last_failure)
        (void)s3c_error_set(&err, S3C_E_TIMEOUT,
                            "not stored before the deadline for stopping; last failure: %s",
                            f->last_failure->message);
    else
        (void)s3c_error_set(&err, S3C_E_TIMEOUT,
                            "%.*s: S3 did not confirm it before the deadline for stopping",
                            (int)f->key.len, f->key.ptr);
    s3c_pipeline_finish(p, f, &err);
}

/* ---- retries ---- */

/* xorshift64*: spreads retries, nothing more. */
static uint32_t next_random(struct s3c_pipeline *p)
{
    p->random |= p->random == 0;
    p->random ^= p->random >> 12;
    p->random ^= p->random << 25;
    p->random ^= p->random >> 27;
    return (uint32_t)(p->random * UINT64_C(0x2545f4914f6cdd1d) >> 32);
}

/* Half of it is fixed, so that a server in trouble is really left alone; the other half is random. */
static int64_t backoff_ns(struct s3c_pipeline *p, unsigned failures)
{
    int64_t full = BACKOFF_FIRST_NS;

    while (failures-- > 1 && full < BACKOFF_MAX_NS)
        full *= 2;
    if (full > BACKOFF_MAX_NS)
        full = BACKOFF_MAX_NS;
    return full / 2 + full / 2 / 1024 * (next_random(p) % 1024);
}

/* Among those that rest the one with the earliest time is first. Looked for from the end: most new times are the latest. */
static void rest(struct s3c_pipeline *p, struct s3c_file *f)
{
    struct s3c_link *at = &p->resting;

    while (at->prev != &p->resting &&
           S3C_LINK_OF(at->prev, struct s3c_file, link)->retry_ns > f->retry_ns)
        at = at->prev;
    s3c_pipeline_move(at, f, S3C_FILE_QUEUED);
}

void s3c_pipeline_send_later(struct s3c_pipeline *p, struct s3c_file *f, int64_t now_ns)
{
    int64_t delay_ns = backoff_ns(p, ++f->failures);
    char text[S3C_TIME_TEXT_SIZE];

    s3c_file_keep_failure(f, &f->delivery.error);
    s3c_pipeline_recount(p, f);
    f->retry_ns = now_ns + delay_ns;
    rest(p, f);
    p->resent++;
    (void)s3c_duration_format(text, delay_ns / S3C_NS_PER_MS * S3C_NS_PER_MS);
    s3c_logf(p->log, S3C_LOG_WARN, "storing %.*s failed, attempt %u; the next one in %s: %s",
             (int)f->key.len, f->key.ptr, f->failures, text, f->delivery.error.message);
}

/* Those whose time has come go before what was never sent: they are older, and acknowledgements wait for the oldest. */
static void wake_rested(struct s3c_pipeline *p, int64_t now_ns)
{
    struct s3c_link *at = p->queued.next;
    struct s3c_file *f;

    while ((f = first_of(&p->resting)) && f->retry_ns <= now_ns)
        s3c_pipeline_move(at, f, S3C_FILE_QUEUED);
}

/* ---- with the sink ---- */

static struct s3c_file *file_of(struct s3c_delivery *d)
{
    return (struct s3c_file *)((char *)d - offsetof(struct s3c_file, delivery));
}

static void take_back(struct s3c_pipeline *p, struct s3c_delivery *d, int64_t now_ns)
{
    struct s3c_file *f = file_of(d);

    s3c_link_remove(&f->stream);
    if (f->state == S3C_FILE_OPEN) {
        p->open_streams--;
        d->next = p->broken;
        p->broken = d;
        return;
    }
    p->sending_count--;
    if (f->once && s3c_once_answered(p, f))
        return;
    if (f->abandoned)
        s3c_pipeline_finish(p, f, f->last_failure ? f->last_failure : &no_memory);
    else if (d->result == 0)
        s3c_pipeline_finish(p, f, NULL);
    else if (p->cancelled)
        s3c_pipeline_fail_late(p, f);
    else if (d->error.retryable && !f->streamed)
        s3c_pipeline_send_later(p, f, now_ns);
    else
        s3c_pipeline_finish(p, f, &d->error);
}

struct s3c_file *s3c_pipeline_next_broken(struct s3c_pipeline *p)
{
    struct s3c_delivery *d = p->broken;

    if (!d)
        return NULL;
    p->broken = d->next;
    return file_of(d);
}

void s3c_pipeline_prepare(const struct s3c_pipeline *p, struct s3c_file *f)
{
    f->delivery.key = s3c_buf_view(&f->key);
    f->delivery.content_type = p->content_type;
    f->delivery.content_encoding = p->content_encoding;
}

void s3c_pipeline_sending(struct s3c_pipeline *p, struct s3c_file *f)
{
    s3c_pipeline_move(&p->sending, f, S3C_FILE_SENDING);
    p->sending_count++;
}

static void send_file(struct s3c_pipeline *p, struct s3c_file *f, int64_t now_ns)
{
    struct s3c_error err = {0};
    int r = f->once ? s3c_once_prepare(p, f, &err) : 0;

    s3c_pipeline_prepare(p, f);
    f->delivery.body = s3c_buf_view(&f->body);
    s3c_pipeline_sending(p, f);
    if (r == 0)
        r = p->sink->ops->put(p->sink, &f->delivery, &err);
    if (r == 0)
        return;
    p->sending_count--;
    f->delivery.error = err;
    if (r == S3C_E_NOMEM)
        s3c_pipeline_send_later(p, f, now_ns); /* others give memory back when they are done */
    else
        s3c_pipeline_finish(p, f, &f->delivery.error);
}

/* The sink may give a delivery back later, but it does not take it out of the list before. */
static void cancel_all(struct s3c_pipeline *p)
{
    for (struct s3c_link *l = p->sending.next; l != &p->sending; l = l->next)
        p->sink->ops->cancel(p->sink, &S3C_LINK_OF(l, struct s3c_file, link)->delivery);
}

static void enforce_deadline(struct s3c_pipeline *p)
{
    struct s3c_file *f;

    s3c_once_release_all(p); /* what is in S3 is no failure */
    while ((f = first_of(&p->resting)) || (f = first_of(&p->queued)) || (f = first_of(&p->blocked)))
        s3c_pipeline_fail_late(p, f);
    if (!p->cancelled)
        cancel_all(p);
    p->cancelled = true;
}

static void fail_unsent(struct s3c_pipeline *p)
{
    struct s3c_file *f;

    while ((f = first_of(&p->resting)) || (f = first_of(&p->queued)) || (f = first_of(&p->blocked)))
        s3c_pipeline_finish(p, f, &p->failure);
}

void s3c_pipeline_run(struct s3c_pipeline *p, int timeout_ms, bool *ret_woken)
{
    struct s3c_delivery *d = p->sink->ops->take(p->sink, timeout_ms, ret_woken);
    int64_t now_ns = s3c_mono_ns(p->clock);
    struct s3c_file *f;

    p->once_now_ns = now_ns;
    while (d) {
        struct s3c_delivery *next = d->next;

        take_back(p, d, now_ns);
        d = next;
    }
    if (now_ns >= p->deadline_ns) {
        enforce_deadline(p);
        return;
    }
    wake_rested(p, now_ns);
    if (p->once)
        s3c_once_step(p, now_ns);
    while (!p->failed && p->sending_count < p->parallel && (f = first_of(&p->queued)))
        send_file(p, f, now_ns);
    if (p->failed)
        fail_unsent(p);
}

int64_t s3c_pipeline_due_ns(const struct s3c_pipeline *p)
{
    int64_t due_ns = p->waiting > 0 && !p->cancelled ? p->deadline_ns : INT64_MAX;
    const struct s3c_file *f = first_of(&p->resting);
    int64_t once_ns = p->once ? s3c_once_due_ns(p) : INT64_MAX;

    due_ns = once_ns < due_ns ? once_ns : due_ns;
    if (p->sending_count >= p->parallel)
        return due_ns; /* the sink has to finish something first */
    if (!s3c_link_alone(&p->queued))
        return INT64_MIN;
    return f && f->retry_ns < due_ns ? f->retry_ns : due_ns;
}

void s3c_pipeline_set_deadline(struct s3c_pipeline *p, int64_t mono_ns)
{
    p->deadline_ns = mono_ns;
    p->ending = true;
    wake_rested(p, INT64_MAX);
}

size_t s3c_pipeline_on_its_way(const struct s3c_pipeline *p, size_t part_size)
{
    size_t n = p->bytes - p->done_bytes;

    /* Those go on only when others are closed, or after a long while. */
    for (const struct s3c_link *l = p->held.next; l != &p->held; l = l->next)
        n -= S3C_LINK_OF(l, const struct s3c_file, link)->counted;
    for (const struct s3c_link *l = p->streams.next; l != &p->streams; l = l->next) {
        const struct s3c_file *f = S3C_LINK_OF(l, const struct s3c_file, stream);

        size_t part = (size_t)s3c_part_size(part_size, (unsigned)(f->size / part_size) + 1);

        /* The sink keeps what is no whole part until more of an open file comes. */
        if (f->state == S3C_FILE_OPEN)
            n += f->unsent / part * part;
    }
    return n;
}

void s3c_pipeline_drain(struct s3c_pipeline *p)
{
    p->deadline_ns = INT64_MIN;
    for (struct s3c_link *l = p->streams.next; l != &p->streams; l = l->next) {
        struct s3c_file *f = S3C_LINK_OF(l, struct s3c_file, stream);

        if (f->state == S3C_FILE_OPEN)
            p->sink->ops->cancel(p->sink, &f->delivery);
    }
    enforce_deadline(p);
    while (p->sending_count + p->open_streams > 0)
        s3c_pipeline_run(p, -1, NULL);
}
