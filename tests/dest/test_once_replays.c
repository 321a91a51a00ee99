/* SPDX-License-Identifier: Apache-2.0 */
/* write.once: replays after crashes leave each record in the bucket once, whatever the sizes and the partitions. */
#include "once_world.h"

/* Long files of many partitions come again in pieces: to hold them costs about what their records are. */
static void holds_many_small_files(size_t records, int64_t first_size, int64_t age_ns)
{
    struct world w;
    size_t written = 0;

    world_begin(&w, 1);
    w.partitions = 50;
    w.settings.key_template = "{prefix}{collection}/{name}";
    w.settings.memory_limit = 1 << 30;
    world_run(&w, 0, records, first_size);
    w.settings.memory_limit = 64 << 20;
    w.settings.buffer_size = 12;
    w.settings.file_max_age_ns = w.settings.file_max_idle_ns = age_ns;
    w.acked = 0;
    world_start(&w);
    s3c_destination_expect_more(w.d, true);
    while (written < records) {
        int r = world_write_one(&w, written);

        assert_true(r == 0 || r == S3C_AGAIN);
        written += r == 0;
        if (r == S3C_AGAIN)
            assert_int_not_equal(world_take_acks(&w, 100), S3C_END);
    }
    world_stop(&w);
    assert_int_equal(w.acked, records);
    assert_int_equal(w.gave_way, 0);
    world_check_once(&w, records);
    world_end(&w);
}

static void holds_long_files_that_come_in_pieces(void **state)
{
    (void)state;
    holds_many_small_files(RECORDS_MAX, 5000, 10 * S3C_NS_PER_SEC);
}

static void holds_pieces_that_nothing_but_their_size_ends(void **state)
{
    (void)state;
    holds_many_small_files(50000, 5000, 0);
}

/* ---- any crash, any size ---- */

/* A run from what was acknowledged, until it crashes or has written everything. */
static void run_until_it_crashes(struct world *w, size_t records, bool may_crash)
{
    struct model_bucket *b = &w->bucket;
    size_t next = w->acked;

    w->settings.buffer_size = 1 + (int64_t)(check_random(&b->random) % 40);
    world_start(w);
    while (next < records) {
        unsigned dice = (unsigned)(check_random(&b->random) % 100);
        int r;

        if (dice == 0 && may_crash)
            return;
        if (dice < 8)
            (void)world_take_acks(w, dice < 4 ? 300 : 0);
        r = world_write_one(w, next);
        assert_true(r == 0 || r == S3C_AGAIN);
        if (r == 0)
            next++;
        else
            (void)world_take_acks(w, 100);
    }
    world_stop(w);
}

static void crash_and_replay(uint64_t seed, unsigned partitions, bool ignores, unsigned trouble)
{
    struct world w;
    size_t records = 1000, crashes = 0;

    world_begin(&w, seed);
    w.partitions = partitions;
    if (partitions > 1)
        w.settings.key_template = "{prefix}{collection}/{name}";
    w.bucket.ignores_conditions = ignores;
    w.bucket.trouble = trouble;
    while (w.acked < records) {
        run_until_it_crashes(&w, records, crashes < 30);
        world_crash(&w);
        crashes++;
    }
    world_check_once(&w, records);
    world_end(&w);
}

static void leaves_each_record_once(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 25; seed++)
        crash_and_replay(seed, 1, false, seed % 3 * 10);
}

static void leaves_each_record_once_where_it_must_look_first(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 15; seed++)
        crash_and_replay(seed, 1, true, seed % 3 * 10);
}

static void leaves_each_record_of_each_partition_once(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 25; seed++)
        crash_and_replay(seed, 2 + (unsigned)seed % 9, false, seed % 3 * 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(holds_long_files_that_come_in_pieces),
        CHECK_TEST(holds_pieces_that_nothing_but_their_size_ends),
        CHECK_TEST(leaves_each_record_once),
        CHECK_TEST(leaves_each_record_once_where_it_must_look_first),
        CHECK_TEST(leaves_each_record_of_each_partition_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
