/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every unit test needs on top of cmocka: results with their message, a tracing allocator that finds leaks and fails on
 * demand, and input that ends where memory ends.
 *
 *     int main(void)
 *     {
 *         const struct CMUnitTest tests[] = {CHECK_TEST(parses_what_servers_send), ...};
 *         return cmocka_run_group_tests(tests, NULL, NULL);
 *     }
 */
#ifndef S3C_TESTS_CHECK_H
#define S3C_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <s3c/error.h>
#include <s3c/view.h>

/* A test run between check_mem_begin and check_mem_end: it fails when it leaks. */
#define CHECK_TEST(f) cmocka_unit_test_setup_teardown(f, check_mem_begin, check_mem_end)

/* r >= 0; else the test fails and err->message is printed (err may be NULL). `r` is evaluated once, before *err is read. */
#define CHECK_OK(r, err) check_ok_((r), (err), #r, __FILE__, __LINE__)
/* r == code; names both codes otherwise. `r` is evaluated first, so that code may be check_alloc_failed() ? S3C_E_NOMEM : 0. */
#define CHECK_CODE(r, code)                                    \
    do {                                                       \
        int check_r_ = (r);                                    \
        check_code_(check_r_, (code), #r, __FILE__, __LINE__); \
    } while (0)
/* The view's bytes are exactly those of the C string / of the other view. */
#define CHECK_VIEW(v, str) check_view_((v), (str), #v, __FILE__, __LINE__)
/* haystack (a C string) contains needle. */
#define CHECK_HAS(haystack, needle) check_has_((haystack), (needle), __FILE__, __LINE__)

/*
 * The tracing allocator. begin installs it, end fails if a block is still alive and removes it; both are cmocka setup and
 * teardown functions. Thread-safe, as long as no thread is left when end is called.
 */
int check_mem_begin(void **state);
int check_mem_end(void **state);
size_t check_mem_live(void); /* blocks alive now */
size_t check_mem_made(void); /* allocations and reallocations since begin */

/*
 * Runs the body with the n-th allocation failing (that one only), n = 1, 2, ..., until a run in which none failed, which is the last.
 * The body must leave as many blocks alive as it found. In it, check_alloc_failed() tells whether the failure has happened.
 *
 *     FOR_EACH_ALLOC_FAILURE {
 *         struct thing *t = NULL;
 *         int r = thing_new(&t, &err);
 *         CHECK_CODE(r, check_alloc_failed() ? S3C_E_NOMEM : 0);
 *         thing_free(t);
 *     }
 */
#define FOR_EACH_ALLOC_FAILURE                                \
    for (size_t check_n_ = 0, check_live_ = check_mem_live(); \
         check_alloc_next_(&check_n_, check_live_);)
bool check_alloc_failed(void);

/* n writable bytes that end at the end of a page; the next byte is no memory. */
struct check_guard {
    char *ptr;
    size_t len;
    void *map;
    size_t map_len;
};
struct check_guard check_guard_new(const void *p, size_t n); /* p: copied in; NULL = not filled */
void check_guard_free(struct check_guard *g);

/* Calls fn with each two halves of the input, head.len = 0 to v.len, each half against a guard page of its own. */
void check_each_split(struct s3c_view v,
                      void (*fn)(void *ctx, struct s3c_view head, struct s3c_view tail), void *ctx);
/* Calls fn with each beginning of the input, from none of it to all of it, against a guard page; fn may write there. */
void check_each_prefix(struct s3c_view v, void (*fn)(void *ctx, char *p, size_t n), void *ctx);

/* Pseudo-random numbers that are the same in every run: xorshift64*, *state != 0. */
uint64_t check_random(uint64_t *state);

void check_ok_(int r, const struct s3c_error *err, const char *text, const char *file, int line);
void check_code_(int r, int code, const char *text, const char *file, int line);
void check_view_(struct s3c_view v, const char *str, const char *text, const char *file, int line);
void check_has_(const char *haystack, const char *needle, const char *file, int line);
bool check_alloc_next_(size_t *n, size_t live_before);

/* Appends text[0, len) to the string in dst, which has `size` bytes; fails the test where it does not fit. */
void check_append(char *dst, size_t size, const char *text, size_t len);

#endif
