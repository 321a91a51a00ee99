/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records in, acknowledgements out, on the real engine with a sink and a clock that the test plays: order, refusals, back-pressure,
 * the rate, and everything that Stop may meet.
 */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/view.h"
#include "record_text.h"
#include "stream_bed.h"

static void records_are_acknowledged_when_they_are_stored(void **state)
{
    struct bed *b = bed_begin(3);

    (void)state;
    b->dest.sink.finish_at_once = false;
    bed_say_plain(b, 0, 2);
    bed_expect(b, "");
    bed_say_plain(b, 2, 3);
    bed_expect(b, "");
    assert_int_equal(b->dest.sink.puts, 1);
    fake_sink_finish(&b->dest.sink, 0, 0, false, NULL);
    bed_run(b);
    bed_expect(b, "p0 p1 p2 ");
    assert_false(destination_stream_is_settled(&b->s));
    bed_say_plain(b, 5, 1);
    fake_sink_finish(&b->dest.sink, 1, S3C_E_DENIED, false, "denied");
    bed_run(b);
    bed_expect(b, "p3!denied p4!denied p5!denied ");
    bed_expect(b, "");
    assert_true(destination_stream_is_settled(&b->s));
    bed_end(b);
}

static void a_record_that_cannot_be_read_is_refused_in_its_turn(void **state)
{
    struct bed *b = bed_begin(4);
    struct s3c_buf m = MESSAGE;
    size_t record;

    (void)state;
    bed_put(&m, 0);
    record = put_begin(&m, 1);
    put_text(&m, 1, "p1"); /* no operation */
    put_end(&m, record);
    bed_put(&m, 2);
    record = put_begin(&m, 1);
    put_metadata(&m, "m", "\xff");
    put_record(&m, "p3", "x");
    put_end(&m, record);
    bed_put(&m, 4);
    bed_say(b, &m);
    bed_expect(b, "");
    bed_say_plain(b, 5, 1);
    bed_expect(
        b, "p0 p1!the operation 0 is none of cre p2 p3!the metadata \"m\" is not valid  p4 p5 ");
    CHECK_HAS(b->dest.sink.last_body, "\"p5\"");
    bed_end(b);
}

static void what_is_no_protobuf_ends_the_stream(void **state)
{
    static const struct s3c_view messages[] = {S3C_VIEW("\x0b"), S3C_VIEW("\x0a\x05x"),
                                               S3C_VIEW("\x0a\x01\x0a")};

    (void)state;
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        struct bed *b = bed_begin(1);
        int r = destination_stream_message(&b->s, messages[i], &b->err);
        CHECK_CODE(r < 0 ? r : destination_stream_run(&b->s, &b->err), S3C_E_PROTOCOL);
        CHECK_HAS(b->err.message, "malformed request");
        bed_end(b);
    }
}

static void gather(struct bed *b, const char *position, size_t payload)
{
    struct s3c_buf m = MESSAGE;
    char *text = malloc(payload + 1);
    size_t record = put_begin(&m, 1);

    memset(text, 'x', payload);
    text[payload] = '\0';
    put_record(&m, position, text);
    put_end(&m, record);
    CHECK_OK(destination_stream_message(&b->s, s3c_buf_view(&m), &b->err), &b->err);
    memset(m.ptr, 0, m.len); /* it is gone */
    s3c_buf_done(&m);
    free(text);
}

/* Small ones are gathered, large ones are not, and those that gathered are many at some time: the order stays. */
static void messages_of_one_turn_stay_in_order(void **state)
{
    struct bed *b = bed_begin(100);
    char position[16], want[1000] = "";

    (void)state;
    for (int i = 0; i < 100; i++) {
        (void)snprintf(position, sizeof(position), "p%d", i);
        gather(b, position, i % 9 == 8 ? INTAKE_SMALL + 1 : INTAKE_SMALL / 2);
        assert_true(b->s.intake.kept.len < INTAKE_GATHERED);
        (void)snprintf(want + strlen(want), sizeof(want) - strlen(want), "%s ", position);
    }
    bed_run(b);
    bed_expect(b, want);
    bed_end(b);
}

static void a_message_that_is_cut_swallows_nothing(void **state)
{
    struct bed *b = bed_begin(1);

    (void)state;
    gather(b, "p0", 1);
    CHECK_CODE(destination_stream_message(&b->s, S3C_VIEW("\x0a\x7f"), &b->err), S3C_E_PROTOCOL);
    bed_run(b);
    bed_expect(b, "p0 ");
    bed_end(b);
}

static void messages_without_a_record_are_nothing(void **state)
{
    struct bed *b = bed_begin(1);
    struct s3c_buf m = MESSAGE;

    (void)state;
    put_text(&m, 7, "a field of a later version");
    bed_say(b, &m);
    CHECK_OK(destination_stream_message(&b->s, S3C_VIEW(""), &b->err), &b->err);
    bed_run(b);
    assert_true(destination_stream_is_settled(&b->s));
    bed_end(b);
}

/* memory.limit is 1 MiB here: what does not fit waits, and goes on when acknowledgements make room. */
static void a_full_engine_holds_the_stream(void **state)
{
    struct bed *b = bed_begin(10);
    struct s3c_buf m = MESSAGE;
    char *large = malloc(200001);
    char want[1000] = "";

    (void)state;
    b->dest.sink.finish_at_once = false;
    memset(large, 'x', 200000);
    large[200000] = '\0';
    for (int i = 0; i < 20; i++) {
        char position[16];
        size_t record = put_begin(&m, 1);

        (void)snprintf(position, sizeof(position), "p%d", i);
        put_record(&m, position, large);
        put_end(&m, record);
        (void)snprintf(want + strlen(want), sizeof(want) - strlen(want), "%s ", position);
    }
    bed_say(b, &m);
    assert_false(destination_stream_is_ready(&b->s));
    assert_int_equal(b->s.intake.waits_for, INTAKE_ENGINE);
    for (size_t i = 0; i < 10 && !destination_stream_is_ready(&b->s); i++) {
        assert_true(b->dest.sink.puts == i + 1);
        fake_sink_finish(&b->dest.sink, i, 0, false, NULL);
        bed_run(b);
    }
    assert_true(destination_stream_is_ready(&b->s));
    CHECK_OK(destination_stream_stop(&b->s, S3C_VIEW("p19"), &b->err), &b->err);
    bed_run(b);
    fake_sink_finish(&b->dest.sink, b->dest.sink.puts - 1, 0, false, NULL);
    bed_run(b);
    bed_expect(b, want);
    free(large);
    bed_end(b);
}

static void the_rate_holds_the_stream(void **state)
{
    struct bed *b = bed_begin(1);

    (void)state;
    rate_init(&b->s.intake.rate, 2, 3, b->dest.sink.mono_ns);
    bed_say_plain(b, 0, 5);
    bed_expect(b, "p0 p1 p2 ");
    assert_false(destination_stream_is_ready(&b->s));
    assert_int_equal(destination_stream_due_ns(&b->s), b->dest.sink.mono_ns + S3C_NS_PER_SEC / 2);
    bed_advance(b, S3C_NS_PER_SEC / 2);
    bed_expect(b, "p3 ");
    bed_advance(b, S3C_NS_PER_SEC / 2);
    bed_expect(b, "p4 ");
    assert_true(destination_stream_is_ready(&b->s));
    bed_end(b);
}

/* ---- Stop ---- */

static void stop_at(struct bed *b, const char *position)
{
    CHECK_OK(destination_stream_stop(&b->s, s3c_view_str(position), &b->err), &b->err);
    bed_run(b);
}

static void stop_flushes_at_once(void **state)
{
    struct bed *b = bed_begin(0);

    (void)state;
    bed_say_plain(b, 0, 2);
    bed_expect(b, "");
    stop_at(b, "p1");
    assert_int_equal(b->s.stop, DESTINATION_FLUSHING); /* the client has not taken them yet */
    bed_expect(b, "p0 p1 ");
    bed_run(b);
    assert_int_equal(b->s.stop, DESTINATION_FLUSHING);
    bed_expect(b, ""); /* and when it asks again, it has sent them */
    bed_run(b);
    assert_int_equal(b->s.stop, DESTINATION_FLUSHED);
    bed_say_plain(b, 2, 1); /* nobody should */
    bed_expect(b, "p2!cannot take records: the desti ");
    bed_end(b);
}

static void stop_with_nothing_there_is_answered_at_once(void **state)
{
    struct bed *b = bed_begin(0);

    (void)state;
    stop_at(b, "");
    assert_int_equal(b->s.stop, DESTINATION_FLUSHED);
    assert_int_equal(b->dest.sink.puts, 0);
    bed_end(b);
}

static void stop_waits_for_the_last_record(void **state)
{
    struct bed *b = bed_begin(0);

    (void)state;
    bed_say_plain(b, 0, 1);
    stop_at(b, "p2");
    assert_int_equal(b->s.stop, DESTINATION_RECEIVING);
    bed_expect(b, "p0 "); /* but keeps nothing back meanwhile */
    bed_advance(b, DESTINATION_QUIET_NS - 1);
    bed_say_plain(b, 1, 1);
    bed_expect(b, "p1 ");
    bed_advance(b, DESTINATION_QUIET_NS - 1); /* the wait began anew */
    assert_int_equal(b->s.stop, DESTINATION_RECEIVING);
    bed_say_plain(b, 2, 1);
    bed_expect(b, "p2 ");
    bed_expect(b, "");
    bed_run(b);
    assert_int_equal(b->s.stop, DESTINATION_FLUSHED);
    bed_end(b);
}

static void stop_at_a_position_that_never_comes_ends_all_the_same(void **state)
{
    struct bed *b = bed_begin(0);

    (void)state;
    bed_say_plain(b, 0, 1);
    stop_at(b, "p20");
    bed_expect(b, "p0 ");
    bed_expect(b, "");
    assert_int_equal(destination_stream_due_ns(&b->s), b->dest.sink.mono_ns + DESTINATION_QUIET_NS);
    bed_advance(b, DESTINATION_QUIET_NS);
    assert_int_equal(b->s.stop, DESTINATION_FLUSHED);
    CHECK_HAS(b->dest.logged, "did not encounter the expected last position \"p20\"");
    bed_end(b);
}

static void stop_gives_up_on_s3_and_on_the_client(void **state)
{
    struct bed *b = bed_begin(0);

    (void)state;
    b->dest.sink.finish_at_once = false;
    b->dest.sink.cancelled_ones_come_back = true;
    bed_say_plain(b, 0, 1);
    stop_at(b, "p0");
    bed_advance(b, DESTINATION_FLUSH_NS);
    bed_run(b);
    assert_true(b->s.acks.out.len > 0); /* with the error of an upload that took too long */
    assert_int_equal(b->s.stop, DESTINATION_FLUSHING);
    bed_advance(b, DESTINATION_STOP_NS - DESTINATION_FLUSH_NS);
    assert_int_equal(b->s.stop, DESTINATION_FLUSHED); /* though nobody has read that */
    bed_end(b);
}

static void a_closed_stream_is_stopped(void **state)
{
    struct bed *b = bed_begin(0);

    (void)state;
    bed_say_plain(b, 0, 1);
    stop_at(b, "p9");
    destination_stream_close(&b->s);
    assert_int_equal(b->s.stop, DESTINATION_FLUSHED);
    assert_int_equal(destination_stream_due_ns(&b->s), 0);
    bed_run(b);
    bed_end(b);
}

static void the_end_of_records_flushes(void **state)
{
    struct bed *b = bed_begin(0);

    (void)state;
    bed_say_plain(b, 0, 1);
    bed_expect(b, "");
    b->s.half_closed = true;
    bed_run(b);
    bed_expect(b, "p0 ");
    bed_expect(b, "");
    assert_true(destination_stream_is_settled(&b->s));
    bed_end(b);
}

/* One record in a message, acknowledged before the next one: file.max-idle passes in the first rounds only. */
static void wait_and_speak(struct bed *b, int number, bool passes)
{
    char want[16];

    (void)snprintf(want, sizeof(want), "p%d ", number);
    bed_say_plain(b, number, 1);
    if (passes) {
        bed_expect(b, "");
        CHECK_OK(s3c_destination_flush(b->s.engine, &b->err), &b->err);
        bed_run(b);
    }
    bed_expect(b, want);
    bed_expect(b, ""); /* it has been read */
    bed_run(b);
}

static void a_host_that_waits_for_acknowledgements_is_not_kept_waiting(void **state)
{
    struct bed *b = bed_begin(1000);
    int n = 0;

    (void)state;
    b->s.idle_closes = true;
    for (; n < LOCKSTEP_ROUNDS; n++)
        wait_and_speak(b, n, true);
    wait_and_speak(b, n++, false);
    wait_and_speak(b, n++, false);
    bed_advance(b, 2 * LOCKSTEP_PROMPT_NS); /* it had nothing to say: nothing is known any more */
    wait_and_speak(b, n++, true);
    bed_end(b);
}

static void a_host_that_does_not_wait_fills_its_files(void **state)
{
    struct bed *b = bed_begin(4);
    int n = 0;

    (void)state;
    b->s.idle_closes = true;
    for (; n <= LOCKSTEP_ROUNDS; n++)
        wait_and_speak(b, n, n < LOCKSTEP_ROUNDS);
    b->dest.sink.finish_at_once = false;
    bed_say_plain(b, n, 1);     /* goes out alone */
    bed_say_plain(b, n + 1, 2); /* but it has not waited for that */
    bed_expect(b, "");
    assert_int_equal(b->dest.sink.puts, n + 1);
    b->dest.sink.finish_at_once = true;
    fake_sink_finish(&b->dest.sink, (size_t)n, 0, false, NULL);
    bed_say_plain(b, n + 3, 2);
    bed_expect(b, "p4 p5 p6 p7 p8 ");
    bed_end(b);
}

static void without_idle_files_wait_for_their_size(void **state)
{
    struct bed *b = bed_begin(1000);

    (void)state;
    for (int n = 0; n < 3 * LOCKSTEP_ROUNDS; n++)
        wait_and_speak(b, n, true);
    bed_end(b);
}

static void unread_acknowledgements_hold_the_stream(void **state)
{
    struct bed *b = bed_begin(1000);
    int n = 0;

    (void)state;
    while (destination_stream_is_ready(&b->s) && n < 100000) {
        bed_say_plain(b, n, 1000);
        n += 1000;
    }
    assert_true(n < 100000);
    assert_true(b->s.acks.out.len < 2 * DESTINATION_ACKS_MAX);
    while (destination_stream_take_acks(&b->s).len > 0)
        bed_run(b);
    assert_true(destination_stream_is_ready(&b->s));
    assert_true(destination_stream_is_settled(&b->s));
    assert_int_equal(b->s.acks.answered, n);
    bed_end(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(records_are_acknowledged_when_they_are_stored),
        CHECK_TEST(a_record_that_cannot_be_read_is_refused_in_its_turn),
        CHECK_TEST(what_is_no_protobuf_ends_the_stream),
        CHECK_TEST(messages_of_one_turn_stay_in_order),
        CHECK_TEST(a_message_that_is_cut_swallows_nothing),
        CHECK_TEST(messages_without_a_record_are_nothing),
        CHECK_TEST(a_full_engine_holds_the_stream),
        CHECK_TEST(the_rate_holds_the_stream),
        CHECK_TEST(stop_flushes_at_once),
        CHECK_TEST(stop_with_nothing_there_is_answered_at_once),
        CHECK_TEST(stop_waits_for_the_last_record),
        CHECK_TEST(stop_at_a_position_that_never_comes_ends_all_the_same),
        CHECK_TEST(stop_gives_up_on_s3_and_on_the_client),
        CHECK_TEST(a_closed_stream_is_stopped),
        CHECK_TEST(the_end_of_records_flushes),
        CHECK_TEST(a_host_that_waits_for_acknowledgements_is_not_kept_waiting),
        CHECK_TEST(a_host_that_does_not_wait_fills_its_files),
        CHECK_TEST(without_idle_files_wait_for_their_size),
        CHECK_TEST(unread_acknowledgements_hold_the_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
