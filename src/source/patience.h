/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long the source goes on after the client has given up on a call (DESIGN 4.1): for ever with what may pass, three tries five
 * seconds apart with what an administrator may be changing (401, 403, NoSuchBucket), not at all with the rest. Pure.
 */
#ifndef S3C_SOURCE_PATIENCE_H
#define S3C_SOURCE_PATIENCE_H

#include "base/clock.h"

#define S3C_PATIENCE_TRIES 3
#define S3C_PATIENCE_PAUSE (5 * S3C_NS_PER_SEC)

struct s3c_patience { /* of one call; all-zero = it has not failed yet */
    unsigned tries;   /* that failed, in a row */
};

/* The call has failed with err. False: give up. Else *ret_at_ns is when to try again. */
bool s3c_patience_again(struct s3c_patience *p, const struct s3c_error *err, int64_t now_mono_ns,
                        uint32_t random, int64_t *ret_at_ns);

#endif
