/* SPDX-License-Identifier: Apache-2.0 */
#include "methods.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/view.h"

static struct methods *state_of(const struct grpc_call *c)
{
    return grpc_server_user(grpc_call_server(c));
}

static int open_any(struct grpc_call *c, struct s3c_error *err)
{
    struct methods *m = state_of(c);

    (void)err;
    m->opened++;
    m->last = c;
    return 0;
}

static int open_refused(struct grpc_call *c, struct s3c_error *err)
{
    (void)c;
    return s3c_error_set(err, S3C_E_INVALID, "refused to open");
}

static void end_any(struct grpc_call *c, bool cancelled)
{
    struct methods *m = state_of(c);

    m->ended++;
    m->cancelled += cancelled;
    if (m->last == c)
        m->last = NULL;
}

static void count(struct grpc_call *c, struct s3c_view v)
{
    state_of(c)->messages++;
    state_of(c)->bytes += v.len;
}

static void echo(struct grpc_call *c, struct s3c_view v)
{
    count(c, v);
    grpc_call_reply(c, v);
    grpc_call_reply(c, S3C_VIEW("ignored"));
    grpc_call_finish(c, GRPC_INTERNAL, "ignored as well");
}

static void reply_header(struct grpc_call *c, struct s3c_view v)
{
    (void)v;
    if (grpc_call_metadata(c, "x-absent").ptr)
        grpc_call_finish(c, GRPC_INTERNAL, "a header that was not sent");
    grpc_call_reply(c, grpc_call_metadata(c, "x-test"));
}

static void fail(struct grpc_call *c, struct s3c_view v)
{
    (void)v;
    grpc_call_finish(c, GRPC_UNKNOWN, METHODS_FAILURE);
}

static void sink(struct grpc_call *c, struct s3c_view v)
{
    count(c, v);
    if (state_of(c)->hold_each)
        grpc_call_hold(c, true);
}

static void finish_ok(struct grpc_call *c)
{
    state_of(c)->half_closes++;
    grpc_call_finish(c, GRPC_OK, NULL);
}

static size_t pull_nothing(struct grpc_call *c, struct grpc_piece *pieces, size_t max)
{
    (void)pieces;
    (void)max;
    state_of(c)->pulls++;
    return 0;
}

static void chat(struct grpc_call *c, struct s3c_view v)
{
    count(c, v);
    state_of(c)->to_send++;
    grpc_call_kick(c);
}

static size_t pull_number(struct grpc_call *c, struct grpc_piece *pieces, size_t max)
{
    struct methods *m = state_of(c);
    char text[16];

    (void)max;
    if (!m->to_send)
        return 0;
    m->to_send--;
    snprintf(text, sizeof(text), "%zu", m->number++);
    memcpy(m->payload, text, strlen(text));
    pieces[0] = (struct grpc_piece){m->payload, strlen(text)};
    return 1;
}

/* Messages are rewritten in place: a piece that were sent after the next pull would show. */
static size_t pull_payload(struct grpc_call *c, struct grpc_piece *pieces, size_t max)
{
    struct methods *m = state_of(c);
    size_t n = m->pieces ? m->pieces : 1, at = 0;

    m->pulls++;
    if (!m->to_send) {
        grpc_call_finish(c, GRPC_OK, NULL);
        return 0;
    }
    m->to_send--;
    n = n < max ? n : max;
    memset(m->payload, (int)('a' + m->number++ % 26), m->size);
    for (size_t i = 0; i < n; i++) {
        size_t len = i + 1 < n ? m->size / n : m->size - at;

        pieces[i] = (struct grpc_piece){m->payload + at, len};
        at += len;
    }
    return n;
}

const struct grpc_method methods_table[] = {
    {"/t/Echo", open_any, echo, NULL, NULL, end_any},
    {"/t/Later", open_any, count, NULL, NULL, end_any},
    {"/t/Header", NULL, reply_header, NULL, NULL, NULL},
    {"/t/Fail", open_any, fail, NULL, NULL, end_any},
    {"/t/Refuse", open_refused, echo, NULL, NULL, end_any},
    {"/t/Sink", open_any, sink, finish_ok, pull_nothing, end_any},
    {"/t/Chat", open_any, chat, finish_ok, pull_number, end_any},
    {"/t/Stream", open_any, NULL, NULL, pull_payload, end_any},
    {NULL, NULL, NULL, NULL, NULL, NULL},
};
