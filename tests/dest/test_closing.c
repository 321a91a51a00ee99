/* SPDX-License-Identifier: Apache-2.0 */
/* When files are closed, and what limits them. */
#include "rig.h"

#include <stdlib.h>
#include <string.h>

#include "base/view.h"

static void check_closed(const struct rig *r, enum s3c_close_reason reason, uint64_t files)
{
    struct s3c_destination_stats s = rig_stats(r);

    for (int i = 0; i < S3C_CLOSE_REASONS; i++)
        assert_int_equal(s.files[i], i == (int)reason ? files : 0);
    assert_int_equal(r->sink.puts, files);
}

static void closes_by_count(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r);
    r.settings.buffer_size = 3;
    rig_open(&r);
    rig_write(&r, 0, 2);
    assert_int_equal(r.sink.puts, 0);
    rig_write(&r, 2, 5);
    check_closed(&r, S3C_CLOSE_COUNT, 2);
    assert_string_equal(
        r.sink.last_body,
        "{\"Operation\":\"create\",\"Position\":\"p3\",\"Payload\":\"payload\",\"Key\":\"k\",\"Metadata\":null}\n"
        "{\"Operation\":\"create\",\"Position\":\"p4\",\"Payload\":\"payload\",\"Key\":\"k\",\"Metadata\":null}\n"
        "{\"Operation\":\"create\",\"Position\":\"p5\",\"Payload\":\"payload\",\"Key\":\"k\",\"Metadata\":null}\n");
    assert_string_equal(r.sink.keys[0], "out/20231114T221320.000000000Z-00000007-000001.json");
    assert_string_equal(r.sink.keys[1], "out/20231114T221320.000000000Z-00000007-000002.json");
    rig_close(&r);
}

static void makes_each_record_a_file_with_buffer_size_1(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r);
    r.settings.buffer_size = 1;
    r.sink.finish_at_once = true;
    rig_open(&r);
    rig_write(&r, 0, 20);
    check_closed(&r, S3C_CLOSE_COUNT, 20);
    rig_expect_acks(&r, 0, 20, 0);
    rig_close(&r);
}

static void closes_by_bytes_of_the_formatted_file(void **state)
{
    const int64_t line = (int64_t)strlen(
        "{\"Operation\":\"create\",\"Position\":\"p0\",\"Payload\":\"payload\",\"Key\":\"k\",\"Metadata\":null}\n");
    struct rig r;

    (void)state;
    rig_init(&r);
    r.settings.file_max_bytes = 2 * line;
    rig_open(&r);
    rig_write(&r, 0, 1);
    assert_int_equal(r.sink.puts, 0);
    rig_write(&r, 1, 3);
    check_closed(&r, S3C_CLOSE_BYTES, 2);
    rig_close(&r);
}

static void closes_by_age_of_the_oldest_record(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r);
    r.settings.file_max_age_ns = 10 * S3C_NS_PER_SEC;
    rig_open(&r);
    assert_int_equal(s3c_destination_timeout_ms(r.d), -1);
    rig_write(&r, 0, 1);
    assert_int_equal(s3c_destination_timeout_ms(r.d), 10000);
    rig_advance_ms(&r, 9000);
    rig_write(&r, 1, 1); /* a later record does not move it */
    assert_int_equal(s3c_destination_timeout_ms(r.d), 1000);
    rig_advance_ms(&r, 999);
    assert_int_equal(r.sink.puts, 0);
    rig_advance_ms(&r, 1);
    check_closed(&r, S3C_CLOSE_AGE, 1);
    rig_write(&r, 2, 1); /* the next file has an age of its own */
    assert_int_equal(s3c_destination_timeout_ms(r.d), 10000);
    rig_close(&r);
}

static void closes_by_age_while_writing(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r);
    r.settings.file_max_age_ns = S3C_NS_PER_SEC;
    rig_open(&r);
    rig_write(&r, 0, 1);
    r.sink.mono_ns += S3C_NS_PER_SEC;
    rig_write(&r, 1, 1);
    check_closed(&r, S3C_CLOSE_AGE, 1);
    assert_null(strstr(r.sink.last_body, "p1"));
    rig_close(&r);
}

static void closes_when_nothing_arrives(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r);
    r.settings.file_max_age_ns = 10 * S3C_NS_PER_SEC;
    r.settings.file_max_idle_ns = S3C_NS_PER_SEC;
    rig_open(&r);
    rig_write(&r, 0, 1);
    rig_advance_ms(&r, 900);
    rig_write(&r, 1, 1);
    rig_advance_ms(&r, 900);
    assert_int_equal(r.sink.puts, 0);
    assert_int_equal(s3c_destination_timeout_ms(r.d), 100);
    rig_advance_ms(&r, 100);
    check_closed(&r, S3C_CLOSE_IDLE, 1);
    rig_close(&r);
}

static void closes_while_it_waits_for_acks(void **state)
{
    struct rig r;
    struct s3c_ack ack;
    size_t n;

    (void)state;
    rig_init(&r);
    r.settings.file_max_idle_ns = S3C_NS_PER_SEC;
    r.sink.finish_at_once = true;
    rig_open(&r);
    rig_write(&r, 0, 1);
    CHECK_CODE(s3c_destination_acks(r.d, &ack, 1, &n, 999, NULL), S3C_AGAIN);
    CHECK_OK(s3c_destination_acks(r.d, &ack, 1, &n, -1, NULL), NULL);
    CHECK_VIEW(ack.position, "p0");
    check_closed(&r, S3C_CLOSE_IDLE, 1);
    rig_close(&r);
}

static void ignores_jumps_of_the_wall_clock(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r);
    r.settings.file_max_age_ns = r.settings.file_max_idle_ns = S3C_NS_PER_SEC;
    rig_open(&r);
    rig_write(&r, 0, 1);
    r.sink.wall_ns -= 86400 * S3C_NS_PER_SEC;
    rig_expect_none(&r, S3C_AGAIN);
    r.sink.wall_ns += 2 * 86400 * S3C_NS_PER_SEC;
    rig_expect_none(&r, S3C_AGAIN);
    assert_int_equal(r.sink.puts, 0);
    rig_close(&r);
}

static void closes_at_stop_and_ends(void **state)
{
    struct rig r;
    struct s3c_record record = rig_record("late", "x");
    struct s3c_error err;
    size_t taken;

    (void)state;
    rig_init(&r);
    rig_open(&r);
    rig_write(&r, 0, 2);
    CHECK_OK(s3c_destination_stop(r.d, -1, NULL), NULL);
    check_closed(&r, S3C_CLOSE_STOP, 1);
    CHECK_CODE(s3c_destination_write(r.d, &record, 1, &taken, &err), S3C_E_INVALID);
    CHECK_HAS(err.message, "stopped");
    assert_int_equal(taken, 0);
    rig_expect_none(&r, S3C_AGAIN);
    fake_sink_finish(&r.sink, 0, 0, false, "");
    rig_expect_acks(&r, 0, 2, 0);
    rig_expect_none(&r, S3C_END);
    rig_expect_none(&r, S3C_END);
    rig_close(&r);
}

static void stops_without_a_file(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r);
    rig_open(&r);
    CHECK_OK(s3c_destination_stop(r.d, 0, NULL), NULL);
    rig_expect_none(&r, S3C_END);
    assert_int_equal(r.sink.puts, 0);
    rig_close(&r);
}

static void closes_when_asked_to_flush(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r);
    rig_open(&r);
    CHECK_OK(s3c_destination_flush(r.d, NULL), NULL);
    assert_int_equal(r.sink.puts, 0);
    rig_write(&r, 0, 1);
    CHECK_OK(s3c_destination_flush(r.d, NULL), NULL);
    check_closed(&r, S3C_CLOSE_IDLE, 1);
    rig_close(&r);
}

static void keeps_within_the_memory_limit(void **state)
{
    struct s3c_record records[80];
    char payload[4001];
    struct rig r;
    size_t taken;

    (void)state;
    memset(payload, 'x', 4000);
    payload[4000] = '\0';
    for (int i = 0; i < 80; i++)
        records[i] = rig_record("p", payload);
    rig_init(&r);
    r.settings.memory_limit = 256 << 10;
    r.settings.buffer_size = 10;
    rig_open(&r);
    CHECK_OK(s3c_destination_write(r.d, records, 80, &taken, NULL), NULL);
    assert_in_range(taken, 40, 60);
    assert_int_equal(rig_stats(&r).records, taken);
    CHECK_CODE(s3c_destination_write(r.d, records, 80, &taken, NULL), S3C_AGAIN);
    assert_int_equal(taken, 0);
    fake_sink_finish(&r.sink, 0, 0, false, "");
    CHECK_OK(s3c_destination_write(r.d, records, 10, &taken, NULL), NULL);
    assert_in_range(taken, 5, 10);
    rig_close(&r);
}

static void closes_a_file_that_alone_fills_the_memory(void **state)
{
    char payload[1001];
    struct s3c_record record;
    struct rig r;
    size_t taken;
    int n = 0, rc;

    (void)state;
    memset(payload, 'x', 1000);
    payload[1000] = '\0';
    record = rig_record("p", payload);
    rig_init(&r);
    r.settings.memory_limit = 64 << 10;
    rig_open(&r);
    while ((rc = s3c_destination_write(r.d, &record, 1, &taken, NULL)) == 0)
        n++;
    CHECK_CODE(rc, S3C_AGAIN);
    assert_in_range(n, 24, 60);
    rig_expect_none(&r, S3C_AGAIN);
    check_closed(&r, S3C_CLOSE_MEMORY, 1);
    fake_sink_finish(&r.sink, 0, 0, false, "");
    CHECK_OK(s3c_destination_write(r.d, &record, 1, &taken, NULL), NULL);
    rig_close(&r);
}

static void takes_a_record_beyond_the_limit_alone(void **state)
{
    char *payload = malloc(100001);
    struct s3c_record large, small = rig_record("small", "x");
    struct rig r;
    size_t taken;

    (void)state;
    memset(payload, 'x', 100000);
    payload[100000] = '\0';
    large = rig_record("large", payload);
    rig_init(&r);
    r.settings.memory_limit = 16 << 10;
    r.settings.buffer_size = 2;
    rig_open(&r);
    CHECK_OK(s3c_destination_write(r.d, &small, 1, &taken, NULL), NULL);
    CHECK_CODE(s3c_destination_write(r.d, &large, 1, &taken, NULL), S3C_AGAIN);
    rig_expect_none(&r, S3C_AGAIN);
    assert_int_equal(r.sink.puts, 1); /* what was open goes first */
    fake_sink_finish(&r.sink, 0, 0, false, "");
    CHECK_CODE(s3c_destination_write(r.d, &large, 1, &taken, NULL), S3C_AGAIN);
    {
        struct s3c_ack ack;
        size_t n;

        CHECK_OK(s3c_destination_acks(r.d, &ack, 1, &n, 0, NULL), NULL);
    }
    CHECK_OK(s3c_destination_write(r.d, &large, 1, &taken, NULL), NULL);
    CHECK_CODE(s3c_destination_write(r.d, &small, 1, &taken, NULL), S3C_AGAIN);
    rig_expect_none(&r, S3C_AGAIN);
    assert_int_equal(r.sink.puts, 2);
    assert_true(strlen(r.sink.last_body) > 100000);
    rig_close(&r);
    free(payload);
}

static void bounds_the_number_of_closed_files(void **state)
{
    struct s3c_record records[200];
    struct rig r;
    size_t taken;

    (void)state;
    for (int i = 0; i < 200; i++)
        records[i] = rig_record("p", "x");
    rig_init(&r);
    r.settings.buffer_size = 1;
    rig_open(&r);
    CHECK_OK(s3c_destination_write(r.d, records, 200, &taken, NULL), NULL);
    assert_int_equal(taken, 64);
    assert_int_equal(r.sink.puts, 16); /* under way at once */
    assert_int_equal(rig_stats(&r).in_flight, 16);
    CHECK_CODE(s3c_destination_write(r.d, records, 200, &taken, NULL), S3C_AGAIN);
    rig_close(&r);
}

static void takes_the_records_before_a_bad_one(void **state)
{
    struct s3c_record records[3] = {rig_record("p0", "x"), rig_record("p1", "x"),
                                    rig_record("p2", "x")};
    struct rig r;
    struct s3c_error err;
    size_t taken;

    (void)state;
    records[1].operation = (enum s3c_operation)0;
    rig_init(&r);
    rig_open(&r);
    CHECK_CODE(s3c_destination_write(r.d, records, 3, &taken, &err), S3C_E_RECORD);
    assert_int_equal(taken, 1);
    CHECK_CODE(s3c_destination_write(r.d, records + 1, 1, &taken, &err), S3C_E_RECORD);
    assert_int_equal(taken, 0);
    CHECK_OK(s3c_destination_stop(r.d, -1, NULL), NULL);
    fake_sink_finish(&r.sink, 0, 0, false, "");
    rig_expect_acks(&r, 0, 1, 0);
    rig_close(&r);

    rig_init(&r); /* a bad record alone opens no file */
    rig_open(&r);
    CHECK_CODE(s3c_destination_write(r.d, records + 1, 1, &taken, &err), S3C_E_RECORD);
    CHECK_OK(s3c_destination_stop(r.d, -1, NULL), NULL);
    rig_expect_none(&r, S3C_END);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(closes_by_count),
        CHECK_TEST(makes_each_record_a_file_with_buffer_size_1),
        CHECK_TEST(closes_by_bytes_of_the_formatted_file),
        CHECK_TEST(closes_by_age_of_the_oldest_record),
        CHECK_TEST(closes_by_age_while_writing),
        CHECK_TEST(closes_when_nothing_arrives),
        CHECK_TEST(closes_while_it_waits_for_acks),
        CHECK_TEST(ignores_jumps_of_the_wall_clock),
        CHECK_TEST(closes_at_stop_and_ends),
        CHECK_TEST(stops_without_a_file),
        CHECK_TEST(closes_when_asked_to_flush),
        CHECK_TEST(keeps_within_the_memory_limit),
        CHECK_TEST(closes_a_file_that_alone_fills_the_memory),
        CHECK_TEST(takes_a_record_beyond_the_limit_alone),
        CHECK_TEST(bounds_the_number_of_closed_files),
        CHECK_TEST(takes_the_records_before_a_bad_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
