/* SPDX-License-Identifier: Apache-2.0 */
/* Many open files under one memory limit. */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/view.h"
#include "dest/engine_private.h"

enum {
    OPTION = (256 << 10) * 24 / 13 + 1,
    LIMIT = 256 << 10
}; /* what of the option may be counted */

#define HUNDRED \
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
#define KILO HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED

static void start(struct rig *r)
{
    rig_init(r);
    r->settings.key_template = RIG_BY_COLLECTION;
    r->settings.memory_limit = OPTION;
}

static void write_to(struct rig *r, const char *collection, int first, int count)
{
    assert_int_equal(rig_write_to(r, collection, KILO, first, count), count);
}

/* Writes until nothing is taken any more; gives how many were. */
static int fill(struct rig *r, const char *collection, int first)
{
    int n = 0;

    while (rig_write_to(r, collection, KILO, first + n, 1) == 1)
        assert_true(++n < 10000);
    return n;
}

static void closes_the_largest_first(void **state)
{
    struct rig r;

    (void)state;
    start(&r);
    rig_open(&r);
    write_to(&r, "small", 0, 5);
    write_to(&r, "large", 5, 90);
    write_to(&r, "middle", 95, 20);
    assert_int_equal(rig_stats(&r).open, 3);
    assert_in_range(fill(&r, "small", 115), 10, 100);
    assert_int_equal(r.sink.puts, 1);
    assert_int_equal(r.log_lines, 0);
    CHECK_HAS(r.sink.keys[0], "out/large/");
    assert_int_equal(rig_stats(&r).files[S3C_CLOSE_MEMORY], 1);
    rig_close(&r);
}

static void closes_the_oldest_of_equal_ones(void **state)
{
    static const char *const names[] = {"c", "a", "d", "b"};
    struct rig r;

    (void)state;
    start(&r);
    rig_open(&r);
    for (int i = 0; i < 4; i++)
        write_to(&r, names[i], 20 * i, 20);
    for (int i = 4; r.sink.puts == 0; i++) { /* others, all smaller */
        char name[16];

        (void)snprintf(name, sizeof(name), "e%d", i);
        (void)rig_write_to(&r, name, "x", 1000 + i, 1);
        assert_true(i < 200);
    }
    CHECK_HAS(r.sink.keys[0], "out/c/");
    rig_close(&r);
}

static void closes_more_than_one_where_one_is_too_little(void **state)
{
    struct rig r;

    (void)state;
    start(&r);
    rig_open(&r);
    for (int i = 0; r.sink.puts == 0; i++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "c%d", i);
        (void)rig_write_to(&r, name, "x", i, 1);
        assert_true(i < 1000);
    }
    assert_in_range(r.sink.puts, 2, 32);
    assert_true(rig_stats(&r).open > r.sink.puts);
    CHECK_HAS(r.logged, "memory.limit is small for ");
    assert_int_equal(r.log_lines, 1);
    rig_close(&r);
}

static void waits_for_uploads_that_will_do(void **state)
{
    struct rig r;
    int n;

    (void)state;
    start(&r);
    rig_open(&r);
    write_to(&r, "a", 0, 118);
    CHECK_OK(s3c_destination_flush(r.d, NULL), NULL);
    n = fill(&r, "b", 118);
    assert_int_equal(r.sink.puts, 1); /* b stays open: the room that a will leave is enough */
    assert_int_equal(rig_stats(&r).open, 1);
    rig_finish_all(&r);
    assert_int_equal(rig_write_to(&r, "b", KILO, 118 + n, 1), 1);
    rig_close(&r);
}

static void closes_the_file_that_acknowledgements_wait_for(void **state)
{
    struct rig r;
    int n = 1;

    (void)state;
    start(&r);
    r.settings.buffer_size = 2;
    rig_open(&r);
    r.sink.finish_at_once = true;
    assert_int_equal(rig_write_to(&r, "first", "x", 0, 1), 1);
    /* Files that are stored one by one: what remains of them is memory for acknowledgements that cannot be given. */
    for (int i = 0; i < 1000 && rig_stats(&r).files[S3C_CLOSE_MEMORY] == 0; i++)
        n += rig_write_to(&r, "other", "x", n, 1);
    assert_int_equal(rig_stats(&r).files[S3C_CLOSE_MEMORY], 1);
    CHECK_HAS(r.sink.keys[r.sink.puts - 1], "out/first/");
    rig_expect_acks(&r, 0, n, 0);
    rig_close(&r);
}

static void takes_a_record_that_is_larger_than_the_limit_between_others(void **state)
{
    enum { LARGE = 3 * LIMIT };
    char *payload = malloc(LARGE + 1);
    struct rig r;
    int written = 0, acked = 0;

    (void)state;
    memset(payload, 'x', LARGE);
    payload[LARGE] = '\0';
    start(&r);
    rig_open(&r);
    r.sink.finish_at_once = true;
    for (int rounds = 0; written < 30; rounds++) {
        char name[16];
        struct s3c_ack acks[8];
        size_t n;

        (void)snprintf(name, sizeof(name), "c%d", written % 7);
        written += rig_write_to(&r, name, written % 10 == 9 ? payload : "x", written, 1);
        while (s3c_destination_acks(r.d, acks, 8, &n, 0, NULL) == 0)
            acked += (int)n;
        assert_true(rounds < 1000);
    }
    CHECK_OK(s3c_destination_stop(r.d, -1, NULL), NULL);
    rig_expect_acks(&r, acked, 30 - acked, 0);
    rig_close(&r);
    free(payload);
}

static void stays_within_the_limit_with_a_thousand_open_files(void **state)
{
    enum { PARTITIONS = 1000, RECORDS = 20000 };
    struct rig r;
    uint64_t random = 1;
    size_t most_open = 0;
    int written = 0, acked = 0;

    (void)state;
    rig_init(&r);
    r.settings.key_template = RIG_BY_COLLECTION;
    r.settings.memory_limit = 32 << 20;
    r.sink.finish_at_once = true;
    rig_open(&r);
    while (written < RECORDS) {
        char name[16];
        struct s3c_ack acks[8];
        size_t n;

        (void)snprintf(name, sizeof(name), "c%u", (unsigned)(check_random(&random) % PARTITIONS));
        written += rig_write_to(&r, name, KILO, written, 1);
        assert_true(s3c_destination_memory(r.d) <= r.d->memory_limit + (64 << 10));
        most_open = rig_stats(&r).open > most_open ? rig_stats(&r).open : most_open;
        while (s3c_destination_acks(r.d, acks, 8, &n, 0, NULL) == 0)
            acked += (int)n;
        if (r.sink.puts > FAKE_SINK_MAX - 2000)
            break;
    }
    assert_int_equal(most_open, PARTITIONS);
    assert_true(rig_stats(&r).files[S3C_CLOSE_MEMORY] > 0);
    assert_true(acked > 0);
    rig_close(&r);
}

/* The memory of a large body serves the next file but one: it is counted, and files of a size need no more after the first ones. */
static void uses_the_memory_of_bodies_again(void **state)
{
    enum { RECORDS = 1400 };
    struct rig r;
    size_t first, with_spare;

    (void)state;
    rig_init(&r);
    r.settings.buffer_size = RECORDS;
    r.settings.memory_limit = 64 << 20;
    r.sink.finish_at_once = true;
    rig_open(&r);
    assert_int_equal(rig_write_to(&r, "c", KILO, 0, 1), 1);
    first = s3c_destination_memory(r.d);
    assert_int_equal(rig_write_to(&r, "c", KILO, 1, RECORDS - 1), RECORDS - 1);
    rig_expect_acks(&r, 0, RECORDS, 0);
    rig_expect_none(&r, S3C_AGAIN);
    with_spare = s3c_destination_memory(r.d);
    assert_in_range(with_spare, S3C_SPARE_BODY_MIN, S3C_SPARE_BODY_MAX + first);
    assert_int_equal(rig_write_to(&r, "c", KILO, RECORDS, 1), 1);
    assert_in_range(s3c_destination_memory(r.d), with_spare, with_spare + first); /* it moved */
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(closes_the_largest_first),
        CHECK_TEST(closes_the_oldest_of_equal_ones),
        CHECK_TEST(closes_more_than_one_where_one_is_too_little),
        CHECK_TEST(waits_for_uploads_that_will_do),
        CHECK_TEST(closes_the_file_that_acknowledgements_wait_for),
        CHECK_TEST(takes_a_record_that_is_larger_than_the_limit_between_others),
        CHECK_TEST(stays_within_the_limit_with_a_thousand_open_files),
        CHECK_TEST(uses_the_memory_of_bodies_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
