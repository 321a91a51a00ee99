/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection is a small state machine: HEAD, BODY, (handled), WAIT, SEND, and again. Sockets are registered once, edge-triggered,
 * for both directions, so that a request costs one recv, one send and no epoll_ctl; a state that meets EAGAIN simply returns and is
 * run again by the next event. Requests of one connection are answered one after the other, so pipelining works.
 */
#include "conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "chunked.h"
#include "text.h"

#define IN_SIZE    16384          /* a request's head must fit */
#define BODY_MAX   (SIZE_MAX / 2) /* memory is the limit */
#define COPY_MAX   4096           /* bodies up to here are sent from the same buffer as the head */
#define EVENTS_MAX 512

enum state { HEAD, BODY, WAIT, SEND, STALLED };

struct conn {
    struct s3d_loop *loop;
    struct conn *next, **link;
    int fd;
    enum state state;
    bool dead; /* freed at the end of the turn: events of this turn may still name it */
    struct s3d_timer timer;
    struct s3d_request request;
    struct s3d_reply reply;
    struct s3d_plan plan;
    struct s3d_chunked chunked;
    struct s3c_arena arena;
    struct s3c_buf body, out;  /* out: the head, and a small body */
    size_t in_len, in_used;    /* in_used: bytes of the request under way */
    size_t head_len, body_len; /* of the whole reply, as it would go out without faults */
    size_t sent, to_send;      /* of head and body together */
    char in[IN_SIZE];
};

struct s3d_loop {
    struct s3d *s;
    int ep, listener;
    struct conn *conns, *dead;
};

static void conn_kill(struct conn *c)
{
    if (c->dead)
        return;
    c->dead = true;
    s3d_timer_cancel(&c->loop->s->wheel, &c->timer);
    close(c->fd);
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    c->next = c->loop->dead;
    c->loop->dead = c;
}

static void conn_reset(struct conn *c)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};

    (void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    conn_kill(c);
}

static void bury(struct s3d_loop *l)
{
    while (l->dead) {
        struct conn *c = l->dead;

        l->dead = c->next;
        s3d_reply_done(&c->reply);
        s3c_arena_done(&c->arena);
        s3c_buf_done(&c->body);
        s3c_buf_done(&c->out);
        s3c_free(c);
    }
}

/* Receives into p; false when there is nothing now (or the connection is dead now). */
static bool receive(struct conn *c, char *p, size_t n, size_t *ret_n)
{
    ssize_t r;

    do
        r = recv(c->fd, p, n, 0);
    while (r < 0 && errno == EINTR);
    if (r < 0 && errno == EAGAIN)
        return false;
    if (r <= 0) {
        conn_kill(c);
        return false;
    }
    c->loop->s->stats.bytes_in += (uint64_t)r;
    *ret_n = (size_t)r;
    return true;
}

static struct s3c_view unread(const struct conn *c)
{
    return (struct s3c_view){c->in + c->in_used, c->in_len - c->in_used};
}

static void begin_send(struct conn *c)
{
    struct s3d_reply *r = &c->reply;
    size_t length = s3d_reply_length(r);

    r->close = !c->request.keep_alive;
    s3c_buf_clear(&c->out);
    s3d_reply_head(r, &c->loop->s->clock, &c->out);
    if (r->no_body || r->status == 204 || r->status == 304)
        length = 0;
    c->head_len = c->out.len;
    c->body_len = length;
    if (c->plan.limit < length)
        length = c->plan.limit;
    c->sent = 0;
    c->to_send = c->head_len + length;
    if (length && length <= COPY_MAX)
        s3d_put(&c->out, r->blob ? r->blob->data + r->blob_from : r->body.ptr, length);
    c->state = SEND;
}

static void timer_fired(struct s3d_timer *t);

static void handle(struct conn *c)
{
    s3d_reply_start(&c->reply);
    s3d_handle(c->loop->s, &c->request, &c->reply, &c->plan);
    if (c->plan.delay_ns > 0) {
        c->state = WAIT;
        s3d_timer_set(&c->loop->s->wheel, &c->timer, s3d_mono_ns() + c->plan.delay_ns);
    } else if (c->plan.reset_before) {
        conn_reset(c);
    } else {
        begin_send(c);
    }
}

/* A request that is no HTTP: a word, and the connection ends. */
static void refuse(struct conn *c)
{
    static const char text[] =
        "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

    (void)send(c->fd, text, sizeof text - 1, MSG_NOSIGNAL);
    conn_kill(c);
}

static void begin_body(struct conn *c)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

    s3c_buf_clear(&c->body);
    if (c->body.cap > 1 << 20)
        s3c_buf_done(&c->body);
    c->chunked = (struct s3d_chunked){0};
    if (c->request.expect_continue && !unread(c).len)
        (void)send(c->fd, go_on, sizeof go_on - 1, MSG_NOSIGNAL);
    if (!c->request.chunked && c->request.content_length)
        s3d_must(s3c_buf_reserve(&c->body, (size_t)c->request.content_length));
    c->state = BODY;
}

/* False: wait for more bytes. */
static bool run_head(struct conn *c)
{
    size_t n;
    int head = c->in_len ? s3d_request_parse(&c->request, (struct s3c_view){c->in, c->in_len}) : 0;

    if (head > 0) {
        c->in_used = (size_t)head;
        begin_body(c);
        return true;
    }
    if (head < 0 || c->in_len == IN_SIZE) {
        refuse(c);
        return false;
    }
    if (!receive(c, c->in + c->in_len, IN_SIZE - c->in_len, &n))
        return false;
    c->in_len += n;
    return true;
}

/* Takes the bytes of a chunked body out of `v`; *ret_used says how many belonged to it. */
static bool feed_chunked(struct conn *c, struct s3c_view v, size_t *ret_used)
{
    long used = s3d_chunked_feed(&c->chunked, v, &c->body);

    if (used < 0) {
        refuse(c);
        return false;
    }
    *ret_used = (size_t)used;
    return true;
}

static bool run_chunked_body(struct conn *c)
{
    size_t used, n;

    if (!feed_chunked(c, unread(c), &used))
        return false;
    c->in_used += used;
    while (!s3d_chunked_ended(&c->chunked)) {
        struct s3c_view fresh;
        size_t room = IN_SIZE - c->in_used;
        char *at = c->in + c->in_used;
        char spill;

        if (!room) { /* nothing of the head may move: its views are in use */
            at = &spill;
            room = 1;
        }
        if (!receive(c, at, room, &n))
            return false;
        fresh = (struct s3c_view){at, n};
        if (!feed_chunked(c, fresh, &used))
            return false;
        if (used < n) { /* the next request's first bytes */
            memmove(c->in + c->in_used, at + used, n - used);
            c->in_len = c->in_used + n - used;
        }
    }
    handle(c);
    return true;
}

static bool run_body(struct conn *c)
{
    struct s3c_view have = unread(c);
    size_t want, n;

    if (c->request.chunked)
        return run_chunked_body(c);
    want = (size_t)c->request.content_length - c->body.len;
    n = have.len < want ? have.len : want;
    s3d_put(&c->body, have.ptr, n);
    c->in_used += n;
    for (want -= n; want; want -= n) {
        if (!receive(c, c->body.ptr + c->body.len, want, &n))
            return false;
        c->body.len += n;
    }
    handle(c);
    return true;
}

/* The reply is out: forget the request, keep what came after it. */
static void next_request(struct conn *c)
{
    s3d_reply_start(&c->reply);
    s3c_arena_reset(&c->arena);
    c->in_len -= c->in_used;
    memmove(c->in, c->in + c->in_used, c->in_len);
    c->in_used = 0;
    c->state = HEAD;
}

static void all_sent(struct conn *c)
{
    bool go_on = c->plan.then == S3D_THEN_GO_ON;

    if (c->plan.stall_ns && c->plan.limit != SIZE_MAX) {
        c->state = STALLED;
        s3d_timer_set(&c->loop->s->wheel, &c->timer, s3d_mono_ns() + c->plan.stall_ns);
    } else if (!go_on || c->reply.close) {
        conn_kill(c);
    } else {
        next_request(c);
    }
}

static unsigned gather(const struct conn *c, struct iovec iov[2])
{
    const struct s3d_reply *r = &c->reply;
    const char *body = r->blob ? r->blob->data + r->blob_from : r->body.ptr;
    size_t head = c->out.len, skip = c->sent > head ? c->sent - head : 0;
    unsigned n = 0;

    if (c->sent < head)
        iov[n++] = (struct iovec){c->out.ptr + c->sent, head - c->sent};
    if (c->to_send > head)
        iov[n++] = (struct iovec){(char *)(uintptr_t)body + skip, c->to_send - head - skip};
    return n;
}

static bool run_send(struct conn *c)
{
    while (c->sent < c->to_send) {
        struct iovec iov[2];
        struct msghdr message = {.msg_iov = iov};
        ssize_t r;

        message.msg_iovlen = gather(c, iov);
        r = sendmsg(c->fd, &message, MSG_NOSIGNAL);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0 && errno == EAGAIN)
            return false;
        if (r < 0) {
            conn_kill(c);
            return false;
        }
        c->sent += (size_t)r;
        c->loop->s->stats.bytes_out += (uint64_t)r;
    }
    all_sent(c);
    return true;
}

static void run(struct conn *c)
{
    static bool (*const by_state[])(struct conn *) = {
        [HEAD] = run_head, [BODY] = run_body, [SEND] = run_send};

    while (!c->dead && c->state != WAIT && c->state != STALLED && by_state[c->state](c))
        ;
}

/* After a stall the rest of the body goes out, or the fault ends the connection. */
static void end_stall(struct conn *c)
{
    if (c->plan.then == S3D_THEN_RESET) {
        conn_reset(c);
    } else if (c->plan.then == S3D_THEN_CLOSE) {
        conn_kill(c);
    } else {
        c->out.len = c->head_len; /* a small body was appended to it */
        c->to_send = c->head_len + c->body_len;
        c->plan.limit = SIZE_MAX;
        c->state = SEND;
    }
}

static void timer_fired(struct s3d_timer *t)
{
    struct conn *c = (struct conn *)(void *)((char *)t - offsetof(struct conn, timer));

    if (c->state == STALLED)
        end_stall(c);
    else if (c->plan.reset_before)
        conn_reset(c);
    else
        begin_send(c);
    if (!c->dead)
        run(c);
}

static void conn_new(struct s3d_loop *l, int fd)
{
    struct conn *c = s3c_alloc(sizeof *c);
    struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET};
    int one = 1;

    if (!c)
        s3d_die("out of memory");
    memset(c, 0, offsetof(struct conn, in)); /* the input is large, and need not be clean */
    c->loop = l;
    c->fd = fd;
    c->timer.fire = timer_fired;
    c->arena = S3C_ARENA_INIT(0);
    c->body.max = c->out.max = BODY_MAX;
    c->request.arena = &c->arena;
    c->request.body = &c->body;
    s3d_reply_start(&c->reply);
    c->next = l->conns;
    c->link = &l->conns;
    if (c->next)
        c->next->link = &c->next;
    l->conns = c;
    l->s->stats.connections++;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    ev.data.ptr = c;
    if (epoll_ctl(l->ep, EPOLL_CTL_ADD, fd, &ev) < 0)
        conn_kill(c);
}

static void accept_all(struct s3d_loop *l)
{
    for (;;) {
        int fd = accept4(l->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0)
            return;
        conn_new(l, fd);
    }
}

struct s3d_loop *s3d_loop_new(struct s3d *s, unsigned port, unsigned *ret_port)
{
    struct s3d_loop *l = s3d_zalloc(sizeof *l);
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    struct epoll_event ev = {.events = EPOLLIN};
    int one = 1;

    l->s = s;
    l->ep = epoll_create1(EPOLL_CLOEXEC);
    l->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    (void)setsockopt(l->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(l->listener, (struct sockaddr *)&at, sizeof at) < 0 || listen(l->listener, 4096) < 0)
        s3d_die("cannot listen on 127.0.0.1:%u: %s", port, strerror(errno));
    (void)getsockname(l->listener, (struct sockaddr *)&at, &n);
    *ret_port = ntohs(at.sin_port);
    (void)epoll_ctl(l->ep, EPOLL_CTL_ADD, l->listener, &ev);
    return l;
}

/* In nanoseconds where the kernel can: milliseconds would make every delay up to one longer. */
static int wait_events(struct s3d_loop *l, struct epoll_event *events)
{
    int64_t ns = s3d_wheel_wait_ns(&l->s->wheel, s3d_mono_ns());
    struct timespec ts = {.tv_sec = ns / S3C_NS_PER_SEC, .tv_nsec = ns % S3C_NS_PER_SEC};
    int n = epoll_pwait2(l->ep, events, EVENTS_MAX, ns < 0 ? NULL : &ts, NULL);

    if (n < 0 && errno == ENOSYS) /* before Linux 5.11 */
        n = epoll_wait(l->ep, events, EVENTS_MAX,
                       ns < 0 ? -1 : (int)((ns + S3C_NS_PER_MS - 1) / S3C_NS_PER_MS));
    return n;
}

void s3d_loop_run(struct s3d_loop *l, const volatile int *stop)
{
    struct epoll_event events[EVENTS_MAX];

    while (!*stop) {
        int n = wait_events(l, events);

        for (int i = 0; i < n; i++) {
            struct conn *c = events[i].data.ptr;

            if (!c)
                accept_all(l);
            else if (!c->dead)
                run(c);
        }
        s3d_wheel_turn(&l->s->wheel, s3d_mono_ns());
        bury(l);
    }
}

void s3d_loop_free(struct s3d_loop *l)
{
    while (l->conns)
        conn_kill(l->conns);
    bury(l);
    close(l->listener);
    close(l->ep);
    s3c_free(l);
}
