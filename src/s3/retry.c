/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Codes decide before statuses, because servers agree on codes more than on statuses; the exception is 503, which is throttling
 * whatever its code says (MinIO: SlowDownRead, SlowDownWrite). 501 is never tried again.
 */
#include "s3/retry.h"

#include "base/view.h"

#define CAP_NS          (20 * S3C_NS_PER_SEC)
#define RETRY_AFTER_CAP (5 * S3C_NS_PER_SEC)
#define SKEW_NS \
    (4 * 60 * S3C_NS_PER_SEC) /* from here on a refused signature may be the clock's fault */
#define QUOTA        500u
#define COST         5u
#define COST_TIMEOUT 10u

struct code_row {
    const char *name;
    enum s3c_retry_class retry;
    int code;
    bool retryable;
};

static const struct code_row by_code[] = {
    {"AccessDenied", S3C_RETRY_FINAL, S3C_E_DENIED, false},
    {"AccountProblem", S3C_RETRY_FINAL, S3C_E_DENIED, false},
    {"AllAccessDisabled", S3C_RETRY_FINAL, S3C_E_DENIED, false},
    {"AuthFailure", S3C_RETRY_FINAL, S3C_E_CREDENTIALS, false},
    {"ConditionalRequestConflict", S3C_RETRY_TRANSIENT, S3C_E_HTTP, true},
    {"ExpiredToken", S3C_RETRY_EXPIRED, S3C_E_CREDENTIALS, true},
    {"InternalError", S3C_RETRY_TRANSIENT, S3C_E_HTTP, true},
    {"InvalidAccessKeyId", S3C_RETRY_FINAL, S3C_E_CREDENTIALS, false},
    {"InvalidObjectState", S3C_RETRY_FINAL, S3C_E_ARCHIVED, false},
    {"InvalidSecurity", S3C_RETRY_FINAL, S3C_E_CREDENTIALS, false},
    {"InvalidSignatureException", S3C_RETRY_FINAL, S3C_E_CREDENTIALS, false},
    {"InvalidToken", S3C_RETRY_EXPIRED, S3C_E_CREDENTIALS, false},
    {"NoSuchBucket", S3C_RETRY_FINAL, S3C_E_NO_BUCKET, false},
    {"NoSuchKey", S3C_RETRY_FINAL, S3C_E_NOT_FOUND, false},
    {"NoSuchUpload", S3C_RETRY_FINAL, S3C_E_NOT_FOUND, false},
    {"NoSuchVersion", S3C_RETRY_FINAL, S3C_E_NOT_FOUND, false},
    {"NotImplemented", S3C_RETRY_FINAL, S3C_E_HTTP, false},
    {"NotSignedUp", S3C_RETRY_FINAL, S3C_E_CREDENTIALS, false},
    {"OperationAborted", S3C_RETRY_TRANSIENT, S3C_E_HTTP, true},
    {"PreconditionFailed", S3C_RETRY_FINAL, S3C_E_CHANGED, false},
    {"PriorRequestNotComplete", S3C_RETRY_TRANSIENT, S3C_E_HTTP, true},
    {"RequestExpired", S3C_RETRY_SKEW, S3C_E_CREDENTIALS, false},
    {"RequestInTheFuture", S3C_RETRY_SKEW, S3C_E_CREDENTIALS, false},
    {"RequestTimeTooSkewed", S3C_RETRY_SKEW, S3C_E_CREDENTIALS, false},
    {"RequestTimeout", S3C_RETRY_TRANSIENT, S3C_E_TIMEOUT, true},
    {"RequestTimeoutException", S3C_RETRY_TRANSIENT, S3C_E_TIMEOUT, true},
    {"ServiceUnavailable", S3C_RETRY_THROTTLED, S3C_E_HTTP, true},
    {"SignatureDoesNotMatch", S3C_RETRY_FINAL, S3C_E_CREDENTIALS, false},
    {"TokenRefreshRequired", S3C_RETRY_EXPIRED, S3C_E_CREDENTIALS, true},
    {"UnauthorizedAccess", S3C_RETRY_FINAL, S3C_E_DENIED, false},
};

/* Families: servers append Read, Write, Exception and more. */
static const char *const throttling[] = {
    "SlowDown",        "Throttl",          "RequestLimitExceeded", "BandwidthLimitExceeded",
    "TooManyRequests", "RequestThrottled",
};

/* Codes of a request that went to the wrong region. */
static const char *const misplaced[] = {
    "PermanentRedirect",
    "TemporaryRedirect",
    "Redirect",
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
    "AuthorizationQueryParametersError",
};

static struct s3c_verdict verdict(enum s3c_retry_class retry, int code, bool retryable)
{
    return (struct s3c_verdict){retry, code, retryable};
}

static struct s3c_verdict of_transport(int result)
{
    switch (result) {
    case S3C_E_RESOLVE:
    case S3C_E_CONNECT:
    case S3C_E_TLS: /* the handshake may have been cut off; a certificate may be being rotated */
    case S3C_E_TIMEOUT:
    case S3C_E_PROTOCOL:
        return verdict(S3C_RETRY_TRANSIENT, result, true);
    default:
        return verdict(S3C_RETRY_FINAL, result, false);
    }
}

static const struct code_row *find_code(struct s3c_view code)
{
    for (size_t i = 0; i < sizeof by_code / sizeof *by_code; i++) {
        if (s3c_view_eq_str(code, by_code[i].name))
            return &by_code[i];
    }
    return NULL;
}

static bool is_throttling(struct s3c_view code)
{
    for (size_t i = 0; i < sizeof throttling / sizeof *throttling; i++) {
        if (s3c_view_starts(code, s3c_view_str(throttling[i])))
            return true;
    }
    return false;
}

static bool is_misplaced(const struct s3c_outcome *o)
{
    for (size_t i = 0; i < sizeof misplaced / sizeof *misplaced; i++) {
        if (s3c_view_eq_str(o->s3_code, misplaced[i]))
            return true;
    }
    /* HEAD has no body: only the header x-amz-bucket-region speaks. */
    return !o->s3_code.len && (o->http_status / 100 == 3 || o->http_status == 400);
}

static bool is_skewed(const struct s3c_outcome *o)
{
    return o->skew_ns > SKEW_NS || o->skew_ns < -SKEW_NS;
}

static bool about_object(enum s3c_s3_op op)
{
    return op == S3C_GET_OBJECT || op == S3C_UPLOAD_PART || op == S3C_COMPLETE_MULTIPART ||
           op == S3C_ABORT_MULTIPART || op == S3C_HEAD_OBJECT || op == S3C_DELETE_OBJECT;
}

static struct s3c_verdict of_status(const struct s3c_outcome *o)
{
    switch (o->http_status) {
    case 307:
    case 408:
        return verdict(S3C_RETRY_TRANSIENT, S3C_E_HTTP, true);
    case 401:
        return verdict(S3C_RETRY_FINAL, S3C_E_CREDENTIALS, false);
    case 403:
        return verdict(S3C_RETRY_FINAL, S3C_E_DENIED, false);
    case 404:
        if (o->op == S3C_HEAD_BUCKET)
            return verdict(S3C_RETRY_FINAL, S3C_E_NO_BUCKET, false);
        return verdict(S3C_RETRY_FINAL, about_object(o->op) ? S3C_E_NOT_FOUND : S3C_E_HTTP, false);
    case 405: /* GET of a delete marker's version */
        return verdict(S3C_RETRY_FINAL, o->op == S3C_GET_OBJECT ? S3C_E_NOT_FOUND : S3C_E_HTTP,
                       false);
    case 412:
        return verdict(S3C_RETRY_FINAL, S3C_E_CHANGED, false);
    case 429:
    case 503:
        return verdict(S3C_RETRY_THROTTLED, S3C_E_HTTP, true);
    case 501:
    case 505:
        return verdict(S3C_RETRY_FINAL, S3C_E_HTTP, false);
    default:
        if (o->http_status >= 500)
            return verdict(S3C_RETRY_TRANSIENT, S3C_E_HTTP, true);
        return verdict(S3C_RETRY_FINAL, S3C_E_HTTP, false);
    }
}

/* Credentials that look wrong may only be late: the date is part of the signature. */
static struct s3c_verdict with_skew(const struct s3c_outcome *o, struct s3c_verdict v)
{
    bool says_skew = v.retry == S3C_RETRY_SKEW;
    bool maybe = v.code == S3C_E_CREDENTIALS && v.retry == S3C_RETRY_FINAL && o->s3_code.len;
    bool mute = o->http_status == 403 && !o->s3_code.len;

    if (says_skew && !o->skew_ns)
        return verdict(S3C_RETRY_FINAL, S3C_E_CREDENTIALS, false);
    if ((maybe || mute) && is_skewed(o) && !s3c_view_eq_str(o->s3_code, "InvalidAccessKeyId"))
        v.retry = S3C_RETRY_SKEW;
    return v;
}

struct s3c_verdict s3c_retry_classify(const struct s3c_outcome *o)
{
    const struct code_row *row;
    bool success = o->http_status >= 200 && o->http_status < 300;

    if (o->result < 0)
        return of_transport(o->result);
    if (o->broken)
        return verdict(S3C_RETRY_TRANSIENT, S3C_E_PROTOCOL, true);
    if (success && !o->s3_code.len)
        return verdict(S3C_RETRY_DONE, 0, false);
    if (o->has_region && is_misplaced(o))
        return verdict(S3C_RETRY_REGION, S3C_E_HTTP, false);
    if (o->http_status == 503 || is_throttling(o->s3_code))
        return verdict(S3C_RETRY_THROTTLED, S3C_E_HTTP, true);
    row = find_code(o->s3_code);
    if (row)
        return with_skew(o, verdict(row->retry, row->code, row->retryable));
    if (success) /* 200 that holds an error nobody knows: as a 500 */
        return verdict(S3C_RETRY_TRANSIENT, S3C_E_HTTP, true);
    return with_skew(o, of_status(o));
}

int64_t s3c_retry_backoff_ns(enum s3c_retry_class class, unsigned attempt, uint32_t random,
                             int64_t retry_after_ms)
{
    int64_t limit = class == S3C_RETRY_THROTTLED ? S3C_NS_PER_SEC : 100 * S3C_NS_PER_MS;
    int64_t delay, asked;

    for (unsigned i = 1; i < attempt && limit < CAP_NS; i++)
        limit *= 2;
    if (limit > CAP_NS)
        limit = CAP_NS;
    delay =
        limit / 1000 * random / UINT32_MAX * 1000; /* in microseconds, so that the product fits */
    if (retry_after_ms <= 0)
        return delay;
    asked = retry_after_ms > INT64_MAX / S3C_NS_PER_MS ? INT64_MAX : retry_after_ms * S3C_NS_PER_MS;
    if (asked > delay + RETRY_AFTER_CAP)
        asked = delay + RETRY_AFTER_CAP;
    return asked > delay ? asked : delay;
}

bool s3c_retry_quota_take(struct s3c_retry_quota *q, int result, unsigned *ret_cost)
{
    unsigned cost = result == S3C_E_TIMEOUT ? COST_TIMEOUT : COST;

    if (q->tokens < cost)
        return false;
    q->tokens -= cost;
    *ret_cost = cost;
    return true;
}

void s3c_retry_quota_refund(struct s3c_retry_quota *q, unsigned cost)
{
    q->tokens += cost ? cost : 1;
    if (q->tokens > QUOTA)
        q->tokens = QUOTA;
}
