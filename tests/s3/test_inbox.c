/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <poll.h>
#include <pthread.h>

#include "s3/call.h"

static bool readable(struct s3c_inbox *i)
{
    struct pollfd p = {.fd = s3c_inbox_fd(i), .events = POLLIN};

    return poll(&p, 1, 0) == 1;
}

static struct s3c_inbox *new_inbox(void)
{
    struct s3c_inbox *i = NULL;
    struct s3c_error err;

    CHECK_OK(s3c_inbox_new(&i, &err), &err);
    return i;
}

static void gives_calls_in_order_and_all_at_once(void **state)
{
    struct s3c_inbox *i = new_inbox();
    struct s3c_call a = {0}, b = {0}, c = {0}, *l;
    bool woken = true;

    (void)state;
    assert_null(s3c_inbox_take(i, 0, &woken));
    assert_false(woken);
    s3c_inbox_put(i, &a);
    b.next = &c;
    s3c_inbox_put_list(i, &b);
    l = s3c_inbox_take(i, -1, &woken);
    assert_ptr_equal(l, &a);
    assert_ptr_equal(l->next, &b);
    assert_ptr_equal(l->next->next, &c);
    assert_null(c.next);
    assert_false(woken);
    assert_null(s3c_inbox_take(i, 0, NULL));
    s3c_inbox_free(i);
}

static void a_wake_ends_the_wait_and_is_told_once(void **state)
{
    struct s3c_inbox *i = new_inbox();
    bool woken = false;

    (void)state;
    s3c_inbox_wake(i);
    s3c_inbox_wake(i);
    assert_null(s3c_inbox_take(i, -1, &woken));
    assert_true(woken);
    assert_null(s3c_inbox_take(i, 1, &woken));
    assert_false(woken);
    s3c_inbox_free(i);
}

static void the_descriptor_tells_of_calls_and_wakes(void **state)
{
    struct s3c_inbox *i = new_inbox();
    struct s3c_call a = {0}, b = {0};

    (void)state;
    s3c_inbox_put(i, &a); /* before anybody asked for the descriptor */
    assert_true(readable(i));
    s3c_inbox_put(i, &b);
    assert_true(readable(i));
    assert_ptr_equal(s3c_inbox_take(i, 0, NULL), &a);
    assert_false(readable(i));
    s3c_inbox_wake(i);
    assert_true(readable(i));
    assert_null(s3c_inbox_take(i, 0, NULL));
    assert_false(readable(i));
    s3c_inbox_put(i, &a);
    assert_true(readable(i));
    assert_ptr_equal(s3c_inbox_take(i, 0, NULL), &a);
    s3c_inbox_free(i);
}

#define CALLS 20000

static void *put_many(void *ctx)
{
    static struct s3c_call calls[CALLS];
    int n;

    for (n = 0; n < CALLS; n++)
        s3c_inbox_put(ctx, &calls[n]);
    return NULL;
}

static void nothing_is_lost_between_threads(void **state)
{
    struct s3c_inbox *i = new_inbox();
    pthread_t thread;
    int n = 0;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, put_many, i), 0);
    while (n < CALLS) {
        struct s3c_call *l = s3c_inbox_take(i, -1, NULL);
        for (; l != NULL; l = l->next)
            n++;
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(n, CALLS);
    s3c_inbox_free(i);
}

static void *wake_many(void *ctx)
{
    for (int n = 0; n < CALLS; n++)
        s3c_inbox_wake(ctx);
    return NULL;
}

/* Whoever polls must not be told for ever of a wake that has been taken, nor miss the last one. */
static void wakes_of_another_thread_leave_nothing_behind(void **state)
{
    struct s3c_inbox *i = new_inbox();
    struct pollfd p = {.fd = s3c_inbox_fd(i), .events = POLLIN};
    pthread_t thread;
    bool woken = false;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, wake_many, i), 0);
    for (int n = 0; n < CALLS / 10; n++)
        assert_null(s3c_inbox_take(i, n % 64 == 0, NULL));
    assert_int_equal(pthread_join(thread, NULL), 0);
    s3c_inbox_wake(i);
    assert_int_equal(poll(&p, 1, -1), 1);
    assert_null(s3c_inbox_take(i, 0, &woken));
    assert_true(woken);
    assert_false(readable(i));
    assert_null(s3c_inbox_take(i, 0, &woken));
    assert_false(woken);
    s3c_inbox_free(i);
}

static void out_of_memory_is_an_error(void **state)
{
    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_inbox *i = NULL;
        struct s3c_error err;
        CHECK_CODE(s3c_inbox_new(&i, &err), check_alloc_failed() ? S3C_E_NOMEM : 0);
        s3c_inbox_free(i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(gives_calls_in_order_and_all_at_once),
        CHECK_TEST(a_wake_ends_the_wait_and_is_told_once),
        CHECK_TEST(the_descriptor_tells_of_calls_and_wakes),
        CHECK_TEST(nothing_is_lost_between_threads),
        CHECK_TEST(wakes_of_another_thread_leave_nothing_behind),
        CHECK_TEST(out_of_memory_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
