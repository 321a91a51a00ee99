/* SPDX-License-Identifier: Apache-2.0 */
/* write.once against a model of a bucket: what is stored where, and that replays after crashes leave each record there once. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/view.h"
#include "config/settings.h"
#include "dest/engine_private.h"
#include "format/json.h"
#include "model_bucket.h"

#define FIRST "out/169b5b823c62b64ca7e5f8456a13c8d5" /* SHA-256 of "p0" */

enum { RECORDS_MAX = 4000 };

struct world {
    struct model_bucket bucket;
    struct s3c_settings settings;
    struct s3c_destination *d;
    struct s3c_log log;
    char logged[1024];
    size_t acked;  /* records from the first on */
    size_t border; /* what a replay may begin at */
    unsigned partitions;
};

static void keep_line(void *ctx, enum s3c_log_level level, const char *message)
{
    struct world *w = ctx;

    (void)level;
    (void)snprintf(w->logged, sizeof(w->logged), "%s", message);
}

static void begin(struct world *w, uint64_t seed)
{
    memset(w, 0, sizeof(*w));
    model_bucket_init(&w->bucket, seed);
    w->log = (struct s3c_log){S3C_LOG_DEBUG, keep_line, w};
    w->partitions = 1;
    w->settings = (struct s3c_settings){.prefix = "out",
                                        .key_template = "{prefix}{name}",
                                        .write_once = 1,
                                        .bucket = "bucket",
                                        .part_size = 8 << 20,
                                        .buffer_size = 10,
                                        .file_max_age_ns = 10 * S3C_NS_PER_SEC,
                                        .file_max_idle_ns = S3C_NS_PER_SEC,
                                        .memory_limit = 16 << 20,
                                        .max_connections = 8};
}

/* Whether there was memory for it. */
static bool start_quietly(struct world *w)
{
    struct s3c_destination_parts parts = {.settings = &w->settings,
                                          .clock = &w->bucket.clock,
                                          .log = &w->log,
                                          .sink = &w->bucket.base,
                                          .honours_if_none_match = !w->bucket.ignores_conditions,
                                          .random = 7};

    return s3c_json_format_new(&parts.format, NULL) == 0 &&
           s3c_destination_new(&w->d, &parts, NULL) == 0;
}

static void start(struct world *w)
{
    assert_true(start_quietly(w));
}

static void crash(struct world *w)
{
    s3c_destination_close(w->d);
    w->d = NULL;
}

static void end(struct world *w)
{
    crash(w);
    model_bucket_done(&w->bucket);
}

static int take_some_acks(struct world *w, int timeout_ms)
{
    struct s3c_ack acks[64];
    size_t n = 0;
    int r = s3c_destination_acks(w->d, acks, 64, &n, timeout_ms, NULL);

    for (size_t i = 0; i < n; i++) {
        char position[16];

        (void)snprintf(position, sizeof(position), "p%zu", w->acked++);
        CHECK_VIEW(acks[i].position, position);
        assert_null(acks[i].error);
        w->border = acks[i].border ? w->acked : w->border;
    }
    return r;
}

/* Takes all that are there, as whoever keeps a position does: they come in order, each record once. 0: there were some. */
static int take_acks(struct world *w, int timeout_ms)
{
    int r = take_some_acks(w, timeout_ms), more = r;

    while (more == 0)
        more = take_some_acks(w, 0);
    return r;
}

static int write_one(struct world *w, size_t number)
{
    char position[16], collection[16];
    struct s3c_metadata metadata = {S3C_VIEW("opencdc.collection"), {collection, 0}};
    struct s3c_record r = {.operation = S3C_OP_CREATE,
                           .metadata = &metadata,
                           .metadata_count = 1,
                           .after = {S3C_DATA_RAW, S3C_VIEW("some payload")}};
    size_t taken = 0;

    r.position =
        (struct s3c_view){position, (size_t)snprintf(position, sizeof(position), "p%zu", number)};
    metadata.value.len = (size_t)snprintf(collection, sizeof(collection), "c%zu",
                                          number * 7919 % 97 % w->partitions);
    return s3c_destination_write(w->d, &r, 1, &taken, NULL);
}

static void write_all(struct world *w, size_t from, size_t count)
{
    for (size_t i = from; i < from + count; i++)
        CHECK_OK(write_one(w, i), NULL);
}

static void stop(struct world *w)
{
    CHECK_OK(s3c_destination_stop(w->d, -1, NULL), NULL);
    while (take_acks(w, 1000) != S3C_END)
        continue;
}

/* How often each of the records is in the bucket. */
static void count_stored(struct world *w, unsigned *times)
{
    memset(times, 0, RECORDS_MAX * sizeof(*times));
    for (size_t i = 0; i < w->bucket.count; i++) {
        const char *at = w->bucket.objects[i].body;

        while ((at = strstr(at, "\"Position\":\"p")) != NULL) {
            at += strlen("\"Position\":\"p");
            times[strtoul(at, NULL, 10)]++;
        }
    }
}

static void check_once(struct world *w, size_t records)
{
    unsigned times[RECORDS_MAX];

    count_stored(w, times);
    for (size_t i = 0; i < records; i++) {
        if (times[i] != 1)
            fail_msg("record %zu is there %u times", i, times[i]);
    }
}

/* One run that writes these and stops. */
static void run(struct world *w, size_t from, size_t count, int64_t file_records)
{
    w->settings.buffer_size = file_records;
    w->acked = from;
    start(w);
    write_all(w, from, count);
    stop(w);
    assert_int_equal(w->acked, from + count);
    crash(w);
}

/* ---- single steps ---- */

static void names_and_marks_files(void **state)
{
    struct world w;
    const struct model_object *o;

    (void)state;
    begin(&w, 1);
    run(&w, 0, 15, 10);
    assert_int_equal(w.bucket.count, 2);
    o = model_bucket_find(&w.bucket, FIRST ".json");
    assert_non_null(o);
    assert_string_equal(o->meta[0], "X-Amz-Meta-s3c-count: 10\r\n");
    assert_string_equal(o->meta[3], "X-Amz-Meta-s3c-last: cDk\r\n"); /* "p9" */
    check_once(&w, 15);
    end(&w);
}

static void finds_its_own_file_again(void **state)
{
    struct world w;

    (void)state;
    begin(&w, 1);
    run(&w, 0, 10, 10);
    run(&w, 0, 10, 10);
    assert_int_equal(w.bucket.count, 1);
    assert_int_equal(w.bucket.puts, 2);
    assert_int_equal(w.bucket.looks, 1);
    end(&w);
}

static void cuts_off_what_is_there(void **state)
{
    struct world w;

    (void)state;
    begin(&w, 1);
    run(&w, 0, 10, 10);
    run(&w, 0, 25, 25);
    assert_int_equal(w.bucket.count, 2);
    check_once(&w, 25);
    end(&w);
}

static void holds_the_beginning_until_the_rest_comes(void **state)
{
    struct world w;

    (void)state;
    begin(&w, 1);
    run(&w, 0, 30, 30);
    w.settings.buffer_size = 7;
    w.acked = 0;
    start(&w);
    write_all(&w, 0, 28);
    assert_int_equal(take_acks(&w, 500), S3C_AGAIN); /* all 28 may be in it, but who knows */
    assert_int_equal(w.acked, 0);
    write_all(&w, 28, 7);
    while (w.acked < 30)
        CHECK_OK(take_acks(&w, 100), NULL);
    stop(&w);
    assert_int_equal(w.acked, 35);
    check_once(&w, 35);
    end(&w);
}

/* A stop comes while more of a replay is still to come: the next one must not begin in the middle of the file. */
static void names_no_border_inside_a_file(void **state)
{
    struct world w;

    (void)state;
    begin(&w, 1);
    run(&w, 0, 30, 30);
    assert_int_equal(w.border, 30);
    for (int more = 0; more < 2; more++) {
        w.acked = w.border = 0;
        start(&w);
        s3c_destination_expect_more(w.d, more);
        write_all(&w, 0, 5);
        stop(&w);
        assert_int_equal(w.acked, 5);
        assert_int_equal(w.border, more ? 0 : 5);
        crash(&w);
    }
    end(&w);
}

static void waits_as_long_as_more_is_expected(void **state)
{
    struct world w;

    (void)state;
    begin(&w, 1);
    run(&w, 0, 30, 30);
    w.acked = 0;
    start(&w);
    s3c_destination_expect_more(w.d, true);
    write_all(&w, 0, 5);
    assert_int_equal(take_acks(&w, 600000), S3C_AGAIN);
    write_all(&w, 5, 26);
    stop(&w);
    assert_int_equal(w.border, 31);
    check_once(&w, 31);
    end(&w);
}

static void gives_way_where_memory_is_out(void **state)
{
    struct world w;
    int r;

    (void)state;
    begin(&w, 1);
    run(&w, 0, 2000, 2000);
    w.settings.memory_limit = 100000;
    w.acked = 0;
    start(&w);
    s3c_destination_expect_more(w.d, true);
    for (size_t i = 0; i < 2000; i += r == 0) {
        r = write_one(&w, i);
        if (r == S3C_AGAIN)
            assert_int_not_equal(take_acks(&w, 1000), S3C_END);
    }
    stop(&w);
    assert_int_equal(w.acked, 2000);
    end(&w);
}

static void lets_a_host_go_on_that_waits(void **state)
{
    struct world w;
    int64_t before;

    (void)state;
    begin(&w, 1);
    run(&w, 0, 30, 30);
    w.acked = 0;
    start(&w);
    write_all(&w, 0, 5);
    before = w.bucket.now_ns;
    CHECK_OK(take_acks(&w, 60000), NULL);
    assert_int_equal(w.acked, 5);
    assert_true(w.bucket.now_ns - before <= 12 * S3C_NS_PER_SEC);
    write_all(
        &w, 5,
        26); /* a restart in the middle of a file is the one thing that repeats: here there was none */
    stop(&w);
    assert_int_equal(w.acked, 31);
    end(&w);
}

static void leaves_files_of_others_alone(void **state)
{
    struct world w;

    (void)state;
    begin(&w, 1);
    model_bucket_add(&w.bucket, FIRST ".json", "not ours");
    model_bucket_add(&w.bucket, FIRST "-1.json", "neither");
    run(&w, 0, 3, 10);
    assert_string_equal(model_bucket_find(&w.bucket, FIRST ".json")->body, "not ours");
    assert_non_null(model_bucket_find(&w.bucket, FIRST "-2.json"));
    CHECK_HAS(w.logged, "another name is taken");
    check_once(&w, 3);
    run(&w, 0, 3, 10);
    assert_int_equal(w.bucket.count, 3);
    end(&w);
}

static void numbers_files_whose_names_are_positions(void **state)
{
    struct world w;

    (void)state;
    begin(&w, 1);
    w.settings.key_template = "{prefix}{position}";
    model_bucket_add(&w.bucket, "out/p0.json", "not ours");
    run(&w, 0, 3, 10);
    assert_non_null(model_bucket_find(&w.bucket, "out/p0.1.json"));
    end(&w);
}

/* Record 3 was not there the first time: what the old file has is no longer what the replay brings. */
static void writes_another_replay_beside_the_old_one(void **state)
{
    struct world w;
    unsigned times[RECORDS_MAX];

    (void)state;
    begin(&w, 1);
    start(&w);
    w.acked = 0;
    for (size_t i = 0; i < 10; i++)
        CHECK_OK(i == 3 ? 0 : write_one(&w, i), NULL);
    CHECK_OK(s3c_destination_stop(w.d, -1, NULL), NULL);
    crash(&w);
    start(&w);
    write_all(&w, 0, 10);
    stop(&w);
    count_stored(&w, times);
    for (size_t i = 0; i < 10; i++)
        assert_true(times[i] >= 1);
    CHECK_HAS(w.logged, "other records");
    end(&w);
}

static void writes_what_it_has_held_when_the_replay_is_another(void **state)
{
    struct world w;
    unsigned times[RECORDS_MAX];

    (void)state;
    begin(&w, 1);
    run(&w, 0, 10, 10);
    w.settings.buffer_size = 4;
    w.acked = 0;
    start(&w);
    write_all(&w, 0, 4);
    for (size_t i = 0; i < 12; i++)
        CHECK_OK(write_one(&w, 100 + i), NULL);
    CHECK_OK(s3c_destination_stop(w.d, -1, NULL), NULL);
    crash(&w); /* which waits for what is on its way */
    count_stored(&w, times);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(times[i], 1 + (model_bucket_find(&w.bucket, FIRST "-1.json") != NULL));
    end(&w);
}

static void looks_first_where_conditions_are_ignored(void **state)
{
    struct world w;

    (void)state;
    begin(&w, 1);
    w.bucket.ignores_conditions = true;
    run(&w, 0, 10, 10);
    assert_int_equal(w.bucket.looks, 1);
    run(&w, 0, 25, 7);
    check_once(&w, 25);
    run(&w, 0, 25, 25);
    check_once(&w, 25);
    end(&w);
}

/* What cannot be had at the moment is tried again, or its records are failed: none is acknowledged that is not there. */
static void write_and_stop(struct world *w, size_t count)
{
    unsigned times[RECORDS_MAX];
    struct s3c_ack ack;
    size_t n, number = 0;
    int r = 0;

    for (size_t i = 0; i < count; i++) {
        r = write_one(w, i);
        if (r < 0) /* once */
            r = write_one(w, i);
        assert_int_equal(r, 0);
    }
    CHECK_OK(s3c_destination_stop(w->d, -1, NULL), NULL);
    while ((r = s3c_destination_acks(w->d, &ack, 1, &n, 1000, NULL)) != S3C_END) {
        count_stored(w, times);
        if (r == 0 && !ack.error)
            assert_true(times[number] >= 1);
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

        begin(&w, 1);
        for (int size = 4; size <= 6; size += 2) { /* 4, 4; then 6 of which 2 are new, 2 */
            w.settings.buffer_size = size;
            if (!start_quietly(&w))
                continue;
            write_and_stop(&w, 8);
            crash(&w);
        }
        model_bucket_done(&w.bucket);
    }
}

/* ---- any crash, any size ---- */

/* A run from what was acknowledged, until it crashes or has written everything. */
static void run_until_it_crashes(struct world *w, size_t records, bool may_crash)
{
    struct model_bucket *b = &w->bucket;
    size_t next = w->acked;

    w->settings.buffer_size = 1 + (int64_t)(check_random(&b->random) % 40);
    start(w);
    while (next < records) {
        unsigned dice = (unsigned)(check_random(&b->random) % 100);
        int r;

        if (dice == 0 && may_crash)
            return;
        if (dice < 8)
            (void)take_acks(w, dice < 4 ? 300 : 0);
        r = write_one(w, next);
        assert_true(r == 0 || r == S3C_AGAIN);
        if (r == 0)
            next++;
        else
            (void)take_acks(w, 100);
    }
    stop(w);
}

static void crash_and_replay(uint64_t seed, unsigned partitions, bool ignores, unsigned trouble)
{
    struct world w;
    size_t records = 1000, crashes = 0;

    begin(&w, seed);
    w.partitions = partitions;
    if (partitions > 1)
        w.settings.key_template = "{prefix}{collection}/{name}";
    w.bucket.ignores_conditions = ignores;
    w.bucket.trouble = trouble;
    while (w.acked < records) {
        run_until_it_crashes(&w, records, crashes < 30);
        crash(&w);
        crashes++;
    }
    check_once(&w, records);
    end(&w);
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

static void makes_no_file_that_one_request_cannot_hold(void **state)
{
    static const int64_t options[] = {0, INT64_C(10) << 30, 1 << 20},
                         limits[] = {INT64_C(4) << 30, INT64_C(4) << 30, 1 << 20};

    (void)state;
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        struct world w;

        begin(&w, 1);
        w.settings.file_max_bytes = options[i];
        start(&w);
        assert_int_equal(w.d->limits.bytes, limits[i]);
        crash(&w);
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
        CHECK_TEST(leaves_each_record_once),
        CHECK_TEST(leaves_each_record_once_where_it_must_look_first),
        CHECK_TEST(leaves_each_record_of_each_partition_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
