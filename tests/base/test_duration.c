/* SPDX-License-Identifier: Apache-2.0 */
/* The cases are those of Go's own time_test.go, rebuilt: what ParseDuration takes and what String prints. */
#include "base/clock.h"

#include "check.h"

static void parses_what_go_parses(void **state)
{
    static const struct {
        const char *text;
        int64_t ns;
    } cases[] = {
        {"0", 0},
        {"5s", 5000000000},
        {"30s", 30000000000},
        {"1478s", 1478000000000},
        {"-5s", -5000000000},
        {"+5s", 5000000000},
        {"-0", 0},
        {"+0", 0},
        {"5.0s", 5000000000},
        {"5.6s", 5600000000},
        {"5.s", 5000000000},
        {".5s", 500000000},
        {"1.004s", 1004000000},
        {"100.00100s", 100001000000},
        {"10ns", 10},
        {"11us", 11000},
        {"12\xc2\xb5s", 12000},
        {"12\xce\xbcs", 12000},
        {"13ms", 13000000},
        {"15m", 900000000000},
        {"16h", 57600000000000},
        {"3h30m", 12600000000000},
        {"10.5s4m", 250500000000},
        {"-2m3.4s", -123400000000},
        {"1h2m3s4ms5us6ns", 3723004005006},
        {"39h9m14.425s", 140954425000000},
        {"0.3333333333333333333h", 1200000000000},
        {"0.9007199254740993s", 900719925},
        {"0.100000000000000000000h", 360000000000},
        {"0.830103483285477580700h", 2988372539827},
        {"9223372036854775807ns", INT64_MAX},
        {"9223372036854775.807us", INT64_MAX},
        {"-9223372036854775808ns", INT64_MIN},
        {"-9223372036s854ms775us808ns", INT64_MIN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t ns = 1, off;

        CHECK_CODE(s3c_duration_parse(s3c_view_str(cases[i].text), &ns), 0);
        off = ns - cases[i].ns;
        if (off < -1 ||
            off > 1) /* beyond 18 digits of fraction the last nanosecond may differ from Go's */
            fail_msg("%s: %lld, not %lld", cases[i].text, (long long)ns, (long long)cases[i].ns);
    }
}

static void refuses_what_go_refuses(void **state)
{
    static const char *const cases[] = {
        "",
        "3",
        "-",
        "+",
        "s",
        ".",
        "-.",
        ".s",
        "+.s",
        "1d",
        "\x85\x85",
        "\xff\xff",
        "hello \xff world",
        "1 s",
        " 1s",
        "1s ",
        "1.2.3s",
        "--1s",
        "1S",
        "1e3s",
        "0x1s",
        "1s-1s",
        "00",
        "-1",
        "9223372036854775810ns",
        "9223372036854775808ns",
        "-9223372036854775809ns",
        "9223372036854776us",
        "3000000h",
        "9223372036854ms775us808ns",
        "99999999999999999999s",
    };
    int64_t ns = 42;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (s3c_duration_parse(s3c_view_str(cases[i]), &ns) != S3C_E_INVALID)
            fail_msg("'%s' was taken", cases[i]);
    }
    assert_int_equal(ns, 42);
}

static void prints_as_go_prints(void **state)
{
    static const struct {
        int64_t ns;
        const char *text;
    } cases[] = {
        {0, "0s"},
        {1, "1ns"},
        {999, "999ns"},
        {1000, "1\xc2\xb5s"},
        {1100, "1.1\xc2\xb5s"},
        {2200000, "2.2ms"},
        {300000000, "300ms"},
        {1500000000, "1.5s"},
        {3300000000, "3.3s"},
        {60000000000, "1m0s"},
        {3720000000000, "1h2m0s"},
        {3600000000000, "1h0m0s"},
        {4 * 60000000000 + 5001000000, "4m5.001s"},
        {5 * 3600000000000 + 6 * 60000000000 + 7001000000, "5h6m7.001s"},
        {480000000001, "8m0.000000001s"},
        {-2000000000, "-2s"},
        {-1, "-1ns"},
        {INT64_MAX, "2562047h47m16.854775807s"},
        {INT64_MIN, "-2562047h47m16.854775808s"},
    };
    char text[S3C_TIME_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(s3c_duration_format(text, cases[i].ns), strlen(cases[i].text));
        assert_string_equal(text, cases[i].text);
    }
}

static void what_is_printed_reads_back(void **state)
{
    uint64_t seed = 7;

    (void)state;
    for (int i = 0; i < 10000; i++) {
        int64_t ns = (int64_t)check_random(&seed) >> (check_random(&seed) % 64), back = 0;
        char text[S3C_TIME_TEXT_SIZE];
        size_t n = s3c_duration_format(text, ns);

        CHECK_CODE(s3c_duration_parse((struct s3c_view){text, n}, &back), 0);
        assert_int_equal(back, ns);
    }
}

static void read_prefix(void *ctx, char *p, size_t n)
{
    int64_t ns;

    (void)ctx;
    if (s3c_duration_parse((struct s3c_view){p, n}, &ns) == 0)
        assert_true(n > 0 && ns >= 0);
}

static void reads_no_byte_too_far(void **state)
{
    (void)state;
    check_each_prefix(S3C_VIEW("1h2.5m3\xc2\xb5s4.25ms"), read_prefix, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(parses_what_go_parses), CHECK_TEST(refuses_what_go_refuses),
        CHECK_TEST(prints_as_go_prints),   CHECK_TEST(what_is_printed_reads_back),
        CHECK_TEST(reads_no_byte_too_far),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
