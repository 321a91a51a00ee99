/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "base/view.h"
#include "grpc/status.h"

static void messages_are_percent_encoded(void **state)
{
    static const struct {
        struct s3c_view text;
        const char *wire;
    } cases[] = {
        {{"", 0}, ""},
        {{"plain text, with ~ and \"quotes\"", 31}, "plain text, with ~ and \"quotes\""},
        {{"50%", 3}, "50%25"},
        {{"a\nb\tc", 5}, "a%0Ab%09c"},
        {{"h\xc3\xa4", 3}, "h%C3%A4"},
        {{"\0\x7f\xff", 3}, "%00%7F%FF"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        _cleanup_(s3c_buf_done) struct s3c_buf b = S3C_BUF_INIT(1000);
        char back[64];
        struct s3c_view decoded;

        CHECK_OK(grpc_message_encode(&b, cases[i].text), NULL);
        CHECK_VIEW(s3c_buf_view(&b), cases[i].wire);
        decoded = (struct s3c_view){back, s3c_percent_decode(back, s3c_buf_view(&b), false)};
        assert_true(s3c_view_eq(decoded, cases[i].text));
    }
}

static void encoding_tells_when_memory_or_room_is_out(void **state)
{
    _cleanup_(s3c_buf_done) struct s3c_buf small = S3C_BUF_INIT(4);

    (void)state;
    CHECK_CODE(grpc_message_encode(&small, S3C_VIEW("a%%")), S3C_E_TOO_LARGE);
    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_buf b = S3C_BUF_INIT(1000);
        int r = grpc_message_encode(&b, S3C_VIEW("100% of it"));

        CHECK_CODE(r, check_alloc_failed() ? S3C_E_NOMEM : 0);
        s3c_buf_done(&b);
    }
}

static void timeouts_are_read(void **state)
{
    static const struct {
        const char *text;
        int64_t ns;
    } cases[] = {
        {"1H", 3600000000000},
        {"2M", 120000000000},
        {"3S", 3000000000},
        {"4m", 4000000},
        {"5u", 5000},
        {"6n", 6},
        {"99999999H", INT64_MAX},
        {"0S", 0},
    };
    static const char *const bad[] = {"",     "1",          "S",   "1s", "-1S",
                                      "1.5S", "123456789S", " 1S", "1 S"};
    int64_t ns;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK_OK(grpc_timeout_parse(s3c_view_str(cases[i].text), &ns), NULL);
        assert_int_equal(ns, cases[i].ns);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK_CODE(grpc_timeout_parse(s3c_view_str(bad[i]), &ns), S3C_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(messages_are_percent_encoded),
        CHECK_TEST(encoding_tells_when_memory_or_room_is_out),
        CHECK_TEST(timeouts_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
