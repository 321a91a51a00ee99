/* SPDX-License-Identifier: Apache-2.0 */
/* Getting one owner's calls back out of an inbox that it shares with others. */
#ifndef S3C_S3_RECLAIM_H
#define S3C_S3_RECLAIM_H

#include "s3/call.h"

/*
 * Consumer thread only. Blocks until `count` finished calls with call->user == user have arrived and takes them out, linked by ->next; the
 * calls of others stay in their order, and a wake-up is not lost. The calls must have been submitted and must not have been taken.
 */
struct s3c_call *s3c_reclaim(struct s3c_inbox *inbox, const void *user, size_t count);

#endif
