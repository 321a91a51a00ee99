/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/rate.h"

#include <math.h>

#include "base/clock.h"

void rate_init(struct rate *r, double per_second, int64_t burst, int64_t now_ns)
{
    r->per_second = per_second;
    r->burst = burst > 0 ? (double)burst : fmax(ceil(per_second), 1);
    r->tokens = r->burst;
    r->at_ns = now_ns;
}

size_t rate_take(struct rate *r, size_t want, int64_t now_ns)
{
    double whole;
    size_t n;

    if (r->per_second <= 0)
        return want;
    if (now_ns > r->at_ns) {
        r->tokens += (double)(now_ns - r->at_ns) / (double)S3C_NS_PER_SEC * r->per_second;
        r->tokens = fmin(r->tokens, r->burst);
        r->at_ns = now_ns;
    }
    /* What is due to come at this very moment counts, whatever was lost in rounding. */
    whole = floor(r->tokens + 1e-9);
    n = whole < (double)want ? (size_t)whole : want;
    r->tokens -= (double)n;
    return n;
}

void rate_give_back(struct rate *r, size_t n)
{
    r->tokens = fmin(r->tokens + (double)n, r->burst);
}

int64_t rate_due_ns(const struct rate *r)
{
    double wait = ceil((1 - r->tokens) / r->per_second * (double)S3C_NS_PER_SEC);
    const double day = 86400.0 * (double)S3C_NS_PER_SEC; /* whoever waits asks again */

    return r->at_ns + (int64_t)fmin(fmax(wait, 0), day);
}
