/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two slots take turns: one is being read, the other one's page is under way or waits. The next request needs only the last entry
 * of the page before, so it leaves as soon as that page has arrived and its slot is free.
 */
#include "s3/list.h"

#include <assert.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/view.h"
#include "s3/list_cursor.h"
#include "s3/reclaim.h"

enum state { IDLE, FETCHING, READY, FAILED };

struct slot {
    enum state state;
    struct s3c_call *call;
    struct s3c_list_page page;             /* its entries point into call->reply */
    size_t next;                           /* entry to give */
    bool last;                             /* no page comes after this one */
    struct s3c_buf key, version_id, token; /* what the call's inputs point to */
    struct s3c_error error;
};

struct s3c_lister {
    struct s3c_client *client;
    struct s3c_lister_options options; /* prefix is a copy; start_after lives in the cursor */
    char *prefix;
    struct s3c_list_cursor cursor;
    struct slot slots[2];
    struct slot *current; /* being read, or to be read next */
    bool begun;           /* the first page has come */
    int64_t server_second;
    bool has_server_second;
};

static struct slot *other(struct s3c_lister *l, struct slot *s)
{
    return s == &l->slots[0] ? &l->slots[1] : &l->slots[0];
}

/* A page is larger than what s3c_call_reset keeps; the buffer goes on to the next page all the same. */
static void recycle(struct s3c_call *call)
{
    struct s3c_buf reply = call->reply;

    call->reply = (struct s3c_buf){0};
    s3c_call_reset(call);
    s3c_buf_done(&call->reply);
    s3c_buf_clear(&reply);
    reply.max = S3C_LIST_BODY_MAX;
    call->reply = reply;
}

static int copy_inputs(struct s3c_lister *l, struct slot *s)
{
    const struct s3c_list_cursor *c = &l->cursor;
    int r;

    s3c_buf_clear(&s->key);
    s3c_buf_clear(&s->version_id);
    s3c_buf_clear(&s->token);
    if (c->token.len)
        return s3c_buf_add_view(&s->token, s3c_buf_view(&c->token));
    r = s3c_buf_add_view(&s->key, s3c_buf_view(&c->key));
    if (r == 0 && l->options.versions)
        r = s3c_buf_add_view(&s->version_id, s3c_buf_view(&c->version_id));
    return r;
}

/* Asks for the page that the cursor stands before. */
static void fetch(struct s3c_lister *l, struct slot *s)
{
    struct s3c_call *call = s->call;

    if (copy_inputs(l, s) < 0) {
        s->state = FAILED;
        (void)s3c_error_nomem(&s->error);
        return;
    }
    recycle(call);
    call->op = l->options.versions ? S3C_LIST_VERSIONS : S3C_LIST_OBJECTS_V2;
    call->prefix = l->options.prefix;
    call->key_marker = s3c_buf_view(&s->key);
    call->version_id_marker = s3c_buf_view(&s->version_id);
    call->continuation = s3c_buf_view(&s->token);
    call->max_keys = l->options.max_keys;
    call->max_attempts = l->options.max_attempts;
    call->deadline_mono_ns = l->options.deadline_mono_ns;
    call->inbox = l->options.inbox;
    call->user = l;
    s->state = FETCHING;
    s3c_client_submit(l->client, call);
}

static bool init_slot(struct slot *s)
{
    s->key = s->version_id = s->token = (struct s3c_buf)S3C_BUF_INIT(SIZE_MAX);
    s->call = s3c_call_new();
    return s->call != NULL;
}

int s3c_lister_new(struct s3c_lister **ret, struct s3c_client *c,
                   const struct s3c_lister_options *o, struct s3c_error *err)
{
    struct s3c_lister *l = s3c_zalloc(sizeof *l);
    int r;

    if (!l)
        return s3c_error_nomem(err);
    l->client = c;
    l->options = *o;
    l->current = &l->slots[0];
    r = s3c_list_cursor_init(&l->cursor, o->versions, o->start_after, err);
    if (r == 0) {
        l->prefix = s3c_viewdup(o->prefix);
        if (!l->prefix || !init_slot(&l->slots[0]) || !init_slot(&l->slots[1]))
            r = s3c_error_nomem(err);
    }
    if (r < 0) {
        s3c_lister_free(l);
        return r;
    }
    l->options.prefix = (struct s3c_view){l->prefix, o->prefix.len};
    l->options.start_after = (struct s3c_view){NULL, 0};
    fetch(l, l->current);
    *ret = l;
    return 0;
}

static void done_slot(struct slot *s)
{
    if (s->call)
        s3c_call_free(s->call);
    s3c_list_page_done(&s->page);
    s3c_buf_done(&s->key);
    s3c_buf_done(&s->version_id);
    s3c_buf_done(&s->token);
}

void s3c_lister_free(struct s3c_lister *l)
{
    size_t under_way = 0;

    if (!l)
        return;
    for (size_t i = 0; i < 2; i++) {
        if (l->slots[i].state == FETCHING) {
            s3c_client_cancel(l->client, l->slots[i].call);
            under_way++;
        }
    }
    (void)s3c_reclaim(l->options.inbox, l, under_way);
    done_slot(&l->slots[0]);
    done_slot(&l->slots[1]);
    s3c_list_cursor_done(&l->cursor);
    s3c_free(l->prefix);
    s3c_free(l);
}

/* ---- pages coming in ---- */

static void note_server_second(struct s3c_lister *l, const struct s3c_call *call)
{
    int64_t rounded_up = (call->attempt_ns + S3C_NS_PER_SEC - 1) / S3C_NS_PER_SEC;

    if (l->begun || !call->date_ns)
        return;
    l->server_second = s3c_floor_sec(call->date_ns) - rounded_up;
    l->has_server_second = true;
}

static int take_page(struct s3c_lister *l, struct slot *s, struct s3c_error *err)
{
    struct s3c_call *call = s->call;
    int r;

    if (call->result < 0) {
        *err = call->error;
        return call->result;
    }
    r = s3c_list_page_parse(&s->page, call->reply.ptr, call->reply.len, l->options.versions, err);
    if (r == 0)
        r = s3c_list_cursor_take(&l->cursor, &s->page, err);
    if (r == S3C_E_PROTOCOL)
        r = s3c_error_wrap(err, r, "%s", s3c_s3_op_name(call->op));
    return r;
}

void s3c_lister_feed(struct s3c_lister *l, struct s3c_call *call)
{
    struct slot *s = call == l->slots[0].call ? &l->slots[0] : &l->slots[1];

    assert(s->call == call && s->state == FETCHING);
    if (take_page(l, s, &s->error) < 0) {
        s->state = FAILED;
        return;
    }
    note_server_second(l, call);
    l->begun = true;
    s->state = READY;
    s->next = 0;
    s->last = l->cursor.end;
    if (!s->last && other(l, s)->state == IDLE)
        fetch(l, other(l, s));
}

/* The page was read to its end: its slot fetches the page after the one that is read now. */
static void turn(struct s3c_lister *l)
{
    struct slot *s = l->current;

    s->state = IDLE;
    l->current = other(l, s);
    if (l->current->state == READY && !l->current->last)
        fetch(l, s);
}

int s3c_lister_next(struct s3c_lister *l, struct s3c_list_entry *ret, struct s3c_error *err)
{
    for (;;) {
        struct slot *s = l->current;

        if (s->state == READY && s->next < s->page.count) {
            *ret = s->page.entries[s->next++];
            ret->ends_page = l->options.versions && !s->last && s->next == s->page.count;
            return 0;
        }
        if (s->state == FETCHING)
            return S3C_AGAIN;
        if (s->state == FAILED) {
            if (err)
                *err = s->error;
            return s->error.code;
        }
        if (s->last)
            return S3C_END;
        turn(l);
    }
}

void s3c_lister_retry(struct s3c_lister *l)
{
    if (l->current->state == FAILED)
        fetch(l, l->current);
}

bool s3c_lister_server_second(const struct s3c_lister *l, int64_t *ret_sec)
{
    if (l->has_server_second)
        *ret_sec = l->server_second;
    return l->has_server_second;
}
