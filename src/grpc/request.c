/* SPDX-License-Identifier: Apache-2.0 */
/* What comes in: headers open a call, data becomes messages, the end of the stream ends the call. */
#include <stdio.h>

#include "base/error.h"
#include "grpc/server_private.h"

static struct grpc_call *call_of(nghttp2_session *h2, int32_t stream)
{
    return nghttp2_session_get_stream_user_data(h2, stream);
}

static bool is_request(const nghttp2_frame *f)
{
    return f->hd.type == NGHTTP2_HEADERS && f->headers.cat == NGHTTP2_HCAT_REQUEST;
}

/* ---- headers ---- */

static int on_begin_headers(nghttp2_session *h2, const nghttp2_frame *f, void *user)
{
    struct grpc_conn *c = user;
    struct grpc_call *k;

    if (!is_request(f))
        return 0;
    k = grpc_call_new(c, f->hd.stream_id);
    if (!k)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    (void)nghttp2_session_set_stream_user_data(h2, f->hd.stream_id, k);
    return 0;
}

static int keep_header(struct grpc_request_side *in, struct s3c_view name, struct s3c_view value)
{
    struct grpc_call_header *h = s3c_arena_alloc(&in->arena, sizeof(*h));

    if (!h)
        return -1;
    h->name = s3c_arena_copy(&in->arena, name);
    h->value = s3c_arena_copy(&in->arena, value);
    if (!h->name.ptr || !h->value.ptr)
        return -1;
    h->next = in->headers;
    in->headers = h;
    if (s3c_view_eq_str(name, ":path"))
        in->path = h->value;
    else if (s3c_view_eq_str(name, ":method"))
        in->http_method = h->value;
    else if (s3c_view_eq_str(name, "content-type"))
        in->content_type = h->value;
    return 0;
}

static void keep_deadline(struct grpc_call *k, struct s3c_view timeout)
{
    int64_t ns;

    if (grpc_timeout_parse(timeout, &ns) < 0 ||
        __builtin_add_overflow(grpc_loop_now(), ns, &k->deadline_mono_ns))
        k->deadline_mono_ns = 0; /* none, or none that we would see */
    else
        grpc_server_note_deadline(k->conn->server, k->deadline_mono_ns);
}

static int on_header(nghttp2_session *h2, const nghttp2_frame *f, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *user)
{
    struct grpc_call *k = call_of(h2, f->hd.stream_id);
    struct s3c_view n = {(const char *)name, name_len}, v = {(const char *)value, value_len};

    (void)flags;
    (void)user;
    if (!k || !is_request(f)) /* trailers of a request say nothing to us */
        return 0;
    k->in.header_bytes += name_len + value_len;
    if (k->in.header_bytes > GRPC_MAX_HEADERS) {
        grpc_call_abort(k, GRPC_RESOURCE_EXHAUSTED, "the request's headers are too large");
        return 0;
    }
    if (s3c_view_eq_str(n, "grpc-timeout"))
        keep_deadline(k, v);
    return keep_header(&k->in, n, v) < 0 ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE : 0;
}

static const struct grpc_method *find_method(const struct grpc_server *s, struct s3c_view path)
{
    for (const struct grpc_method *const *t = s->o.tables; *t; t++)
        for (const struct grpc_method *m = *t; m->path; m++)
            if (s3c_view_eq_str(path, m->path))
                return m;
    return NULL;
}

static void open_method(struct grpc_call *k)
{
    struct s3c_error err = {0};

    if (k->method->pull && grpc_reply_init(k) < 0) {
        grpc_call_abort(k, GRPC_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    if (k->method->open && k->method->open(k, &err) < 0) {
        grpc_call_finish(k, GRPC_UNKNOWN, err.message);
        return;
    }
    k->opened = true;
}

static int open_call(struct grpc_call *k)
{
    int shown = k->in.path.len < 200 ? (int)k->in.path.len : 200;
    char text[256];

    if (k->finished) /* by its headers */
        return 0;
    if (!s3c_view_eq_str(k->in.http_method, "POST"))
        return grpc_reply_http_error(k, "405");
    if (!grpc_h2_is_grpc_type(k->in.content_type))
        return grpc_reply_http_error(k, "415");
    k->method = find_method(k->conn->server, k->in.path);
    if (!k->method) {
        snprintf(text, sizeof(text), "unknown method %.*s", shown, k->in.path.ptr);
        grpc_call_finish(k, GRPC_UNIMPLEMENTED, text);
        return 0;
    }
    open_method(k);
    grpc_call_mark(k);
    return 0;
}

/* ---- messages ---- */

static void refuse(struct grpc_call *k, int r)
{
    char text[128];

    switch (r) {
    case S3C_E_TOO_LARGE:
        snprintf(text, sizeof(text), "received message larger than max (%zu vs. %zu)",
                 k->in.frames.length, k->in.frames.max);
        grpc_call_abort(k, GRPC_RESOURCE_EXHAUSTED, text);
        break;
    case S3C_E_INVALID:
        grpc_call_abort(k, GRPC_UNIMPLEMENTED, "compressed messages are not supported");
        break;
    case S3C_E_NOMEM:
        grpc_call_abort(k, GRPC_RESOURCE_EXHAUSTED, "out of memory");
        break;
    default:
        grpc_call_abort(k, GRPC_INTERNAL, "the request is no gRPC: bad message flags");
    }
}

static void deliver(struct grpc_call *k, struct s3c_view m)
{
    if (k->in.messages++ > 0 && !k->method->pull)
        grpc_call_abort(k, GRPC_INTERNAL, "more than one request message");
    else if (k->method->message)
        k->method->message(k, m);
}

/* Takes messages off the front of *in until it is empty, the call is held, or it wants no more. */
static void feed(struct grpc_call *k, struct s3c_view *in)
{
    while (!k->finished && !k->in.held) {
        struct s3c_view m;
        int r = grpc_deframe(&k->in.frames, in, &m);

        if (r == 0)
            return;
        if (r < 0)
            refuse(k, r);
        else
            deliver(k, m);
    }
    if (k->finished)
        in->len = 0;
}

static bool wants_end(const struct grpc_call *k)
{
    return k->in.ended && !k->in.ended_told && !k->finished && !k->in.held &&
           k->in.backlog_at == k->in.backlog.len;
}

static void tell_end(struct grpc_call *k)
{
    if (!wants_end(k))
        return;
    k->in.ended_told = true;
    if (!grpc_deframer_between(&k->in.frames))
        grpc_call_abort(k, GRPC_INTERNAL, "the request ended inside a message");
    else if (k->method->half_close)
        k->method->half_close(k);
    else if (!k->in.messages && !k->method->pull)
        grpc_call_abort(k, GRPC_INTERNAL, "the request has no message");
}

static int consume(struct grpc_call *k, size_t n)
{
    return n ? nghttp2_session_consume_stream(k->conn->h2, k->stream, n) : 0;
}

static void feed_backlog(struct grpc_call *k)
{
    struct s3c_buf *b = &k->in.backlog;
    struct s3c_view in = s3c_view_skip(s3c_buf_view(b), k->in.backlog_at);
    size_t before = in.len;

    feed(k, &in);
    k->in.backlog_at = b->len - in.len;
    if (in.len == 0) {
        s3c_buf_done(b); /* holding is rare: a megabyte is not kept for it */
        k->in.backlog_at = 0;
    }
    if (consume(k, before - in.len))
        k->conn->broken = true;
}

void grpc_request_release(struct grpc_call *k)
{
    if (k->in.backlog.len > 0 && (k->finished || !k->in.held))
        feed_backlog(k);
    tell_end(k);
}

static int keep(struct grpc_call *k, struct s3c_view in)
{
    struct s3c_buf *b = &k->in.backlog;

    if (k->in.backlog_at > b->len / 2) {
        b->len -= k->in.backlog_at;
        memmove(b->ptr, b->ptr + k->in.backlog_at, b->len);
        k->in.backlog_at = 0;
    }
    if (s3c_buf_add_view(b, in) < 0) {
        grpc_call_abort(k, GRPC_RESOURCE_EXHAUSTED, "out of memory");
        return consume(k, in.len);
    }
    return 0;
}

static int on_data_chunk(nghttp2_session *h2, uint8_t flags, int32_t stream, const uint8_t *data,
                         size_t len, void *user)
{
    struct grpc_call *k = call_of(h2, stream);
    struct s3c_view in = {(const char *)data, len};
    int r = nghttp2_session_consume_connection(h2, len); /* a held call must not hold up others */

    (void)flags;
    (void)user;
    if (r)
        return r;
    if (!k)
        return nghttp2_session_consume_stream(h2, stream, len);
    if (k->in.backlog.len == 0)
        feed(k, &in);
    r = consume(k, len - in.len);
    return r || !in.len ? r : keep(k, in);
}

/* ---- ends ---- */

static int on_frame(nghttp2_session *h2, const nghttp2_frame *f, void *user)
{
    struct grpc_call *k;
    int r = 0;

    (void)user;
    if (f->hd.type != NGHTTP2_HEADERS && f->hd.type != NGHTTP2_DATA)
        return 0;
    k = call_of(h2, f->hd.stream_id);
    if (!k)
        return 0;
    if (is_request(f))
        r = open_call(k);
    if (f->hd.flags & NGHTTP2_FLAG_END_STREAM) {
        k->in.ended = true;
        tell_end(k);
    }
    return r;
}

static int on_stream_close(nghttp2_session *h2, int32_t stream, uint32_t code, void *user)
{
    struct grpc_call *k = call_of(h2, stream);

    (void)code;
    (void)user;
    if (k)
        grpc_call_end(k);
    return 0;
}

void grpc_request_callbacks(nghttp2_session_callbacks *callbacks)
{
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data_chunk);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
}
