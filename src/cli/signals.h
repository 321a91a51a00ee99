/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGINT and SIGTERM: the first asks for a clean stop, the second ends the process at once (exit status 1). A thread waits for them with
 * sigwait, so that there are no handlers and no globals, and waking may take locks. Both are blocked in every thread; SIGPIPE and SIGXFSZ
 * are ignored, so that a closed pipe and a full disk are errors of write().
 */
#ifndef S3C_CLI_SIGNALS_H
#define S3C_CLI_SIGNALS_H

#include <pthread.h>
#include <stdatomic.h>

#include <s3c/error.h>

struct cli_signals {
    pthread_t thread;
    bool running;
    atomic_int count;
    int fd;               /* an eventfd: readable once there was one, and for ever */
    pthread_mutex_t lock; /* of wake and ctx */
    void (*wake)(void *ctx);
    void *ctx;
};

/* Before any other thread exists. 0, S3C_E_IO. */
S3C_MUST_USE int cli_signals_start(struct cli_signals *s, struct s3c_error *err);
void cli_signals_stop(struct cli_signals *s); /* idempotent */
/* Called on the first signal; NULL = nobody. When it returns, the old one is not running and will not be called any more. */
void cli_signals_set_wake(struct cli_signals *s, void (*wake)(void *ctx), void *ctx);
static inline bool cli_signals_stopped(struct cli_signals *s)
{
    return atomic_load_explicit(&s->count, memory_order_acquire) > 0;
}

#endif
