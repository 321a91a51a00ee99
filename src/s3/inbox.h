/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inbox: where the I/O thread puts finished calls and one consumer thread takes them out, many at a time. It is also the
 * consumer's alarm clock: wake makes a wait return early, from any thread or signal handler; its descriptor (an eventfd) can be polled.
 */
#ifndef S3C_S3_INBOX_H
#define S3C_S3_INBOX_H

#include <stdbool.h>

#include <s3c/error.h>

struct s3c_call;
struct s3c_inbox;

S3C_MUST_USE int s3c_inbox_new(struct s3c_inbox **ret,
                               struct s3c_error *err); /* 0, S3C_E_NOMEM, S3C_E_IO */
void s3c_inbox_free(struct s3c_inbox *i); /* no call that names it may be under way; NULL is fine */

/* Any thread. Signals the descriptor only if the consumer sleeps (or may poll). */
void s3c_inbox_put(struct s3c_inbox *i, struct s3c_call *c);
/* Several linked by ->next, in order, for the price of one. */
void s3c_inbox_put_list(struct s3c_inbox *i, struct s3c_call *first);
void s3c_inbox_wake(struct s3c_inbox *i); /* also async-signal-safe */

/*
 * Consumer only. Takes all that is there, oldest first, linked by ->next; NULL if there is nothing. Waits up to timeout_ms
 * (0 = not at all, -1 = for ever) for the first one. *ret_woken (may be NULL) tells of an s3c_inbox_wake since the last take.
 */
struct s3c_call *s3c_inbox_take(struct s3c_inbox *i, int timeout_ms, bool *ret_woken);
int s3c_inbox_fd(
    const struct s3c_inbox *i); /* readable when take(0) would give something or tell of a wake */

#endif
