/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records in, acknowledgements out, on the real engine with a sink and a clock that the test plays: order, refusals, back-pressure,
 * the rate, schemas, and everything that Stop may meet.
 */
#include "check.h"

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../dest/rig.h"
#include "base/error.h"
#include "base/view.h"
#include "plugin/destination_stream.h"
#include "record_text.h"

struct bed {
    struct rig dest;
    struct destination_stream s;
    struct jobs *jobs;
    sem_t woken;
    struct s3c_error err;
};

static void wake(void *ctx)
{
    (void)sem_post(&((struct bed *)ctx)->woken);
}

static int fetch(void *ctx, struct s3c_view subject, int32_t version, struct s3c_buf *ret_text,
                 struct s3c_error *err)
{
    (void)ctx;
    if (version != 1)
        return s3c_error_set(err, S3C_E_NOT_FOUND, "no version %d of %.*s", (int)version,
                             (int)subject.len, subject.ptr);
    return s3c_buf_add_str(ret_text, "{\"type\":\"map\",\"values\":\"int\"}");
}

static void ready(void *ctx)
{
    (void)ctx; /* the test runs the stream itself */
}

static struct bed *begin_with(int64_t buffer_size, enum s3c_columns columns)
{
    struct bed *b = calloc(1, sizeof(*b));
    struct schemas_options o = {.fetch = fetch, .ready = ready};

    assert_non_null(b);
    rig_init(&b->dest);
    b->dest.settings.columns = columns;
    if (buffer_size > 0)
        b->dest.settings.buffer_size = buffer_size;
    b->dest.sink.finish_at_once = true;
    rig_open(&b->dest);
    (void)sem_init(&b->woken, 0, 0);
    destination_stream_init(&b->s, &b->dest.sink.clock);
    CHECK_OK(jobs_new(&b->jobs, wake, b, &b->err), &b->err);
    o.jobs = b->jobs;
    o.clock = &b->dest.sink.clock;
    CHECK_OK(schemas_new(&b->s.intake.schemas, &o, &b->err), &b->err);
    rate_init(&b->s.intake.rate, 0, 0, 0);
    b->s.intake.log = &b->dest.log;
    destination_stream_open(&b->s, S3C_TAKE(b->dest.d));
    b->s.listened_to = true;
    return b;
}

/* JSON files of buffer_size records; 0: only what is flushed. */
static struct bed *begin(int64_t buffer_size)
{
    return begin_with(buffer_size, S3C_COLUMNS_RAW);
}

static void end(struct bed *b)
{
    assert_true(jobs_stop(b->jobs, 60000));
    destination_stream_done(&b->s);
    schemas_free(b->s.intake.schemas);
    jobs_free(b->jobs);
    rig_close(&b->dest);
    (void)sem_destroy(&b->woken);
    free(b);
}

static void run(struct bed *b)
{
    CHECK_OK(destination_stream_run(&b->s, &b->err), &b->err);
}

/* Passes a message on as the service does; it is gone afterwards. */
static void say(struct bed *b, struct s3c_buf *message)
{
    struct check_guard g = check_guard_new(message->ptr, message->len);

    assert_true(destination_stream_is_ready(&b->s));
    CHECK_OK(destination_stream_message(&b->s, (struct s3c_view){g.ptr, g.len}, &b->err), &b->err);
    check_guard_free(&g);
    s3c_buf_done(message);
    run(b);
}

#define MESSAGE S3C_BUF_INIT(1 << 24)

static void put_plain(struct s3c_buf *m, int number)
{
    char position[16];
    size_t record = put_begin(m, 1);

    (void)snprintf(position, sizeof(position), "p%d", number);
    put_record(m, position, "payload");
    put_end(m, record);
}

/* Records p<first> to p<first + count - 1> in one message. */
static void say_plain(struct bed *b, int first, int count)
{
    struct s3c_buf m = MESSAGE;

    for (int i = first; i < first + count; i++)
        put_plain(&m, i);
    say(b, &m);
}

/* The acknowledgements that are there: "p0 p1!why "; why is cut to 30 bytes. */
static void expect(struct bed *b, const char *text)
{
    struct pb_reader acks, ack;
    char got[2000] = "";

    pb_read(&acks, destination_stream_take_acks(&b->s));
    while (pb_next(&acks) == 1) {
        struct s3c_view position = {"", 0}, error = {"", 0};
        size_t n = strlen(got);

        pb_read(&ack, acks.bytes);
        while (pb_next(&ack) == 1)
            *(ack.field == 1 ? &position : &error) = ack.bytes;
        (void)snprintf(got + n, sizeof(got) - n, "%.*s%s%.*s ", (int)position.len, position.ptr,
                       error.len ? "!" : "", (int)(error.len < 30 ? error.len : 30), error.ptr);
    }
    assert_string_equal(got, text);
}

static void advance(struct bed *b, int64_t ns)
{
    b->dest.sink.mono_ns += ns;
    run(b);
}

static void records_are_acknowledged_when_they_are_stored(void **state)
{
    struct bed *b = begin(3);

    (void)state;
    b->dest.sink.finish_at_once = false;
    say_plain(b, 0, 2);
    expect(b, "");
    say_plain(b, 2, 3);
    expect(b, "");
    assert_int_equal(b->dest.sink.puts, 1);
    fake_sink_finish(&b->dest.sink, 0, 0, false, NULL);
    run(b);
    expect(b, "p0 p1 p2 ");
    assert_false(destination_stream_is_settled(&b->s));
    say_plain(b, 5, 1);
    fake_sink_finish(&b->dest.sink, 1, S3C_E_DENIED, false, "denied");
    run(b);
    expect(b, "p3!denied p4!denied p5!denied ");
    expect(b, "");
    assert_true(destination_stream_is_settled(&b->s));
    end(b);
}

static void a_record_that_cannot_be_read_is_refused_in_its_turn(void **state)
{
    struct bed *b = begin(4);
    struct s3c_buf m = MESSAGE;
    size_t record;

    (void)state;
    put_plain(&m, 0);
    record = put_begin(&m, 1);
    put_text(&m, 1, "p1"); /* no operation */
    put_end(&m, record);
    put_plain(&m, 2);
    record = put_begin(&m, 1);
    put_metadata(&m, "m", "\xff");
    put_record(&m, "p3", "x");
    put_end(&m, record);
    put_plain(&m, 4);
    say(b, &m);
    expect(b, "");
    say_plain(b, 5, 1);
    expect(b, "p0 p1!the operation 0 is none of cre p2 p3!the metadata \"m\" is not valid  p4 p5 ");
    CHECK_HAS(b->dest.sink.last_body, "\"p5\"");
    end(b);
}

static void what_is_no_protobuf_ends_the_stream(void **state)
{
    static const struct s3c_view messages[] = {S3C_VIEW("\x0b"), S3C_VIEW("\x0a\x05x"),
                                               S3C_VIEW("\x0a\x01\x0a")};

    (void)state;
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        struct bed *b = begin(1);
        int r = destination_stream_message(&b->s, messages[i], &b->err);
        CHECK_CODE(r < 0 ? r : destination_stream_run(&b->s, &b->err), S3C_E_PROTOCOL);
        CHECK_HAS(b->err.message, "malformed request");
        end(b);
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
    struct bed *b = begin(100);
    char position[16], want[1000] = "";

    (void)state;
    for (int i = 0; i < 100; i++) {
        (void)snprintf(position, sizeof(position), "p%d", i);
        gather(b, position, i % 9 == 8 ? INTAKE_SMALL + 1 : INTAKE_SMALL / 2);
        assert_true(b->s.intake.kept.len < INTAKE_GATHERED);
        (void)snprintf(want + strlen(want), sizeof(want) - strlen(want), "%s ", position);
    }
    run(b);
    expect(b, want);
    end(b);
}

static void a_message_that_is_cut_swallows_nothing(void **state)
{
    struct bed *b = begin(1);

    (void)state;
    gather(b, "p0", 1);
    CHECK_CODE(destination_stream_message(&b->s, S3C_VIEW("\x0a\x7f"), &b->err), S3C_E_PROTOCOL);
    run(b);
    expect(b, "p0 ");
    end(b);
}

static void messages_without_a_record_are_nothing(void **state)
{
    struct bed *b = begin(1);
    struct s3c_buf m = MESSAGE;

    (void)state;
    put_text(&m, 7, "a field of a later version");
    say(b, &m);
    CHECK_OK(destination_stream_message(&b->s, S3C_VIEW(""), &b->err), &b->err);
    run(b);
    assert_true(destination_stream_is_settled(&b->s));
    end(b);
}

/* memory.limit is 1 MiB here: what does not fit waits, and goes on when acknowledgements make room. */
static void a_full_engine_holds_the_stream(void **state)
{
    struct bed *b = begin(10);
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
    say(b, &m);
    assert_false(destination_stream_is_ready(&b->s));
    assert_int_equal(b->s.intake.waits_for, INTAKE_ENGINE);
    for (size_t i = 0; i < 10 && !destination_stream_is_ready(&b->s); i++) {
        assert_true(b->dest.sink.puts == i + 1);
        fake_sink_finish(&b->dest.sink, i, 0, false, NULL);
        run(b);
    }
    assert_true(destination_stream_is_ready(&b->s));
    CHECK_OK(destination_stream_stop(&b->s, S3C_VIEW("p19"), &b->err), &b->err);
    run(b);
    fake_sink_finish(&b->dest.sink, b->dest.sink.puts - 1, 0, false, NULL);
    run(b);
    expect(b, want);
    free(large);
    end(b);
}

static void the_rate_holds_the_stream(void **state)
{
    struct bed *b = begin(1);

    (void)state;
    rate_init(&b->s.intake.rate, 2, 3, b->dest.sink.mono_ns);
    say_plain(b, 0, 5);
    expect(b, "p0 p1 p2 ");
    assert_false(destination_stream_is_ready(&b->s));
    assert_int_equal(destination_stream_due_ns(&b->s), b->dest.sink.mono_ns + S3C_NS_PER_SEC / 2);
    advance(b, S3C_NS_PER_SEC / 2);
    expect(b, "p3 ");
    advance(b, S3C_NS_PER_SEC / 2);
    expect(b, "p4 ");
    assert_true(destination_stream_is_ready(&b->s));
    end(b);
}

/* ---- schemas ---- */

static void put_avro(struct s3c_buf *m, const char *position, const char *version)
{
    size_t record = put_begin(m, 1);

    put_metadata(m, "opencdc.payload.schema.subject", "payload");
    put_metadata(m, "opencdc.payload.schema.version", version);
    put_text(m, 1, position);
    CHECK_OK(pb_add_varint(m, 2, 1), NULL);
    put_after(m, S3C_VIEW("\x02\x02"
                          "a\x06\x00"));
    put_end(m, record);
}

static void fetched(struct bed *b)
{
    (void)sem_wait(&b->woken);
    jobs_collect(b->jobs);
    run(b);
}

static void data_with_a_schema_become_structured(void **state)
{
    struct bed *b = begin(4);
    struct s3c_buf m = MESSAGE;

    (void)state;
    b->s.intake.decode_payload = true;
    put_plain(&m, 0);
    put_avro(&m, "p1", "1");
    put_avro(&m, "p2", "2");
    put_avro(&m, "p3", "two");
    put_plain(&m, 4);
    say(b, &m);
    assert_int_equal(b->s.intake.waits_for, INTAKE_SCHEMA);
    assert_false(destination_stream_is_ready(&b->s));
    fetched(b);
    assert_int_equal(b->s.intake.waits_for, INTAKE_SCHEMA); /* version 2 */
    fetched(b);
    assert_true(destination_stream_is_ready(&b->s));
    CHECK_HAS(b->dest.logged, "does not have an attached schema for the payload");
    assert_int_equal(b->dest.log_lines, 1); /* once, though two records have none */
    put_avro(&m, "p5", "1");
    say(b, &m);
    expect(b, "p0 p1 p2!failed to decode payload: fail p3!failed to decode payload: fail p4 p5 ");
    CHECK_HAS(b->dest.sink.last_body, "{\\\"a\\\":3}");
    end(b);
}

/* Whether the last file has these bytes in it. */
static bool file_has(const struct bed *b, const char *text, size_t n)
{
    const struct fake_sink *s = &b->dest.sink;
    const struct fake_body *body = &s->bodies[s->puts - 1];

    return memmem(body->ptr, body->len, text, n) != NULL;
}

static void data_with_a_schema_become_columns(void **state)
{
    struct bed *b = begin_with(3, S3C_COLUMNS_TYPED);
    struct s3c_buf m = MESSAGE;
    size_t record;

    (void)state;
    b->s.intake.decode_payload = true;
    put_avro(&m, "p0", "1");
    put_plain(&m, 1); /* neither a schema nor a default one */
    put_avro(&m, "p2", "1");
    record = put_begin(&m, 1); /* a delete that names the schema is in the same file */
    put_metadata(&m, "opencdc.payload.schema.subject", "payload");
    put_metadata(&m, "opencdc.payload.schema.version", "1");
    put_text(&m, 1, "p3");
    CHECK_OK(pb_add_varint(&m, 2, 3), NULL);
    put_end(&m, record);
    say(b, &m);
    assert_int_equal(b->s.intake.waits_for, INTAKE_SCHEMA);
    fetched(b);
    expect(b, "p0 p1!the record's payload has no sc p2 p3 ");
    assert_int_equal(b->dest.sink.puts, 1);
    assert_true(file_has(b, "PAR1", 4));
    assert_true(file_has(b, "{\"type\":\"map\",\"values\":\"int\"}", 29));
    assert_true(file_has(b, "\1\0\0\0a", 5)); /* the map's key */
    assert_true(file_has(b, "\3\0\0\0", 4));  /* and its value, an INT32 */
    end(b);
}

static void undecodable_data_are_refused(void **state)
{
    struct bed *b = begin(1);
    struct s3c_buf m = MESSAGE;
    size_t record = put_begin(&m, 1);

    (void)state;
    b->s.intake.decode_payload = b->s.intake.decode_key = true;
    put_metadata(&m, "opencdc.payload.schema.subject", "payload");
    put_metadata(&m, "opencdc.payload.schema.version", "1");
    put_record(&m, "p0", "\x02");
    put_end(&m, record);
    say(b, &m);
    fetched(b);
    expect(b, "p0!failed to decode payload.after ");
    end(b);
}

static void without_decoding_the_service_is_not_asked(void **state)
{
    struct bed *b = begin(1);
    struct s3c_buf m = MESSAGE;

    (void)state;
    put_avro(&m, "p0", "1");
    say(b, &m);
    expect(b, "p0 ");
    assert_int_equal(b->dest.log_lines, 0);
    end(b);
}

/* ---- Stop ---- */

static void stop_at(struct bed *b, const char *position)
{
    CHECK_OK(destination_stream_stop(&b->s, s3c_view_str(position), &b->err), &b->err);
    run(b);
}

static void stop_flushes_at_once(void **state)
{
    struct bed *b = begin(0);

    (void)state;
    say_plain(b, 0, 2);
    expect(b, "");
    stop_at(b, "p1");
    assert_int_equal(b->s.stop, DESTINATION_FLUSHING); /* the client has not taken them yet */
    expect(b, "p0 p1 ");
    run(b);
    assert_int_equal(b->s.stop, DESTINATION_FLUSHING);
    expect(b, ""); /* and when it asks again, it has sent them */
    run(b);
    assert_int_equal(b->s.stop, DESTINATION_FLUSHED);
    say_plain(b, 2, 1); /* nobody should */
    expect(b, "p2!cannot take records: the desti ");
    end(b);
}

static void stop_with_nothing_there_is_answered_at_once(void **state)
{
    struct bed *b = begin(0);

    (void)state;
    stop_at(b, "");
    assert_int_equal(b->s.stop, DESTINATION_FLUSHED);
    assert_int_equal(b->dest.sink.puts, 0);
    end(b);
}

static void stop_waits_for_the_last_record(void **state)
{
    struct bed *b = begin(0);

    (void)state;
    say_plain(b, 0, 1);
    stop_at(b, "p2");
    assert_int_equal(b->s.stop, DESTINATION_RECEIVING);
    expect(b, "p0 "); /* but keeps nothing back meanwhile */
    advance(b, DESTINATION_QUIET_NS - 1);
    say_plain(b, 1, 1);
    expect(b, "p1 ");
    advance(b, DESTINATION_QUIET_NS - 1); /* the wait began anew */
    assert_int_equal(b->s.stop, DESTINATION_RECEIVING);
    say_plain(b, 2, 1);
    expect(b, "p2 ");
    expect(b, "");
    run(b);
    assert_int_equal(b->s.stop, DESTINATION_FLUSHED);
    end(b);
}

static void stop_at_a_position_that_never_comes_ends_all_the_same(void **state)
{
    struct bed *b = begin(0);

    (void)state;
    say_plain(b, 0, 1);
    stop_at(b, "p20");
    expect(b, "p0 ");
    expect(b, "");
    assert_int_equal(destination_stream_due_ns(&b->s), b->dest.sink.mono_ns + DESTINATION_QUIET_NS);
    advance(b, DESTINATION_QUIET_NS);
    assert_int_equal(b->s.stop, DESTINATION_FLUSHED);
    CHECK_HAS(b->dest.logged, "did not encounter the expected last position \"p20\"");
    end(b);
}

static void stop_gives_up_on_s3_and_on_the_client(void **state)
{
    struct bed *b = begin(0);

    (void)state;
    b->dest.sink.finish_at_once = false;
    b->dest.sink.cancelled_ones_come_back = true;
    say_plain(b, 0, 1);
    stop_at(b, "p0");
    advance(b, DESTINATION_FLUSH_NS);
    run(b);
    assert_true(b->s.acks.out.len > 0); /* with the error of an upload that took too long */
    assert_int_equal(b->s.stop, DESTINATION_FLUSHING);
    advance(b, DESTINATION_STOP_NS - DESTINATION_FLUSH_NS);
    assert_int_equal(b->s.stop, DESTINATION_FLUSHED); /* though nobody has read that */
    end(b);
}

static void a_closed_stream_is_stopped(void **state)
{
    struct bed *b = begin(0);

    (void)state;
    say_plain(b, 0, 1);
    stop_at(b, "p9");
    destination_stream_close(&b->s);
    assert_int_equal(b->s.stop, DESTINATION_FLUSHED);
    assert_int_equal(destination_stream_due_ns(&b->s), 0);
    run(b);
    end(b);
}

static void the_end_of_records_flushes(void **state)
{
    struct bed *b = begin(0);

    (void)state;
    say_plain(b, 0, 1);
    expect(b, "");
    b->s.half_closed = true;
    run(b);
    expect(b, "p0 ");
    expect(b, "");
    assert_true(destination_stream_is_settled(&b->s));
    end(b);
}

static void unread_acknowledgements_hold_the_stream(void **state)
{
    struct bed *b = begin(1000);
    int n = 0;

    (void)state;
    while (destination_stream_is_ready(&b->s) && n < 100000) {
        say_plain(b, n, 1000);
        n += 1000;
    }
    assert_true(n < 100000);
    assert_true(b->s.acks.out.len < 2 * DESTINATION_ACKS_MAX);
    while (destination_stream_take_acks(&b->s).len > 0)
        run(b);
    assert_true(destination_stream_is_ready(&b->s));
    assert_true(destination_stream_is_settled(&b->s));
    assert_int_equal(b->s.acks.answered, n);
    end(b);
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
        CHECK_TEST(data_with_a_schema_become_structured),
        CHECK_TEST(data_with_a_schema_become_columns),
        CHECK_TEST(undecodable_data_are_refused),
        CHECK_TEST(without_decoding_the_service_is_not_asked),
        CHECK_TEST(stop_flushes_at_once),
        CHECK_TEST(stop_with_nothing_there_is_answered_at_once),
        CHECK_TEST(stop_waits_for_the_last_record),
        CHECK_TEST(stop_at_a_position_that_never_comes_ends_all_the_same),
        CHECK_TEST(stop_gives_up_on_s3_and_on_the_client),
        CHECK_TEST(a_closed_stream_is_stopped),
        CHECK_TEST(the_end_of_records_flushes),
        CHECK_TEST(unread_acknowledgements_hold_the_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
