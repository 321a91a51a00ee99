/* SPDX-License-Identifier: Apache-2.0 */
/* sdk.rate.perSecond and sdk.rate.burst: a token bucket, full at the start. Pure. */
#ifndef S3C_PLUGIN_RATE_H
#define S3C_PLUGIN_RATE_H

#include <stddef.h>
#include <stdint.h>

struct rate {
    double per_second; /* 0: no limit */
    double burst;      /* tokens that the bucket holds, >= 1 */
    double tokens;
    int64_t at_ns; /* when `tokens` was right */
};

/* burst 0: as many as in a second, rounded up. */
void rate_init(struct rate *r, double per_second, int64_t burst, int64_t now_ns);
/* How many of `want` may go now; they are taken from the bucket. */
size_t rate_take(struct rate *r, size_t want, int64_t now_ns);
/* Gives back what was taken, but not used. */
void rate_give_back(struct rate *r, size_t n);
/* When rate_take will give at least one, after it gave none. */
int64_t rate_due_ns(const struct rate *r);

#endif
