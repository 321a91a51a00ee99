/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "s3/spare.h"

#define MIB ((size_t)1 << 20)

static struct s3c_buf buffer(size_t n)
{
    struct s3c_buf b = S3C_BUF_INIT(SIZE_MAX);

    CHECK_CODE(s3c_buf_reserve(&b, n), 0);
    return b;
}

static void what_was_given_is_taken_again(void **state)
{
    struct s3c_spare *s = s3c_spare_new(0);
    struct s3c_buf a = buffer(4 * MIB), b = S3C_BUF_INIT(123);
    char *p = a.ptr;

    (void)state;
    s3c_spare_give(s, &a);
    assert_null(a.ptr);
    assert_int_equal(a.cap, 0);
    s3c_spare_take(s, &b, 4 * MIB + 4 * MIB); /* too small */
    assert_null(b.ptr);
    s3c_spare_take(s, &b, MIB); /* a waste */
    assert_null(b.ptr);
    s3c_spare_take(s, &b, 3 * MIB);
    assert_ptr_equal(b.ptr, p);
    assert_int_equal(b.max, 123);
    assert_int_equal(b.len, 0);
    s3c_spare_take(s, &a, 3 * MIB); /* it is gone */
    assert_null(a.ptr);
    s3c_spare_give(s, &b);
    s3c_spare_unref(s);
}

static void holds_no_more_than_its_cap(void **state)
{
    struct s3c_spare *s = s3c_spare_new(0);
    struct s3c_buf b;
    size_t live, i;

    (void)state;
    live = check_mem_live();
    for (i = 0; i < 10; i++) {
        b = buffer(8 * MIB);
        s3c_spare_give(s, &b);
    }
    assert_true(check_mem_live() - live <= S3C_SPARE_MAX_BYTES / (8 * MIB));
    assert_true(check_mem_live() - live >= 3);
    b = buffer(S3C_SPARE_MAX_BYTES + 1);
    s3c_spare_give(s, &b); /* alone too large */
    for (i = 0; i < 1000; i++) {
        b = buffer(S3C_SPARE_MIN / 8);
        s3c_spare_give(s, &b);
    }
    assert_true(check_mem_live() - live <= 64);
    s3c_spare_unref(s);
}

static void holds_no_more_than_it_was_told(void **state)
{
    struct s3c_spare *s = s3c_spare_new(2 * MIB);
    struct s3c_buf large = buffer(4 * MIB), a = buffer(MIB), b = buffer(2 * MIB);

    (void)state;
    s3c_spare_give(s, &large);
    s3c_spare_take(s, &large, 4 * MIB);
    assert_null(large.ptr);
    s3c_spare_give(s, &a);
    s3c_spare_give(s, &b); /* the older one makes room */
    s3c_spare_take(s, &b, 2 * MIB);
    assert_non_null(b.ptr);
    s3c_spare_take(s, &a, MIB);
    assert_null(a.ptr);
    s3c_buf_done(&b);
    s3c_spare_unref(s);
}

static void the_last_reference_frees(void **state)
{
    struct s3c_spare *s = s3c_spare_new(0), *other = s3c_spare_ref(s);
    struct s3c_buf a = buffer(MIB);

    (void)state;
    s3c_spare_unref(s);
    s3c_spare_give(other, &a);
    s3c_spare_unref(other);
    s3c_spare_unref(NULL);
}

static void out_of_memory_is_told(void **state)
{
    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_spare *s = s3c_spare_new(0);
        assert_true((s == NULL) == check_alloc_failed());
        s3c_spare_unref(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(what_was_given_is_taken_again),  CHECK_TEST(holds_no_more_than_its_cap),
        CHECK_TEST(holds_no_more_than_it_was_told), CHECK_TEST(the_last_reference_frees),
        CHECK_TEST(out_of_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
