/* SPDX-License-Identifier: Apache-2.0 */
/* The token bucket, second by second. */
#include "check.h"

#include "base/clock.h"
#include "plugin/rate.h"

#define SEC S3C_NS_PER_SEC

static void without_a_rate_all_may_go(void **state)
{
    struct rate r;

    (void)state;
    rate_init(&r, 0, 0, 5 * SEC);
    assert_int_equal(rate_take(&r, 1000000, 5 * SEC), 1000000);
}

static void the_bucket_begins_full_and_fills_again(void **state)
{
    struct rate r;

    (void)state;
    rate_init(&r, 10, 4, 100 * SEC);
    assert_int_equal(rate_take(&r, 64, 100 * SEC), 4);
    assert_int_equal(rate_take(&r, 64, 100 * SEC), 0);
    assert_int_equal(rate_due_ns(&r), 100 * SEC + SEC / 10);
    assert_int_equal(rate_take(&r, 64, rate_due_ns(&r) - 1000), 0);
    assert_int_equal(rate_take(&r, 64, rate_due_ns(&r)), 1);
    assert_int_equal(rate_take(&r, 64, 1000 * SEC), 4); /* never more than it holds */
    assert_int_equal(rate_take(&r, 2, 2000 * SEC), 2);
    assert_int_equal(rate_take(&r, 64, 2000 * SEC), 2);
    rate_give_back(&r, 1);
    assert_int_equal(rate_take(&r, 64, 2000 * SEC), 1);
    rate_give_back(&r, 100);
    assert_int_equal(rate_take(&r, 64, 1 * SEC), 4); /* a clock that goes back fills nothing */
}

static void without_a_burst_it_holds_a_second(void **state)
{
    struct rate r;

    (void)state;
    rate_init(&r, 2.5, 0, 0);
    assert_int_equal(rate_take(&r, 64, 0), 3);
    rate_init(&r, 0.1, 0, 0);
    assert_int_equal(rate_take(&r, 64, 0), 1);
    assert_int_equal(rate_take(&r, 64, 9 * SEC), 0);
    assert_int_equal(rate_take(&r, 64, 10 * SEC), 1);
}

/* Whoever waits for the time it names gets on, for odd rates and after long runs as well; and the sum keeps to the rate. */
static void waiting_for_the_due_time_is_enough(void **state)
{
    static const double rates[] = {0.3, 1, 3, 7.7, 999, 123456.7};

    (void)state;
    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        int64_t now = 1234567890123456789;
        int64_t start = now;
        struct rate r;

        rate_init(&r, rates[i], 1, now);
        assert_int_equal(rate_take(&r, 1, now), 1);
        for (int k = 0; k < 1000; k++) {
            now = rate_due_ns(&r);
            assert_int_equal(rate_take(&r, 64, now), 1);
        }
        assert_true((double)(now - start) / (double)SEC > 999.9 / rates[i]);
        assert_true((double)(now - start) / (double)SEC < 1000.1 / rates[i] + 0.001);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(without_a_rate_all_may_go),
        CHECK_TEST(the_bucket_begins_full_and_fills_again),
        CHECK_TEST(without_a_burst_it_holds_a_second),
        CHECK_TEST(waiting_for_the_due_time_is_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
