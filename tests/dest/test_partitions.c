/* SPDX-License-Identifier: Apache-2.0 */
/* Records of different partitions: which file they go into, when those are closed, and acknowledgements over all of them. */
#include "rig.h"

#include <stdio.h>
#include <string.h>

#include "base/view.h"
#include "dest/engine.h"
#include "dest/order.h"
#include "dest/partition.h"
#include "format/json.h"

static void start(struct rig *r)
{
    rig_init(r);
    r->settings.key_template = RIG_BY_COLLECTION;
}

static void write_to(struct rig *r, const char *collection, int first, int count)
{
    assert_int_equal(rig_write_to(r, collection, "payload", first, count), count);
}

static void divides_records_by_the_template(void **state)
{
    struct rig r;

    (void)state;
    start(&r);
    rig_open(&r);
    write_to(&r, "a", 0, 1);
    write_to(&r, "b", 1, 2);
    write_to(&r, "a", 3, 1);
    write_to(&r, NULL, 4, 1);
    assert_int_equal(rig_stats(&r).open, 3);
    CHECK_OK(s3c_destination_stop(r.d, -1, NULL), NULL);
    assert_int_equal(rig_stats(&r).open, 0);
    assert_int_equal(r.sink.puts, 3);
    assert_string_equal(r.sink.keys[0], "out/a/20231114T221320.000000000Z-00000007-000001.json");
    assert_string_equal(r.sink.keys[1], "out/b/20231114T221320.000000000Z-00000007-000002.json");
    CHECK_HAS(r.sink.keys[2], "out/__HIVE_DEFAULT_PARTITION__/");
    CHECK_HAS(r.sink.bodies[0].ptr, "\"p0\"");
    CHECK_HAS(r.sink.bodies[0].ptr, "\"p3\"");
    assert_null(strstr(r.sink.bodies[0].ptr, "\"p1\""));
    CHECK_HAS(r.sink.bodies[1].ptr, "\"p2\"");
    rig_finish_all(&r);
    rig_expect_acks(&r, 0, 5, 0);
    rig_expect_none(&r, S3C_END);
    rig_close(&r);
}

static void acknowledges_in_order_whatever_file_is_done_first(void **state)
{
    static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                     {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    /* Records go to a b c c b a: how many can be given when these files are done (bits). */
    static const int given[8] = {
        [0] = 0, [1] = 1, [2] = 0, [3] = 2, [4] = 0, [5] = 1, [6] = 0, [7] = 6};

    (void)state;
    for (int o = 0; o < 6; o++) {
        struct rig r;
        int before = 0;
        unsigned done = 0;

        start(&r);
        rig_open(&r);
        for (int i = 0; i < 6; i++)
            write_to(&r, (const char *[]){"a", "b", "c", "c", "b", "a"}[i], i, 1);
        CHECK_OK(s3c_destination_flush(r.d, NULL), NULL);
        for (int k = 0; k < 3; k++) {
            fake_sink_finish(&r.sink, (size_t)orders[o][k], 0, false, "");
            done |= 1u << orders[o][k];
            rig_expect_acks(&r, before, given[done] - before, 0);
            before = given[done];
            rig_expect_none(&r, S3C_AGAIN);
        }
        assert_int_equal(rig_stats(&r).acked, 6);
        rig_close(&r);
    }
}

static void waits_for_an_older_record_in_an_open_file(void **state)
{
    struct rig r;

    (void)state;
    start(&r);
    r.settings.buffer_size = 2;
    rig_open(&r);
    write_to(&r, "slow", 0, 1);
    write_to(&r, "fast", 1, 4);
    assert_int_equal(r.sink.puts, 2);
    rig_finish_all(&r);
    rig_expect_none(&r, S3C_AGAIN);
    assert_int_equal(s3c_destination_timeout_ms(r.d), -1);
    write_to(&r, "slow", 5, 1);
    rig_finish_all(&r);
    rig_expect_acks(&r, 0, 6, 0);
    rig_close(&r);
}

static void fails_only_the_records_of_the_file_that_failed(void **state)
{
    struct rig r;

    (void)state;
    start(&r);
    rig_open(&r);
    write_to(&r, "a", 0, 1);
    write_to(&r, "b", 1, 1);
    write_to(&r, "a", 2, 1);
    CHECK_OK(s3c_destination_stop(r.d, -1, NULL), NULL);
    fake_sink_finish(&r.sink, 1, S3C_E_DENIED, false, "PutObject: access denied");
    fake_sink_finish(&r.sink, 0, 0, false, "");
    rig_expect_acks(&r, 0, 1, 0);
    rig_expect_acks(&r, 1, 1, S3C_E_DENIED);
    rig_expect_acks(&r, 2, 1, 0);
    assert_int_equal(rig_stats(&r).failed, 1);
    rig_close(&r);
}

static void closes_the_full_file_only(void **state)
{
    struct rig r;

    (void)state;
    start(&r);
    r.settings.buffer_size = 3;
    rig_open(&r);
    write_to(&r, "a", 0, 2);
    write_to(&r, "b", 2, 3);
    assert_int_equal(r.sink.puts, 1);
    CHECK_HAS(r.sink.keys[0], "out/b/");
    assert_int_equal(rig_stats(&r).open, 1);
    assert_int_equal(rig_stats(&r).files[S3C_CLOSE_COUNT], 1);
    rig_close(&r);
}

static void closes_each_file_by_its_own_age(void **state)
{
    struct rig r;

    (void)state;
    start(&r);
    r.settings.file_max_age_ns = 10 * S3C_NS_PER_SEC;
    rig_open(&r);
    write_to(&r, "a", 0, 1);
    rig_advance_ms(&r, 4000);
    write_to(&r, "b", 1, 1);
    write_to(&r, "a", 2, 1); /* a stays the older one */
    assert_int_equal(s3c_destination_timeout_ms(r.d), 6000);
    rig_advance_ms(&r, 6000);
    assert_int_equal(r.sink.puts, 1);
    CHECK_HAS(r.sink.keys[0], "out/a/");
    assert_int_equal(s3c_destination_timeout_ms(r.d), 4000);
    rig_advance_ms(&r, 4000);
    assert_int_equal(r.sink.puts, 2);
    assert_int_equal(rig_stats(&r).files[S3C_CLOSE_AGE], 2);
    rig_close(&r);
}

static void closes_all_when_nothing_arrives_at_all(void **state)
{
    struct rig r;

    (void)state;
    start(&r);
    r.settings.file_max_idle_ns = S3C_NS_PER_SEC;
    rig_open(&r);
    write_to(&r, "a", 0, 1);
    rig_advance_ms(&r, 900);
    write_to(&r, "b", 1, 1); /* the stream is not idle, though a is */
    rig_advance_ms(&r, 900);
    assert_int_equal(r.sink.puts, 0);
    rig_advance_ms(&r, 100);
    assert_int_equal(rig_stats(&r).files[S3C_CLOSE_IDLE], 2);
    assert_int_equal(rig_stats(&r).open, 0);
    rig_close(&r);
}

static void sends_many_files_that_close_together(void **state)
{
    enum { PARTITIONS = 1000 };
    struct rig r;

    (void)state;
    start(&r);
    r.settings.memory_limit = 64 << 20;
    r.sink.finish_at_once = true;
    rig_open(&r);
    for (int i = 0; i < 3 * PARTITIONS; i++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "c%d", i % PARTITIONS);
        write_to(&r, name, i, 1);
    }
    assert_int_equal(rig_stats(&r).open, PARTITIONS);
    assert_int_equal(r.sink.puts, 0);
    CHECK_OK(s3c_destination_stop(r.d, -1, NULL), NULL);
    while (r.sink.puts < PARTITIONS) { /* each call sends what finished ones made room for */
        size_t before = r.sink.puts;

        CHECK_OK(s3c_destination_flush(r.d, NULL), NULL);
        assert_int_equal(r.sink.puts - before, PARTITIONS - before < 16 ? PARTITIONS - before : 16);
    }
    rig_expect_acks(&r, 0, 3 * PARTITIONS, 0);
    assert_int_equal(r.sink.puts, PARTITIONS);
    rig_expect_none(&r, S3C_END);
    rig_close(&r);
}

/* ---- variants ---- */

struct odd_format {
    struct s3c_format base;
    struct s3c_format *json;
};

/* Deletes and the rest never meet in a file; no file takes snapshots. */
static int odd_variant(struct s3c_format *f, const struct s3c_record *r, struct s3c_buf *out,
                       struct s3c_error *err)
{
    (void)f;
    if (r->operation == S3C_OP_SNAPSHOT) {
        *err = (struct s3c_error){.code = S3C_E_RECORD, .message = "no snapshots"};
        return S3C_E_RECORD;
    }
    return r->operation == S3C_OP_DELETE ? s3c_buf_add_char(out, 'd') : 0;
}

static int odd_open(struct s3c_format *f, const struct s3c_record *first, struct s3c_writer **ret,
                    struct s3c_error *err)
{
    struct s3c_format *json = ((struct odd_format *)f)->json;

    return json->ops->open(json, first, ret, err);
}

static void odd_release(struct s3c_format *f)
{
    struct s3c_format *json = ((struct odd_format *)f)->json;

    json->ops->release(json);
}

static void separates_what_the_format_cannot_have_in_one_file(void **state)
{
    static const struct s3c_format_ops ops = {.extension = "odd",
                                              .content_type = "x/odd",
                                              .takes_avro = true,
                                              .variant = odd_variant,
                                              .open = odd_open,
                                              .release = odd_release};
    struct odd_format odd = {.base.ops = &ops};
    struct s3c_destination_parts parts = {.random = 7};
    struct s3c_record records[4] = {rig_record("p0", "x"), rig_record("p1", "x"),
                                    rig_record("p2", "x"), rig_record("p3", "x")};
    struct s3c_error err;
    struct rig r;
    size_t taken;

    (void)state;
    rig_init(&r);
    records[1].operation = S3C_OP_DELETE;
    records[3].operation = S3C_OP_SNAPSHOT;
    parts.settings = &r.settings;
    parts.clock = &r.sink.clock;
    parts.sink = &r.sink.base;
    parts.format = &odd.base;
    CHECK_OK(s3c_json_format_new(&odd.json, NULL), NULL);
    CHECK_OK(s3c_destination_new(&r.d, &parts, NULL), NULL);
    assert_true(s3c_destination_takes_avro(r.d));
    CHECK_CODE(s3c_destination_write(r.d, records, 4, &taken, &err), S3C_E_RECORD);
    assert_int_equal(taken, 3);
    assert_string_equal(err.message, "no snapshots");
    assert_int_equal(rig_stats(&r).open, 2);
    CHECK_OK(s3c_destination_stop(r.d, -1, NULL), NULL);
    CHECK_HAS(r.sink.keys[0], "000001.odd");
    CHECK_HAS(r.sink.bodies[0].ptr, "\"p2\"");
    CHECK_HAS(r.sink.bodies[1].ptr, "\"p1\"");
    rig_finish_all(&r);
    rig_expect_acks(&r, 0, 3, 0);
    rig_close(&r);
}

static void leaves_nothing_of_a_record_that_fits_no_key(void **state)
{
    char value[1201];
    struct s3c_metadata metadata = {S3C_VIEW("opencdc.collection"), {value, 1200}};
    struct s3c_record record = rig_record("p0", "x");
    struct s3c_error err;
    struct rig r;
    size_t taken;

    (void)state;
    memset(value, 'v', sizeof(value));
    record.metadata_nil = false;
    record.metadata = &metadata;
    record.metadata_count = 1;
    start(&r);
    rig_open(&r);
    CHECK_CODE(s3c_destination_write(r.d, &record, 1, &taken, &err), S3C_E_RECORD);
    assert_int_equal(taken, 0);
    assert_int_equal(rig_stats(&r).open, 0);
    CHECK_OK(s3c_destination_stop(r.d, -1, NULL), NULL);
    rig_expect_none(&r, S3C_END);
    rig_close(&r);
}

/* ---- the parts ---- */

static void keeps_runs_of_records_in_order(void **state)
{
    struct s3c_file *a = (struct s3c_file *)1, *b = (struct s3c_file *)2;
    struct s3c_order o;
    size_t count, full;

    (void)state;
    s3c_order_init(&o);
    assert_null(s3c_order_first(&o, &count));
    for (int i = 0; i < 3000; i++) { /* a a b a a b ... */
        CHECK_OK(s3c_order_reserve(&o, i % 3 == 2 ? b : a), NULL);
        s3c_order_add(&o, i % 3 == 2 ? b : a);
    }
    full = o.bytes;
    for (int i = 0; i < 1000; i++) {
        assert_ptr_equal(s3c_order_first(&o, &count), a);
        assert_int_equal(count, 2);
        s3c_order_drop(&o, 1);
        assert_ptr_equal(s3c_order_first(&o, &count), a);
        assert_int_equal(count, 1);
        s3c_order_drop(&o, 1);
        assert_ptr_equal(s3c_order_first(&o, &count), b);
        s3c_order_drop(&o, 1);
    }
    assert_null(s3c_order_first(&o, &count));
    assert_true(o.bytes < full / 4); /* memory goes with the records */
    s3c_order_done(&o);
}

static void finds_each_of_many_partitions(void **state)
{
    enum { COUNT = 100 };

    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_partitions t;
        struct s3c_partition *all[COUNT] = {NULL};
        char text[16];

        s3c_partitions_init(&t, 42);
        for (int i = 0; i < COUNT; i++) {
            struct s3c_partition_key key = {{text, 0}, 1};

            key.bytes.len = (size_t)snprintf(text, sizeof(text), "%d", i);
            assert_null(s3c_partitions_find(&t, key));
            all[i] = s3c_partitions_ref(&t, key);
            if (!all[i]) {
                assert_true(check_alloc_failed());
                continue;
            }
            assert_ptr_equal(s3c_partitions_find(&t, key), all[i]);
            key.values_len = 0; /* the same bytes, divided in another way */
            assert_null(s3c_partitions_find(&t, key));
        }
        for (int i = 0; i < COUNT; i++)
            if (all[i])
                assert_true(s3c_partitions_unref(&t, all[i]));
        assert_int_equal(t.count, 0);
        s3c_partitions_done(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(divides_records_by_the_template),
        CHECK_TEST(acknowledges_in_order_whatever_file_is_done_first),
        CHECK_TEST(waits_for_an_older_record_in_an_open_file),
        CHECK_TEST(fails_only_the_records_of_the_file_that_failed),
        CHECK_TEST(closes_the_full_file_only),
        CHECK_TEST(closes_each_file_by_its_own_age),
        CHECK_TEST(closes_all_when_nothing_arrives_at_all),
        CHECK_TEST(sends_many_files_that_close_together),
        CHECK_TEST(separates_what_the_format_cannot_have_in_one_file),
        CHECK_TEST(leaves_nothing_of_a_record_that_fits_no_key),
        CHECK_TEST(keeps_runs_of_records_in_order),
        CHECK_TEST(finds_each_of_many_partitions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
