/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/error.h"

static void stop_set(sigset_t *set)
{
    (void)sigemptyset(set);
    (void)sigaddset(set, SIGINT);
    (void)sigaddset(set, SIGTERM);
}

static void end_at_once(void)
{
    static const char text[] =
        "s3c: error: stopped at once by a second signal; what was not confirmed will be repeated from the "
        "last position\n";

    if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
        _exit(1);
    _exit(1);
}

static void first_signal(struct cli_signals *s)
{
    static const uint64_t one = 1;

    if (write(s->fd, &one, sizeof(one)) < 0)
        return; /* not reached: an eventfd takes a first 1 */
    (void)pthread_mutex_lock(&s->lock);
    if (s->wake)
        s->wake(s->ctx);
    (void)pthread_mutex_unlock(&s->lock);
}

static void *wait_for_signals(void *arg)
{
    struct cli_signals *s = arg;
    sigset_t set;
    int number;

    stop_set(&set);
    for (;;) {
        if (sigwait(&set, &number) != 0)
            continue;
        if (atomic_fetch_add_explicit(&s->count, 1, memory_order_acq_rel) > 0)
            end_at_once();
        (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL); /* the lock must come back */
        first_signal(s);
        (void)pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    }
    return NULL;
}

int cli_signals_start(struct cli_signals *s, struct s3c_error *err)
{
    sigset_t set;
    int r;

    *s = (struct cli_signals){.fd = -1};
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
    stop_set(&set);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    s->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->fd < 0)
        return s3c_error_errno(err, errno, "eventfd");
    (void)pthread_mutex_init(&s->lock, NULL);
    r = pthread_create(&s->thread, NULL, wait_for_signals, s);
    if (r != 0) {
        (void)close(s->fd);
        s->fd = -1;
        return s3c_error_errno(err, r, "thread");
    }
    s->running = true;
    return 0;
}

void cli_signals_stop(struct cli_signals *s)
{
    if (!s->running)
        return;
    s->running = false;
    (void)pthread_cancel(
        s->thread); /* sigwait is a cancellation point, and nothing is held there */
    (void)pthread_join(s->thread, NULL);
    (void)pthread_mutex_destroy(&s->lock);
    (void)close(s->fd);
}

void cli_signals_set_wake(struct cli_signals *s, void (*wake)(void *ctx), void *ctx)
{
    (void)pthread_mutex_lock(&s->lock);
    s->wake = wake;
    s->ctx = ctx;
    (void)pthread_mutex_unlock(&s->lock);
}
