/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include "check.h"

#include <string.h>

#include "base/view.h"

struct sink {
    int lines;
    enum s3c_log_level level;
    char last[2000];
};

static void sink_write(void *ctx, enum s3c_log_level level, const char *message)
{
    struct sink *s = ctx;

    s->lines++;
    s->level = level;
    s3c_view_copy(s->last, sizeof(s->last), s3c_view_str(message));
}

static void only_what_the_level_lets_through(void **state)
{
    struct sink s = {0};
    struct s3c_log log = {S3C_LOG_WARN, sink_write, &s};

    (void)state;
    s3c_logf(NULL, S3C_LOG_ERROR, "nobody listens");
    s3c_logf(&log, S3C_LOG_INFO, "not this");
    assert_int_equal(s.lines, 0);
    s3c_logf(&log, S3C_LOG_WARN, "retrying %s in %d ms", "ListObjectsV2", 200);
    assert_int_equal(s.lines, 1);
    assert_int_equal(s.level, S3C_LOG_WARN);
    assert_string_equal(s.last, "retrying ListObjectsV2 in 200 ms");
    s3c_logf(&log, S3C_LOG_ERROR, "worse");
    assert_int_equal(s.level, S3C_LOG_ERROR);
}

static void a_line_stays_one_line_of_text(void **state)
{
    struct sink s = {0};
    struct s3c_log log = {S3C_LOG_DEBUG, sink_write, &s};
    char key[2001];

    (void)state;
    s3c_logf(&log, S3C_LOG_DEBUG, "a\r\nb\xfe%c", 0x1b);
    assert_string_equal(s.last, "a??b??");
    for (size_t i = 0; i + 2 < sizeof(key); i += 2)
        memcpy(key + i, "\xc3\xa4", 3);
    s3c_logf(&log, S3C_LOG_DEBUG, "%s", key);
    assert_int_equal(strlen(s.last), 1022);
    assert_true(s3c_utf8_valid(s3c_view_str(s.last)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(only_what_the_level_lets_through),
        CHECK_TEST(a_line_stays_one_line_of_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
