/* SPDX-License-Identifier: Apache-2.0 */
/* write.once against a model of a bucket: what is stored where. */
#include "once_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/view.h"
#include "config/settings.h"
#include "dest/engine_private.h"
#include "format/json.h"
#include "model_bucket.h"

#define FIRST "out/169b5b823c62b64ca7e5f8456a13c8d5" /* SHA-256 of "p0" */

/* ---- single steps ---- */

static void names_and_marks_files(void **state)
{
    struct world w;
    const struct model_object *o;

    (void)state;
    world_begin(&w, 1);
    world_run(&w, 0, 15, 10);
    assert_int_equal(w.bucket.count, 2);
    o = model_bucket_find(&w.bucket, FIRST ".json");
    assert_non_null(o);
    assert_string_equal(o->meta[0], "X-Amz-Meta-s3c-count: 10\r\n");
    assert_string_equal(o->meta[3], "X-Amz-Meta-s3c-last: cDk\r\n"); /* "p9" */
    world_check_once(&w, 15);
    world_end(&w);
}

static void finds_its_own_file_again(void **state)
{
    struct world w;

    (void)state;
    world_begin(&w, 1);
    world_run(&w, 0, 10, 10);
    world_run(&w, 0, 10, 10);
    assert_int_equal(w.bucket.count, 1);
    assert_int_equal(w.bucket.puts, 2);
    assert_int_equal(w.bucket.looks, 1);
    world_end(&w);
}

static void cuts_off_what_is_there(void **state)
{
    struct world w;

    (void)state;
    world_begin(&w, 1);
    world_run(&w, 0, 10, 10);
    world_run(&w, 0, 25, 25);
    assert_int_equal(w.bucket.count, 2);
    world_check_once(&w, 25);
    world_end(&w);
}

static void holds_the_beginning_until_the_rest_comes(void **state)
{
    struct world w;

    (void)state;
    world_begin(&w, 1);
    world_run(&w, 0, 30, 30);
    w.settings.buffer_size = 7;
    w.acked = 0;
    world_start(&w);
    world_write_all(&w, 0, 28);
    assert_int_equal(world_take_acks(&w, 500), S3C_AGAIN); /* all 28 may be in it, but who knows */
    assert_int_equal(w.acked, 0);
    world_write_all(&w, 28, 7);
    while (w.acked < 30)
        CHECK_OK(world_take_acks(&w, 100), NULL);
    world_stop(&w);
    assert_int_equal(w.acked, 35);
    world_check_once(&w, 35);
    world_end(&w);
}

/* A stop comes while more of a replay is still to come: the next one must not begin in the middle of the file. */
static void names_no_border_inside_a_file(void **state)
{
    struct world w;

    (void)state;
    world_begin(&w, 1);
    world_run(&w, 0, 30, 30);
    assert_int_equal(w.border, 30);
    for (int more = 0; more < 2; more++) {
        w.acked = w.border = 0;
        world_start(&w);
        s3c_destination_expect_more(w.d, more);
        world_write_all(&w, 0, 5);
        world_stop(&w);
        assert_int_equal(w.acked, 5);
        assert_int_equal(w.border, more ? 0 : 5);
        world_crash(&w);
    }
    world_end(&w);
}

static void waits_as_long_as_more_is_expected(void **state)
{
    struct world w;

    (void)state;
    world_begin(&w, 1);
    world_run(&w, 0, 30, 30);
    w.acked = 0;
    world_start(&w);
    s3c_destination_expect_more(w.d, true);
    world_write_all(&w, 0, 5);
    assert_int_equal(world_take_acks(&w, 600000), S3C_AGAIN);
    world_write_all(&w, 5, 26);
    world_stop(&w);
    assert_int_equal(w.border, 31);
    world_check_once(&w, 31);
    world_end(&w);
}

static void gives_way_where_memory_is_out(void **state)
{
    struct world w;
    int r;

    (void)state;
    world_begin(&w, 1);
    world_run(&w, 0, 2000, 2000);
    w.settings.memory_limit = 100000;
    w.acked = 0;
    world_start(&w);
    s3c_destination_expect_more(w.d, true);
    for (size_t i = 0; i < 2000; i += r == 0) {
        r = world_write_one(&w, i);
        if (r == S3C_AGAIN)
            assert_int_not_equal(world_take_acks(&w, 1000), S3C_END);
    }
    world_stop(&w);
    assert_int_equal(w.acked, 2000);
    world_end(&w);
}

static void lets_a_host_go_on_that_waits(void **state)
{
    struct world w;
    int64_t before;

    (void)state;
    world_begin(&w, 1);
    world_run(&w, 0, 30, 30);
    w.acked = 0;
    world_start(&w);
    world_write_all(&w, 0, 5);
    before = w.bucket.now_ns;
    CHECK_OK(world_take_acks(&w, 60000), NULL);
    assert_int_equal(w.acked, 5);
    assert_true(w.bucket.now_ns - before <= 12 * S3C_NS_PER_SEC);
    world_write_all(
        &w, 5,
        26); /* a restart in the middle of a file is the one thing that repeats: here there was none */
    world_stop(&w);
    assert_int_equal(w.acked, 31);
    world_end(&w);
}

static void leaves_files_of_others_alone(void **state)
{
    struct world w;

    (void)state;
    world_begin(&w, 1);
    model_bucket_add(&w.bucket, FIRST ".json", "not ours");
    model_bucket_add(&w.bucket, FIRST "-1.json", "neither");
    world_run(&w, 0, 3, 10);
    assert_string_equal(model_bucket_find(&w.bucket, FIRST ".json")->body, "not ours");
    assert_non_null(model_bucket_find(&w.bucket, FIRST "-2.json"));
    CHECK_HAS(w.logged, "another name is taken");
    world_check_once(&w, 3);
    world_run(&w, 0, 3, 10);
    assert_int_equal(w.bucket.count, 3);
    world_end(&w);
}

static void numbers_files_whose_names_are_positions(void **state)
{
    struct world w;

    (void)state;
    world_begin(&w, 1);
    w.settings.key_template = "{prefix}{position}";
    model_bucket_add(&w.bucket, "out/p0.json", "not ours");
    world_run(&w, 0, 3, 10);
    assert_non_null(model_bucket_find(&w.bucket, "out/p0.1.json"));
    world_end(&w);
}

/* Record 3 was not there the first time: what the old file has is no longer what the replay brings. */
static void writes_another_replay_beside_the_old_one(void **state)
{
    struct world w;
    unsigned *times;

    (void)state;
    world_begin(&w, 1);
    world_start(&w);
    w.acked = 0;
    for (size_t i = 0; i < 10; i++)
        CHECK_OK(i == 3 ? 0 : world_write_one(&w, i), NULL);
    CHECK_OK(s3c_destination_stop(w.d, -1, NULL), NULL);
    world_crash(&w);
    world_start(&w);
    world_write_all(&w, 0, 10);
    world_stop(&w);
    times = world_count_stored(&w);
    for (size_t i = 0; i < 10; i++)
        assert_true(times[i] >= 1);
    free(times);
    CHECK_HAS(w.logged, "other records");
    world_end(&w);
}

static void writes_what_it_has_held_when_the_replay_is_another(void **state)
{
    struct world w;
    unsigned *times;

    (void)state;
    world_begin(&w, 1);
    world_run(&w, 0, 10, 10);
    w.settings.buffer_size = 4;
    w.acked = 0;
    world_start(&w);
    world_write_all(&w, 0, 4);
    for (size_t i = 0; i < 12; i++)
        CHECK_OK(world_write_one(&w, 100 + i), NULL);
    CHECK_OK(s3c_destination_stop(w.d, -1, NULL), NULL);
    world_crash(&w); /* which waits for what is on its way */
    times = world_count_stored(&w);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(times[i], 1 + (model_bucket_find(&w.bucket, FIRST "-1.json") != NULL));
    free(times);
    world_end(&w);
}

static void looks_first_where_conditions_are_ignored(void **state)
{
    struct world w;

    (void)state;
    world_begin(&w, 1);
    w.bucket.ignores_conditions = true;
    world_run(&w, 0, 10, 10);
    assert_int_equal(w.bucket.looks, 1);
    world_run(&w, 0, 25, 7);
    world_check_once(&w, 25);
    world_run(&w, 0, 25, 25);
    world_check_once(&w, 25);
    world_end(&w);
}

/* What cannot be had at the moment is tried again, or its records are failed: none is acknowledged that is not there. */
static void write_and_stop(struct world *w, size_t count)
{
    struct s3c_ack ack;
    size_t n, number = 0;
    int r = 0;

    for (size_t i = 0; i < count; i++) {
        r = world_write_one(w, i);
        if (r < 0) /* once */
            r = world_write_one(w, i);
        assert_int_equal(r, 0);
    }
    CHECK_OK(s3c_destination_stop(w->d, -1, NULL), NULL);
    while ((r = s3c_destination_acks(w->d, &ack, 1, &n, 1000, NULL)) != S3C_END) {
        unsigned *times = world_count_stored(w);

        if (r == 0 && !ack.error)
            assert_true(times[number] >= 1);
        free(times);
        assert_true(r != 0 || !ack.error || check_alloc_failed());
        number += r == 0;
    }
    assert_int_equal(number, count);
}

static void survives_every_allocation_failure(void **state)
{
    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct world w;

        world_begin(&w, 1);
        for (int size = 4; size <= 6; size += 2) { /* 4, 4; then 6 of which 2 are new, 2 */
            w.settings.buffer_size = size;
            if (!world_start_quietly(&w))
                continue;
            write_and_stop(&w, 8);
            world_crash(&w);
        }
        model_bucket_done(&w.bucket);
    }
}

static void makes_no_file_that_one_request_cannot_hold(void **state)
{
    static const int64_t options[] = {0, INT64_C(10) << 30, 1 << 20},
                         limits[] = {INT64_C(4) << 30, INT64_C(4) << 30, 1 << 20};

    (void)state;
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        struct world w;

        world_begin(&w, 1);
        w.settings.file_max_bytes = options[i];
        world_start(&w);
        assert_int_equal(w.d->limits.bytes, limits[i]);
        world_crash(&w);
        model_bucket_done(&w.bucket);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(names_and_marks_files),
        CHECK_TEST(makes_no_file_that_one_request_cannot_hold),
        CHECK_TEST(finds_its_own_file_again),
        CHECK_TEST(cuts_off_what_is_there),
        CHECK_TEST(holds_the_beginning_until_the_rest_comes),
        CHECK_TEST(names_no_border_inside_a_file),
        CHECK_TEST(waits_as_long_as_more_is_expected),
        CHECK_TEST(gives_way_where_memory_is_out),
        CHECK_TEST(lets_a_host_go_on_that_waits),
        CHECK_TEST(leaves_files_of_others_alone),
        CHECK_TEST(numbers_files_whose_names_are_positions),
        CHECK_TEST(writes_another_replay_beside_the_old_one),
        CHECK_TEST(writes_what_it_has_held_when_the_replay_is_another),
        CHECK_TEST(looks_first_where_conditions_are_ignored),
        CHECK_TEST(survives_every_allocation_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
