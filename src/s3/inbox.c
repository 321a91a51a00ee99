/* SPDX-License-Identifier: Apache-2.0 */
/* A list under a mutex and an eventfd. The descriptor is written to only when the consumer may be looking at it. */
#include "s3/inbox.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "s3/call.h"

struct s3c_inbox {
    int fd;
    atomic_bool woken;  /* lock-free: set by signal handlers */
    atomic_bool any;    /* a call or a wake came since the last take, which looks here first */
    atomic_bool polled; /* the consumer has the descriptor and may sleep on it by itself */

    pthread_mutex_t lock; /* guards the rest */
    struct s3c_call *first, **end;
    bool sleeping;
    bool signalled; /* the descriptor was written to since the last take */
};

int s3c_inbox_new(struct s3c_inbox **ret, struct s3c_error *err)
{
    struct s3c_inbox *i = s3c_zalloc(sizeof(*i));

    if (i == NULL)
        return s3c_error_nomem(err);
    i->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (i->fd < 0) {
        int e = errno;
        s3c_free(i);
        return s3c_error_errno(err, e, "cannot make an event descriptor");
    }
    (void)pthread_mutex_init(&i->lock, NULL); /* cannot fail for a plain mutex on Linux */
    i->end = &i->first;
    *ret = i;
    return 0;
}

void s3c_inbox_free(struct s3c_inbox *i)
{
    if (i == NULL)
        return;
    (void)close(i->fd);
    (void)pthread_mutex_destroy(&i->lock);
    s3c_free(i);
}

static void signal_fd(struct s3c_inbox *i)
{
    const uint64_t one = 1;
    int saved = errno; /* also called from signal handlers */

    (void)!write(i->fd, &one, sizeof(one)); /* can only fail because it is readable anyway */
    errno = saved;
}

void s3c_inbox_put_list(struct s3c_inbox *i, struct s3c_call *first)
{
    struct s3c_call *last = first;

    while (last->next != NULL)
        last = last->next;
    (void)pthread_mutex_lock(&i->lock);
    *i->end = first;
    i->end = &last->next;
    atomic_store(&i->any, true);
    if (!i->signalled && (i->sleeping || atomic_load(&i->polled))) {
        i->signalled = true;
        signal_fd(i); /* inside the lock: once the consumer has the calls it may free the inbox */
    }
    (void)pthread_mutex_unlock(&i->lock);
}

void s3c_inbox_put(struct s3c_inbox *i, struct s3c_call *c)
{
    c->next = NULL;
    s3c_inbox_put_list(i, c);
}

void s3c_inbox_wake(struct s3c_inbox *i)
{
    signal_fd(i); /* first: who finds the flag can empty the descriptor */
    atomic_store(&i->woken, true);
    atomic_store(&i->any, true);
}

/* Takes the list and the wake there are; false: neither. */
static bool take_locked(struct s3c_inbox *i, struct s3c_call **ret_first, bool *ret_woken)
{
    uint64_t count;

    /* Before what it stands for is taken: what comes now sets it again. */
    atomic_store(&i->any, false);
    *ret_woken = atomic_exchange(&i->woken, false);
    if (*ret_woken || i->signalled) {
        (void)!read(i->fd, &count, sizeof(count));
        i->signalled = false;
    }
    *ret_first = i->first;
    i->first = NULL;
    i->end = &i->first;
    return *ret_first != NULL || *ret_woken;
}

/* Sleeps until the descriptor is readable, at most until deadline_ns (-1 = for ever); false: time is over. Called without the lock. */
static bool sleep_until(struct s3c_inbox *i, int64_t deadline_ns)
{
    struct pollfd p = {.fd = i->fd, .events = POLLIN};
    int64_t left_ns, left_ms = -1;

    if (deadline_ns >= 0) {
        left_ns = deadline_ns - s3c_mono_ns(s3c_clock_system());
        if (left_ns <= 0)
            return false;
        left_ms = (left_ns + S3C_NS_PER_MS - 1) / S3C_NS_PER_MS;
    }
    (void)poll(&p, 1, (int)left_ms);
    return true;
}

struct s3c_call *s3c_inbox_take(struct s3c_inbox *i, int timeout_ms, bool *ret_woken)
{
    int64_t deadline_ns =
        timeout_ms > 0 ? s3c_mono_ns(s3c_clock_system()) + timeout_ms * S3C_NS_PER_MS : -1;
    struct s3c_call *first = NULL;
    bool woken;

    if (timeout_ms == 0 && !atomic_load(&i->any)) { /* asked for each record */
        if (ret_woken != NULL)
            *ret_woken = false;
        return NULL;
    }
    (void)pthread_mutex_lock(&i->lock);
    while (!take_locked(i, &first, &woken) && timeout_ms != 0) {
        bool in_time;
        i->sleeping = true;
        (void)pthread_mutex_unlock(&i->lock);
        in_time = sleep_until(i, deadline_ns);
        (void)pthread_mutex_lock(&i->lock);
        i->sleeping = false;
        if (!in_time)
            timeout_ms = 0;
    }
    (void)pthread_mutex_unlock(&i->lock);
    if (ret_woken != NULL)
        *ret_woken = woken;
    return first;
}

int s3c_inbox_fd(const struct s3c_inbox *inbox)
{
    struct s3c_inbox *i =
        (struct s3c_inbox *)inbox; /* asking changes nothing that the caller can see */

    if (atomic_exchange(&i->polled, true))
        return i->fd;
    (void)pthread_mutex_lock(&i->lock); /* what came before anybody could poll */
    if (i->first != NULL && !i->signalled) {
        i->signalled = true;
        signal_fd(i);
    }
    (void)pthread_mutex_unlock(&i->lock);
    return i->fd;
}
