/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vectors in tests/vectors/opencdc were printed by conduit-commons v0.6.0 (Record.Bytes); encoded.json is what we print
 * where that differs (\b and \f, which its JSON library spells \u0008 and \u000c).
 */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <s3c/opencdc.h>

#include "base/view.h"
#include "vectors.h"

struct decoded {
    struct s3c_opencdc_decoder *decoder;
    char *line;
    struct s3c_record r;
};

static int decode(struct decoded *d, const char *text, size_t len, struct s3c_error *err)
{
    CHECK_OK(s3c_opencdc_decoder_new(&d->decoder, NULL), NULL);
    d->line = malloc(len + 1);
    memcpy(d->line, text, len);
    return s3c_opencdc_decode(d->decoder, d->line, len, &d->r, err);
}

static void decoded_done(struct decoded *d)
{
    s3c_opencdc_decoder_free(d->decoder);
    free(d->line);
}

static struct decoded decode_ok(const char *text)
{
    struct decoded d;
    struct s3c_error err;

    CHECK_OK(decode(&d, text, strlen(text), &err), &err);
    return d;
}

static void check_round_trip(const struct check_vector *v)
{
    struct s3c_buf out = S3C_BUF_INIT(1 << 20);
    size_t len, expected_len;
    char *line = check_vector_read(v, "line.json", &len);
    char *expected = check_vector_read(v, "encoded.json", &expected_len);
    struct decoded d = decode_ok(line);

    CHECK_OK(s3c_opencdc_encode(&out, &d.r), NULL);
    CHECK_VIEW(s3c_buf_view(&out), expected ? expected : line);
    s3c_buf_done(&out);
    decoded_done(&d);
    free(expected);
    free(line);
}

static void reads_and_prints_as_conduit_does(void **state)
{
    (void)state;
    check_each_vector("opencdc", check_round_trip);
}

static void reads_every_field(void **state)
{
    struct decoded d = decode_ok(
        "{\"position\":\"cF9jMQ==\",\"operation\":\"update\",\"metadata\":{\"b\":\"2\",\"a\":\"1\"},"
        "\"key\":\"aw==\",\"payload\":{\"before\":{ \"x\" : 18446744073709551616 },\"after\":\"\"}}");

    (void)state;
    CHECK_VIEW(d.r.position, "p_c1");
    assert_int_equal(d.r.operation, S3C_OP_UPDATE);
    assert_false(d.r.metadata_nil);
    assert_int_equal(d.r.metadata_count, 2);
    CHECK_VIEW(d.r.metadata[0].name, "a");
    CHECK_VIEW(d.r.metadata[0].value, "1");
    CHECK_VIEW(d.r.metadata[1].name, "b");
    assert_int_equal(d.r.key.kind, S3C_DATA_RAW);
    CHECK_VIEW(d.r.key.bytes, "k");
    assert_int_equal(d.r.before.kind, S3C_DATA_STRUCTURED);
    CHECK_VIEW(d.r.before.bytes, "{ \"x\" : 18446744073709551616 }");
    assert_int_equal(d.r.after.kind, S3C_DATA_RAW);
    assert_int_equal(d.r.after.bytes.len, 0);
    decoded_done(&d);
}

static void takes_missing_fields_as_nil_and_skips_unknown_ones(void **state)
{
    struct decoded d =
        decode_ok(" {\"x\":[{\"operation\":\"delete\"}], \"operation\" : \"create\" }\t\r");

    (void)state;
    assert_int_equal(d.r.operation, S3C_OP_CREATE);
    assert_null(d.r.position.ptr);
    assert_true(d.r.metadata_nil);
    assert_int_equal(d.r.key.kind, S3C_DATA_NIL);
    assert_int_equal(d.r.before.kind, S3C_DATA_NIL);
    assert_int_equal(d.r.after.kind, S3C_DATA_NIL);
    decoded_done(&d);
}

static void lets_the_last_of_two_fields_count(void **state)
{
    struct decoded d = decode_ok(
        "{\"operation\":\"create\",\"operation\":\"delete\",\"key\":\"aw==\",\"key\":null,"
        "\"payload\":{\"before\":\"aw==\"},\"payload\":{\"after\":\"\",\"after\":\"eA==\"},"
        "\"metadata\":{\"z\":\"1\",\"a\":\"1\",\"m\":\"0\",\"a\":\"2\",\"a\":\"3\"},\"position\":\"aw==\",\"position\":null}");

    (void)state;
    assert_int_equal(d.r.operation, S3C_OP_DELETE);
    assert_null(d.r.position.ptr);
    assert_int_equal(d.r.key.kind, S3C_DATA_NIL);
    assert_int_equal(d.r.before.kind, S3C_DATA_NIL);
    CHECK_VIEW(d.r.after.bytes, "x");
    assert_int_equal(d.r.metadata_count, 3);
    CHECK_VIEW(d.r.metadata[0].name, "a");
    CHECK_VIEW(d.r.metadata[0].value, "3");
    CHECK_VIEW(d.r.metadata[2].name, "z");
    decoded_done(&d);
}

static void refuses_malformed_lines_and_says_where(void **state)
{
    static const struct {
        const char *line, *message;
    } wrong[] = {
        {"", "column 1: expected an object"},
        {"[]", "column 1: expected an object"},
        {"{}", "column 1: the operation is missing"},
        {"{\"operation\":null}", "column 14: expected a string"},
        {"{\"operation\":\"Create\"}", "column 14: operation is none of"},
        {"{\"operation\":\"\"}", "column 14: operation is none of"},
        {"{\"operation\":\"create\"} {", "column 24: text after the end"},
        {"{\"operation\":\"create\",\"key\":1}",
         "column 29: expected base64 text, an object or null"},
        {"{\"operation\":\"create\",\"key\":[]}", "column 29: expected base64"},
        {"{\"operation\":\"create\",\"key\": \"a\"}", "column 30: the string is not base64"},
        {"{\"operation\":\"create\",\"key\":\"a-b_\"}", "column 29: the string is not base64"},
        {"{\"operation\":\"create\",\"key\":{\"a\":01}}", "column 35: expected ','"},
        {"{\"operation\":\"create\",\"position\":{}}", "column 34: expected a string"},
        {"{\"operation\":\"create\",\"metadata\":[]}", "column 34: expected an object"},
        {"{\"operation\":\"create\",\"metadata\":{\"a\":1}}", "column 39: expected a string"},
        {"{\"operation\":\"create\",\"metadata\":{\"a\":null}}", "column 39: expected a string"},
        {"{\"operation\":\"create\",\"metadata\":{\"a\":\"\\ud800\"}}",
         "column 40: half a surrogate pair"},
        {"{\"operation\":\"create\",\"metadata\":{\"\xff\":\"\"}}",
         "column 35: the string is not valid UTF-8"},
        {"{\"operation\":\"create\",\"payload\":\"eA==\"}", "column 33: expected an object"},
        {"{\"operation\":\"create\",\"x\":nul}", "column 27: expected a value"},
        {"{\"operation\":\"create\"", "column 22: expected ',' or '}'"},
    };
    struct s3c_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct decoded d = {.r.operation = S3C_OP_SNAPSHOT};

        CHECK_CODE(decode(&d, wrong[i].line, strlen(wrong[i].line), &err), S3C_E_RECORD);
        CHECK_HAS(err.message, wrong[i].message);
        assert_int_equal(d.r.operation, S3C_OP_SNAPSHOT);
        decoded_done(&d);
    }
}

static void keeps_records_until_the_reset(void **state)
{
    struct s3c_opencdc_decoder *d;
    struct s3c_record r[100];
    char lines[100][96];

    (void)state;
    CHECK_OK(s3c_opencdc_decoder_new(&d, NULL), NULL);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 100; i++) {
            int n = snprintf(
                lines[i], sizeof(lines[i]),
                "{\"operation\":\"create\",\"metadata\":{\"n\":\"%d\",\"a\":\"\"},\"key\":\"aw==\"}",
                i);

            CHECK_OK(s3c_opencdc_decode(d, lines[i], (size_t)n, &r[i], NULL), NULL);
        }
        for (int i = 0; i < 100; i++) {
            char expected[16];

            (void)snprintf(expected, sizeof(expected), "%d", i);
            CHECK_VIEW(r[i].metadata[1].value, expected);
            CHECK_VIEW(r[i].key.bytes, "k");
        }
        s3c_opencdc_decoder_reset(d);
    }
    s3c_opencdc_decoder_free(d);
    s3c_opencdc_decoder_free(NULL);
}

static struct s3c_record sample(void)
{
    static const struct s3c_metadata metadata[] = {{S3C_VIEW("n"), S3C_VIEW("v")}};
    struct s3c_record r = {
        .operation = S3C_OP_SNAPSHOT,
        .position = S3C_VIEW("k\xff_s1"),
        .metadata = metadata,
        .metadata_count = 1,
        .key = {S3C_DATA_RAW, S3C_VIEW("k\xff")},
        .before = {S3C_DATA_STRUCTURED, S3C_VIEW("{\n\"a\": \"<\"\r\n}")},
        .after = {S3C_DATA_RAW, S3C_VIEW("\xe2\x82 \xc3\xa4<\n")},
    };

    return r;
}

static void prints_text_for_people(void **state)
{
    struct s3c_buf out = S3C_BUF_INIT(4096);
    struct s3c_record r = sample();

    (void)state;
    CHECK_OK(s3c_opencdc_encode_text(&out, &r), NULL);
    CHECK_VIEW(
        s3c_buf_view(&out),
        "{\"position\":\"k\xef\xbf\xbd_s1\",\"operation\":\"snapshot\",\"metadata\":{\"n\":\"v\"},"
        "\"key\":\"k\xef\xbf\xbd\",\"payload\":{\"before\":{ \"a\": \"<\"  },"
        "\"after\":\"\xef\xbf\xbd\xef\xbf\xbd \xc3\xa4\\u003c\\n\"}}\n");
    s3c_buf_done(&out);
}

static void keeps_structured_data_on_one_line(void **state)
{
    struct s3c_buf out = S3C_BUF_INIT(4096);
    struct s3c_record r = sample();
    const char *end;

    (void)state;
    CHECK_OK(s3c_opencdc_encode(&out, &r), NULL);
    end = memchr(out.ptr, '\n', out.len);
    assert_ptr_equal(end, out.ptr + out.len - 1);
    s3c_buf_done(&out);
}

static void refuses_what_is_no_record(void **state)
{
    struct s3c_buf out = S3C_BUF_INIT(4096);
    struct s3c_record r = sample();

    (void)state;
    r.operation = (enum s3c_operation)9;
    CHECK_CODE(s3c_opencdc_encode(&out, &r), S3C_E_RECORD);
    r = sample();
    r.after.kind = (enum s3c_data_kind)9;
    CHECK_CODE(s3c_opencdc_encode(&out, &r), S3C_E_RECORD);
    assert_int_equal(out.len, 0);
    assert_null(s3c_operation_name((enum s3c_operation)0));
    s3c_buf_done(&out);
}

static void survives_allocation_failures(void **state)
{
    static const char line[] =
        "{\"position\":\"a19jNA==\",\"operation\":\"create\",\"metadata\":{\"m\":\"v\"},"
        "\"key\":\"aw==\",\"payload\":{\"before\":null,\"after\":\"iVBORw0KGgoA/w==\"}}\n";

    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_opencdc_decoder *d = NULL;
        struct s3c_buf out = S3C_BUF_INIT(4096), text = S3C_BUF_INIT(4096);
        struct s3c_record r;
        struct s3c_error err;
        char copy[sizeof(line)];
        int rc = s3c_opencdc_decoder_new(&d, &err);

        memcpy(copy, line, sizeof(line));
        if (rc == 0)
            rc = s3c_opencdc_decode(d, copy, sizeof(line) - 2, &r, &err);
        if (rc == 0)
            rc = s3c_opencdc_encode(&out, &r);
        if (rc == 0)
            rc = s3c_opencdc_encode_text(&text, &r);
        CHECK_CODE(rc, check_alloc_failed() ? S3C_E_NOMEM : 0);
        if (rc == 0)
            CHECK_VIEW(s3c_buf_view(&out), line);
        s3c_buf_done(&out);
        s3c_buf_done(&text);
        s3c_opencdc_decoder_free(d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(reads_and_prints_as_conduit_does),
        CHECK_TEST(reads_every_field),
        CHECK_TEST(takes_missing_fields_as_nil_and_skips_unknown_ones),
        CHECK_TEST(lets_the_last_of_two_fields_count),
        CHECK_TEST(refuses_malformed_lines_and_says_where),
        CHECK_TEST(keeps_records_until_the_reset),
        CHECK_TEST(prints_text_for_people),
        CHECK_TEST(keeps_structured_data_on_one_line),
        CHECK_TEST(refuses_what_is_no_record),
        CHECK_TEST(survives_allocation_failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
