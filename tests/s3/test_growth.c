/* SPDX-License-Identifier: Apache-2.0 */
/* Servers as formulas: what limit does the client arrive at? */
#include "check.h"

#include "base/clock.h"
#include "s3/growth.h"

#define MS S3C_NS_PER_MS

/*
 * A server that needs latency_ns for an answer and gives at most max_rate of them a second; the client keeps it pressed for `ns`.
 * Returns when the limit last changed.
 */
static int64_t simulate(struct s3c_growth *g, int64_t latency_ns, double max_rate, int idle,
                        int64_t ns)
{
    int64_t now, changed = 0;
    double owed = 0;

    for (now = MS; now <= ns; now += MS) {
        double rate = (double)g->limit / (double)latency_ns * 1e9;
        size_t before = g->limit;
        bool busy = rate > max_rate;
        if (now >= latency_ns)
            owed += (busy ? max_rate : rate) / 1000;
        for (; owed >= 1; owed--)
            s3c_growth_answer(g, busy ? (int64_t)((double)g->limit / max_rate * 1e9) : latency_ns);
        (void)s3c_growth_consider(g, now, true, idle);
        if (g->limit != before)
            changed = now;
    }
    return changed;
}

static void opens_all_at_once_against_distance(void **state)
{
    struct s3c_growth g;
    int64_t done;

    (void)state;
    s3c_growth_init(&g, 256);
    assert_int_equal(g.limit, 16);
    done = simulate(&g, 30 * MS, 1e6, 95, 1000 * MS);
    assert_int_equal(g.limit, 256);
    assert_in_range(done, 0, 100 * MS);
}

static void stays_low_when_the_process_is_busy(void **state)
{
    struct s3c_growth g;

    (void)state;
    s3c_growth_init(&g, 256);
    (void)simulate(&g, 30 * MS, 1e6, 5, 1000 * MS);
    assert_int_equal(g.limit, 16);
}

static void stays_low_when_a_near_server_is_busy(void **state)
{
    struct s3c_growth g;

    (void)state;
    s3c_growth_init(&g, 256);
    (void)simulate(&g, MS / 5, 20000, 60, 940 * MS); /* in a pause between trials */
    assert_int_equal(g.limit, 16);
}

static void grows_on_trial_where_a_near_server_can_do_more(void **state)
{
    struct s3c_growth g;

    (void)state;
    s3c_growth_init(&g, 256);
    (void)simulate(&g, 3 * MS / 2, 1e6, 60, 1000 * MS);
    assert_int_equal(g.limit, 256);
}

static void takes_a_wrong_start_back(void **state)
{
    struct s3c_growth g;

    (void)state;
    s3c_growth_init(&g, 256);
    (void)simulate(&g, 30 * MS, 1e6, 95, 100 * MS);
    assert_int_equal(g.limit, 256);
    s3c_growth_answer(&g, MS / 10); /* near after all */
    (void)s3c_growth_consider(&g, 101 * MS, true, 95);
    assert_int_equal(g.limit, 16);
}

static void never_passes_the_maximum_and_rests_without_pressure(void **state)
{
    struct s3c_growth g;

    (void)state;
    s3c_growth_init(&g, 5);
    assert_int_equal(g.limit, 5);
    assert_int_equal(s3c_growth_consider(&g, MS, true, 100), 0);
    s3c_growth_init(&g, 40);
    assert_int_equal(s3c_growth_consider(&g, MS, false, 100), 0);
    assert_true(s3c_growth_consider(&g, 2 * MS, true, 100) > 2 * MS);
    (void)simulate(&g, 30 * MS, 1e6, 95, 1000 * MS);
    assert_int_equal(g.limit, 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(opens_all_at_once_against_distance),
        CHECK_TEST(stays_low_when_the_process_is_busy),
        CHECK_TEST(stays_low_when_a_near_server_is_busy),
        CHECK_TEST(grows_on_trial_where_a_near_server_can_do_more),
        CHECK_TEST(takes_a_wrong_start_back),
        CHECK_TEST(never_passes_the_maximum_and_rests_without_pressure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
