/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include "check.h"

static void appends_everything(void **state)
{
    _cleanup_(s3c_buf_done) struct s3c_buf b = S3C_BUF_INIT(1000);

    (void)state;
    assert_int_equal(s3c_buf_view(&b).len, 0);
    assert_non_null(s3c_buf_view(&b).ptr);
    CHECK_CODE(s3c_buf_add(&b, NULL, 0), 0);
    CHECK_CODE(s3c_buf_add(&b, "ab", 2), 0);
    CHECK_CODE(s3c_buf_add_char(&b, ' '), 0);
    CHECK_CODE(s3c_buf_add_str(&b, "str "), 0);
    CHECK_CODE(s3c_buf_add_view(&b, (struct s3c_view){"view ", 5}), 0);
    CHECK_CODE(s3c_buf_add_u64(&b, 0), 0);
    CHECK_CODE(s3c_buf_addf(&b, " %s-%03d ", "f", 7), 0);
    CHECK_CODE(s3c_buf_add_u64(&b, UINT64_MAX), 0);
    CHECK_CODE(s3c_buf_add_char(&b, ' '), 0);
    CHECK_CODE(s3c_buf_add_i64(&b, INT64_MIN), 0);
    CHECK_CODE(s3c_buf_add_char(&b, ' '), 0);
    CHECK_CODE(s3c_buf_add_i64(&b, 42), 0);
    CHECK_VIEW(s3c_buf_view(&b),
               "ab str view 0 f-007 18446744073709551615 -9223372036854775808 42");
    s3c_buf_clear(&b);
    assert_int_equal(b.len, 0);
    assert_non_null(b.ptr);
}

static void stops_at_the_cap_and_appends_nothing_then(void **state)
{
    _cleanup_(s3c_buf_done) struct s3c_buf b = S3C_BUF_INIT(5);

    (void)state;
    CHECK_CODE(s3c_buf_add_str(&b, "123456"), S3C_E_TOO_LARGE);
    CHECK_CODE(s3c_buf_add_str(&b, "1234"), 0);
    CHECK_CODE(s3c_buf_addf(&b, "%d", 56), S3C_E_TOO_LARGE);
    CHECK_CODE(s3c_buf_add_i64(&b, -1), S3C_E_TOO_LARGE);
    CHECK_CODE(s3c_buf_reserve(&b, SIZE_MAX), S3C_E_TOO_LARGE);
    CHECK_VIEW(s3c_buf_view(&b), "1234");
    CHECK_CODE(s3c_buf_addf(&b, "%d", 5), 0);
    CHECK_CODE(s3c_buf_add_char(&b, '6'), S3C_E_TOO_LARGE);
    CHECK_VIEW(s3c_buf_view(&b), "12345");
}

static void terminates_beyond_the_cap(void **state)
{
    _cleanup_(s3c_buf_done) struct s3c_buf b = S3C_BUF_INIT(3);
    _cleanup_(s3c_buf_done) struct s3c_buf none = S3C_BUF_INIT(0);

    (void)state;
    CHECK_CODE(s3c_buf_add_str(&b, "abc"), 0);
    CHECK_CODE(s3c_buf_terminate(&b), 0);
    assert_string_equal(b.ptr, "abc");
    assert_int_equal(b.len, 3);
    CHECK_CODE(s3c_buf_add_char(&b, 'd'), S3C_E_TOO_LARGE);
    CHECK_CODE(s3c_buf_terminate(&none), 0);
    assert_string_equal(none.ptr, "");
}

static void grows_by_doubling(void **state)
{
    _cleanup_(s3c_buf_done) struct s3c_buf b = S3C_BUF_INIT(1000000);

    (void)state;
    for (int i = 0; i < 100000; i++)
        CHECK_CODE(s3c_buf_add_char(&b, 'x'), 0);
    assert_in_range(check_mem_made(), 1, 20);
    for (size_t i = 0; i < b.len; i++)
        assert_int_equal(b.ptr[i], 'x');
}

static void gives_back_what_it_does_not_use(void **state)
{
    struct s3c_buf b = S3C_BUF_INIT(10000);

    (void)state;
    s3c_buf_trim(&b);
    CHECK_CODE(s3c_buf_reserve(&b, 5000), 0);
    CHECK_CODE(s3c_buf_add_str(&b, "kept"), 0);
    s3c_buf_trim(&b);
    assert_int_equal(b.cap, 4);
    CHECK_VIEW(s3c_buf_view(&b), "kept");
    CHECK_CODE(s3c_buf_add_str(&b, " and added to"), 0);
    CHECK_VIEW(s3c_buf_view(&b), "kept and added to");
    s3c_buf_clear(&b);
    s3c_buf_trim(&b);
    assert_null(b.ptr);
    assert_int_equal(b.cap, 0);
}

static void keeps_what_it_has_when_memory_is_out(void **state)
{
    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_buf b = S3C_BUF_INIT(10000);
        int r = s3c_buf_add_str(&b, "first");

        if (r == 0)
            r = s3c_buf_addf(&b, "%200d", 1);
        if (r == 0)
            r = s3c_buf_reserve(&b, 5000);
        CHECK_CODE(r, check_alloc_failed() ? S3C_E_NOMEM : 0);
        s3c_buf_trim(&b);
        if (b.len)
            assert_memory_equal(b.ptr, "first", 5);
        s3c_buf_done(&b);
        s3c_buf_done(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(appends_everything),
        CHECK_TEST(stops_at_the_cap_and_appends_nothing_then),
        CHECK_TEST(terminates_beyond_the_cap),
        CHECK_TEST(grows_by_doubling),
        CHECK_TEST(gives_back_what_it_does_not_use),
        CHECK_TEST(keeps_what_it_has_when_memory_is_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
