/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of closed files: order, failures, retries, the deadline at stop. */
#include "rig.h"

#include <string.h>

#include "base/view.h"
#include "dest/engine.h"
#include "format/json.h"

/* Files of two records each, on their way. */
static void start(struct rig *r, int files)
{
    rig_init(r);
    r->settings.buffer_size = 2;
    rig_open(r);
    rig_write(r, 0, 2 * files);
    assert_int_equal(r->sink.puts, files);
}

static void acknowledges_in_order_whatever_finishes_first(void **state)
{
    struct rig r;

    (void)state;
    start(&r, 4);
    fake_sink_finish(&r.sink, 3, 0, false, "");
    fake_sink_finish(&r.sink, 1, 0, false, "");
    rig_expect_none(&r, S3C_AGAIN);
    fake_sink_finish(&r.sink, 0, 0, false, "");
    rig_expect_acks(&r, 0, 4, 0);
    rig_expect_none(&r, S3C_AGAIN);
    fake_sink_finish(&r.sink, 2, 0, false, "");
    rig_expect_acks(&r, 4, 4, 0);
    assert_int_equal(rig_stats(&r).acked, 8);
    assert_int_equal(rig_stats(&r).files_written, 4);
    assert_int_equal(rig_stats(&r).requests, 4);
    rig_close(&r);
}

static void gives_each_acknowledgement_once_in_pieces(void **state)
{
    struct s3c_ack acks[3];
    struct rig r;
    size_t n;

    (void)state;
    start(&r, 2);
    fake_sink_finish(&r.sink, 0, 0, false, "");
    fake_sink_finish(&r.sink, 1, 0, false, "");
    CHECK_OK(s3c_destination_acks(r.d, acks, 3, &n, 0, NULL), NULL);
    assert_int_equal(n, 3);
    CHECK_VIEW(acks[2].position, "p2");
    assert_int_equal(s3c_destination_timeout_ms(r.d), 0); /* there is one more */
    rig_expect_acks(&r, 3, 1, 0);
    assert_int_equal(s3c_destination_timeout_ms(r.d), -1);
    rig_expect_none(&r, S3C_AGAIN);
    rig_close(&r);
}

static void says_through_poll_what_a_write_found(void **state)
{
    struct rig r;

    (void)state;
    start(&r, 1);
    assert_int_equal(s3c_destination_fd(r.d), 42);
    fake_sink_finish(&r.sink, 0, 0, false, "");
    rig_write(&r, 2, 1); /* takes the delivery back, so the descriptor is quiet again */
    assert_int_equal(s3c_destination_timeout_ms(r.d), 0);
    rig_close(&r);
}

static void keeps_positions_byte_for_byte(void **state)
{
    char all[256];
    struct s3c_record records[3] = {rig_record("", ""), rig_record("", ""), rig_record("", "")};
    struct s3c_ack acks[3];
    struct rig r;
    size_t n;

    (void)state;
    for (size_t i = 0; i < sizeof(all); i++)
        all[i] = (char)i;
    records[0].position = (struct s3c_view){all, sizeof(all)};
    records[2].position = (struct s3c_view){NULL, 0};
    rig_init(&r);
    r.sink.finish_at_once = true;
    r.settings.buffer_size = 3;
    rig_open(&r);
    CHECK_OK(s3c_destination_write(r.d, records, 3, &n, NULL), NULL);
    memset(all, 0, sizeof(all)); /* copies were taken */
    CHECK_OK(s3c_destination_acks(r.d, acks, 3, &n, 0, NULL), NULL);
    assert_int_equal(n, 3);
    assert_int_equal(acks[0].position.len, sizeof(all));
    for (size_t i = 0; i < sizeof(all); i++)
        assert_int_equal((unsigned char)acks[0].position.ptr[i], i);
    assert_int_equal(acks[1].position.len, 0);
    assert_int_equal(acks[2].position.len, 0);
    rig_close(&r);
}

static void fails_the_records_of_a_file_for_good_and_goes_on(void **state)
{
    struct s3c_ack acks[2];
    struct rig r;
    size_t n;

    (void)state;
    start(&r, 3);
    fake_sink_finish(&r.sink, 2, 0, false, "");
    fake_sink_finish(&r.sink, 1, S3C_E_DENIED, false, "PutObject: access denied");
    rig_expect_none(&r, S3C_AGAIN);
    fake_sink_finish(&r.sink, 0, 0, false, "");
    rig_expect_acks(&r, 0, 2, 0);
    CHECK_OK(s3c_destination_acks(r.d, acks, 2, &n, 0, NULL), NULL);
    assert_int_equal(n, 2);
    CHECK_VIEW(acks[1].position, "p3");
    assert_int_equal(acks[1].error->code, S3C_E_DENIED);
    CHECK_HAS(acks[1].error->message, "access denied");
    rig_expect_acks(&r, 4, 2, 0);
    assert_int_equal(rig_stats(&r).acked, 4);
    assert_int_equal(rig_stats(&r).failed, 2);
    assert_int_equal(rig_stats(&r).files_written, 2);
    rig_close(&r);
}

static void sends_again_what_may_work_later(void **state)
{
    struct rig r;
    int64_t longest_ms = 0;

    (void)state;
    start(&r, 2);
    fake_sink_finish(&r.sink, 1, 0, false, "");
    for (size_t n = 0, last = 0; n < 12; n++, last = r.sink.puts - 1) {
        int wait_ms;

        fake_sink_finish(&r.sink, last, S3C_E_HTTP, true, "503 SlowDown");
        rig_expect_none(&r, S3C_AGAIN);
        CHECK_HAS(r.logged, "503 SlowDown");
        CHECK_HAS(r.logged, "000001.json");
        assert_int_equal(r.log_lines, n + 1);
        wait_ms = s3c_destination_timeout_ms(r.d);
        assert_in_range(wait_ms, 1, 20000);
        longest_ms = wait_ms > longest_ms ? wait_ms : longest_ms;
        rig_advance_ms(&r, wait_ms - 1);
        assert_int_equal(fake_sink_under_way(&r.sink), 0);
        rig_advance_ms(&r, 1);
        assert_int_equal(fake_sink_under_way(&r.sink), 1);
        assert_string_equal(r.sink.keys[r.sink.puts - 1], r.sink.keys[0]);
    }
    assert_true(longest_ms >= 10000);
    fake_sink_finish(&r.sink, r.sink.puts - 1, 0, false, "");
    rig_expect_acks(&r, 0, 4, 0);
    assert_int_equal(rig_stats(&r).retries, 12);
    assert_int_equal(rig_stats(&r).failed, 0);
    rig_close(&r);
}

static void spreads_retries(void **state)
{
    int first_ms = 0;
    bool differ = false;

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct rig r;

        start(&r, 1);
        for (int k = 0; k <= i; k++) { /* each file draws a number of its own */
            if (k > 0)
                rig_write(&r, 2 * k, 2);
            fake_sink_finish(&r.sink, (size_t)k, S3C_E_TIMEOUT, true, "slow");
            rig_expect_none(&r, S3C_AGAIN);
            rig_expect_none(&r, S3C_AGAIN);
        }
        assert_in_range(s3c_destination_timeout_ms(r.d), 250, 500);
        if (i == 0)
            first_ms = s3c_destination_timeout_ms(r.d);
        differ = differ || s3c_destination_timeout_ms(r.d) != first_ms;
        rig_close(&r);
    }
    assert_true(differ);
}

static void fails_what_is_not_stored_at_the_deadline(void **state)
{
    struct s3c_ack acks[4];
    struct rig r;
    size_t n;

    (void)state;
    start(&r, 2);
    fake_sink_finish(&r.sink, 0, S3C_E_CONNECT, true, "connection refused");
    rig_expect_none(&r, S3C_AGAIN);
    CHECK_OK(s3c_destination_stop(r.d, 1000, NULL), NULL);
    assert_int_equal(r.sink.puts, 3); /* the one that waited is tried at once */
    assert_int_equal(s3c_destination_timeout_ms(r.d), 1000);
    rig_advance_ms(&r, 999);
    assert_int_equal(r.sink.cancels, 0);
    r.sink.mono_ns += S3C_NS_PER_MS;
    CHECK_OK(s3c_destination_acks(r.d, acks, 4, &n, -1, NULL), NULL);
    assert_int_equal(n, 4);
    assert_int_equal(r.sink.cancels, 2);
    assert_int_equal(acks[0].error->code, S3C_E_TIMEOUT);
    CHECK_HAS(acks[0].error->message, "last failure: connection refused");
    CHECK_HAS(acks[2].error->message, "did not confirm it before the deadline");
    assert_int_equal(rig_stats(&r).failed, 4);
    rig_expect_none(&r, S3C_END);
    rig_close(&r);
}

static void counts_what_was_stored_in_spite_of_the_cancelling(void **state)
{
    struct rig r;

    (void)state;
    start(&r, 1);
    r.sink.cancelled_ones_come_back = false;
    CHECK_OK(s3c_destination_stop(r.d, 0, NULL), NULL);
    rig_expect_none(&r, S3C_AGAIN);
    assert_int_equal(r.sink.cancels, 1);
    fake_sink_finish(&r.sink, 0, 0, false, "");
    rig_expect_acks(&r, 0, 2, 0);
    rig_expect_none(&r, S3C_END);
    rig_close(&r);
}

static void fails_at_the_deadline_what_waits_for_its_turn(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r);
    r.settings.buffer_size = 1;
    r.settings.max_connections = 1;
    rig_open(&r);
    rig_write(&r, 0, 3);
    assert_int_equal(r.sink.puts, 1);
    CHECK_OK(s3c_destination_stop(r.d, 100, NULL), NULL);
    r.sink.mono_ns += 100 * S3C_NS_PER_MS;
    rig_expect_none(&r, S3C_AGAIN); /* the first comes back in the next round */
    rig_expect_acks(&r, 0, 3, S3C_E_TIMEOUT);
    rig_close(&r);
}

static void copes_with_a_sink_that_refuses(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r);
    r.settings.buffer_size = 2;
    rig_open(&r);
    r.sink.refuse = S3C_E_NOMEM; /* passes */
    rig_write(&r, 0, 2);
    assert_int_equal(r.sink.puts, 0);
    r.sink.refuse = S3C_E_INVALID; /* does not */
    rig_write(&r, 2, 2);
    rig_advance_ms(&r, 500);
    assert_int_equal(r.sink.puts, 1);
    fake_sink_finish(&r.sink, 0, 0, false, "");
    rig_expect_acks(&r, 0, 2, 0);
    rig_expect_acks(&r, 2, 2, S3C_E_INVALID);
    rig_close(&r);
}

static void wakes(void **state)
{
    struct s3c_ack ack;
    struct rig r;
    size_t n;

    (void)state;
    start(&r, 1);
    s3c_destination_wake(r.d); /* before the wait: not lost, whoever sees it first */
    rig_write(&r, 2, 1);
    CHECK_CODE(s3c_destination_acks(r.d, &ack, 1, &n, -1, NULL), S3C_AGAIN);
    r.sink.wake_at_ns = r.sink.mono_ns + S3C_NS_PER_SEC; /* during the wait */
    CHECK_CODE(s3c_destination_acks(r.d, &ack, 1, &n, -1, NULL), S3C_AGAIN);
    rig_close(&r);
}

static void drops_what_is_under_way_when_closed(void **state)
{
    struct rig r;

    (void)state;
    start(&r, 3);
    rig_write(&r, 6, 1);
    fake_sink_finish(&r.sink, 1, S3C_E_HTTP, true, "500");
    rig_expect_none(&r, S3C_AGAIN);
    rig_close(&r);
    assert_int_equal(r.sink.cancels, 2);
    s3c_destination_close(NULL);
}

/* One short life, each record a file; whatever could not be allocated, nothing is lost that was taken. */
static void live(struct rig *r, struct s3c_destination *d)
{
    struct s3c_record records[3] = {rig_record("p0", "x"), rig_record("p1", "x"),
                                    rig_record("p2", "x")};
    struct s3c_ack acks[3];
    size_t taken = 0, acked = 0, n;
    int rc = s3c_destination_write(d, records, 3, &taken, NULL);

    if (rc < 0) /* or nothing was lost but memory that could have been given back */
        CHECK_CODE(rc, check_alloc_failed() ? S3C_E_NOMEM : 0);
    else
        assert_int_equal(taken, 3);
    CHECK_OK(s3c_destination_stop(d, -1, NULL), NULL);
    while (s3c_destination_acks(d, acks, 3, &n, -1, NULL) == 0)
        for (size_t i = 0; i < n; i++, acked++) {
            assert_null(acks[i].error);
            CHECK_VIEW(acks[i].position, records[acked].position.ptr);
        }
    assert_int_equal(acked, taken);
    assert_int_equal(r->sink.puts, taken);
}

static void survives_allocation_failures(void **state)
{
    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct rig r;
        struct s3c_destination_parts parts = {.random = 1};
        struct s3c_destination *d = NULL;
        int rc;

        rig_init(&r);
        r.settings.buffer_size = 1;
        r.sink.finish_at_once = true;
        parts.settings = &r.settings;
        parts.clock = &r.sink.clock;
        parts.sink = &r.sink.base;
        rc = s3c_json_format_new(&parts.format, NULL);
        if (rc == 0)
            rc = s3c_destination_new(&d, &parts, NULL);
        else
            s3c_destination_parts_release(&parts);
        if (rc == 0)
            live(&r, d);
        else
            CHECK_CODE(rc, S3C_E_NOMEM);
        s3c_destination_close(d);
        fake_sink_done(&r.sink);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(acknowledges_in_order_whatever_finishes_first),
        CHECK_TEST(gives_each_acknowledgement_once_in_pieces),
        CHECK_TEST(says_through_poll_what_a_write_found),
        CHECK_TEST(keeps_positions_byte_for_byte),
        CHECK_TEST(fails_the_records_of_a_file_for_good_and_goes_on),
        CHECK_TEST(sends_again_what_may_work_later),
        CHECK_TEST(spreads_retries),
        CHECK_TEST(fails_what_is_not_stored_at_the_deadline),
        CHECK_TEST(counts_what_was_stored_in_spite_of_the_cancelling),
        CHECK_TEST(fails_at_the_deadline_what_waits_for_its_turn),
        CHECK_TEST(copes_with_a_sink_that_refuses),
        CHECK_TEST(wakes),
        CHECK_TEST(drops_what_is_under_way_when_closed),
        CHECK_TEST(survives_allocation_failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
