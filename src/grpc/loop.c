/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: descriptors, times and wakes. What they mean is others' business. */
#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "grpc/server_private.h"

#define KIND_BITS  ((uintptr_t)3)
#define MAX_EVENTS 64
#define NS_PER_MS  S3C_NS_PER_MS
#define LONGEST_MS ((int64_t)INT_MAX)

int64_t grpc_loop_now(void)
{
    return s3c_mono_ns(s3c_clock_system());
}

int grpc_loop_control(struct grpc_server *s, int op, int fd, uint32_t events, void *p,
                      enum grpc_source kind)
{
    struct epoll_event event = {.events = events, .data.u64 = (uintptr_t)p | kind};

    return epoll_ctl(s->epoll_fd, op, fd, &event) < 0 ? -errno : 0;
}

int grpc_server_watch(struct grpc_server *s, struct grpc_watch *w, struct s3c_error *err)
{
    int r = 0;

    if (w->fd >= 0)
        r = grpc_loop_control(s, EPOLL_CTL_ADD, w->fd, EPOLLIN, w, GRPC_SOURCE_WATCH);
    if (r < 0)
        return s3c_error_errno(err, -r, "the event loop cannot watch descriptor %d", w->fd);
    w->next = s->watches;
    s->watches = w;
    return 0;
}

static struct grpc_watch **find_watch(struct grpc_server *s, const struct grpc_watch *w)
{
    struct grpc_watch **at = &s->watches;

    while (*at && *at != w)
        at = &(*at)->next;
    return at;
}

void grpc_server_unwatch(struct grpc_server *s, struct grpc_watch *w)
{
    struct grpc_watch **at = find_watch(s, w);

    if (!*at)
        return;
    if (s->watch_cursor == w)
        s->watch_cursor = w->next;
    *at = w->next;
    if (w->fd >= 0)
        grpc_loop_control(s, EPOLL_CTL_DEL, w->fd, 0, NULL, GRPC_SOURCE_WATCH);
}

void grpc_server_on_wake(struct grpc_server *s, void (*fn)(void *user))
{
    s->on_wake = fn;
}

void grpc_server_wake(struct grpc_server *s)
{
    const uint64_t one = 1;
    int saved = errno; /* may run in a signal handler */

    /* The counter cannot be full: the loop empties it. */
    if (write(s->wake_fd, &one, sizeof(one)) < 0)
        errno = saved;
}

static void woken(struct grpc_server *s)
{
    uint64_t count;

    if (read(s->wake_fd, &count, sizeof(count)) == (ssize_t)sizeof(count) && s->on_wake)
        s->on_wake(s->o.user);
}

static void dispatch(struct grpc_server *s, const struct epoll_event *event)
{
    void *p = (void *)((uintptr_t)event->data.u64 & ~KIND_BITS);

    switch ((enum grpc_source)(event->data.u64 & KIND_BITS)) {
    case GRPC_SOURCE_CONN:
        grpc_conn_event(p, event->events);
        break;
    case GRPC_SOURCE_WATCH:
        if (*find_watch(s, p)) /* another event may just have removed it */
            ((struct grpc_watch *)p)->ready(p);
        break;
    case GRPC_SOURCE_LISTEN:
        grpc_server_accept(s);
        break;
    case GRPC_SOURCE_WAKE:
        woken(s);
        break;
    }
}

static void fire_timers(struct grpc_server *s, int64_t now)
{
    struct grpc_watch *w;

    for (s->watch_cursor = s->watches; (w = s->watch_cursor);) {
        s->watch_cursor = w->next;
        if (!w->due_mono_ns || w->due_mono_ns > now)
            continue;
        w->due_mono_ns = 0;
        w->ready(w);
    }
}

static int64_t earlier(int64_t a, int64_t b)
{
    if (!a || !b)
        return a ? a : b;
    return a < b ? a : b;
}

static int wait_ms(const struct grpc_server *s)
{
    int64_t due = grpc_server_due(s), left;

    if (s->marked)
        return 0;
    for (const struct grpc_watch *w = s->watches; w; w = w->next)
        due = earlier(due, w->due_mono_ns);
    if (!due)
        return -1;
    left = due - grpc_loop_now();
    if (left <= 0)
        return 0;
    left = (left - 1) / NS_PER_MS + 1; /* up: not a moment too early */
    return left > LONGEST_MS ? INT_MAX : (int)left;
}

/* Those marked up to now; who is marked meanwhile comes in the next iteration. */
static void take_turns(struct grpc_server *s)
{
    struct grpc_conn *c = S3C_TAKE(s->marked), *next;

    for (; c; c = next) {
        next = c->next_marked;
        c->marked = false;
        grpc_conn_turn(c);
    }
}

int grpc_loop_turn(struct grpc_server *s, struct s3c_error *err)
{
    struct epoll_event events[MAX_EVENTS];
    int n = epoll_wait(s->epoll_fd, events, MAX_EVENTS, wait_ms(s));
    int64_t now;

    if (n < 0 && errno != EINTR)
        return s3c_error_errno(err, errno, "the plugin's event loop failed: epoll_wait");
    for (int i = 0; i < n; i++)
        dispatch(s, &events[i]);
    now = grpc_loop_now();
    fire_timers(s, now);
    grpc_server_tick(s, now);
    take_turns(s);
    return 0;
}
