/* SPDX-License-Identifier: Apache-2.0 */
/* The test support itself: a leak detector that finds nothing would let every other test pass. */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static void a_leak_is_found(void **state)
{
    void *kept;

    (void)state;
    assert_int_equal(check_mem_begin(NULL), 0);
    kept = s3c_alloc(10);
    assert_int_equal(check_mem_live(), 1);
    assert_int_equal(check_mem_end(NULL), -1);
    check_mem_begin(NULL);
    free((char *)kept -
         4 * sizeof(void *)); /* the tracer's block header, which is in front of it */
    assert_int_equal(check_mem_end(NULL), 0);
}

static void every_allocation_fails_once(void **state)
{
    unsigned failed[4] = {0}, runs = 0;

    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        void *p = NULL;

        for (int i = 0; i < 3; i++) {
            void *grown = s3c_realloc(p, 10);

            failed[i] += grown == NULL;
            if (grown)
                p = grown;
        }
        failed[3] += !check_alloc_failed();
        runs++;
        s3c_free(p);
    }
    assert_int_equal(runs, 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(failed[i], 1);
}

static void realloc_moves_and_keeps_the_contents(void **state)
{
    char *small = s3c_strdup("contents"), *large;

    (void)state;
    large = s3c_realloc(small, 1000);
    assert_non_null(large);
    assert_string_equal(large, "contents");
    small = s3c_realloc(large, 4);
    assert_non_null(small);
    assert_memory_equal(small, "cont", 4);
    s3c_free(small);
}

static void count_split(void *ctx, struct s3c_view head, struct s3c_view tail)
{
    char joined[4] = {0};

    memcpy(joined, head.ptr, head.len);
    memcpy(joined + head.len, tail.ptr, tail.len);
    assert_string_equal(joined, "abc");
    ++*(int *)ctx;
}

static void count_prefix(void *ctx, char *p, size_t n)
{
    assert_memory_equal(p, "abc", n);
    assert_int_equal((uintptr_t)(p + n) % 4096, 0);
    ++*(int *)ctx;
}

static void every_split_and_prefix_is_visited(void **state)
{
    int splits = 0, prefixes = 0;

    (void)state;
    check_each_split((struct s3c_view){"abc", 3}, count_split, &splits);
    check_each_prefix((struct s3c_view){"abc", 3}, count_prefix, &prefixes);
    assert_int_equal(splits, 4);
    assert_int_equal(prefixes, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_leak_is_found),
        CHECK_TEST(every_allocation_fails_once),
        CHECK_TEST(realloc_moves_and_keeps_the_contents),
        CHECK_TEST(every_split_and_prefix_is_visited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
