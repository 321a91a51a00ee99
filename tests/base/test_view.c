/* SPDX-License-Identifier: Apache-2.0 */
#include "base/view.h"

#include "check.h"

static void compares(void **state)
{
    struct s3c_view nil = {NULL, 0};

    (void)state;
    assert_true(s3c_view_eq(nil, S3C_VIEW("")));
    assert_true(s3c_view_eq(s3c_view_str(NULL), nil));
    assert_false(s3c_view_eq(S3C_VIEW("a"), S3C_VIEW("ab")));
    assert_true(s3c_view_eq_str(S3C_VIEW("ab"), "ab"));
    assert_true(s3c_view_eq_nocase(S3C_VIEW("X-Amz-\xc4"), S3C_VIEW("x-aMZ-\xc4")));
    assert_false(s3c_view_eq_nocase(S3C_VIEW("@"), S3C_VIEW("`")));
    assert_false(s3c_view_eq_nocase(S3C_VIEW("\xc4"), S3C_VIEW("\xe4")));
    assert_true(s3c_view_cmp(S3C_VIEW("a"), S3C_VIEW("ab")) < 0);
    assert_true(s3c_view_cmp(S3C_VIEW("\x7f"), S3C_VIEW("\x80")) < 0);
    assert_true(s3c_view_cmp(S3C_VIEW("b"), S3C_VIEW("ab")) > 0);
    assert_int_equal(s3c_view_cmp(nil, S3C_VIEW("")), 0);
    assert_true(s3c_view_starts(S3C_VIEW("abc"), S3C_VIEW("ab")));
    assert_true(s3c_view_starts(S3C_VIEW("abc"), nil));
    assert_false(s3c_view_starts(S3C_VIEW("a"), S3C_VIEW("ab")));
    assert_true(s3c_view_ends(S3C_VIEW("abc"), S3C_VIEW("bc")));
    assert_false(s3c_view_ends(S3C_VIEW("c"), S3C_VIEW("bc")));
}

static void cuts(void **state)
{
    struct s3c_view head = S3C_VIEW("untouched"), tail = head;
    char small[4];

    (void)state;
    CHECK_VIEW(s3c_view_trim(S3C_VIEW(" \t\r\n a b \n")), "a b");
    CHECK_VIEW(s3c_view_trim(S3C_VIEW(" \t")), "");
    CHECK_VIEW(s3c_view_trim((struct s3c_view){NULL, 0}), "");
    CHECK_VIEW(s3c_view_skip(S3C_VIEW("abc"), 1), "bc");
    CHECK_VIEW(s3c_view_first(S3C_VIEW("abc"), 1), "a");
    assert_false(s3c_view_split(S3C_VIEW("abc"), '_', &head, &tail));
    assert_false(s3c_view_split((struct s3c_view){NULL, 0}, '_', &head, &tail));
    CHECK_VIEW(head, "untouched");
    assert_true(s3c_view_split(S3C_VIEW("a_b_c"), '_', &head, &tail));
    CHECK_VIEW(head, "a");
    CHECK_VIEW(tail, "b_c");
    assert_true(s3c_view_split_last(S3C_VIEW("a_b_c"), '_', &head, &tail));
    CHECK_VIEW(head, "a_b");
    CHECK_VIEW(tail, "c");
    assert_true(s3c_view_split_last(S3C_VIEW("_"), '_', &head, &tail));
    assert_int_equal(head.len + tail.len, 0);
    s3c_view_copy(small, sizeof(small), S3C_VIEW("abcdef"));
    assert_string_equal(small, "abc");
    s3c_view_copy(small, sizeof(small), (struct s3c_view){NULL, 0});
    assert_string_equal(small, "");
}

static void reads_numbers(void **state)
{
    static const char *const bad_u64[] = {
        "", "-1", "+1", " 1", "1 ", "1x", "18446744073709551616", "99999999999999999999", ":"};
    static const char *const bad_i64[] = {
        "", "-", "--1", "+1", "9223372036854775808", "-9223372036854775809"};
    uint64_t u = 7;
    int64_t i = 7;

    (void)state;
    for (size_t n = 0; n < sizeof(bad_u64) / sizeof(bad_u64[0]); n++)
        CHECK_CODE(s3c_view_u64(s3c_view_str(bad_u64[n]), &u), S3C_E_INVALID);
    for (size_t n = 0; n < sizeof(bad_i64) / sizeof(bad_i64[0]); n++)
        CHECK_CODE(s3c_view_i64(s3c_view_str(bad_i64[n]), &i), S3C_E_INVALID);
    assert_int_equal(u, 7);
    assert_int_equal(i, 7);
    CHECK_CODE(s3c_view_u64(S3C_VIEW("18446744073709551615"), &u), 0);
    assert_true(u == UINT64_MAX);
    CHECK_CODE(s3c_view_u64(S3C_VIEW("007"), &u), 0);
    assert_int_equal(u, 7);
    CHECK_CODE(s3c_view_i64(S3C_VIEW("-9223372036854775808"), &i), 0);
    assert_true(i == INT64_MIN);
    CHECK_CODE(s3c_view_i64(S3C_VIEW("9223372036854775807"), &i), 0);
    assert_true(i == INT64_MAX);
}

static void percent_encodes(void **state)
{
    static const struct {
        const char *in, *all, *slash_kept;
    } cases[] = {
        {"", "", ""},
        {"azAZ09-._~", "azAZ09-._~", "azAZ09-._~"},
        {"a b/c+d%", "a%20b%2Fc%2Bd%25", "a%20b/c%2Bd%25"},
        {"\x01\x7f\xc3\xa4\xff", "%01%7F%C3%A4%FF", "%01%7F%C3%A4%FF"},
        {"!'()*@[`{}|^", "%21%27%28%29%2A%40%5B%60%7B%7D%7C%5E",
         "%21%27%28%29%2A%40%5B%60%7B%7D%7C%5E"},
    };
    _cleanup_(s3c_buf_done) struct s3c_buf b = S3C_BUF_INIT(1000);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        s3c_buf_clear(&b);
        CHECK_CODE(s3c_percent_encode(&b, s3c_view_str(cases[i].in), false), 0);
        CHECK_VIEW(s3c_buf_view(&b), cases[i].all);
        s3c_buf_clear(&b);
        CHECK_CODE(s3c_percent_encode(&b, s3c_view_str(cases[i].in), true), 0);
        CHECK_VIEW(s3c_buf_view(&b), cases[i].slash_kept);
    }
}

static void percent_decodes(void **state)
{
    static const struct {
        const char *in, *plus_kept, *plus_space;
    } cases[] = {
        {"", "", ""},
        {"a%20b%2Fc", "a b/c", "a b/c"},
        {"a+b%2Bc", "a+b+c", "a b+c"},
        {"%c3%A4", "\xc3\xa4", "\xc3\xa4"},
        {"%", "%", "%"},
        {"%4", "%4", "%4"},
        {"%4g%g4%%41", "%4g%g4%A", "%4g%g4%A"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t n = strlen(cases[i].in);
        struct check_guard g = check_guard_new(cases[i].in, n);

        n = s3c_percent_decode(g.ptr, (struct s3c_view){g.ptr, g.len}, false);
        CHECK_VIEW(((struct s3c_view){g.ptr, n}), cases[i].plus_kept);
        memcpy(g.ptr, cases[i].in, g.len);
        n = s3c_percent_decode(g.ptr, (struct s3c_view){g.ptr, g.len}, true);
        CHECK_VIEW(((struct s3c_view){g.ptr, n}), cases[i].plus_space);
        check_guard_free(&g);
    }
}

static void percent_round_trips_every_byte(void **state)
{
    _cleanup_(s3c_buf_done) struct s3c_buf b = S3C_BUF_INIT(1000);
    char bytes[256], back[768];

    (void)state;
    for (int i = 0; i < 256; i++)
        bytes[i] = (char)i;
    CHECK_CODE(s3c_percent_encode(&b, (struct s3c_view){bytes, 256}, false), 0);
    assert_int_equal(s3c_percent_decode(back, s3c_buf_view(&b), true), 256);
    assert_memory_equal(back, bytes, 256);
}

static void percent_encode_reports_what_does_not_fit(void **state)
{
    struct s3c_buf small = S3C_BUF_INIT(5);

    (void)state;
    CHECK_CODE(s3c_percent_encode(&small, S3C_VIEW("  "), false), S3C_E_TOO_LARGE);
    assert_int_equal(small.len, 0);
    s3c_buf_done(&small);
    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_buf b = S3C_BUF_INIT(100);

        CHECK_CODE(s3c_percent_encode(&b, S3C_VIEW("a b"), false),
                   check_alloc_failed() ? S3C_E_NOMEM : 0);
        s3c_buf_done(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(compares),
        CHECK_TEST(cuts),
        CHECK_TEST(reads_numbers),
        CHECK_TEST(percent_encodes),
        CHECK_TEST(percent_decodes),
        CHECK_TEST(percent_round_trips_every_byte),
        CHECK_TEST(percent_encode_reports_what_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
