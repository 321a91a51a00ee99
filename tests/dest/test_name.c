/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "base/clock.h"
#include "base/view.h"
#include "dest/name.h"

#define T0 (INT64_C(1700000000) * S3C_NS_PER_SEC + 123456789) /* 2023-11-14 22:13:20 UTC */

static struct s3c_namer namer(void)
{
    return (struct s3c_namer){.writer = 0xabcdef};
}

static void check_next(struct s3c_namer *n, int64_t wall_ns, const char *expected)
{
    struct s3c_buf out = S3C_BUF_INIT(4096);

    CHECK_OK(s3c_namer_name(n, wall_ns, &out), NULL);
    CHECK_VIEW(s3c_buf_view(&out), expected);
    s3c_buf_done(&out);
}

static void names_by_time_writer_and_number(void **state)
{
    struct s3c_namer n = namer();

    (void)state;
    check_next(&n, T0, "20231114T221320.123456789Z-00abcdef-000001");
    check_next(&n, T0 + S3C_NS_PER_SEC, "20231114T221321.123456789Z-00abcdef-000002");
    check_next(&n, T0 + 2 * S3C_NS_PER_SEC - 123456788,
               "20231114T221322.000000001Z-00abcdef-000003");
}

static void never_goes_back_in_time(void **state)
{
    struct s3c_namer n = namer();

    (void)state;
    check_next(&n, T0, "20231114T221320.123456789Z-00abcdef-000001");
    check_next(&n, T0 - 3600 * S3C_NS_PER_SEC, "20231114T221320.123456789Z-00abcdef-000002");
    check_next(&n, T0 + 1, "20231114T221320.123456790Z-00abcdef-000003");
}

static void counts_beyond_six_digits(void **state)
{
    struct s3c_namer n = namer();

    (void)state;
    n.number = 999998;
    check_next(&n, T0, "20231114T221320.123456789Z-00abcdef-999999");
    check_next(&n, T0, "20231114T221320.123456789Z-00abcdef-1000000");
}

static void uses_no_number_up_when_it_fails(void **state)
{
    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_namer n = namer();
        struct s3c_buf out = S3C_BUF_INIT(4096);
        int r = s3c_namer_name(&n, T0, &out);

        CHECK_CODE(r, check_alloc_failed() ? S3C_E_NOMEM : 0);
        assert_int_equal(n.number, r == 0);
        assert_int_equal(out.len > 0, r == 0);
        s3c_buf_done(&out);
    }
}

static void names_by_the_hash_of_a_position(void **state)
{
    struct s3c_hasher *h = NULL;
    struct s3c_buf out = S3C_BUF_INIT(4096);

    (void)state;
    CHECK_OK(s3c_hasher_new(&h, NULL), NULL);
    CHECK_OK(s3c_name_of_position(h, S3C_VIEW("abc"), 0, &out), NULL);
    CHECK_VIEW(s3c_buf_view(&out), "ba7816bf8f01cfea414140de5dae2223");
    s3c_buf_clear(&out);
    CHECK_OK(s3c_name_of_position(h, S3C_VIEW("abc"), 12, &out), NULL);
    CHECK_VIEW(s3c_buf_view(&out), "ba7816bf8f01cfea414140de5dae2223-12");
    s3c_buf_done(&out);
    s3c_hasher_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(names_by_time_writer_and_number), CHECK_TEST(never_goes_back_in_time),
        CHECK_TEST(counts_beyond_six_digits),        CHECK_TEST(uses_no_number_up_when_it_fails),
        CHECK_TEST(names_by_the_hash_of_a_position),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
