/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The libcurl transport: its I/O thread. One epoll loop drives a few multi handles (curl_shard.c) with reused easy handles
 * (curl_slot.c). Stalls and deadlines are looked at in a sweep a few times a second instead of by a timer per request.
 */
#include "http/curl_private.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define CONNECT_TIMEOUT_MS 5000
#define STALL_TIMEOUT_MS   30000
#define MAX_CONNECTIONS    256
#define EVENTS_MAX         32 /* few, so that nobody waits long for the end of a round */
#define IDLE_WINDOW_NS     (5 * S3C_NS_PER_MS)

static struct s3c_curl *curl_of(struct s3c_transport *t)
{
    return (struct s3c_curl *)t;
}

/* ---- the loop ---- */

static int64_t next_event_ns(const struct s3c_curl *t)
{
    int64_t at = t->timer_ns;
    size_t i;

    if (t->sweep_ns > 0 && (at == 0 || t->sweep_ns < at))
        at = t->sweep_ns;
    for (i = 0; i < t->shard_count; i++) {
        int64_t shard_ns = t->shards[i]->timer_ns;
        if (shard_ns > 0 && (at == 0 || shard_ns < at))
            at = shard_ns;
    }
    return at;
}

/* Share of the last window spent asleep. A window that was one long sleep counts as idle at once. */
static void measure_idle(struct s3c_curl *t, int64_t before_ns)
{
    int64_t elapsed;

    t->idle_ns += t->now_ns - before_ns;
    elapsed = t->now_ns - t->window_ns;
    if (elapsed < IDLE_WINDOW_NS)
        return;
    t->idle_percent = (int)(t->idle_ns * 100 / elapsed);
    t->window_ns = t->now_ns;
    t->idle_ns = 0;
}

/* Sleeps until there is something to do; the number of events. */
static int wait_events(struct s3c_curl *t, struct epoll_event *events)
{
    int64_t before_ns = s3c_mono_ns(t->clock), at = next_event_ns(t);
    int timeout_ms = -1, n;

    t->now_ns = before_ns;
    if (at > 0)
        timeout_ms =
            at <= before_ns ? 0 : (int)((at - before_ns + S3C_NS_PER_MS - 1) / S3C_NS_PER_MS);
    if (timeout_ms != 0) {
        atomic_store(&t->sleeping, true); /* from here on a wake writes to the eventfd ... */
        if (atomic_load(&t->wake_pending))
            timeout_ms = 0; /* ... and one before it is seen here */
    }
    n = epoll_wait(t->epoll_fd, events, EVENTS_MAX, timeout_ms);
    atomic_store(&t->sleeping, false);
    if (timeout_ms == 0) /* nothing slept: not worth a look at the clock */
        return n;
    t->now_ns = s3c_mono_ns(t->clock);
    measure_idle(t, before_ns);
    return n;
}

static void take_events(struct s3c_curl *t, const struct epoll_event *events, int n)
{
    uint64_t count;
    int i;

    for (i = 0; i < n; i++) {
        if (events[i].data.fd == t->wake_fd)
            (void)!read(t->wake_fd, &count, sizeof(count)); /* wake_pending tells the rest */
        else
            s3c_curl_socket_event(t, events[i].data.fd, events[i].events);
    }
}

static void run_timers(struct s3c_curl *t)
{
    size_t i;

    for (i = 0; i < t->shard_count; i++) {
        int64_t at = t->shards[i]->timer_ns;
        if (at > 0 && at <= t->now_ns)
            s3c_curl_shard_run_timer(t->shards[i]);
    }
    if (t->sweep_ns > 0 && t->sweep_ns <= t->now_ns)
        s3c_curl_sweep(t);
    if (t->timer_ns > 0 && t->timer_ns <= t->now_ns) {
        t->timer_ns = 0;
        t->handler.timer(t->handler.ctx);
    }
}

static void abort_all(struct s3c_curl *t)
{
    struct s3c_error err;

    (void)s3c_error_set(&err, S3C_E_CANCELLED, "the transport is being closed");
    while (t->active_count > 0)
        s3c_curl_slot_finish(t, t->active[t->active_count - 1], S3C_E_CANCELLED, &err);
}

static void *io_thread(void *ctx)
{
    struct s3c_curl *t = ctx;
    struct epoll_event events[EVENTS_MAX];

    t->now_ns = t->window_ns = s3c_mono_ns(t->clock);
    while (!atomic_load(&t->stopping)) {
        int n = wait_events(t, events);
        take_events(t, events, n);
        run_timers(t);
        s3c_curl_drain(t);
        if (atomic_exchange(&t->wake_pending, false) && !atomic_load(&t->stopping))
            t->handler.woken(t->handler.ctx);
        t->handler.settled(t->handler.ctx);
    }
    abort_all(t);
    t->handler.settled(t->handler.ctx);
    return NULL;
}

/* ---- the vtable ---- */

static int start_thread(struct s3c_curl *t)
{
    sigset_t all, old;
    int r;

    /* Signals are the program's: its handlers must not run on this thread. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    r = pthread_create(&t->thread, NULL, io_thread, t);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    return r;
}

/* libcurl looks for a proxy in the environment at every request; where there is none now, it need not. */
static bool environment_names_proxy(void)
{
    static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                        "ALL_PROXY"};
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != '\0')
            return true;
    }
    return false;
}

static int curl_start(struct s3c_transport *base, const struct s3c_transport_handler *h,
                      struct s3c_error *err)
{
    struct s3c_curl *t = curl_of(base);
    struct epoll_event ev = {.events = EPOLLIN};
    int r;

    t->handler = *h;
    t->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    t->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    ev.data.fd = t->wake_fd;
    if (t->epoll_fd < 0 || t->wake_fd < 0 ||
        epoll_ctl(t->epoll_fd, EPOLL_CTL_ADD, t->wake_fd, &ev) < 0)
        return s3c_error_errno(err, errno, "cannot start the network thread");
    r = start_thread(t);
    if (r != 0)
        return s3c_error_errno(err, r, "cannot start the network thread");
    t->started = true;
    return 0;
}

static void curl_wake(struct s3c_transport *base)
{
    struct s3c_curl *t = curl_of(base);
    const uint64_t one = 1;

    if (atomic_exchange(&t->wake_pending, true))
        return;
    if (atomic_load(&t->sleeping))
        (void)!write(t->wake_fd, &one, sizeof(one));
}

static int curl_send(struct s3c_transport *base, struct s3c_http_request *r, struct s3c_error *err)
{
    struct s3c_curl *t = curl_of(base);
    struct s3c_curl_slot *s;

    if (atomic_load(&t->stopping))
        return s3c_error_set(err, S3C_E_CANCELLED, "the transport is being closed");
    if (r->header_count > S3C_HTTP_MAX_HEADERS)
        return s3c_error_set(err, S3C_E_INVALID,
                             "request has %zu header fields, at most %d are possible",
                             r->header_count, S3C_HTTP_MAX_HEADERS);
    s = s3c_curl_slot_take(t);
    if (s == NULL)
        return s3c_error_nomem(err);
    return s3c_curl_slot_send(t, s, r, err);
}

static void curl_abort(struct s3c_transport *base, struct s3c_http_request *r)
{
    struct s3c_error err;

    (void)s3c_error_set(&err, S3C_E_CANCELLED, "cancelled");
    s3c_curl_slot_finish(curl_of(base), r->transport_data, S3C_E_CANCELLED, &err);
}

static void curl_set_timer(struct s3c_transport *base, int64_t mono_ns)
{
    curl_of(base)->timer_ns = mono_ns;
}

static int curl_idle_percent(struct s3c_transport *base)
{
    return curl_of(base)->idle_percent;
}

static void free_handles(struct s3c_curl *t)
{
    struct s3c_curl_slot *s;
    size_t i;

    while ((s = t->free_slots) != NULL) { /* nothing is active any more: all slots are here */
        t->free_slots = s->next_free;
        s3c_curl_slot_free(s);
    }
    for (i = 0; i < t->shard_count; i++)
        s3c_curl_shard_free(t->shards[i]);
}

static void curl_release(struct s3c_transport *base)
{
    struct s3c_curl *t = curl_of(base);

    if (t->started) {
        atomic_store(&t->stopping, true);
        curl_wake(base);
        (void)pthread_join(t->thread, NULL);
    }
    free_handles(t);
    if (t->share != NULL)
        (void)curl_share_cleanup(t->share);
    if (t->epoll_fd >= 0)
        (void)close(t->epoll_fd);
    if (t->wake_fd >= 0)
        (void)close(t->wake_fd);
    s3c_free(t->shards);
    s3c_free(t->active);
    s3c_free(t->sockets);
    s3c_free(t->ca_bundle);
    s3c_free(t);
    curl_global_cleanup(); /* counted: others may use libcurl on */
}

static const struct s3c_transport_ops curl_ops = {
    .start = curl_start,
    .wake = curl_wake,
    .send = curl_send,
    .abort = curl_abort,
    .set_timer = curl_set_timer,
    .idle_percent = curl_idle_percent,
    .release = curl_release,
};

int s3c_transport_curl_new(struct s3c_transport **ret, const struct s3c_transport_curl_options *o,
                           struct s3c_error *err)
{
    struct s3c_curl *t;

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return s3c_error_nomem(err);
    t = s3c_zalloc(sizeof(*t));
    if (t == NULL) {
        curl_global_cleanup();
        return s3c_error_nomem(err);
    }
    t->base.ops = &curl_ops;
    t->epoll_fd = t->wake_fd = -1;
    t->clock = s3c_clock_system();
    t->no_proxy = !environment_names_proxy();
    t->connect_timeout_ms = o->connect_timeout_ms > 0 ? o->connect_timeout_ms : CONNECT_TIMEOUT_MS;
    t->stall_timeout_ms = o->stall_timeout_ms > 0 ? o->stall_timeout_ms : STALL_TIMEOUT_MS;
    t->max_connections = o->max_connections > 0 ? o->max_connections : MAX_CONNECTIONS;
    t->share = curl_share_init();
    if (o->ca_bundle != NULL)
        t->ca_bundle = s3c_strdup(o->ca_bundle);
    if (t->share == NULL || (o->ca_bundle != NULL && t->ca_bundle == NULL)) {
        curl_release(&t->base);
        return s3c_error_nomem(err);
    }
    /* Only one thread ever uses the share, so it needs no locks. */
    (void)curl_share_setopt(t->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
    (void)curl_share_setopt(t->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    *ret = &t->base;
    return 0;
}
