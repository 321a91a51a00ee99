/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an attempt's outcome means and when to try again: the one place that knows S3's error codes. Pure: no clock, no
 * random source of its own. Policy: AWS "standard" mode (3 attempts, quota of 500) with full jitter, capped at 20 s.
 */
#ifndef S3C_S3_RETRY_H
#define S3C_S3_RETRY_H

#include "s3/call.h"

enum s3c_retry_class {
    S3C_RETRY_DONE,      /* the attempt succeeded */
    S3C_RETRY_FINAL,     /* trying again now is of no use */
    S3C_RETRY_TRANSIENT, /* connection, timeout, 5xx, broken or wrong body */
    S3C_RETRY_THROTTLED, /* 503, 429, SlowDown...: longer backoff */
    S3C_RETRY_SKEW, /* correct the clock by the reply's Date, sign once more; a second time it is final */
    S3C_RETRY_REGION,  /* sign for the region the reply names; a second time it is final */
    S3C_RETRY_EXPIRED, /* refresh the credentials once; a second time it is final */
};

struct s3c_outcome {
    enum s3c_s3_op op;
    int result; /* of the transport: 0 = a complete response was received, else a negative code */
    int http_status;         /* 0 when result is negative and no response began */
    struct s3c_view s3_code; /* <Code> of the body; empty = none */
    bool has_region; /* the reply names another region than the one asked (header or <Region>) */
    bool
        broken; /* 200, but the XML is not a whole answer, see s3/reply.h; or a body of another size than listed */
    int64_t skew_ns; /* server's Date minus the time that was signed; 0 when it sent none */
};

struct s3c_verdict {
    enum s3c_retry_class retry;
    int code;       /* what the call ends with if it is not tried again: 0 or enum s3c_code */
    bool retryable; /* for s3c_error: trying later may work */
};

struct s3c_verdict s3c_retry_classify(const struct s3c_outcome *o);

/*
 * Delay before attempt number `attempt` + 1 (1 = the first has failed): random share of min(base * 2^(attempt-1), 20 s), base 100 ms,
 * throttled 1 s; never less than retry_after_ms (x-amz-retry-after; capped at the delay + 5 s). `random` is any 32 random bits.
 */
int64_t s3c_retry_backoff_ns(enum s3c_retry_class class, unsigned attempt, uint32_t random,
                             int64_t retry_after_ms);

/* Retry quota: keeps a client from hammering a server that fails everything. Not thread-safe. */
struct s3c_retry_quota {
    unsigned tokens;
};
#define S3C_RETRY_QUOTA_INIT \
    {                        \
        500                  \
    }
/* Takes the price of a retry (5, after a timeout 10); false: there is not that much left, do not retry. Add *ret_cost to the
 * call's account and give it back through s3c_retry_quota_refund when the call succeeds. */
bool s3c_retry_quota_take(struct s3c_retry_quota *q, int result, unsigned *ret_cost);
void s3c_retry_quota_refund(struct s3c_retry_quota *q,
                            unsigned cost); /* 0 = succeeded at the first try: 1 comes back */

#endif
