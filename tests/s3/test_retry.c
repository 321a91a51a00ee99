/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/view.h"
#include "s3/retry.h"

#define MINUTE (60 * S3C_NS_PER_SEC)

static const struct row {
    int result, status;
    const char *code;
    enum s3c_s3_op op;
    enum s3c_retry_class retry;
    int ends_with;
    bool retryable;
} rows[] = {
    /* the transport */
    {S3C_E_RESOLVE, 0, "", S3C_GET_OBJECT, S3C_RETRY_TRANSIENT, S3C_E_RESOLVE, true},
    {S3C_E_CONNECT, 0, "", S3C_GET_OBJECT, S3C_RETRY_TRANSIENT, S3C_E_CONNECT, true},
    {S3C_E_CONNECT, 200, "", S3C_GET_OBJECT, S3C_RETRY_TRANSIENT, S3C_E_CONNECT, true},
    {S3C_E_TLS, 0, "", S3C_GET_OBJECT, S3C_RETRY_TRANSIENT, S3C_E_TLS, true},
    {S3C_E_TIMEOUT, 0, "", S3C_GET_OBJECT, S3C_RETRY_TRANSIENT, S3C_E_TIMEOUT, true},
    {S3C_E_CANCELLED, 0, "", S3C_GET_OBJECT, S3C_RETRY_FINAL, S3C_E_CANCELLED, false},
    {S3C_E_NOMEM, 0, "", S3C_GET_OBJECT, S3C_RETRY_FINAL, S3C_E_NOMEM, false},
    {S3C_E_TOO_LARGE, 200, "", S3C_GET_OBJECT, S3C_RETRY_FINAL, S3C_E_TOO_LARGE, false},
    /* statuses */
    {0, 200, "", S3C_GET_OBJECT, S3C_RETRY_DONE, 0, false},
    {0, 206, "", S3C_GET_OBJECT, S3C_RETRY_DONE, 0, false},
    {0, 204, "", S3C_ABORT_MULTIPART, S3C_RETRY_DONE, 0, false},
    {0, 500, "", S3C_GET_OBJECT, S3C_RETRY_TRANSIENT, S3C_E_HTTP, true},
    {0, 502, "", S3C_GET_OBJECT, S3C_RETRY_TRANSIENT, S3C_E_HTTP, true},
    {0, 503, "", S3C_GET_OBJECT, S3C_RETRY_THROTTLED, S3C_E_HTTP, true},
    {0, 504, "", S3C_GET_OBJECT, S3C_RETRY_TRANSIENT, S3C_E_HTTP, true},
    {0, 522, "", S3C_GET_OBJECT, S3C_RETRY_TRANSIENT, S3C_E_HTTP, true},
    {0, 501, "", S3C_LIST_VERSIONS, S3C_RETRY_FINAL, S3C_E_HTTP, false},
    {0, 501, "NotImplemented", S3C_LIST_VERSIONS, S3C_RETRY_FINAL, S3C_E_HTTP, false},
    {0, 400, "", S3C_GET_OBJECT, S3C_RETRY_FINAL, S3C_E_HTTP, false},
    {0, 400, "InvalidArgument", S3C_LIST_VERSIONS, S3C_RETRY_FINAL, S3C_E_HTTP, false},
    {0, 401, "", S3C_HEAD_BUCKET, S3C_RETRY_FINAL, S3C_E_CREDENTIALS, false},
    {0, 403, "", S3C_HEAD_BUCKET, S3C_RETRY_FINAL, S3C_E_DENIED, false},
    {0, 404, "", S3C_HEAD_BUCKET, S3C_RETRY_FINAL, S3C_E_NO_BUCKET, false},
    {0, 404, "", S3C_GET_OBJECT, S3C_RETRY_FINAL, S3C_E_NOT_FOUND, false},
    {0, 404, "", S3C_LIST_OBJECTS_V2, S3C_RETRY_FINAL, S3C_E_HTTP, false},
    {0, 405, "MethodNotAllowed", S3C_GET_OBJECT, S3C_RETRY_FINAL, S3C_E_NOT_FOUND, false},
    {0, 405, "", S3C_PUT_OBJECT, S3C_RETRY_FINAL, S3C_E_HTTP, false},
    {0, 408, "", S3C_PUT_OBJECT, S3C_RETRY_TRANSIENT, S3C_E_HTTP, true},
    {0, 409, "OperationAborted", S3C_PUT_OBJECT, S3C_RETRY_TRANSIENT, S3C_E_HTTP, true},
    {0, 409, "", S3C_PUT_OBJECT, S3C_RETRY_FINAL, S3C_E_HTTP, false},
    {0, 412, "", S3C_GET_OBJECT, S3C_RETRY_FINAL, S3C_E_CHANGED, false},
    {0, 429, "", S3C_GET_OBJECT, S3C_RETRY_THROTTLED, S3C_E_HTTP, true},
    /* codes */
    {0, 403, "AccessDenied", S3C_GET_OBJECT, S3C_RETRY_FINAL, S3C_E_DENIED, false},
    {0, 403, "InvalidAccessKeyId", S3C_GET_OBJECT, S3C_RETRY_FINAL, S3C_E_CREDENTIALS, false},
    {0, 403, "SignatureDoesNotMatch", S3C_GET_OBJECT, S3C_RETRY_FINAL, S3C_E_CREDENTIALS, false},
    {0, 400, "ExpiredToken", S3C_GET_OBJECT, S3C_RETRY_EXPIRED, S3C_E_CREDENTIALS, true},
    {0, 403, "InvalidObjectState", S3C_GET_OBJECT, S3C_RETRY_FINAL, S3C_E_ARCHIVED, false},
    {0, 404, "NoSuchBucket", S3C_GET_OBJECT, S3C_RETRY_FINAL, S3C_E_NO_BUCKET, false},
    {0, 404, "NoSuchVersion", S3C_GET_OBJECT, S3C_RETRY_FINAL, S3C_E_NOT_FOUND, false},
    {0, 404, "NoSuchUpload", S3C_UPLOAD_PART, S3C_RETRY_FINAL, S3C_E_NOT_FOUND, false},
    {0, 400, "RequestTimeout", S3C_PUT_OBJECT, S3C_RETRY_TRANSIENT, S3C_E_TIMEOUT, true},
    {0, 503, "SlowDown", S3C_GET_OBJECT, S3C_RETRY_THROTTLED, S3C_E_HTTP, true},
    {0, 503, "SlowDownWrite", S3C_PUT_OBJECT, S3C_RETRY_THROTTLED, S3C_E_HTTP, true},
    {0, 400, "ThrottlingException", S3C_GET_OBJECT, S3C_RETRY_THROTTLED, S3C_E_HTTP, true},
    {0, 500, "InternalError", S3C_GET_OBJECT, S3C_RETRY_TRANSIENT, S3C_E_HTTP, true},
    /* 200 that holds an error */
    {0, 200, "InternalError", S3C_COMPLETE_MULTIPART, S3C_RETRY_TRANSIENT, S3C_E_HTTP, true},
    {0, 200, "SlowDown", S3C_LIST_OBJECTS_V2, S3C_RETRY_THROTTLED, S3C_E_HTTP, true},
    {0, 200, "NeverHeardOf", S3C_COMPLETE_MULTIPART, S3C_RETRY_TRANSIENT, S3C_E_HTTP, true},
    {0, 200, "NoSuchUpload", S3C_COMPLETE_MULTIPART, S3C_RETRY_FINAL, S3C_E_NOT_FOUND, false},
    /* redirects that name no region */
    {0, 301, "PermanentRedirect", S3C_GET_OBJECT, S3C_RETRY_FINAL, S3C_E_HTTP, false},
    {0, 307, "TemporaryRedirect", S3C_GET_OBJECT, S3C_RETRY_TRANSIENT, S3C_E_HTTP, true},
};

static struct s3c_outcome outcome(const struct row *r)
{
    return (struct s3c_outcome){.op = r->op,
                                .result = r->result,
                                .http_status = r->status,
                                .s3_code = s3c_view_str(r->code)};
}

static void classifies(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct s3c_outcome o = outcome(&rows[i]);
        struct s3c_verdict v = s3c_retry_classify(&o);

        if (v.retry != rows[i].retry || v.code != rows[i].ends_with ||
            v.retryable != rows[i].retryable)
            fail_msg("%d %d %s: %d %d %d", rows[i].result, rows[i].status, rows[i].code, v.retry,
                     v.code, v.retryable);
    }
}

static enum s3c_retry_class with_region(int status, const char *code)
{
    struct s3c_outcome o = {.op = S3C_HEAD_BUCKET,
                            .http_status = status,
                            .s3_code = s3c_view_str(code),
                            .has_region = true};

    return s3c_retry_classify(&o).retry;
}

static void follows_a_region_only_when_the_request_was_misplaced(void **state)
{
    (void)state;
    assert_int_equal(with_region(301, "PermanentRedirect"), S3C_RETRY_REGION);
    assert_int_equal(with_region(307, "TemporaryRedirect"), S3C_RETRY_REGION);
    assert_int_equal(with_region(400, "AuthorizationHeaderMalformed"), S3C_RETRY_REGION);
    assert_int_equal(with_region(400, "IllegalLocationConstraintException"), S3C_RETRY_REGION);
    assert_int_equal(with_region(301, ""), S3C_RETRY_REGION);
    assert_int_equal(with_region(400, ""), S3C_RETRY_REGION);
    assert_int_equal(with_region(403, "AccessDenied"), S3C_RETRY_FINAL);
    assert_int_equal(with_region(404, ""), S3C_RETRY_FINAL);
    assert_int_equal(with_region(200, ""), S3C_RETRY_DONE);
}

static enum s3c_retry_class with_skew(int status, const char *code, int64_t skew_ns)
{
    struct s3c_outcome o = {.op = S3C_GET_OBJECT,
                            .http_status = status,
                            .s3_code = s3c_view_str(code),
                            .skew_ns = skew_ns};

    return s3c_retry_classify(&o).retry;
}

static void blames_the_clock_only_when_it_is_off(void **state)
{
    (void)state;
    assert_int_equal(with_skew(403, "RequestTimeTooSkewed", 20 * MINUTE), S3C_RETRY_SKEW);
    assert_int_equal(with_skew(403, "RequestTimeTooSkewed", -20 * MINUTE), S3C_RETRY_SKEW);
    assert_int_equal(with_skew(403, "RequestTimeTooSkewed", 0), S3C_RETRY_FINAL);
    assert_int_equal(with_skew(403, "SignatureDoesNotMatch", 5 * MINUTE), S3C_RETRY_SKEW);
    assert_int_equal(with_skew(403, "SignatureDoesNotMatch", -5 * MINUTE), S3C_RETRY_SKEW);
    assert_int_equal(with_skew(403, "SignatureDoesNotMatch", 3 * MINUTE), S3C_RETRY_FINAL);
    assert_int_equal(with_skew(403, "", 20 * MINUTE), S3C_RETRY_SKEW);
    assert_int_equal(with_skew(403, "AccessDenied", 20 * MINUTE), S3C_RETRY_FINAL);
    assert_int_equal(with_skew(403, "InvalidAccessKeyId", 20 * MINUTE), S3C_RETRY_FINAL);
    assert_int_equal(with_skew(200, "", 20 * MINUTE), S3C_RETRY_DONE);
}

static void tries_a_broken_answer_again(void **state)
{
    struct s3c_outcome o = {.op = S3C_LIST_VERSIONS, .http_status = 200, .broken = true};
    struct s3c_verdict v = s3c_retry_classify(&o);

    (void)state;
    assert_int_equal(v.retry, S3C_RETRY_TRANSIENT);
    assert_int_equal(v.code, S3C_E_PROTOCOL);
    assert_true(v.retryable);
}

static void backs_off_within_its_bounds(void **state)
{
    static const int64_t full[] = {100, 200, 400, 800, 1600, 3200, 6400, 12800, 20000, 20000};

    (void)state;
    for (unsigned i = 0; i < sizeof full / sizeof *full; i++) {
        int64_t limit = full[i] * S3C_NS_PER_MS;
        int64_t most = s3c_retry_backoff_ns(S3C_RETRY_TRANSIENT, i + 1, UINT32_MAX, 0);
        int64_t half = s3c_retry_backoff_ns(S3C_RETRY_TRANSIENT, i + 1, UINT32_MAX / 2, 0);

        assert_true(most <= limit && most > limit - limit / 100);
        assert_true(half <= limit / 2 && half > limit / 2 - limit / 100);
        assert_int_equal(s3c_retry_backoff_ns(S3C_RETRY_TRANSIENT, i + 1, 0, 0), 0);
    }
    assert_true(s3c_retry_backoff_ns(S3C_RETRY_THROTTLED, 1, UINT32_MAX, 0) > 900 * S3C_NS_PER_MS);
    assert_true(s3c_retry_backoff_ns(S3C_RETRY_THROTTLED, UINT32_MAX, UINT32_MAX, 0) <=
                20 * S3C_NS_PER_SEC);
}

static void heeds_retry_after_up_to_five_seconds_more(void **state)
{
    (void)state;
    assert_int_equal(s3c_retry_backoff_ns(S3C_RETRY_TRANSIENT, 1, 0, 1500), 1500 * S3C_NS_PER_MS);
    assert_int_equal(s3c_retry_backoff_ns(S3C_RETRY_TRANSIENT, 1, 0, 60000), 5 * S3C_NS_PER_SEC);
    assert_int_equal(s3c_retry_backoff_ns(S3C_RETRY_TRANSIENT, 1, 0, INT64_MAX),
                     5 * S3C_NS_PER_SEC);
    assert_int_equal(s3c_retry_backoff_ns(S3C_RETRY_TRANSIENT, 1, 0, -1), 0);
    assert_true(s3c_retry_backoff_ns(S3C_RETRY_THROTTLED, 5, UINT32_MAX, 1) > 15 * S3C_NS_PER_SEC);
}

static void spends_its_quota_and_gets_it_back(void **state)
{
    struct s3c_retry_quota q = S3C_RETRY_QUOTA_INIT;
    unsigned cost = 0, taken = 0;

    (void)state;
    while (s3c_retry_quota_take(&q, S3C_E_TIMEOUT, &cost)) {
        assert_int_equal(cost, 10);
        taken++;
    }
    assert_int_equal(taken, 50);
    assert_false(s3c_retry_quota_take(&q, 0, &cost));
    for (int i = 0; i < 5; i++)
        s3c_retry_quota_refund(&q, 0);
    assert_true(s3c_retry_quota_take(&q, 0, &cost));
    assert_int_equal(cost, 5);
    s3c_retry_quota_refund(&q, cost);
    assert_int_equal(q.tokens, 5);
    s3c_retry_quota_refund(&q, 1000);
    assert_int_equal(q.tokens, 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(classifies),
        CHECK_TEST(follows_a_region_only_when_the_request_was_misplaced),
        CHECK_TEST(blames_the_clock_only_when_it_is_off),
        CHECK_TEST(tries_a_broken_answer_again),
        CHECK_TEST(backs_off_within_its_bounds),
        CHECK_TEST(heeds_retry_after_up_to_five_seconds_more),
        CHECK_TEST(spends_its_quota_and_gets_it_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
