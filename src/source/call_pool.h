/* SPDX-License-Identifier: Apache-2.0 */
/* Finished calls for the next GETs, so that a small object costs no allocation. Bounded in memory. Not thread-safe. */
#ifndef S3C_SOURCE_CALL_POOL_H
#define S3C_SOURCE_CALL_POOL_H

#include "s3/call.h"

struct s3c_call_pool {
    struct s3c_call *free; /* linked by ->next */
    size_t bytes, max_bytes;
};
struct s3c_call *s3c_call_pool_get(struct s3c_call_pool *p); /* NULL: out of memory */
void s3c_call_pool_put(struct s3c_call_pool *p, struct s3c_call *c);
void s3c_call_pool_done(struct s3c_call_pool *p);

#endif
