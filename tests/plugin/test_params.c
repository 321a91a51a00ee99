/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "base/view.h"
#include "grpc/pb.h"
#include "plugin/params.h"

static void add(struct s3c_buf *b, const char *name, const char *value)
{
    size_t mark;

    CHECK_OK(pb_begin(b, 1, &mark), NULL);
    if (name)
        CHECK_OK(pb_add_bytes(b, 1, s3c_view_str(name)), NULL);
    if (value)
        CHECK_OK(pb_add_bytes(b, 2, s3c_view_str(value)), NULL);
    CHECK_OK(pb_end(b, mark), NULL);
}

static struct s3c_buf good(void)
{
    struct s3c_buf b = S3C_BUF_INIT(1 << 20);

    add(&b, "aws.bucket", " lake ");
    add(&b, " aws.endpoint\n", "http://127.0.0.1:9000");
    add(&b, "aws.access-key-id", "AK");
    add(&b, "aws.secretAccessKey", "SK");
    add(&b, "polling-period", ""); /* empty: not set */
    add(&b, "pollingPeriod", "500ms");
    add(&b, "sdk.batch.size", "7");
    add(&b, "prefix", NULL);
    return b;
}

static const char *text_of(const struct s3c_config *c, const char *name)
{
    return s3c_config_text(c, s3c_option_find(s3c_view_str(name), S3C_SOURCE | S3C_PLUGIN));
}

static void settings_are_trimmed_and_typed(void **state)
{
    struct s3c_buf message = good(), problems = S3C_BUF_INIT(PARAMS_PROBLEMS_MAX);
    struct s3c_config *c = NULL;
    struct s3c_error err;

    (void)state;
    CHECK_OK(params_parse(&c, S3C_SOURCE, s3c_buf_view(&message), &problems, &err), &err);
    assert_string_equal(text_of(c, "aws.bucket"), "lake");
    assert_string_equal(text_of(c, "aws.endpoint"), "http://127.0.0.1:9000");
    assert_int_equal(s3c_config_number(c, "polling-period"), 500000000);
    assert_int_equal(s3c_config_number(c, "sdk.batch.size"), 7);
    assert_int_equal(problems.len, 0);
    s3c_config_free(c);
    s3c_buf_done(&message);
    s3c_buf_done(&problems);
}

/* Returns the problems' text, freed by s3c_buf_done. */
static struct s3c_buf refuse(struct s3c_buf *message, enum s3c_side side)
{
    struct s3c_buf problems = S3C_BUF_INIT(PARAMS_PROBLEMS_MAX);
    struct s3c_config *c = NULL;
    struct s3c_error err;

    CHECK_CODE(params_parse(&c, side, s3c_buf_view(message), &problems, &err), S3C_E_INVALID);
    assert_null(c);
    assert_int_equal(strlen(problems.ptr), problems.len);
    s3c_buf_done(message);
    return problems;
}

static void all_problems_come_at_once(void **state)
{
    struct s3c_buf message = S3C_BUF_INIT(1 << 20), problems;

    (void)state;
    add(&message, "aws.endpoint", "http://127.0.0.1:9000");
    add(&message, "aws.secret-access-key", "hush");
    add(&message, "pollingPeriodd", "1s");
    add(&message, "sdk.batch.size", "-1");
    add(&message, "settle", "1.5s");
    problems = refuse(&message, S3C_SOURCE);
    CHECK_HAS(problems.ptr, "failed to parse configuration: config invalid: ");
    CHECK_HAS(problems.ptr, "aws.bucket");
    CHECK_HAS(problems.ptr, "aws.access-key-id");
    CHECK_HAS(problems.ptr, "did you mean pollingPeriod?");
    CHECK_HAS(problems.ptr, "sdk.batch.size");
    CHECK_HAS(problems.ptr, "\nsettle");
    assert_null(strstr(problems.ptr, "hush"));
    s3c_buf_done(&problems);
}

static void more_problems_than_fit_are_cut_at_a_line(void **state)
{
    struct s3c_buf message = S3C_BUF_INIT(1 << 20), problems;
    char name[400];

    (void)state;
    for (int i = 0; i < 100; i++) {
        (void)snprintf(name, sizeof(name), "%d%0370d", i, 0);
        add(&message, name, "x");
    }
    problems = refuse(&message, S3C_SOURCE);
    assert_in_range(problems.len, PARAMS_PROBLEMS_MAX / 2, PARAMS_PROBLEMS_MAX);
    CHECK_HAS(problems.ptr, ": unknown option\n(and more)");
    s3c_buf_done(&problems);
}

static void what_is_no_map_is_refused(void **state)
{
    static const struct s3c_view bad[] = {
        S3C_VIEW("\x0a"), S3C_VIEW("\x0a\x05"),          S3C_VIEW("\x0a\x02\x0a\x05"),
        S3C_VIEW("\x0b"), S3C_VIEW("\x0a\x01\xff"),      S3C_VIEW("\xff\xff\xff\xff\xff\xff"),
        S3C_VIEW("\x00"), S3C_VIEW("\x0a\x03\x0a\x7fx"),
    };
    struct s3c_buf problems = S3C_BUF_INIT(PARAMS_PROBLEMS_MAX);
    struct s3c_config *c = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct s3c_error err;
        CHECK_CODE(params_parse(&c, S3C_SOURCE, bad[i], &problems, &err), S3C_E_PROTOCOL);
    }
    assert_null(c);
    assert_int_equal(problems.len, 0);
}

static void hostile_texts_are_shown_harmlessly(void **state)
{
    struct s3c_buf message = S3C_BUF_INIT(1 << 20), problems;

    (void)state;
    add(&message, "no\nsuch\xff", "x");
    add(&message, "", "x");
    add(&message, NULL, NULL);
    add(&message, "settle", "\xff\x01");
    problems = refuse(&message, S3C_DESTINATION);
    assert_true(s3c_utf8_valid(s3c_buf_view(&problems)));
    s3c_buf_done(&problems);
}

static void running_out_of_memory_is_an_ordinary_error(void **state)
{
    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_buf problems = S3C_BUF_INIT(PARAMS_PROBLEMS_MAX);
        static char bytes[] = "\x0a\x07\x0a\x01x\x12\x02yy"; /* an unknown option */
        struct s3c_config *c = NULL;
        struct s3c_error err;
        int r = params_parse(&c, S3C_SOURCE, (struct s3c_view){bytes, sizeof(bytes) - 1}, &problems,
                             &err);

        CHECK_CODE(r, check_alloc_failed() ? S3C_E_NOMEM : S3C_E_INVALID);
        assert_null(c);
        s3c_buf_done(&problems);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(settings_are_trimmed_and_typed),
        CHECK_TEST(all_problems_come_at_once),
        CHECK_TEST(more_problems_than_fit_are_cut_at_a_line),
        CHECK_TEST(what_is_no_map_is_refused),
        CHECK_TEST(hostile_texts_are_shown_harmlessly),
        CHECK_TEST(running_out_of_memory_is_an_ordinary_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
