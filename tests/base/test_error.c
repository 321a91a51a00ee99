/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include "check.h"

#include <errno.h>

#include "base/view.h"

static void set_fills_and_forgets(void **state)
{
    struct s3c_error err = {
        .http_status = 503, .retryable = true, .s3_code = "SlowDown", .request_id = "x"};

    (void)state;
    CHECK_CODE(s3c_error_set(&err, S3C_E_INVALID, "polling-period: %d is not positive", -1),
               S3C_E_INVALID);
    assert_string_equal(err.message, "polling-period: -1 is not positive");
    assert_int_equal(err.code, S3C_E_INVALID);
    assert_int_equal(err.http_status, 0);
    assert_false(err.retryable);
    assert_string_equal(err.s3_code, "");
    assert_string_equal(err.request_id, "");
}

static void everybody_may_pass_null(void **state)
{
    (void)state;
    CHECK_CODE(s3c_error_set(NULL, S3C_E_TLS, "x"), S3C_E_TLS);
    CHECK_CODE(s3c_error_errno(NULL, ENOENT, "x"), S3C_E_IO);
    CHECK_CODE(s3c_error_wrap(NULL, S3C_E_TLS, "x"), S3C_E_TLS);
    CHECK_CODE(s3c_error_nomem(NULL), S3C_E_NOMEM);
}

static void errno_names_the_reason(void **state)
{
    struct s3c_error err;

    (void)state;
    CHECK_CODE(s3c_error_errno(&err, ENOENT, "cannot read %s", "/no/such"), S3C_E_IO);
    assert_string_equal(err.message, "cannot read /no/such: No such file or directory");
    CHECK_CODE(s3c_error_errno(&err, ENOMEM, "cannot map"), S3C_E_NOMEM);
    assert_int_equal(err.code, S3C_E_NOMEM);
}

static void wrap_keeps_everything_else(void **state)
{
    struct s3c_error err = {.code = S3C_E_HTTP,
                            .http_status = 503,
                            .retryable = true,
                            .s3_code = "SlowDown",
                            .message = "reduce"};

    (void)state;
    CHECK_CODE(s3c_error_wrap(&err, S3C_E_HTTP, "list of %s", "bucket"), S3C_E_HTTP);
    assert_string_equal(err.message, "list of bucket: reduce");
    CHECK_CODE(s3c_error_wrap(&err, S3C_E_HTTP, "%s", err.message), S3C_E_HTTP);
    assert_string_equal(err.message, "list of bucket: reduce: list of bucket: reduce");
    assert_int_equal(err.http_status, 503);
    assert_true(err.retryable);
    assert_string_equal(err.s3_code, "SlowDown");
}

static void arguments_may_point_into_the_error(void **state)
{
    struct s3c_error err = {.message = "inner"};

    (void)state;
    (void)s3c_error_set(&err, S3C_E_IO, "outer, then %s", err.message);
    assert_string_equal(err.message, "outer, then inner");
}

static void long_messages_end_between_characters(void **state)
{
    struct s3c_error err;
    char key[3000];

    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        memset(key, 'a', shift);
        for (size_t i = shift; i + 4 < sizeof(key); i += 4)
            memcpy(key + i, "\xf0\x9f\x98\x80", 5);
        (void)s3c_error_set(&err, S3C_E_NOT_FOUND, "%s", key);
        assert_in_range(strlen(err.message), sizeof(err.message) - 4, sizeof(err.message) - 1);
        assert_true(s3c_utf8_valid(s3c_view_str(err.message)));
        (void)s3c_error_wrap(&err, S3C_E_NOT_FOUND, "b");
        assert_true(s3c_utf8_valid(s3c_view_str(err.message)));
        CHECK_HAS(err.message, "b: ");
    }
}

static void hostile_bytes_become_question_marks(void **state)
{
    struct s3c_error err;

    (void)state;
    (void)s3c_error_set(&err, S3C_E_NOT_FOUND, "key %s", "a\nb\x1b[31m\x7f\xff\xc3\xa4");
    assert_string_equal(err.message, "key a?b?[31m??\xc3\xa4");
}

static void every_code_has_a_text(void **state)
{
    (void)state;
    for (int code = S3C_AGAIN; code >= S3C_E_RECORD; code--) {
        assert_string_not_equal(s3c_code_text(code), "unknown error");
        for (int other = code - 1; other >= S3C_E_RECORD; other--)
            assert_string_not_equal(s3c_code_text(code), s3c_code_text(other));
    }
    assert_string_equal(s3c_code_text(-1000), "unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(set_fills_and_forgets),
        CHECK_TEST(everybody_may_pass_null),
        CHECK_TEST(errno_names_the_reason),
        CHECK_TEST(wrap_keeps_everything_else),
        CHECK_TEST(arguments_may_point_into_the_error),
        CHECK_TEST(long_messages_end_between_characters),
        CHECK_TEST(hostile_bytes_become_question_marks),
        CHECK_TEST(every_code_has_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
