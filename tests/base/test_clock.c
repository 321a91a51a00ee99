/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include "check.h"

#include <time.h>

#define SEC(s) ((int64_t)(s)*S3C_NS_PER_SEC)

static void floors_towards_minus_infinity(void **state)
{
    (void)state;
    assert_int_equal(s3c_floor_sec(0), 0);
    assert_int_equal(s3c_floor_sec(1), 0);
    assert_int_equal(s3c_floor_sec(-1), -1);
    assert_int_equal(s3c_floor_sec(SEC(-1)), -1);
    assert_int_equal(s3c_floor_sec(SEC(7) - 1), 6);
    assert_int_equal(s3c_floor_sec(SEC(7)), 7);
    assert_int_equal(s3c_floor_sec(INT64_MIN), -9223372037);
    assert_int_equal(s3c_floor_sec(INT64_MAX), 9223372036);
}

static void system_clock_moves_and_knows_the_date(void **state)
{
    const struct s3c_clock *c = s3c_clock_system();
    int64_t before = s3c_mono_ns(c);

    (void)state;
    assert_true(s3c_mono_ns(c) >= before);
    assert_true(s3c_wall_ns(c) > SEC(1700000000));
}

/* The forms that servers print: AWS, MinIO and RGW, versitygw, SeaweedFS, and what RFC 3339 allows besides. */
static void parses_rfc3339(void **state)
{
    static const struct {
        const char *text;
        int64_t ns;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2024-10-15T15:52:10.000Z", SEC(1729007530)},
        {"2024-10-15T15:52:10.559Z", SEC(1729007530) + 559000000},
        {"2024-10-15T15:52:10.559295959-04:00", SEC(1729021930) + 559295959},
        {"2024-10-15T15:52:10+05:30", SEC(1729007530 - 19800)},
        {"2024-10-15t15:52:10z", SEC(1729007530)},
        {"2024-10-15 15:52:10Z", SEC(1729007530)},
        {"2024-10-15T15:52:10.5Z", SEC(1729007530) + 500000000},
        {"2024-10-15T15:52:10.000000001Z", SEC(1729007530) + 1},
        {"2024-02-29T23:59:59Z", SEC(1709251199)},
        {"2000-02-29T00:00:00Z", SEC(951782400)},
        {"2016-12-31T23:59:60Z", SEC(1483228799)},
        {"1969-12-31T23:59:59.999Z", -1000000},
        {"1900-03-01T00:00:00Z", SEC(-2203891200)},
        {"0001-01-01T00:00:00Z", INT64_MIN},
        {"9999-12-31T23:59:59.999999999Z", INT64_MAX},
        {"2262-04-11T23:47:16.854775807Z", INT64_MAX},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t ns = 1, sec = 1, fraction = -1;

        CHECK_CODE(s3c_time_parse_rfc3339(s3c_view_str(cases[i].text), &ns), 0);
        assert_int_equal(ns, cases[i].ns);
        CHECK_CODE(s3c_time_parse_sec(s3c_view_str(cases[i].text), &sec, &fraction), 0);
        if (ns != INT64_MIN && ns != INT64_MAX)
            assert_int_equal(SEC(sec) + fraction, ns);
    }
}

static void seconds_have_all_years(void **state)
{
    int64_t sec, fraction;

    (void)state;
    CHECK_CODE(s3c_time_parse_sec(S3C_VIEW("0001-01-01T00:00:00Z"), &sec, &fraction), 0);
    assert_int_equal(sec, INT64_C(-62135596800));
    CHECK_CODE(s3c_time_parse_sec(S3C_VIEW("9999-12-31T23:59:59.5Z"), &sec, &fraction), 0);
    assert_int_equal(sec, INT64_C(253402300799));
    assert_int_equal(fraction, 500000000);
    CHECK_CODE(s3c_time_parse_sec(S3C_VIEW("9999-12-31"), &sec, &fraction), S3C_E_INVALID);
}

static void refuses_what_is_not_rfc3339(void **state)
{
    static const char *const cases[] = {
        "2024-10-15T15:52:10",       "2024-10-15",
        "2024-10-15T15:52Z",         "2024-13-15T15:52:10Z",
        "2024-00-15T15:52:10Z",      "2024-10-32T15:52:10Z",
        "2023-02-29T15:52:10Z",      "1900-02-29T15:52:10Z",
        "2024-10-00T15:52:10Z",      "2024-10-15T24:00:00Z",
        "2024-10-15T15:60:10Z",      "2024-10-15T15:52:61Z",
        "2024-10-15T15:52:10.Z",     "2024-10-15T15:52:10.0000000001Z",
        "2024-10-15T15:52:10,5Z",    "2024-10-15T15:52:10ZZ",
        "2024-10-15T15:52:10 Z",     "2024-10-15T15:52:10+0530",
        "2024-10-15T15:52:10+24:00", "2024-10-15T15:52:10-00:60",
        "0000-01-01T00:00:00Z",      "-024-10-15T15:52:10Z",
        "+2024-10-15T15:52:10Z",     "20241015T155210Z",
        " 2024-10-15T15:52:10Z",     "2024-1o-15T15:52:10Z",
    };
    int64_t ns = 42;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        CHECK_CODE(s3c_time_parse_rfc3339(s3c_view_str(cases[i]), &ns), S3C_E_INVALID);
    assert_int_equal(ns, 42);
}

static void parses_http_dates(void **state)
{
    static const char *const cases[] = {
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun Nov 06 08:49:37 1994",
    };
    int64_t ns = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK_CODE(s3c_time_parse_http(s3c_view_str(cases[i]), &ns), 0);
        assert_int_equal(ns, SEC(784111777));
    }
    CHECK_CODE(s3c_time_parse_http(S3C_VIEW("Friday, 01-Jan-69 00:00:00 GMT"), &ns), 0);
    assert_int_equal(ns, SEC(3124224000));
    CHECK_CODE(s3c_time_parse_http(S3C_VIEW("Thu Dec 31 23:59:59 2026"), &ns), 0);
    assert_int_equal(ns, SEC(1798761599));
}

static void refuses_what_is_no_http_date(void **state)
{
    static const char *const cases[] = {
        "",
        "Sun",
        "Sun, ",
        "Son, 06 Nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun Nov  6 08:49:37 94",
        "784111777",
    };
    int64_t ns = 42;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        CHECK_CODE(s3c_time_parse_http(s3c_view_str(cases[i]), &ns), S3C_E_INVALID);
    assert_int_equal(ns, 42);
}

static void read_prefix(void *ctx, char *p, size_t n)
{
    int64_t ns;
    int r3339 = s3c_time_parse_rfc3339((struct s3c_view){p, n}, &ns),
        http = s3c_time_parse_http((struct s3c_view){p, n}, &ns);

    if (n < *(size_t *)ctx) {
        CHECK_CODE(r3339, S3C_E_INVALID);
        CHECK_CODE(http, S3C_E_INVALID);
    } else {
        assert_true(r3339 == 0 || http == 0);
    }
}

static void no_beginning_is_a_whole_time(void **state)
{
    static const char *const texts[] = {
        "2024-10-15T15:52:10.559-04:00",
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct s3c_view v = s3c_view_str(texts[i]);

        check_each_prefix(v, read_prefix, &v.len);
    }
}

static void formats(void **state)
{
    static const struct {
        int64_t ns;
        const char *basic, *rfc3339, *http;
    } cases[] = {
        {0, "19700101T000000Z", "1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT"},
        {SEC(1369353600), "20130524T000000Z", "2013-05-24T00:00:00Z",
         "Fri, 24 May 2013 00:00:00 GMT"},
        {SEC(784111777) + 120000000, "19941106T084937Z", "1994-11-06T08:49:37.12Z",
         "Sun, 06 Nov 1994 08:49:37 GMT"},
        {SEC(1709251199) + 1, "20240229T235959Z", "2024-02-29T23:59:59.000000001Z",
         "Thu, 29 Feb 2024 23:59:59 GMT"},
        {-1, "19691231T235959Z", "1969-12-31T23:59:59.999999999Z", "Wed, 31 Dec 1969 23:59:59 GMT"},
        {INT64_MAX, "22620411T234716Z", "2262-04-11T23:47:16.854775807Z",
         "Fri, 11 Apr 2262 23:47:16 GMT"},
        {INT64_MIN, "16770921T001243Z", "1677-09-21T00:12:43.145224192Z",
         "Tue, 21 Sep 1677 00:12:43 GMT"},
    };
    char text[S3C_TIME_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(s3c_time_format_basic(text, cases[i].ns), 16);
        assert_string_equal(text, cases[i].basic);
        assert_int_equal(s3c_time_format_rfc3339(text, cases[i].ns), strlen(cases[i].rfc3339));
        assert_string_equal(text, cases[i].rfc3339);
        assert_int_equal(s3c_time_format_http(text, cases[i].ns), 29);
        assert_string_equal(text, cases[i].http);
    }
}

/* Every day from 1700 to 2250 against libc's calendar, and there and back again. */
static void every_day_agrees_with_libc(void **state)
{
    (void)state;
    for (int64_t day = -98000; day < 102000; day++) {
        time_t t = (time_t)(day * 86400 + 4711);
        char text[S3C_TIME_TEXT_SIZE], expected[S3C_TIME_TEXT_SIZE];
        struct tm tm;
        int64_t ns;

        s3c_time_format_http(text, SEC(t));
        assert_non_null(gmtime_r(&t, &tm));
        strftime(expected, sizeof(expected), "%a, %d %b %Y %H:%M:%S GMT", &tm);
        assert_string_equal(text, expected);
        CHECK_CODE(s3c_time_parse_http(s3c_view_str(text), &ns), 0);
        assert_int_equal(ns, SEC(t));
        s3c_time_format_rfc3339(text, SEC(t) + day + 100000);
        CHECK_CODE(s3c_time_parse_rfc3339(s3c_view_str(text), &ns), 0);
        assert_int_equal(ns, SEC(t) + day + 100000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(floors_towards_minus_infinity),
        CHECK_TEST(system_clock_moves_and_knows_the_date),
        CHECK_TEST(parses_rfc3339),
        CHECK_TEST(seconds_have_all_years),
        CHECK_TEST(refuses_what_is_not_rfc3339),
        CHECK_TEST(parses_http_dates),
        CHECK_TEST(refuses_what_is_no_http_date),
        CHECK_TEST(no_beginning_is_a_whole_time),
        CHECK_TEST(formats),
        CHECK_TEST(every_day_agrees_with_libc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
