/* SPDX-License-Identifier: Apache-2.0 */
/* Expected bytes: worked out by hand from Thrift's description of the compact protocol. */
#include "check.h"

#include <string.h>

#include "base/view.h"
#include "format/parquet_thrift.h"

static void check_bytes(const struct s3c_buf *b, const void *expected, size_t n)
{
    assert_int_equal(b->len, n);
    assert_memory_equal(b->ptr, expected, n);
}

static void writes_numbers_as_zigzag_varints(void **state)
{
    static const unsigned char expected[] = {0x15, 0x00,                         /* 1: i32 0 */
                                             0x15, 0x01,                         /* 2: i32 -1 */
                                             0x15, 0xac, 0x02,                   /* 3: i32 150 */
                                             0x15, 0xff, 0xff, 0xff, 0xff, 0x0f, /* 4: i32 min */
                                             0x16, 0xfe, 0xff, 0xff, 0xff, 0xff,
                                             0xff,                               /* 5: i64 max */
                                             0xff, 0xff, 0xff, 0x01, 0x14, 0x0d, /* 6: i16 -7 */
                                             0x11, 0x12, /* 7, 8: true, false */
                                             0x00};
    struct s3c_buf b = S3C_BUF_INIT(1000);
    struct s3c_thrift t = S3C_THRIFT_INIT(&b);

    (void)state;
    s3c_thrift_i32(&t, 1, 0);
    s3c_thrift_i32(&t, 2, -1);
    s3c_thrift_i32(&t, 3, 150);
    s3c_thrift_i32(&t, 4, INT32_MIN);
    s3c_thrift_i64(&t, 5, INT64_MAX);
    s3c_thrift_i16(&t, 6, -7);
    s3c_thrift_bool(&t, 7, true);
    s3c_thrift_bool(&t, 8, false);
    s3c_thrift_close(&t);
    CHECK_OK(t.error, NULL);
    check_bytes(&b, expected, sizeof(expected));
    s3c_buf_done(&b);
}

static void writes_far_fields_in_the_long_form(void **state)
{
    static const unsigned char expected[] = {0xf5, 0x02,       /* 15: delta 15 */
                                             0x05, 0x3e, 0x02, /* 31: delta 16, long */
                                             0x18, 0x02, 'a',  'b', 0x00};
    struct s3c_buf b = S3C_BUF_INIT(1000);
    struct s3c_thrift t = S3C_THRIFT_INIT(&b);

    (void)state;
    s3c_thrift_i32(&t, 15, 1);
    s3c_thrift_i32(&t, 31, 1);
    s3c_thrift_binary(&t, 32, S3C_VIEW("ab"));
    s3c_thrift_close(&t);
    CHECK_OK(t.error, NULL);
    check_bytes(&b, expected, sizeof(expected));
    s3c_buf_done(&b);
}

static void nests_structs_and_lists(void **state)
{
    static const unsigned char expected[] = {
        0x1c, 0x15, 0x02, 0x1c, 0x00, 0x00, /* 1: {1: 1, 2: {}} */
        0x15, 0x04,                         /* 2: 2, counted from field 1 again */
        0x19, 0x21, 0x01, 0x02,             /* 3: [true, false] */
        0x19, 0x2c, 0x15, 0x02, 0x00, 0x00, /* 4: [{1: 1}, {}] */
        0x19, 0x05,                         /* 5: [] of i32 */
        0x00};
    struct s3c_buf b = S3C_BUF_INIT(1000);
    struct s3c_thrift t = S3C_THRIFT_INIT(&b);

    (void)state;
    s3c_thrift_struct(&t, 1);
    s3c_thrift_i32(&t, 1, 1);
    s3c_thrift_empty_struct(&t, 2);
    s3c_thrift_close(&t);
    s3c_thrift_i32(&t, 2, 2);
    s3c_thrift_list(&t, 3, S3C_THRIFT_BOOL, 2);
    s3c_thrift_element_bool(&t, true);
    s3c_thrift_element_bool(&t, false);
    s3c_thrift_list(&t, 4, S3C_THRIFT_STRUCT, 2);
    s3c_thrift_open(&t);
    s3c_thrift_i32(&t, 1, 1);
    s3c_thrift_close(&t);
    s3c_thrift_open(&t);
    s3c_thrift_close(&t);
    s3c_thrift_list(&t, 5, S3C_THRIFT_I32, 0);
    s3c_thrift_close(&t);
    CHECK_OK(t.error, NULL);
    check_bytes(&b, expected, sizeof(expected));
    s3c_buf_done(&b);
}

static void writes_long_lists_with_their_count_behind(void **state)
{
    static const unsigned char expected[] = {0x19, 0xf6, 0x0f, 1, 3, 1, 3, 1, 3,
                                             1,    3,    1,    3, 1, 3, 1, 3, 1};
    struct s3c_buf b = S3C_BUF_INIT(1000);
    struct s3c_thrift t = S3C_THRIFT_INIT(&b);

    (void)state;
    s3c_thrift_list(&t, 1, S3C_THRIFT_I64, 15);
    for (int i = 0; i < 15; i++)
        s3c_thrift_element_i64(&t, i % 2 ? -2 : -1);
    CHECK_OK(t.error, NULL);
    check_bytes(&b, expected, sizeof(expected));
    s3c_buf_done(&b);
}

static void keeps_the_first_failure(void **state)
{
    struct s3c_buf b = S3C_BUF_INIT(4);
    struct s3c_thrift t = S3C_THRIFT_INIT(&b);

    (void)state;
    s3c_thrift_i32(&t, 1, 1);
    s3c_thrift_binary(&t, 2, S3C_VIEW("too long"));
    assert_int_equal(t.error, S3C_E_TOO_LARGE);
    s3c_thrift_close(&t);
    assert_int_equal(t.error, S3C_E_TOO_LARGE);
    s3c_buf_done(&b);

    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_buf out = S3C_BUF_INIT(1000);
        struct s3c_thrift w = S3C_THRIFT_INIT(&out);

        s3c_thrift_binary(
            &w, 1, S3C_VIEW("a text of more than sixty-four bytes makes the buffer grow twice"));
        s3c_thrift_close(&w);
        CHECK_CODE(w.error, check_alloc_failed() ? S3C_E_NOMEM : 0);
        s3c_buf_done(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(writes_numbers_as_zigzag_varints),
        CHECK_TEST(writes_far_fields_in_the_long_form),
        CHECK_TEST(nests_structs_and_lists),
        CHECK_TEST(writes_long_lists_with_their_count_behind),
        CHECK_TEST(keeps_the_first_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
