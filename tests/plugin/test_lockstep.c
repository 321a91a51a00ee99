/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts of all kinds, told from one another by when they speak. */
#include "check.h"

#include "plugin/lockstep.h"

struct bed {
    struct lockstep l;
    int64_t now_ns;
};

static int64_t mono(void *ctx)
{
    return ((struct bed *)ctx)->now_ns;
}

static struct s3c_clock clock_of(struct bed *b)
{
    return (struct s3c_clock){.mono_ns = mono, .ctx = b};
}

/* A message after `gap`, answered after `work`. */
static void round_trip(struct bed *b, int64_t gap, int64_t work)
{
    const struct s3c_clock clock = clock_of(b);

    b->now_ns += gap;
    lockstep_heard(&b->l, &clock);
    b->now_ns += work;
    lockstep_answered(&b->l, &clock);
}

#define SEC    S3C_NS_PER_SEC
#define PROMPT (LOCKSTEP_PROMPT_NS - 1)

static void a_host_that_waits_is_known_after_some_rounds(void **state)
{
    struct bed b = {.now_ns = 0};

    (void)state;
    round_trip(&b, 5 * SEC, SEC); /* the first message is an answer to nothing */
    for (int i = 0; i < LOCKSTEP_ROUNDS; i++) {
        assert_false(lockstep_is_certain(&b.l));
        round_trip(&b, PROMPT, SEC);
    }
    assert_true(lockstep_is_certain(&b.l));
    round_trip(&b, 0, 0);
    assert_true(lockstep_is_certain(&b.l));
    round_trip(&b, LOCKSTEP_PROMPT_NS + 1, SEC); /* late: it waited for something else */
    assert_false(lockstep_is_certain(&b.l));
}

static void a_host_that_does_not_wait_is_known_at_once(void **state)
{
    struct bed b = {.now_ns = 0};
    struct s3c_clock clock;

    (void)state;
    for (int i = 0; i <= LOCKSTEP_ROUNDS; i++)
        round_trip(&b, PROMPT, SEC);
    assert_true(lockstep_is_certain(&b.l));
    clock = clock_of(&b);
    lockstep_heard(&b.l, &clock);
    assert_true(lockstep_is_certain(&b.l));
    lockstep_heard(&b.l, &clock);
    assert_false(lockstep_is_certain(&b.l));
}

static void a_slow_stream_is_not_taken_for_one_that_waits(void **state)
{
    struct bed b = {.now_ns = 0};

    (void)state;
    for (int i = 0; i < 10; i++) {
        round_trip(&b, PROMPT, SEC);
        round_trip(&b, PROMPT, SEC);
        round_trip(&b, 2 * LOCKSTEP_PROMPT_NS, SEC);
        assert_false(lockstep_is_certain(&b.l));
    }
}

static void an_answer_is_dated_once(void **state)
{
    struct bed b = {.now_ns = 0};

    (void)state;
    for (int i = 0; i < 20; i++) {
        struct s3c_clock clock = clock_of(&b);

        round_trip(&b, 0, SEC);
        b.now_ns += 2 * LOCKSTEP_PROMPT_NS;
        lockstep_answered(&b.l, &clock); /* said again later */
    }
    assert_false(lockstep_is_certain(&b.l));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(a_host_that_waits_is_known_after_some_rounds),
        CHECK_TEST(a_host_that_does_not_wait_is_known_at_once),
        CHECK_TEST(a_slow_stream_is_not_taken_for_one_that_waits),
        CHECK_TEST(an_answer_is_dated_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
