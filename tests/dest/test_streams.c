/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are sent while they are written, because they are too large for memory. */
#include "rig.h"

#include <string.h>

#include "base/view.h"
#include "dest/engine_private.h"

/* What may be counted: 256 KiB, so files stream from 64 KiB on; parts of 16 KiB. */
enum { OPTION = (256 << 10) * 24 / 13 + 1, LIMIT = 256 << 10, FROM = LIMIT / 4, PART = 16 << 10 };

#define HUNDRED \
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
#define KILO HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED

static void start(struct rig *r)
{
    rig_init(r);
    r->settings.key_template = RIG_BY_COLLECTION;
    r->settings.memory_limit = OPTION;
    r->settings.part_size = PART;
    r->settings.buffer_size = 100000;
}

/* The sink sends everything of put i but `left` bytes. */
static void send_but(struct rig *r, size_t i, size_t left)
{
    r->sink.bodies[i].unsent = left;
    rig_expect_none(r, S3C_AGAIN);
}

/* Writes until the file streams; gives how many records that took. */
static int write_until_streaming(struct rig *r, const char *collection, int first)
{
    size_t puts = r->sink.puts;
    int n = 0;

    while (r->sink.puts == puts && n < 1000)
        n += rig_write_to(r, collection, KILO, first + n, 1);
    assert_true(r->sink.bodies[puts].streamed);
    return n;
}

static int count_lines(const char *text)
{
    int n = 0;

    for (; *text; text++)
        n += *text == '\n';
    return n;
}

static void sends_a_file_while_it_is_written(void **state)
{
    struct s3c_destination_stats stats;
    struct rig r;
    int n;

    (void)state;
    start(&r);
    rig_open(&r);
    n = write_until_streaming(&r, "a", 0);
    assert_in_range(r.sink.bodies[0].len, FROM, FROM + 2000);
    CHECK_HAS(r.sink.keys[0], "out/a/20231114T221320");
    assert_int_equal(rig_stats(&r).open, 1);
    assert_int_equal(rig_stats(&r).in_flight, 1);
    for (; n < 1000; n++) {
        send_but(&r, 0, 0);
        assert_int_equal(rig_write_to(&r, "a", KILO, n, 1), 1);
    }
    assert_true(r.sink.bodies[0].len > 3 * LIMIT);
    rig_expect_none(&r, S3C_AGAIN);
    CHECK_OK(s3c_destination_stop(r.d, -1, NULL), NULL);
    assert_true(r.sink.bodies[0].ended);
    assert_int_equal(count_lines(r.sink.bodies[0].ptr), 1000);
    rig_expect_none(&r, S3C_AGAIN); /* nothing before S3 has confirmed it */
    fake_sink_finish(&r.sink, 0, 0, false, "");
    rig_expect_acks(&r, 0, 1000, 0);
    stats = rig_stats(&r);
    assert_int_equal(stats.files_written, 1);
    assert_int_equal(stats.bytes_written, r.sink.bodies[0].len);
    rig_expect_none(&r, S3C_END);
    rig_close(&r);
}

static void puts_files_whole_where_they_fit(void **state)
{
    struct rig r;

    (void)state;
    start(&r);
    r.settings.file_max_bytes = LIMIT / 2;
    rig_open(&r);
    assert_int_equal(rig_write_to(&r, "a", KILO, 0, 80), 80);
    assert_int_equal(r.sink.puts, 0);
    CHECK_OK(s3c_destination_stop(r.d, -1, NULL), NULL);
    assert_false(r.sink.bodies[0].streamed);
    rig_close(&r);

    start(&r);
    r.settings.file_max_bytes = LIMIT; /* alone it has room, so it stays whole */
    rig_open(&r);
    assert_int_equal(rig_write_to(&r, "a", KILO, 0, 100), 100);
    CHECK_OK(s3c_destination_stop(r.d, -1, NULL), NULL);
    assert_false(r.sink.bodies[0].streamed);
    rig_close(&r);

    start(&r);
    r.settings.write_once = 1;
    rig_open(&r);
    assert_true(r.d->stream_bytes == SIZE_MAX);
    rig_close(&r);
}

static void slows_the_sender_down(void **state)
{
    struct rig r;
    int n, before;

    (void)state;
    start(&r);
    rig_open(&r);
    n = write_until_streaming(&r, "a", 0);
    while (rig_write_to(&r, "a", KILO, n, 1) == 1)
        assert_true(++n < 1000); /* the sink sends nothing: memory fills */
    assert_true(s3c_destination_memory(r.d) <= LIMIT + 2 * PART);
    assert_int_equal(rig_stats(&r).open,
                     1); /* but nothing is closed, there is something to wait for */
    before = n;
    send_but(&r, 0, PART / 2);
    n += rig_write_to(&r, "a", KILO, n, 50);
    assert_int_equal(n, before + 50);
    rig_close(&r);
}

/* Room comes without an acknowledgement: a sender that waits for those must hear of it. */
static void ends_the_wait_for_acknowledgements_when_there_is_room(void **state)
{
    struct s3c_ack ack;
    struct rig r;
    size_t got;
    int n;

    (void)state;
    start(&r);
    rig_open(&r);
    n = write_until_streaming(&r, "a", 0);
    while (rig_write_to(&r, "a", KILO, n, 1) == 1)
        assert_true(++n < 1000);
    assert_int_equal(s3c_destination_timeout_ms(r.d), -1);
    r.sink.bodies[0].unsent = 0;
    CHECK_CODE(s3c_destination_acks(r.d, &ack, 1, &got, -1, NULL), S3C_AGAIN);
    assert_int_equal(s3c_destination_timeout_ms(r.d), 0); /* whoever polls hears of it too */
    assert_int_equal(rig_write_to(&r, "a", KILO, n, 1), 1);
    assert_int_equal(s3c_destination_timeout_ms(r.d), -1);
    rig_close(&r);
}

/* Of each stream the sink keeps what is no whole part, for ever: nobody may wait for that. */
static void closes_streams_whose_parts_are_in_the_way(void **state)
{
    struct rig r;
    int n = 0;

    (void)state;
    start(&r);
    rig_open(&r);
    r.sink.finish_at_once = true;
    for (int i = 0; i < 5000 && n < 2000; i++) {
        n += rig_write_to(&r, (const char *[]){"a", "b", "c"}[i % 3], KILO, n, 1);
        for (size_t k = 0; k < r.sink.puts; k++)
            if (r.sink.bodies[k].unsent >= PART)
                r.sink.bodies[k].unsent = PART - 1;
    }
    assert_int_equal(n, 2000);
    CHECK_OK(s3c_destination_stop(r.d, -1, NULL), NULL);
    rig_expect_acks(&r, 0, n, 0);
    rig_close(&r);
}

static void streams_rather_than_closing_under_pressure(void **state)
{
    struct rig r;
    int n;

    (void)state;
    start(&r);
    rig_open(&r);
    n = rig_write_to(&r, "a", KILO, 0, 50); /* cannot stream by itself yet */
    n += rig_write_to(&r, "b", KILO, n, 40);
    for (int i = 0; i < 200 && r.sink.puts == 0; i++)
        n += rig_write_to(&r, (const char *[]){"c", "d", "e", "f"}[i % 4], KILO, n, 1);
    assert_int_equal(r.sink.puts, 1);
    assert_true(r.sink.bodies[0].streamed);
    CHECK_HAS(r.sink.keys[0], "out/a/");
    assert_int_equal(rig_stats(&r).files[S3C_CLOSE_MEMORY], 0);
    assert_int_equal(rig_stats(&r).open, 6);
    rig_close(&r);
}

static void fails_the_records_of_a_stream_that_breaks(void **state)
{
    struct rig r;
    int n;

    (void)state;
    start(&r);
    rig_open(&r);
    n = write_until_streaming(&r, "a", 0);
    assert_int_equal(rig_write_to(&r, "b", KILO, n, 1), 1);
    fake_sink_finish(&r.sink, 0, S3C_E_DENIED, false, "UploadPart: access denied");
    rig_expect_acks(&r, 0, n, S3C_E_DENIED);
    assert_int_equal(rig_stats(&r).open, 1);
    assert_int_equal(rig_write_to(&r, "a", KILO, n + 1, 1), 1); /* a new file */
    CHECK_OK(s3c_destination_stop(r.d, -1, NULL), NULL);
    rig_finish_all(&r);
    rig_expect_acks(&r, n, 2, 0);
    assert_int_equal(rig_stats(&r).failed, n);
    rig_close(&r);
}

static void fails_the_records_where_completing_fails(void **state)
{
    struct rig r;
    int n;

    (void)state;
    start(&r);
    rig_open(&r);
    n = write_until_streaming(&r, "a", 0);
    CHECK_OK(s3c_destination_flush(r.d, NULL), NULL);
    /* Its bytes are nowhere else, so not even what may pass is tried again. */
    fake_sink_finish(&r.sink, 0, S3C_E_HTTP, true, "CompleteMultipartUpload: 500");
    rig_expect_acks(&r, 0, n, S3C_E_HTTP);
    assert_int_equal(r.sink.puts, 1);
    rig_close(&r);
}

static void is_patient_where_memory_is_out(void **state)
{
    struct rig r;
    int n = 0;

    (void)state;
    start(&r);
    rig_open(&r);
    r.sink.refuse = S3C_E_NOMEM; /* the stream cannot begin */
    while (r.sink.refuse != 0 && n < 1000)
        n += rig_write_to(&r, "a", KILO, n, 1);
    assert_int_equal(r.sink.puts, 0);
    n += write_until_streaming(&r, "a", n);
    send_but(&r, 0, 0);
    r.sink.refuse_append = S3C_E_NOMEM; /* bytes that the writer gave cannot be sent */
    while (r.sink.refuse_append != 0 && n < 1000)
        n += rig_write_to(&r, "a", KILO, n, 1);
    n += rig_write_to(&r, "a", KILO, n, 1);
    CHECK_OK(s3c_destination_stop(r.d, -1, NULL), NULL);
    assert_int_equal(count_lines(r.sink.bodies[0].ptr), n);
    rig_finish_all(&r);
    rig_expect_acks(&r, 0, n, 0);
    rig_close(&r);
}

static void gives_up_a_stream_that_lost_bytes(void **state)
{
    struct rig r;
    int n;

    (void)state;
    for (int when = 0; when < 2; when++) { /* while it is open; when it is ended */
        start(&r);
        rig_open(&r);
        n = write_until_streaming(&r, "a", 0);
        send_but(&r, 0, 0);
        r.sink.refuse_append = when == 0 ? S3C_E_INVALID : S3C_E_NOMEM;
        if (when == 0)
            n += rig_write_to(&r, "a", KILO, n, 20);
        else
            CHECK_OK(s3c_destination_flush(r.d, NULL), NULL);
        assert_int_equal(r.sink.cancels, 1);
        assert_false(r.sink.bodies[0].ended);
        CHECK_OK(s3c_destination_stop(r.d, -1, NULL), NULL);
        rig_finish_all(&r);
        if (when == 0) {
            struct s3c_ack ack;
            size_t got;

            CHECK_OK(s3c_destination_acks(r.d, &ack, 1, &got, 0, NULL), NULL);
            assert_int_equal(ack.error->code, S3C_E_INVALID);
        } else {
            rig_expect_acks(&r, 0, n, S3C_E_NOMEM);
        }
        rig_close(&r);
    }
}

static void fails_what_is_not_complete_at_the_deadline(void **state)
{
    struct rig r;
    int n;

    (void)state;
    start(&r);
    rig_open(&r);
    n = write_until_streaming(&r, "a", 0);
    CHECK_OK(s3c_destination_stop(r.d, 1000, NULL), NULL);
    r.sink.mono_ns += 1000 * S3C_NS_PER_MS;
    rig_expect_none(&r, S3C_AGAIN); /* it is cancelled, and comes back in the next round */
    rig_expect_acks(&r, 0, n, S3C_E_TIMEOUT);
    rig_close(&r);
}

static void drops_open_streams_when_closed(void **state)
{
    struct rig r;
    int n;

    (void)state;
    start(&r);
    rig_open(&r);
    n = write_until_streaming(&r, "a", 0);
    send_but(&r, 0, 0);
    (void)write_until_streaming(&r, "b", n);
    rig_close(&r);
    assert_int_equal(r.sink.cancels, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(sends_a_file_while_it_is_written),
        CHECK_TEST(puts_files_whole_where_they_fit),
        CHECK_TEST(slows_the_sender_down),
        CHECK_TEST(ends_the_wait_for_acknowledgements_when_there_is_room),
        CHECK_TEST(closes_streams_whose_parts_are_in_the_way),
        CHECK_TEST(streams_rather_than_closing_under_pressure),
        CHECK_TEST(fails_the_records_of_a_stream_that_breaks),
        CHECK_TEST(fails_the_records_where_completing_fails),
        CHECK_TEST(is_patient_where_memory_is_out),
        CHECK_TEST(gives_up_a_stream_that_lost_bytes),
        CHECK_TEST(fails_what_is_not_complete_at_the_deadline),
        CHECK_TEST(drops_open_streams_when_closed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
