/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Multi handles and their descriptors in epoll.
 *
 * libcurl asks us to watch a socket when a request starts and to forget it when the request ends; taken literally that is two
 * epoll_ctl calls a request. A kept-alive connection is therefore left registered for input while it idles. Input on an idle
 * connection means that the server closes it: it is taken out of epoll then (level-triggered, it would spin), and libcurl finds
 * out by itself when it wants to use it.
 */
#include "http/curl_private.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAKE_NUMBERS 8

static struct s3c_curl_socket *socket_at(struct s3c_curl *t, int fd)
{
    struct s3c_curl_socket *p;
    size_t cap;

    if ((size_t)fd < t->socket_cap)
        return &t->sockets[fd];
    cap = t->socket_cap > 0 ? t->socket_cap * 2 : 64;
    while (cap <= (size_t)fd)
        cap *= 2;
    p = s3c_reallocarray(t->sockets, cap, sizeof(*p));
    if (p == NULL)
        return NULL;
    memset(p + t->socket_cap, 0, (cap - t->socket_cap) * sizeof(*p));
    t->sockets = p;
    t->socket_cap = cap;
    return &p[fd];
}

static bool register_events(struct s3c_curl *t, int fd, uint32_t events, bool known)
{
    struct epoll_event ev = {.events = events, .data.fd = fd};

    if (known && epoll_ctl(t->epoll_fd, EPOLL_CTL_MOD, fd, &ev) == 0)
        return true;
    return epoll_ctl(t->epoll_fd, EPOLL_CTL_ADD, fd, &ev) ==
           0; /* also where the number belongs to a new socket by now */
}

static void watch(struct s3c_curl *t, struct s3c_curl_socket *s, int fd, uint32_t events)
{
    if (s->registered == events)
        return;
    if (events == 0)
        (void)epoll_ctl(t->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
    else if (!register_events(t, fd, events, s->registered != 0))
        events = 0; /* cannot be watched: the sweep ends the request as stalled */
    s->registered = events;
}

static int socket_callback(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
    struct s3c_curl_shard *shard = ctx;
    struct s3c_curl_socket *s = socket_at(shard->t, fd);

    (void)easy;
    (void)socket_ctx;
    if (s == NULL)
        return 0; /* out of memory: unwatched, the sweep ends it */
    s->shard = shard;
    s->wanted = 0;
    if (what == CURL_POLL_REMOVE) {
        /* One of ours stays as it is: idle, or closed already (libcurl tells so late of those that never got connected), and then
         * its number may belong to somebody else. */
        if (!s->ours)
            watch(shard->t, s, fd, 0);
        return 0;
    }
    if (what & CURL_POLL_IN)
        s->wanted |= EPOLLIN;
    if (what & CURL_POLL_OUT)
        s->wanted |= EPOLLOUT;
    watch(shard->t, s, fd, s->wanted);
    return 0;
}

static int timer_callback(CURLM *multi, long timeout_ms, void *ctx)
{
    struct s3c_curl_shard *shard = ctx;

    (void)multi;
    shard->timer_ns = timeout_ms < 0 ? 0 : shard->t->now_ns + timeout_ms * S3C_NS_PER_MS;
    return 0;
}

curl_socket_t s3c_curl_open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct s3c_curl *t = ctx;
    struct s3c_curl_socket *s;
    int fd;

    (void)purpose;
    fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0)
        return CURL_SOCKET_BAD;
    s = socket_at(t, fd);
    if (s == NULL) {
        (void)close(fd);
        return CURL_SOCKET_BAD;
    }
    *s = (struct s3c_curl_socket){.ours = true};
    return fd;
}

int s3c_curl_close_socket(void *ctx, curl_socket_t fd)
{
    struct s3c_curl *t = ctx;

    if ((size_t)fd < t->socket_cap)
        t->sockets[fd] = (struct s3c_curl_socket){0}; /* closing takes it out of epoll */
    return close(fd);
}

static bool is_unix_socket(int fd)
{
    int domain = AF_UNSPEC;
    socklen_t len = sizeof(domain);

    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_UNIX;
}

/*
 * libcurl opens a pair of sockets to wake a multi handle, and would leave them to every child of the process. They have the lowest numbers
 * that were free just before, give or take what other threads opened meanwhile.
 */
static CURLM *new_multi(const struct s3c_curl *t)
{
    int lowest = fcntl(t->epoll_fd, F_DUPFD_CLOEXEC, 0);
    CURLM *multi;

    if (lowest < 0)
        return NULL;
    (void)close(lowest);
    multi = curl_multi_init();
    for (int fd = lowest; multi != NULL && fd < lowest + WAKE_NUMBERS; fd++)
        if (is_unix_socket(fd))
            (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    return multi;
}

struct s3c_curl_shard *s3c_curl_shard_new(struct s3c_curl *t)
{
    struct s3c_curl_shard *s = s3c_zalloc(sizeof(*s));

    if (s == NULL)
        return NULL;
    s->t = t;
    s->multi = new_multi(t);
    if (s->multi == NULL) {
        s3c_free(s);
        return NULL;
    }
    (void)curl_multi_setopt(s->multi, CURLMOPT_SOCKETFUNCTION, socket_callback);
    (void)curl_multi_setopt(s->multi, CURLMOPT_SOCKETDATA, s);
    (void)curl_multi_setopt(s->multi, CURLMOPT_TIMERFUNCTION, timer_callback);
    (void)curl_multi_setopt(s->multi, CURLMOPT_TIMERDATA, s);
    (void)curl_multi_setopt(s->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    (void)curl_multi_setopt(s->multi, CURLMOPT_MAXCONNECTS,
                            (long)(t->max_connections < S3C_CURL_SHARD_SLOTS
                                       ? t->max_connections
                                       : S3C_CURL_SHARD_SLOTS));
    return s;
}

void s3c_curl_shard_free(struct s3c_curl_shard *s)
{
    if (s == NULL)
        return;
    (void)curl_multi_cleanup(s->multi);
    s3c_free(s);
}

void s3c_curl_shard_run_timer(struct s3c_curl_shard *s)
{
    int running;

    s->timer_ns = 0;
    s->drain = true;
    (void)curl_multi_socket_action(s->multi, CURL_SOCKET_TIMEOUT, 0, &running);
}

void s3c_curl_socket_event(struct s3c_curl *t, int fd, uint32_t events)
{
    struct s3c_curl_socket *s = (size_t)fd < t->socket_cap ? &t->sockets[fd] : NULL;
    int mask = 0, running;

    if (s == NULL || s->registered == 0)
        return; /* closed by an event before this one */
    if (s->wanted == 0) {
        watch(t, s, fd, 0);
        return;
    }
    if (events & EPOLLIN)
        mask |= CURL_CSELECT_IN;
    if (events & EPOLLOUT)
        mask |= CURL_CSELECT_OUT;
    if (events & (EPOLLERR | EPOLLHUP))
        mask |= CURL_CSELECT_ERR;
    s->shard->drain = true;
    (void)curl_multi_socket_action(s->shard->multi, fd, mask, &running);
}

static void drain_shard(struct s3c_curl *t, struct s3c_curl_shard *shard)
{
    struct s3c_error err;
    CURLMsg *m;
    int left, r;

    while ((m = curl_multi_info_read(shard->multi, &left)) != NULL) {
        struct s3c_curl_slot *s = NULL;
        if (m->msg != CURLMSG_DONE)
            continue;
        (void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &s);
        r = s3c_curl_slot_result(s, m->data.result, &err);
        s3c_curl_slot_finish(t, s, r, &err);
    }
}

void s3c_curl_drain(struct s3c_curl *t)
{
    size_t i;

    for (i = 0; i < t->shard_count; i++) {
        if (!t->shards[i]->drain)
            continue;
        t->shards[i]->drain = false;
        drain_shard(t, t->shards[i]);
    }
}
