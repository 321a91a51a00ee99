/* SPDX-License-Identifier: Apache-2.0 */
/* An HTTP/2 session on a socket: reading, taking turns at writing, closing. */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "grpc/server_private.h"

#define TURN_BYTES ((uint64_t)1 << 20)
/* Frames that the peer made us owe it. When it does not take them we stop listening to it. */
#define MAX_OWED 1000

static int start_session(struct grpc_conn *c)
{
    static const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, GRPC_MAX_STREAMS},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, GRPC_STREAM_WINDOW},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, GRPC_MAX_HEADERS},
    };
    const struct grpc_server *s = c->server;
    nghttp2_mem mem = grpc_h2_mem();
    int r = nghttp2_session_server_new3(&c->h2, s->callbacks, c, s->option, &mem);

    r = r ? r
          : nghttp2_submit_settings(c->h2, NGHTTP2_FLAG_NONE, settings,
                                    sizeof(settings) / sizeof(settings[0]));
    return r ? r
             : nghttp2_session_set_local_window_size(c->h2, NGHTTP2_FLAG_NONE, 0,
                                                     GRPC_CONNECTION_WINDOW);
}

int grpc_conn_new(struct grpc_server *s, int fd, struct s3c_error *err)
{
    struct grpc_conn *c = s3c_alloc(sizeof(*c));
    int r;

    if (!c) {
        close(fd);
        return s3c_error_nomem(err);
    }
    memset(c, 0,
           offsetof(struct grpc_conn,
                    out)); /* the queue is large, and is not to be touched before it is used */
    grpc_out_init(&c->out, fd);
    c->server = s;
    c->events = EPOLLIN;
    c->next = s->conns;
    c->link = &s->conns;
    if (c->next)
        c->next->link = &c->next;
    s->conns = c;
    s->conn_count++;
    r = start_session(c) ? s3c_error_nomem(err) : 0;
    if (r == 0) {
        r = grpc_loop_control(s, EPOLL_CTL_ADD, fd, c->events, c, GRPC_SOURCE_CONN);
        if (r < 0)
            r = s3c_error_errno(err, -r, "cannot watch the connection");
    }
    if (r < 0)
        grpc_conn_free(c);
    else
        grpc_conn_mark(c);
    return r;
}

static void unmark(struct grpc_conn *c)
{
    struct grpc_conn **at = &c->server->marked;

    while (*at && *at != c)
        at = &(*at)->next_marked;
    if (*at)
        *at = c->next_marked;
}

void grpc_conn_free(struct grpc_conn *c)
{
    struct grpc_server *s = c->server;

    grpc_out_done(&c->out); /* nothing refers to calls any more */
    c->broken = true;
    while (c->calls)
        grpc_call_end(c->calls);
    nghttp2_session_del(c->h2);
    grpc_loop_control(s, EPOLL_CTL_DEL, c->out.fd, 0, NULL, GRPC_SOURCE_CONN);
    close(c->out.fd);
    unmark(c);
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    s->conn_count--;
    s3c_free(c);
}

void grpc_conn_mark(struct grpc_conn *c)
{
    if (c->marked)
        return;
    c->marked = true;
    c->next_marked = c->server->marked;
    c->server->marked = c;
}

void grpc_conn_event(struct grpc_conn *c, uint32_t events)
{
    ssize_t n = -1;

    grpc_conn_mark(c);
    if (events & EPOLLIN) {
        n = recv(c->out.fd, c->server->input, GRPC_INPUT_SIZE, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
            c->broken = true;
    } else if (events & (EPOLLERR | EPOLLHUP)) {
        c->broken = true;
    }
    if (n > 0 && nghttp2_session_mem_recv(c->h2, (const uint8_t *)c->server->input, (size_t)n) < 0)
        c->broken = true; /* no HTTP/2, or no memory */
}

int grpc_conn_room(struct grpc_conn *c, size_t copy, size_t pieces)
{
    int r = 0;

    if (c->out.total + c->out.bytes < c->turn_ends)
        r = grpc_out_room(&c->out, copy, pieces);
    if (r < 0)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    c->blocked |= r == 0;
    return r == 0 ? NGHTTP2_ERR_WOULDBLOCK : 0;
}

/* What has been written frees the buffers of calls that have more to say. */
static bool resume_drained(struct grpc_conn *c)
{
    bool any = false;

    for (struct grpc_call *k = c->calls; k; k = k->next)
        if (k->out.waits_for_drain) {
            k->out.waits_for_drain = k->out.idle = false;
            any = true;
            if (nghttp2_session_resume_data(c->h2, k->stream) == NGHTTP2_ERR_NOMEM)
                c->broken = true;
        }
    return any;
}

static void send_all(struct grpc_conn *c)
{
    c->turn_ends = c->out.total + TURN_BYTES;
    for (;;) {
        c->blocked = false;
        if (nghttp2_session_send(c->h2) || grpc_out_flush(&c->out) < 0)
            c->broken = true;
        if (c->broken || c->out.bytes > 0)
            return; /* EPOLLOUT goes on */
        /* The socket may have been drained since a callback found it full: then no event would come. */
        if (!resume_drained(c) && !c->blocked)
            return;
        if (c->out.total >= c->turn_ends) {
            grpc_conn_mark(c);
            return;
        }
    }
}

static void settle_calls(struct grpc_conn *c)
{
    for (struct grpc_call *k = c->calls; k && !c->broken; k = k->next) {
        grpc_request_release(k);
        if (grpc_reply_settle(k))
            c->broken = true;
    }
}

static void look_for_events(struct grpc_conn *c)
{
    uint32_t events = c->out.bytes > 0 ? EPOLLOUT : 0;

    if (!events || nghttp2_session_get_outbound_queue_size(c->h2) < MAX_OWED)
        events |= EPOLLIN;
    if (events == c->events)
        return;
    c->events = events;
    if (grpc_loop_control(c->server, EPOLL_CTL_MOD, c->out.fd, events, c, GRPC_SOURCE_CONN) < 0)
        c->broken = true;
}

/* The answers that methods gave are sent. */
static bool is_served(const struct grpc_conn *c)
{
    for (const struct grpc_call *k = c->calls; k; k = k->next)
        if (!k->aborted)
            return false;
    return c->out.bytes == 0;
}

void grpc_conn_turn(struct grpc_conn *c)
{
    if (!c->broken)
        settle_calls(c);
    if (!c->broken)
        send_all(c);
    if (!c->broken)
        look_for_events(c);
    if (c->broken || (c->closing && is_served(c)) ||
        (!nghttp2_session_want_read(c->h2) && !nghttp2_session_want_write(c->h2) &&
         c->out.bytes == 0))
        grpc_conn_free(c);
}

void grpc_conn_close_gently(struct grpc_conn *c)
{
    c->closing = true;
    for (struct grpc_call *k = c->calls; k; k = k->next)
        if (!k->finished)
            grpc_call_abort(k, GRPC_UNAVAILABLE, "the connector is shutting down");
    if (nghttp2_submit_goaway(c->h2, NGHTTP2_FLAG_NONE,
                              nghttp2_session_get_last_proc_stream_id(c->h2), NGHTTP2_NO_ERROR,
                              NULL, 0))
        c->broken = true;
    grpc_conn_mark(c);
}
