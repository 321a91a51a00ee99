/* SPDX-License-Identifier: Apache-2.0 */
/* Records with schemas: decoded for files of JSON, handed on for files with columns, refused where they cannot be. */
#include "check.h"

#include <string.h>

#include "base/error.h"
#include "base/view.h"
#include "record_text.h"
#include "stream_bed.h"

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
    bed_run(b);
}

static void data_with_a_schema_become_structured(void **state)
{
    struct bed *b = bed_begin(4);
    struct s3c_buf m = MESSAGE;

    (void)state;
    b->s.intake.decode_payload = true;
    bed_put(&m, 0);
    put_avro(&m, "p1", "1");
    put_avro(&m, "p2", "2");
    put_avro(&m, "p3", "two");
    bed_put(&m, 4);
    bed_say(b, &m);
    assert_int_equal(b->s.intake.waits_for, INTAKE_SCHEMA);
    assert_false(destination_stream_is_ready(&b->s));
    fetched(b);
    assert_int_equal(b->s.intake.waits_for, INTAKE_SCHEMA); /* version 2 */
    fetched(b);
    assert_true(destination_stream_is_ready(&b->s));
    CHECK_HAS(b->dest.logged, "does not have an attached schema for the payload");
    assert_int_equal(b->dest.log_lines, 1); /* once, though two records have none */
    put_avro(&m, "p5", "1");
    bed_say(b, &m);
    bed_expect(b,
               "p0 p1 p2!failed to decode payload: fail p3!failed to decode payload: fail p4 p5 ");
    CHECK_HAS(b->dest.sink.last_body, "{\\\"a\\\":3}");
    bed_end(b);
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
    struct bed *b = bed_begin_with(3, S3C_COLUMNS_TYPED);
    struct s3c_buf m = MESSAGE;
    size_t record;

    (void)state;
    b->s.intake.decode_payload = true;
    put_avro(&m, "p0", "1");
    bed_put(&m, 1); /* neither a schema nor a default one */
    put_avro(&m, "p2", "1");
    record = put_begin(&m, 1); /* a delete that names the schema is in the same file */
    put_metadata(&m, "opencdc.payload.schema.subject", "payload");
    put_metadata(&m, "opencdc.payload.schema.version", "1");
    put_text(&m, 1, "p3");
    CHECK_OK(pb_add_varint(&m, 2, 3), NULL);
    put_end(&m, record);
    bed_say(b, &m);
    assert_int_equal(b->s.intake.waits_for, INTAKE_SCHEMA);
    fetched(b);
    bed_expect(b, "p0 p1!the record's payload has no sc p2 p3 ");
    assert_int_equal(b->dest.sink.puts, 1);
    assert_true(file_has(b, "PAR1", 4));
    assert_true(file_has(b, "{\"type\":\"map\",\"values\":\"int\"}", 29));
    assert_true(file_has(b, "\1\0\0\0a", 5)); /* the map's key */
    assert_true(file_has(b, "\3\0\0\0", 4));  /* and its value, an INT32 */
    bed_end(b);
}

static void another_schema_is_another_file(void **state)
{
    struct bed *b = bed_begin_with(2, S3C_COLUMNS_TYPED);
    struct s3c_buf m = MESSAGE;

    (void)state;
    b->s.intake.decode_payload = true;
    put_avro(&m, "p0", "1");
    put_avro(&m, "p1", "3");
    put_avro(&m, "p2", "3");
    put_avro(&m, "p3", "1");
    bed_say(b, &m);
    fetched(b);
    fetched(b);
    bed_expect(b, "p0 p1 p2 p3 ");
    assert_int_equal(b->dest.sink.puts, 2);
    assert_true(file_has(b, "\"int\"", 5)); /* the last one */
    assert_false(file_has(b, "\"long\"", 6));
    bed_end(b);
}

static void undecodable_data_are_refused(void **state)
{
    struct bed *b = bed_begin(1);
    struct s3c_buf m = MESSAGE;
    size_t record = put_begin(&m, 1);

    (void)state;
    b->s.intake.decode_payload = b->s.intake.decode_key = true;
    put_metadata(&m, "opencdc.payload.schema.subject", "payload");
    put_metadata(&m, "opencdc.payload.schema.version", "1");
    put_record(&m, "p0", "\x02");
    put_end(&m, record);
    bed_say(b, &m);
    fetched(b);
    bed_expect(b, "p0!failed to decode payload.after ");
    bed_end(b);
}

static void without_decoding_the_service_is_not_asked(void **state)
{
    struct bed *b = bed_begin(1);
    struct s3c_buf m = MESSAGE;

    (void)state;
    put_avro(&m, "p0", "1");
    bed_say(b, &m);
    bed_expect(b, "p0 ");
    assert_int_equal(b->dest.log_lines, 0);
    bed_end(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(data_with_a_schema_become_structured),
        CHECK_TEST(data_with_a_schema_become_columns),
        CHECK_TEST(another_schema_is_another_file),
        CHECK_TEST(undecodable_data_are_refused),
        CHECK_TEST(without_decoding_the_service_is_not_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
