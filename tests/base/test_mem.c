/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include "check.h"

#include "base/view.h"

static void gives_distinct_blocks_even_of_no_bytes(void **state)
{
    void *a = s3c_alloc(0), *b = s3c_alloc(0);

    (void)state;
    assert_non_null(a);
    assert_non_null(b);
    assert_ptr_not_equal(a, b);
    s3c_free(a);
    s3c_free(b);
    s3c_free(NULL);
}

static void zeroes_and_copies(void **state)
{
    _cleanup_(s3c_freep) char *zeros = s3c_zalloc(100);
    _cleanup_(s3c_freep) char *copy = s3c_viewdup(S3C_VIEW("a\0b"));
    _cleanup_(s3c_freep) char *empty = s3c_viewdup((struct s3c_view){NULL, 0});
    _cleanup_(s3c_freep) char *text = s3c_strdup("text");

    (void)state;
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(zeros[i], 0);
    assert_memory_equal(copy, "a\0b", 4);
    assert_string_equal(empty, "");
    assert_string_equal(text, "text");
}

static void refuses_sizes_that_overflow(void **state)
{
    _cleanup_(s3c_freep) void *p = s3c_reallocarray(NULL, 3, 4);

    (void)state;
    assert_non_null(p);
    assert_null(s3c_reallocarray(p, SIZE_MAX / 2, 3));
}

static void wipes(void **state)
{
    char secret[] = "wJalrXUtnFEMI";

    (void)state;
    s3c_wipe(secret, sizeof(secret));
    for (size_t i = 0; i < sizeof(secret); i++)
        assert_int_equal(secret[i], 0);
    s3c_wipe(NULL, 0);
}

static void take_leaves_null(void **state)
{
    char *p = s3c_strdup("x");
    char *taken = S3C_TAKE(p);

    (void)state;
    assert_null(p);
    assert_non_null(taken);
    s3c_free(taken);
}

static void arena_blocks_are_aligned_and_apart(void **state)
{
    struct s3c_arena a = S3C_ARENA_INIT(0);
    char *before = NULL;

    (void)state;
    for (size_t n = 0; n < 3000; n++) {
        char *text = s3c_arena_bytes(&a, n % 7), *p = s3c_arena_alloc(&a, n);

        assert_non_null(text);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 16, 0);
        memset(text, 'x', n % 7);
        memset(p, 'y', n);
        if (before && n > 1)
            assert_int_equal(*before, 'y');
        before = n ? p : NULL;
    }
    s3c_arena_done(&a);
    s3c_arena_done(&a);
    assert_int_equal(a.used, 0);
}

static void arena_packs_text_tightly(void **state)
{
    struct s3c_arena a = S3C_ARENA_INIT(0);
    struct s3c_view one = s3c_arena_copy(&a, S3C_VIEW("one")),
                    two = s3c_arena_copy(&a, S3C_VIEW("two"));
    struct s3c_view none = s3c_arena_copy(&a, (struct s3c_view){NULL, 0});

    (void)state;
    CHECK_VIEW(one, "one");
    CHECK_VIEW(two, "two");
    assert_ptr_equal(two.ptr, one.ptr + 4);
    assert_int_equal(one.ptr[3], '\0');
    assert_non_null(none.ptr);
    assert_int_equal(none.len, 0);
    s3c_arena_done(&a);
}

static void arena_reset_keeps_one_chunk(void **state)
{
    struct s3c_arena a = S3C_ARENA_INIT(0);
    char *first = s3c_arena_alloc(&a, 10);
    size_t made;

    (void)state;
    for (int i = 0; i < 100; i++)
        assert_non_null(s3c_arena_alloc(&a, 1000));
    s3c_arena_reset(&a);
    made = check_mem_made();
    assert_int_equal(check_mem_live(), 1);
    assert_ptr_equal(s3c_arena_alloc(&a, 10), first);
    assert_int_equal(check_mem_made(), made);
    s3c_arena_done(&a);
}

static void arena_respects_its_cap(void **state)
{
    struct s3c_arena a = S3C_ARENA_INIT(10000);
    size_t given = 0;

    (void)state;
    assert_null(s3c_arena_alloc(&a, SIZE_MAX));
    assert_null(s3c_arena_alloc(&a, 10000));
    while (s3c_arena_alloc(&a, 100))
        given += 100;
    assert_in_range(given, 7000, 10000);
    assert_true(a.used <= 10000);
    s3c_arena_done(&a);
}

static void arena_survives_out_of_memory(void **state)
{
    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_arena a = S3C_ARENA_INIT(0);
        bool failed = false;

        for (int i = 0; i < 5; i++)
            failed |= s3c_arena_alloc(&a, 5000) == NULL;
        failed |= s3c_arena_copy(&a, S3C_VIEW("text")).ptr == NULL;
        assert_int_equal(failed, check_alloc_failed());
        s3c_arena_done(&a);
    }
}

static void arrays_grow_and_keep_what_they_hold(void **state)
{
    uint32_t *numbers = NULL, *before;
    size_t cap = 0, was;

    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        assert_int_equal(s3c_grow(&numbers, &cap, i + 1, sizeof(*numbers)), 0);
        numbers[i] = i;
    }
    assert_int_equal(cap, 1024);
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(numbers[i], i);
    before = numbers;
    was = cap;
    CHECK_CODE(s3c_grow(&numbers, &cap, SIZE_MAX, 1), S3C_E_NOMEM);
    CHECK_CODE(s3c_grow(&numbers, &cap, SIZE_MAX / 2, sizeof(*numbers)), S3C_E_NOMEM);
    FOR_EACH_ALLOC_FAILURE
    {
        int r = s3c_grow(&numbers, &cap, was + 1, sizeof(*numbers));

        assert_int_equal(r, check_alloc_failed() ? S3C_E_NOMEM : 0);
        assert_true(r == 0 || (numbers == before && cap == was));
    }
    assert_int_equal(cap, 2 * was);
    s3c_free(numbers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(gives_distinct_blocks_even_of_no_bytes),
        CHECK_TEST(zeroes_and_copies),
        CHECK_TEST(refuses_sizes_that_overflow),
        CHECK_TEST(wipes),
        CHECK_TEST(take_leaves_null),
        CHECK_TEST(arena_blocks_are_aligned_and_apart),
        CHECK_TEST(arena_packs_text_tightly),
        CHECK_TEST(arena_reset_keeps_one_chunk),
        CHECK_TEST(arena_respects_its_cap),
        CHECK_TEST(arrays_grow_and_keep_what_they_hold),
        CHECK_TEST(arena_survives_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
