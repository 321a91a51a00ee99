/* SPDX-License-Identifier: Apache-2.0 */
/* The server as a whole: made, accepting, stopping. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "grpc/server_private.h"

#define STOP_WITHIN_NS  S3C_NS_PER_SEC
#define ACCEPT_PAUSE_NS (100 * S3C_NS_PER_MS)

static int make_session_parts(struct grpc_server *s)
{
    if (nghttp2_session_callbacks_new(&s->callbacks) || nghttp2_option_new(&s->option))
        return S3C_E_NOMEM;
    grpc_request_callbacks(s->callbacks);
    grpc_reply_callbacks(s->callbacks);
    /* A held call's window must stay shut. */
    nghttp2_option_set_no_auto_window_update(s->option, 1);
    return 0;
}

static int make_loop(struct grpc_server *s, struct s3c_error *err)
{
    int r;

    s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->epoll_fd < 0 || s->wake_fd < 0)
        return s3c_error_errno(err, errno, "cannot make the plugin's event loop");
    r = grpc_loop_control(s, EPOLL_CTL_ADD, s->wake_fd, EPOLLIN, NULL, GRPC_SOURCE_WAKE);
    if (r == 0 && s->listen_fd >= 0) {
        if (fcntl(s->listen_fd, F_SETFL, fcntl(s->listen_fd, F_GETFL) | O_NONBLOCK) < 0)
            r = -errno;
        else
            r = grpc_loop_control(s, EPOLL_CTL_ADD, s->listen_fd, EPOLLIN, NULL,
                                  GRPC_SOURCE_LISTEN);
        s->listening = r == 0;
    }
    return r < 0 ? s3c_error_errno(err, -r, "cannot set up the plugin's event loop") : 0;
}

int grpc_server_new(struct grpc_server **ret, const struct grpc_server_options *o,
                    struct s3c_error *err)
{
    struct grpc_server *s = s3c_zalloc(sizeof(*s));
    int r;

    if (!s) {
        if (o->listen_fd >= 0)
            close(o->listen_fd);
        return s3c_error_nomem(err);
    }
    s->o = *o;
    s->listen_fd = o->listen_fd;
    s->epoll_fd = s->wake_fd = -1;
    s->input = s3c_alloc(GRPC_INPUT_SIZE);
    if (!s->input || make_session_parts(s) < 0)
        r = s3c_error_nomem(err);
    else
        r = make_loop(s, err);
    if (r < 0) {
        grpc_server_free(s);
        return r;
    }
    *ret = s;
    return 0;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void grpc_server_free(struct grpc_server *s)
{
    if (!s)
        return;
    while (s->conns)
        grpc_conn_free(s->conns);
    close_fd(&s->listen_fd);
    close_fd(&s->wake_fd);
    close_fd(&s->epoll_fd);
    nghttp2_session_callbacks_del(s->callbacks);
    nghttp2_option_del(s->option);
    s3c_free(s->input);
    s3c_free(s);
}

void *grpc_server_user(const struct grpc_server *s)
{
    return s->o.user;
}

size_t grpc_server_connections(const struct grpc_server *s)
{
    return s->conn_count;
}

int grpc_server_adopt(struct grpc_server *s, int fd, struct s3c_error *err)
{
    if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
        int saved = errno;

        close(fd);
        return s3c_error_errno(err, saved, "cannot take over the connection");
    }
    return grpc_conn_new(s, fd, err);
}

static void stop_listening(struct grpc_server *s)
{
    if (s->listening)
        grpc_loop_control(s, EPOLL_CTL_DEL, s->listen_fd, 0, NULL, GRPC_SOURCE_LISTEN);
    s->listening = false;
}

void grpc_server_accept(struct grpc_server *s)
{
    const int yes = 1;
    int fd = accept4(s->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd >= 0) {
        /* A unix socket refuses it, and does not need it. */
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
        if (grpc_conn_new(s, fd, NULL) == 0)
            return;
    } else if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM) {
        return; /* the client went away before it was accepted */
    }
    /* Out of descriptors or memory: the client waits in the queue rather than us spinning. */
    stop_listening(s);
    s->listen_again_mono_ns = grpc_loop_now() + ACCEPT_PAUSE_NS;
}

void grpc_server_stop(struct grpc_server *s)
{
    s->stop_asked = true;
    grpc_server_wake(s); /* also from a callback of the last event of an iteration */
}

static void begin_stop(struct grpc_server *s, int64_t now)
{
    s->stopping = true;
    s->stop_by_mono_ns = now + STOP_WITHIN_NS;
    stop_listening(s);
    close_fd(&s->listen_fd);
    s->listen_again_mono_ns = 0;
    for (struct grpc_conn *c = s->conns; c; c = c->next)
        grpc_conn_close_gently(c);
}

void grpc_server_note_deadline(struct grpc_server *s, int64_t at_mono_ns)
{
    if (!s->next_deadline_mono_ns || at_mono_ns < s->next_deadline_mono_ns)
        s->next_deadline_mono_ns = at_mono_ns;
}

static void keep_deadline(struct grpc_call *k, int64_t now)
{
    if (!k->deadline_mono_ns || k->finished)
        return;
    if (k->deadline_mono_ns <= now)
        grpc_call_abort(k, GRPC_DEADLINE_EXCEEDED, "context deadline exceeded");
    else
        grpc_server_note_deadline(k->conn->server, k->deadline_mono_ns);
}

static void keep_deadlines(struct grpc_server *s, int64_t now)
{
    s->next_deadline_mono_ns = 0;
    for (struct grpc_conn *c = s->conns; c; c = c->next)
        for (struct grpc_call *k = c->calls; k; k = k->next)
            keep_deadline(k, now);
}

static bool is_due(int64_t at, int64_t now)
{
    return at && at <= now;
}

void grpc_server_tick(struct grpc_server *s, int64_t now)
{
    if (s->stop_asked && !s->stopping)
        begin_stop(s, now);
    if (is_due(s->next_deadline_mono_ns, now))
        keep_deadlines(s, now);
    if (is_due(s->listen_again_mono_ns, now)) {
        s->listen_again_mono_ns = 0;
        s->listening = grpc_loop_control(s, EPOLL_CTL_ADD, s->listen_fd, EPOLLIN, NULL,
                                         GRPC_SOURCE_LISTEN) == 0;
    }
}

int64_t grpc_server_due(const struct grpc_server *s)
{
    const int64_t times[] = {s->listen_again_mono_ns, s->stop_by_mono_ns, s->next_deadline_mono_ns};
    int64_t due = 0;

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        if (times[i] && (!due || times[i] < due))
            due = times[i];
    return due;
}

int grpc_server_run(struct grpc_server *s, struct s3c_error *err)
{
    int r = 0;

    while (r == 0) {
        r = grpc_loop_turn(s, err);
        if (s->stopping && (!s->conns || grpc_loop_now() >= s->stop_by_mono_ns))
            break;
    }
    while (s->conns)
        grpc_conn_free(s->conns);
    return r;
}
