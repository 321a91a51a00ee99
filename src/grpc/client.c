/* SPDX-License-Identifier: Apache-2.0 */
#include "grpc/client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "grpc/client_private.h"
#include "grpc/deframe.h"
#include "grpc/h2.h"

#define WINDOW     (1 << 20)
#define INPUT_SIZE ((size_t)64 * 1024)
#define MAX_FIELDS 24
#define OWN_FIELDS 7

struct grpc_client {
    struct grpc_target target;
    int cancel_fd;
    int fd; /* -1: not connected */
    nghttp2_session *h2;
    uint8_t *input;
    struct exchange *now;
};

/* One call on one connection. */
struct exchange {
    struct grpc_client *client;
    const struct grpc_request *q;
    struct grpc_response *out;
    int32_t stream;
    uint8_t prefix[GRPC_PREFIX_SIZE];
    size_t sent; /* of prefix and message */
    struct grpc_deframer frames;
    size_t messages;
    bool answered; /* something of the answer has come */
    bool http_ok, is_grpc, has_status, closed;
    char http_status[8];
    uint32_t close_code;
    int problem; /* S3C_E_*: the answer cannot be used */
};

/* ---- nghttp2's callbacks ---- */

static struct exchange *exchange_of(void *user, int32_t stream)
{
    struct grpc_client *c = user;

    return c->now && c->now->stream == stream ? c->now : NULL;
}

static ssize_t on_send(nghttp2_session *h2, const uint8_t *p, size_t n, int flags, void *user)
{
    const struct grpc_client *c = user;
    ssize_t sent = send(c->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);

    (void)h2;
    (void)flags;
    if (sent >= 0)
        return sent;
    return errno == EAGAIN || errno == EINTR ? NGHTTP2_ERR_WOULDBLOCK
                                             : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static ssize_t on_read(nghttp2_session *h2, int32_t stream, uint8_t *buf, size_t len,
                       uint32_t *flags, nghttp2_data_source *source, void *user)
{
    struct exchange *x = source->ptr;
    struct s3c_view m = x->q->message;
    size_t n = 0, part;

    (void)h2;
    (void)stream;
    (void)user;
    for (; x->sent < GRPC_PREFIX_SIZE && n < len; n++)
        buf[n] = x->prefix[x->sent++];
    part = m.len + GRPC_PREFIX_SIZE - x->sent;
    part = part < len - n ? part : len - n;
    if (part)
        memcpy(buf + n, m.ptr + x->sent - GRPC_PREFIX_SIZE, part);
    x->sent += part;
    if (x->sent == GRPC_PREFIX_SIZE + m.len)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)(n + part);
}

/* What a server says of an error may hold anything; what we show is one line of UTF-8. */
static void keep_text(struct grpc_response *out, struct s3c_view v)
{
    struct s3c_error line;
    char decoded[sizeof(line.message)];

    v.len = v.len < sizeof(decoded) ? v.len : sizeof(decoded);
    v.len = s3c_percent_decode(decoded, v, false);
    (void)s3c_error_set(&line, S3C_E_HTTP, "%.*s", (int)v.len, decoded);
    v = s3c_view_str(line.message);
    if (v.len >= sizeof(out->text))
        v.len = s3c_utf8_whole(v.ptr, sizeof(out->text) - 1);
    s3c_view_copy(out->text, sizeof(out->text), v);
}

static void keep_field(struct exchange *x, struct s3c_view name, struct s3c_view value)
{
    uint64_t code;

    if (s3c_view_eq_str(name, ":status")) {
        x->http_ok = s3c_view_eq_str(value, "200");
        s3c_view_copy(x->http_status, sizeof(x->http_status), value);
    } else if (s3c_view_eq_str(name, "content-type")) {
        x->is_grpc = grpc_h2_is_grpc_type(value);
    } else if (s3c_view_eq_str(name, "grpc-message")) {
        keep_text(x->out, value);
    } else if (s3c_view_eq_str(name, "grpc-status")) {
        x->has_status = s3c_view_u64(value, &code) == 0 && code <= INT32_MAX;
        x->out->status = x->has_status ? (enum grpc_status)code : GRPC_UNKNOWN;
    }
}

static int on_header(nghttp2_session *h2, const nghttp2_frame *f, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *user)
{
    struct exchange *x = exchange_of(user, f->hd.stream_id);

    (void)h2;
    (void)flags;
    if (x) {
        x->answered = true;
        keep_field(x, (struct s3c_view){(const char *)name, name_len},
                   (struct s3c_view){(const char *)value, value_len});
    }
    return 0;
}

static int keep_message(struct exchange *x, struct s3c_view m)
{
    if (x->messages++ > 0)
        return S3C_E_PROTOCOL;
    s3c_buf_clear(&x->out->message);
    return s3c_buf_add_view(&x->out->message, m);
}

static int on_data_chunk(nghttp2_session *h2, uint8_t flags, int32_t stream, const uint8_t *data,
                         size_t len, void *user)
{
    struct exchange *x = exchange_of(user, stream);
    struct s3c_view in = {(const char *)data, len}, m;
    int r = 1;

    (void)h2;
    (void)flags;
    /* What is no gRPC (an error page, say) is not read: its status tells enough. */
    while (x && x->http_ok && x->is_grpc && !x->problem && r > 0) {
        r = grpc_deframe(&x->frames, &in, &m);
        if (r > 0 && keep_message(x, m) < 0)
            r = x->messages > 1 ? S3C_E_PROTOCOL : S3C_E_NOMEM;
        x->problem = r < 0 ? r : 0;
    }
    return 0;
}

static int on_stream_close(nghttp2_session *h2, int32_t stream, uint32_t code, void *user)
{
    struct exchange *x = exchange_of(user, stream);

    (void)h2;
    if (x) {
        x->closed = true;
        x->close_code = code;
    }
    return 0;
}

/* ---- the connection ---- */

static void disconnect(struct grpc_client *c)
{
    nghttp2_session_del(S3C_TAKE(c->h2));
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

static int start_session(struct grpc_client *c)
{
    static const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW},
    };
    nghttp2_mem mem = grpc_h2_mem();
    nghttp2_session_callbacks *cb;
    int r = nghttp2_session_callbacks_new(&cb);

    if (r)
        return r;
    nghttp2_session_callbacks_set_send_callback(cb, on_send);
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data_chunk);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
    r = nghttp2_session_client_new3(&c->h2, cb, c, NULL, &mem);
    nghttp2_session_callbacks_del(cb);
    r = r ? r : nghttp2_submit_settings(c->h2, NGHTTP2_FLAG_NONE, settings, 2);
    return r ? r : nghttp2_session_set_local_window_size(c->h2, NGHTTP2_FLAG_NONE, 0, WINDOW);
}

static int connect_client(struct grpc_client *c, const struct grpc_patience *p,
                          struct s3c_error *err)
{
    int r = grpc_dial(&c->target, p, &c->fd, err);

    if (r < 0)
        return r;
    if (start_session(c) == 0)
        return 0;
    disconnect(c);
    return s3c_error_nomem(err);
}

/* ---- a call ---- */

static int lost(const struct exchange *x, const char *why, struct s3c_error *err)
{
    (void)s3c_error_set(err, S3C_E_CONNECT, "%s on %s: %s", x->q->path, x->client->target.text,
                        why);
    if (err)
        err->retryable = true;
    return S3C_E_CONNECT;
}

/* For the server, which is told 8 digits at most. */
static int timeout_ms(const struct grpc_patience *p)
{
    int64_t ms = (p->due_mono_ns - s3c_mono_ns(s3c_clock_system())) / S3C_NS_PER_MS;

    if (ms < 1)
        return 1;
    return ms > 99999999 ? 99999999 : (int)ms;
}

static int submit(struct exchange *x, const struct grpc_patience *p)
{
    const struct grpc_target *t = &x->client->target;
    nghttp2_data_provider provider = {.source.ptr = x, .read_callback = on_read};
    struct s3c_view authority = t->is_unix ? S3C_VIEW("localhost") : s3c_view_str(t->text);
    char timeout[24];
    nghttp2_nv f[OWN_FIELDS + MAX_FIELDS] = {
        grpc_h2_field(":method", S3C_VIEW("POST")),
        grpc_h2_field(":scheme", S3C_VIEW("http")),
        grpc_h2_field(":path", s3c_view_str(x->q->path)),
        grpc_h2_field(":authority", authority),
        grpc_h2_field("te", S3C_VIEW("trailers")),
        grpc_h2_field("content-type", S3C_VIEW("application/grpc")),
    };

    snprintf(timeout, sizeof(timeout), "%dm", timeout_ms(p));
    f[6] = grpc_h2_field("grpc-timeout", s3c_view_str(timeout));
    for (size_t i = 0; i < x->q->metadata_count; i++)
        f[OWN_FIELDS + i] = grpc_h2_field(x->q->metadata[i].name, x->q->metadata[i].value);
    x->stream = nghttp2_submit_request(x->client->h2, NULL, f, OWN_FIELDS + x->q->metadata_count,
                                       &provider, NULL);
    return x->stream;
}

static int not_http2(const struct exchange *x, struct s3c_error *err)
{
    return s3c_error_set(err, S3C_E_PROTOCOL, "%s on %s: the answer is no HTTP/2", x->q->path,
                         x->client->target.text);
}

/* 0, or an error that ends the connection. */
static int transfer(struct exchange *x, const struct grpc_patience *p, struct s3c_error *err)
{
    struct grpc_client *c = x->client;
    short events = POLLIN;
    ssize_t n;
    int r = nghttp2_session_send(c->h2);

    if (r == NGHTTP2_ERR_NOMEM)
        return s3c_error_nomem(err);
    if (r)
        return lost(x, "the connection broke", err);
    if (!nghttp2_session_want_read(c->h2))
        return not_http2(x, err); /* it has just said good-bye for that */
    if (nghttp2_session_want_write(c->h2))
        events |= POLLOUT;
    r = grpc_wait(p, c->fd, events, x->q->path, err);
    if (r < 0)
        return r;
    n = recv(c->fd, c->input, INPUT_SIZE, MSG_DONTWAIT);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : lost(x, "the connection broke", err);
    if (n == 0)
        return lost(x, "the server closed the connection", err);
    n = nghttp2_session_mem_recv(c->h2, c->input, (size_t)n);
    if (n == NGHTTP2_ERR_NOMEM)
        return s3c_error_nomem(err);
    return n < 0 ? not_http2(x, err) : 0;
}

static int unusable(const struct exchange *x, struct s3c_error *err)
{
    const char *path = x->q->path, *target = x->client->target.text;

    switch (x->problem) {
    case S3C_E_NOMEM:
        return s3c_error_nomem(err);
    case S3C_E_TOO_LARGE:
        return s3c_error_set(err, S3C_E_TOO_LARGE, "%s on %s: the reply is larger than %zu bytes",
                             path, target, x->out->message.max);
    default:
        return s3c_error_set(err, S3C_E_PROTOCOL,
                             "%s on %s: the reply is no single uncompressed gRPC message", path,
                             target);
    }
}

/* What a finished stream means. */
static int judge(const struct exchange *x, struct s3c_error *err)
{
    const char *path = x->q->path, *target = x->client->target.text;

    if (x->problem)
        return unusable(x, err);
    if (x->close_code != NGHTTP2_NO_ERROR && !x->has_status)
        return lost(x, "the server reset the call", err);
    if (!x->http_ok)
        return s3c_error_set(err, S3C_E_PROTOCOL, "%s on %s: HTTP status %s: no gRPC service there",
                             path, target, x->http_status);
    if (!x->is_grpc || !x->has_status)
        return s3c_error_set(err, S3C_E_PROTOCOL, "%s on %s: the answer has no gRPC status", path,
                             target);
    if (x->out->status == GRPC_DEADLINE_EXCEEDED) /* it was quicker to notice than we */
        return grpc_timed_out(path, err);
    if (x->out->status == GRPC_OK && x->messages != 1)
        return s3c_error_set(err, S3C_E_PROTOCOL, "%s on %s: status OK without a message", path,
                             target);
    return 0;
}

static int exchange(struct exchange *x, const struct grpc_patience *p, struct s3c_error *err)
{
    struct grpc_client *c = x->client;
    int r = submit(x, p);

    if (r < 0) {
        disconnect(c);
        return r == NGHTTP2_ERR_NOMEM ? s3c_error_nomem(err) : lost(x, "it takes no calls", err);
    }
    r = 0;
    while (r == 0 && !x->closed && !x->problem)
        r = transfer(x, p, err);
    if (r == 0)
        r = judge(x, err);
    if (!x->closed || !nghttp2_session_check_request_allowed(c->h2))
        disconnect(c);
    return r;
}

static int attempt(struct grpc_client *c, const struct grpc_request *q,
                   const struct grpc_patience *p, struct grpc_response *out, bool *answered,
                   struct s3c_error *err)
{
    struct exchange x = {.client = c, .q = q, .out = out};
    int r = c->fd < 0 ? connect_client(c, p, err) : 0;

    if (r < 0)
        return r;
    out->status = GRPC_UNKNOWN;
    out->text[0] = '\0';
    s3c_buf_clear(&out->message);
    grpc_prefix_write(x.prefix, q->message.len);
    grpc_deframer_init(&x.frames, out->message.max);
    c->now = &x;
    r = exchange(&x, p, err);
    c->now = NULL;
    grpc_deframer_done(&x.frames);
    *answered = x.answered;
    return r;
}

int grpc_client_call(struct grpc_client *c, const struct grpc_request *q, struct grpc_response *out,
                     struct s3c_error *err)
{
    struct grpc_patience p = {.cancel_fd = c->cancel_fd};
    bool kept = c->fd >= 0, answered = false;
    int r;

    if (q->message.len > UINT32_MAX || q->metadata_count > MAX_FIELDS || q->timeout_ns <= 0)
        return s3c_error_set(err, S3C_E_INVALID, "%s: the request is no gRPC request", q->path);
    if (__builtin_add_overflow(s3c_mono_ns(s3c_clock_system()), q->timeout_ns, &p.due_mono_ns))
        p.due_mono_ns = INT64_MAX;
    r = attempt(c, q, &p, out, &answered, err);
    /* A server may close an idle connection at any time: that it did so just now is no failure. */
    if (r == S3C_E_CONNECT && kept && !answered)
        r = attempt(c, q, &p, out, &answered, err);
    return r;
}

/* ---- life ---- */

int grpc_client_new(struct grpc_client **ret, struct s3c_view target, struct s3c_error *err)
{
    struct grpc_client *c = s3c_zalloc(sizeof(*c));
    int r = c ? 0 : s3c_error_nomem(err);

    if (r < 0)
        return r;
    c->fd = -1;
    c->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (c->cancel_fd < 0)
        r = s3c_error_errno(err, errno, "cannot make a gRPC client");
    c->input = s3c_alloc(INPUT_SIZE);
    if (r == 0 && !c->input)
        r = s3c_error_nomem(err);
    r = r < 0 ? r : grpc_target_parse(&c->target, target, err);
    if (r < 0) {
        grpc_client_free(c);
        return r;
    }
    *ret = c;
    return 0;
}

void grpc_client_free(struct grpc_client *c)
{
    if (!c)
        return;
    disconnect(c);
    if (c->cancel_fd >= 0)
        close(c->cancel_fd);
    grpc_target_done(&c->target);
    s3c_free(c->input);
    s3c_free(c);
}

void grpc_client_cancel(struct grpc_client *c)
{
    const uint64_t one = 1;
    int saved = errno; /* may run in a signal handler */

    if (write(c->cancel_fd, &one, sizeof(one)) < 0)
        errno = saved;
}

void grpc_response_done(struct grpc_response *r)
{
    s3c_buf_done(&r->message);
}
