/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "grpc/deframe.h"
#include "grpc/server_private.h"

#define QUIET_STEPS 4

/* ---- the client's session ---- */

static ssize_t on_send(nghttp2_session *h2, const uint8_t *p, size_t n, int flags, void *user)
{
    const struct rig_peer *peer = user;
    ssize_t sent = send(peer->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);

    (void)h2;
    (void)flags;
    if (sent >= 0)
        return sent;
    return errno == EAGAIN ? NGHTTP2_ERR_WOULDBLOCK : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static struct rig_stream *find(const struct rig_peer *p, int32_t id)
{
    struct rig_stream *s = p->streams;

    while (s && s->id != id)
        s = s->next;
    return s;
}

static void keep_text(char *dst, size_t size, const uint8_t *p, size_t n)
{
    snprintf(dst, size, "%.*s", (int)n, (const char *)p);
}

static int on_header(nghttp2_session *h2, const nghttp2_frame *f, const uint8_t *name, size_t nlen,
                     const uint8_t *value, size_t vlen, uint8_t flags, void *user)
{
    struct rig_stream *s = find(user, f->hd.stream_id);
    struct s3c_view n = {(const char *)name, nlen};

    (void)h2;
    (void)flags;
    if (!s)
        return 0;
    if (s3c_view_eq_str(n, ":status"))
        keep_text(s->http_status, sizeof(s->http_status), value, vlen);
    else if (s3c_view_eq_str(n, "grpc-status"))
        keep_text(s->grpc_status, sizeof(s->grpc_status), value, vlen);
    else if (s3c_view_eq_str(n, "grpc-message"))
        keep_text(s->grpc_message, sizeof(s->grpc_message), value, vlen);
    return 0;
}

static int on_data(nghttp2_session *h2, uint8_t flags, int32_t id, const uint8_t *p, size_t n,
                   void *user)
{
    struct rig_peer *peer = user;
    struct rig_stream *s = find(peer, id);

    (void)flags;
    assert_non_null(s);
    if (s->reply_len + n > s->reply_cap) {
        s->reply_cap = 2 * (s->reply_len + n);
        s->reply = realloc(s->reply, s->reply_cap);
        assert_non_null(s->reply);
    }
    memcpy(s->reply + s->reply_len, p, n);
    s->reply_len += n;
    return peer->keeps_shut ? 0 : nghttp2_session_consume(h2, id, n);
}

static int on_frame(nghttp2_session *h2, const nghttp2_frame *f, void *user)
{
    struct rig_peer *p = user;

    (void)h2;
    p->gone_away |= f->hd.type == NGHTTP2_GOAWAY;
    p->pings += f->hd.type == NGHTTP2_PING && f->hd.flags & NGHTTP2_FLAG_ACK;
    return 0;
}

static int on_close(nghttp2_session *h2, int32_t id, uint32_t code, void *user)
{
    struct rig_stream *s = find(user, id);

    (void)h2;
    if (s) {
        s->closed = true;
        s->close_code = code;
    }
    return 0;
}

static ssize_t on_read(nghttp2_session *h2, int32_t id, uint8_t *buf, size_t len, uint32_t *flags,
                       nghttp2_data_source *source, void *user)
{
    struct rig_stream *s = source->ptr;
    size_t n = s->request_len - s->request_at;

    (void)h2;
    (void)id;
    (void)user;
    n = n < len ? n : len;
    if (n)
        memcpy(buf, s->request + s->request_at, n);
    s->request_at += n;
    if (s->request_at < s->request_len)
        return (ssize_t)n;
    if (s->request_ends)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    else if (n == 0)
        return NGHTTP2_ERR_DEFERRED;
    return (ssize_t)n;
}

static void make_session(struct rig_peer *p, uint32_t window)
{
    const nghttp2_settings_entry entry = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window};
    nghttp2_session_callbacks *cb;
    nghttp2_option *option;

    assert_int_equal(nghttp2_session_callbacks_new(&cb), 0);
    assert_int_equal(nghttp2_option_new(&option), 0);
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_session_callbacks_set_send_callback(cb, on_send);
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_close);
    assert_int_equal(nghttp2_session_client_new2(&p->h2, cb, p, option), 0);
    nghttp2_session_callbacks_del(cb);
    nghttp2_option_del(option);
    assert_int_equal(nghttp2_submit_settings(p->h2, 0, &entry, window ? 1 : 0), 0);
    if (window > 65535)
        nghttp2_session_set_local_window_size(p->h2, 0, 0, (int32_t)window);
}

/* ---- connections ---- */

int rig_connect(struct rig *r, struct rig_peer *p, uint32_t window)
{
    struct s3c_error err;
    int fds[2];

    memset(p, 0, sizeof(*p));
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    p->fd = fds[1];
    make_session(p, window);
    return grpc_server_adopt(r->server, fds[0], &err);
}

void rig_hang_up(struct rig_peer *p)
{
    struct rig_stream *next;

    for (struct rig_stream *s = p->streams; s; s = next) {
        next = s->next;
        free(s->request);
        free(s->reply);
        free(s);
    }
    p->streams = NULL;
    nghttp2_session_del(p->h2);
    p->h2 = NULL;
    if (p->fd >= 0)
        close(p->fd);
    p->fd = -1;
}

int rig_start(struct rig *r, const struct grpc_method *methods, void *user, uint32_t window)
{
    const struct grpc_server_options o = {r->tables, RIG_MAX_RECEIVE, -1, user};
    struct s3c_error err;
    int result;

    memset(r, 0, sizeof(*r));
    r->peer.fd = -1;
    r->tables[0] = methods;
    result = grpc_server_new(&r->server, &o, &err);
    if (result < 0)
        return result;
    return rig_connect(r, &r->peer, window);
}

void rig_stop(struct rig *r)
{
    grpc_server_free(r->server);
    rig_hang_up(&r->peer);
}

/* ---- streams ---- */

struct rig_stream *rig_open_with(struct rig_peer *p, const char *const *fields)
{
    struct rig_stream *s = calloc(1, sizeof(*s));
    nghttp2_data_provider provider = {.source.ptr = s, .read_callback = on_read};
    nghttp2_nv nv[16];
    size_t n = 0;

    assert_non_null(s);
    for (; fields[2 * n]; n++) {
        assert_true(n < 16);
        nv[n] = grpc_h2_field(fields[2 * n], s3c_view_str(fields[2 * n + 1]));
    }
    s->peer = p;
    s->id = nghttp2_submit_request(p->h2, NULL, nv, n, &provider, NULL);
    assert_true(s->id > 0);
    s->next = p->streams;
    p->streams = s;
    return s;
}

struct rig_stream *rig_open(struct rig_peer *p, const char *path, const char *timeout)
{
    const char *fields[] = {":method",
                            "POST",
                            ":scheme",
                            "http",
                            ":path",
                            path,
                            ":authority",
                            "unused",
                            "te",
                            "trailers",
                            "content-type",
                            "application/grpc",
                            "x-test",
                            "some value",
                            timeout ? "grpc-timeout" : NULL,
                            timeout,
                            NULL};

    return rig_open_with(p, fields);
}

void rig_say_raw(struct rig_stream *s, struct s3c_view bytes)
{
    if (s->request_len + bytes.len > s->request_cap) {
        s->request_cap = 2 * (s->request_len + bytes.len);
        s->request = realloc(s->request, s->request_cap);
        assert_non_null(s->request);
    }
    if (!bytes.len)
        return;
    memcpy(s->request + s->request_len, bytes.ptr, bytes.len);
    s->request_len += bytes.len;
    nghttp2_session_resume_data(s->peer->h2, s->id);
}

void rig_say(struct rig_stream *s, struct s3c_view message)
{
    uint8_t prefix[GRPC_PREFIX_SIZE];

    grpc_prefix_write(prefix, message.len);
    rig_say_raw(s, (struct s3c_view){(const char *)prefix, sizeof(prefix)});
    rig_say_raw(s, message);
}

void rig_say_end(struct rig_stream *s)
{
    s->request_ends = true;
    nghttp2_session_resume_data(s->peer->h2, s->id);
}

void rig_reset(struct rig_stream *s, uint32_t code)
{
    assert_int_equal(nghttp2_submit_rst_stream(s->peer->h2, 0, s->id, code), 0);
}

/* ---- acting ---- */

/* Returns whether anything came. */
static bool peer_acts(struct rig_peer *p)
{
    uint8_t buf[65536];
    ssize_t n = -1;

    if (p->fd < 0)
        return false;
    (void)nghttp2_session_send(p->h2);
    if (!p->deaf)
        n = recv(p->fd, buf, sizeof(buf), MSG_DONTWAIT);
    if (n > 0)
        assert_int_equal(nghttp2_session_mem_recv(p->h2, buf, (size_t)n), n);
    (void)nghttp2_session_send(p->h2);
    return n > 0;
}

void rig_step(struct rig *r, struct rig_peer *p)
{
    struct s3c_error err;

    (void)peer_acts(p);
    grpc_server_wake(r->server); /* so that the loop does not wait */
    CHECK_OK(grpc_loop_turn(r->server, &err), &err);
}

void rig_run(struct rig *r)
{
    struct s3c_error err;

    for (int quiet = 0; quiet < QUIET_STEPS; quiet++) {
        if (peer_acts(&r->peer))
            quiet = 0;
        grpc_server_wake(r->server);
        CHECK_OK(grpc_loop_turn(r->server, &err), &err);
        if (r->server->marked)
            quiet = 0;
    }
}

/* ---- looking ---- */

static size_t walk(const struct rig_stream *s, size_t i, struct s3c_view *ret)
{
    struct s3c_view in = {s->reply, s->reply_len};
    size_t count = 0;

    while (in.len >= GRPC_PREFIX_SIZE) {
        const uint8_t *p = (const uint8_t *)in.ptr;
        size_t n = (size_t)p[1] << 24 | (size_t)p[2] << 16 | (size_t)p[3] << 8 | p[4];

        if (in.len < GRPC_PREFIX_SIZE + n)
            break;
        assert_int_equal(p[0], 0);
        if (count == i)
            *ret = (struct s3c_view){in.ptr + GRPC_PREFIX_SIZE, n};
        in = s3c_view_skip(in, GRPC_PREFIX_SIZE + n);
        count++;
    }
    return count;
}

size_t rig_messages(const struct rig_stream *s)
{
    struct s3c_view v;

    return walk(s, SIZE_MAX, &v);
}

struct s3c_view rig_message(const struct rig_stream *s, size_t i)
{
    struct s3c_view v = {NULL, 0};

    assert_true(walk(s, i, &v) > i);
    return v;
}

void rig_expect(const struct rig_stream *s, enum grpc_status status, const char *text)
{
    char expected[8];

    snprintf(expected, sizeof(expected), "%d", (int)status);
    assert_true(s->closed);
    assert_string_equal(s->http_status, "200");
    assert_string_equal(s->grpc_status, expected);
    if (text)
        assert_string_equal(s->grpc_message, text);
}
