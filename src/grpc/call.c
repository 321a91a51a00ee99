/* SPDX-License-Identifier: Apache-2.0 */
/* A call's life, and what methods may do with it. Nothing here sends or calls back: it is noted, and the connection marked. */
#include <assert.h>

#include "grpc/server_private.h"

struct grpc_call *grpc_call_new(struct grpc_conn *c, int32_t stream)
{
    struct grpc_call *k = s3c_zalloc(sizeof(*k));

    if (!k)
        return NULL;
    k->conn = c;
    k->stream = stream;
    k->in.arena = S3C_ARENA_INIT(0); /* header_bytes is the limit */
    k->in.backlog = (struct s3c_buf)S3C_BUF_INIT(4 * GRPC_STREAM_WINDOW);
    grpc_deframer_init(&k->in.frames, c->server->o.max_receive);
    k->next = c->calls;
    k->link = &c->calls;
    if (k->next)
        k->next->link = &k->next;
    c->calls = k;
    return k;
}

/* What is queued may refer to the call's buffers. */
static void let_go_of_buffers(struct grpc_call *k)
{
    struct grpc_conn *c = k->conn;

    if (k->out.epoch != c->out.epoch)
        return;
    if (c->broken || grpc_out_flush(&c->out) < 0 ||
        (k->out.epoch == c->out.epoch && grpc_out_detach(&c->out) < 0)) {
        c->broken = true;
        grpc_out_done(&c->out);
    }
}

void grpc_call_end(struct grpc_call *k)
{
    let_go_of_buffers(k);
    (void)nghttp2_session_set_stream_user_data(k->conn->h2, k->stream, NULL);
    if (k->opened && k->method->end)
        k->method->end(k, k->aborted || !k->out.sent);
    *k->link = k->next;
    if (k->next)
        k->next->link = k->link;
    grpc_reply_done(k);
    grpc_deframer_done(&k->in.frames);
    s3c_buf_done(&k->in.backlog);
    s3c_arena_done(&k->in.arena);
    s3c_free(k->text);
    s3c_free(k);
}

void grpc_call_mark(struct grpc_call *k)
{
    grpc_conn_mark(k->conn);
}

void *grpc_call_user(const struct grpc_call *c)
{
    return c->user;
}

void grpc_call_set_user(struct grpc_call *c, void *user)
{
    c->user = user;
}

struct grpc_server *grpc_call_server(const struct grpc_call *c)
{
    return c->conn->server;
}

struct s3c_view grpc_call_metadata(const struct grpc_call *c, const char *name)
{
    for (const struct grpc_call_header *h = c->in.headers; h; h = h->next)
        if (s3c_view_eq_str(h->name, name))
            return h->value;
    return (struct s3c_view){NULL, 0};
}

void grpc_call_finish(struct grpc_call *c, enum grpc_status status, const char *message)
{
    if (c->finished)
        return;
    c->finished = true;
    c->status = status;
    if (message && *message)
        c->text = s3c_strdup(message); /* without memory the code must do */
    grpc_call_mark(c);
}

void grpc_call_abort(struct grpc_call *k, enum grpc_status status, const char *text)
{
    if (k->finished)
        return;
    k->aborted = true;
    k->out.left = k->out.promised; /* a message that is cut is no message: the status says why */
    grpc_call_finish(k, status, text);
}

void grpc_call_reply(struct grpc_call *c, struct s3c_view message)
{
    assert(!c->method->pull);
    if (c->finished)
        return;
    if (grpc_reply_put(c, message) < 0)
        grpc_call_finish(c, GRPC_RESOURCE_EXHAUSTED, "out of memory for the reply");
    else
        grpc_call_finish(c, GRPC_OK, NULL);
}

void grpc_call_kick(struct grpc_call *c)
{
    c->out.kicked = true;
    grpc_call_mark(c);
}

void grpc_call_hold(struct grpc_call *c, bool hold)
{
    c->in.held = hold;
    if (!hold)
        grpc_call_mark(c);
}
