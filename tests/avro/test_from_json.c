/* SPDX-License-Identifier: Apache-2.0 */
/* JSON as Avro data: what fits, byte by byte; what does not, with its path; and back again what tests/vectors/avro has. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "avro/from_json.h"
#include "avro/to_json.h"
#include "base/digest.h"
#include "base/view.h"
#include "vectors.h"

#define DATUM_MAX 100000

static int encode(struct avro_from_json *f, const char *schema, struct s3c_view json,
                  struct s3c_error *err)
{
    struct s3c_schema *s = NULL;
    int r = s3c_schema_parse(&s, s3c_view_str(schema), err);

    if (r == 0)
        r = avro_from_json(f, s, "payload", json, err);
    s3c_schema_unref(s);
    return r;
}

#define INT(name)  "{\"type\":\"int\",\"logicalType\":\"" name "\"}"
#define LONG(name) "{\"type\":\"long\",\"logicalType\":\"" name "\"}"
#define DECIMAL(p, s) \
    "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":" p ",\"scale\":" s "}"
#define FIXED(n)             "{\"type\":\"fixed\",\"name\":\"F\",\"size\":" n "}"
#define RECORD(fields)       "{\"type\":\"record\",\"name\":\"R\",\"fields\":[" fields "]}"
#define FIELD(n, type)       "{\"name\":\"" n "\",\"type\":" type "}"
#define WITH(n, type, value) "{\"name\":\"" n "\",\"type\":" type ",\"default\":" value "}"
#define AB                   RECORD(FIELD("a", "\"int\"") "," FIELD("b", "[\"null\",\"string\"]"))

static const struct {
    const char *schema, *json, *hex;
} fits[] = {
    {"\"null\"", " null ", ""},
    {"\"boolean\"", "true", "01"},
    {"\"boolean\"", "false", "00"},
    {"\"int\"", "2147483647", "feffffff0f"},
    {"\"int\"", "-2147483648", "ffffffff0f"},
    {"\"int\"", "1.50e1", "1e"},
    {"\"int\"", "-0", "00"},
    {"\"int\"", "0e999999999999", "00"},
    {"\"long\"", "9223372036854775807", "feffffffffffffffff01"},
    {"\"long\"", "-9223372036854775808", "ffffffffffffffffff01"},
    {"\"long\"", "9.223372036854775807E+18", "feffffffffffffffff01"},
    {"\"float\"", "0.1", "cdcccc3d"},
    {"\"float\"", "16777216", "0000804b"},
    {"\"double\"", "0.1", "9a9999999999b93f"},
    {"\"double\"", "-0", "0000000000000080"},
    {"\"double\"", "9007199254740992", "0000000000004043"},
    {"\"double\"", "5e-324", "0100000000000000"},
    {"\"double\"", "0.1000000000000000055511151231257827021181583404541015625", "9a9999999999b93f"},
    {"\"double\"", "\"NaN\"", "000000000000f87f"},
    {"\"float\"", "\"-Infinity\"", "000080ff"},
    {"\"string\"", "\"a\\u00e4\\n\"", "0861c3a40a"},
    {"\"bytes\"", "\"aGk=\"", "046869"},
    {"\"bytes\"", "[0,255]", "0400ff"},
    {FIXED("2"), "\"aGk=\"", "6869"},
    {FIXED("2"), "[104,105]", "6869"},
    {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":16,\"logicalType\":\"uuid\"}",
     "\"00112233-4455-6677-8899-AABBccddeeff\"", "00112233445566778899aabbccddeeff"},
    {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":12,\"logicalType\":\"duration\"}",
     "{\"Days\":2,\"Months\":1,\"Milliseconds\":4294967295}", "0100000002000000ffffffff"},
    {"{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B\"]}", "\"B\"", "02"},
    {DECIMAL("4", "2"), "12.5", "0404e2"},
    {DECIMAL("4", "2"), "\"-99.99\"", "04d8f1"},
    {DECIMAL("4", "2"), "\"25/2\"", "0404e2"},
    {DECIMAL("4", "2"), "0.000", "0200"},
    {DECIMAL("18", "0"), "999999999999999999", "100de0b6b3a763ffff"},
    {DECIMAL("19", "0"), "-1000000000000000000", "10f21f494c589c0000"},
    {DECIMAL("36", "18"), "\"-999999999999999999/1000000000000000000\"", "10f21f494c589c0001"},
    {DECIMAL("38", "18"), "\"999999999999999999/4\"", "1e3025f39ef241c5695aba1716270000"},
    {DECIMAL("50", "0"), "99999999999999999999999999999999999999999999999999",
     "2a446c3b15f9926687d2c40534fdb563ffffffffffff"},
    {DECIMAL("3", "0"), "128", "040080"},
    {DECIMAL("3", "0"), "-128", "0280"},
    {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":4,\"logicalType\":\"decimal\",\"precision\":4}",
     "-1", "ffffffff"},
    {INT("date"), "\"1970-01-02\"", "02"},
    {INT("date"), "\"1969-12-31T00:00:00Z\"", "01"},
    {INT("time-millis"), "\"00:00:01.5\"", "b817"},
    {LONG("time-micros"), "\"00:00:00.000001\"", "02"},
    {LONG("timestamp-millis"), "\"1970-01-01T01:00:00.001+01:00\"", "02"},
    {LONG("timestamp-micros"), "\"1969-12-31T23:59:59.999999Z\"", "01"},
    {LONG("timestamp-nanos"), "\"1970-01-01T00:00:00.000000001Z\"", "02"},
    {LONG("timestamp-micros"), "-1", "01"},
    {LONG("local-timestamp-millis"), "\"1970-01-01T00:00:00.001\"", "02"},
    {LONG("local-timestamp-micros"), "\"1970-01-01 00:00:00Z\"", "00"},
    {AB, "{\"a\":1,\"b\":\"x\"}", "02020278"},
    {AB, "{\"b\":\"x\",\"a\":1}", "02020278"},
    {AB, "{\"\\u0061\":1}", "0200"},
    {AB, "{\"b\":null,\"a\":1}", "0200"},
    {RECORD(WITH("a", "\"int\"", "7") "," WITH("b", "\"bytes\"", "\"\\u00ff\\u0001\"")), "{}",
     "0e04ff01"},
    {RECORD(WITH("a", "[\"string\",\"null\"]", "\"x\\\\\"")), "{}", "0004785c"},
    {"{\"type\":\"record\",\"name\":\"O\",\"fields\":[" WITH("a", AB, "{\"a\":3}") "]}", "{}",
     "0600"},
    {"{\"type\":\"array\",\"items\":\"int\"}", "[1,2]", "0202020400"},
    {"{\"type\":\"array\",\"items\":\"int\"}", "[]", "00"},
    {"{\"type\":\"map\",\"values\":\"int\"}", "{\"a\":1}", "0202610200"},
    {"[\"null\",\"int\"]", "null", "00"},
    {"[\"int\",\"null\"]", "null", "02"},
    {"[\"null\",\"int\"]", "5", "020a"},
    {"[\"null\",\"int\"]", "{\"int\":5}", "020a"},
    {"[\"null\"," AB "]", "{\"a\":1}", "020200"},
    {"[\"null\"," AB "]", "{\"R\":{\"a\":1}}", "020200"},
    {"[\"int\"]", "5", "000a"},
    /* the kind of JSON first, then the order of the schema */
    {"[\"bytes\",\"string\"]", "\"aGk=\"", "02086147 6b3d"},
    {"[\"double\",\"long\"]", "5", "020a"},
    {"[\"long\",\"double\"]", "5.0", "02 0000000000001440"},
    {"[\"long\",\"double\"]", "5.5", "02 0000000000001640"},
    {"[\"int\",\"long\"]", "4294967296", "02 8080808020"},
    {"[\"string\"," LONG("timestamp-millis") "]", "{\"long.timestamp-millis\":1}", "0202"},
    {"[" RECORD(FIELD("a", "\"int\"")) ",{\"type\":\"map\",\"values\":\"string\"}]",
     "{\"a\":\"\\u0062\"}", "02 02 0261 0262 00"},
    {"[\"null\",{\"type\":\"map\",\"values\":\"int\"}]", "{\"map\":1}", "02 02 066d6170 02 00"},
    {"{\"type\":\"record\",\"name\":\"n.s.R\",\"fields\":[" FIELD("r",
                                                                  "[\"null\",\"R\",\"int\"]") "]}",
     "{\"r\":{\"n.s.R\":{\"r\":{\"R\":{}}}}}", "02020 0"},
};

static void hex_of(struct s3c_view v, char *dst)
{
    s3c_hex(dst, (const uint8_t *)v.ptr, v.len);
    dst[2 * v.len] = '\0';
}

static void what_fits_is_encoded(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(fits) / sizeof(fits[0]); i++) {
        struct avro_from_json f = AVRO_FROM_JSON_INIT(DATUM_MAX);
        struct check_guard json = check_guard_new(fits[i].json, strlen(fits[i].json));
        struct s3c_error err;
        char got[200], wanted[200], *w = wanted;

        if (encode(&f, fits[i].schema, (struct s3c_view){json.ptr, json.len}, &err) < 0)
            fail_msg("%s: %s", fits[i].json, err.message);
        hex_of(s3c_buf_view(&f.datum), got);
        for (const char *p = fits[i].hex; *p; p++)
            if (*p != ' ')
                *w++ = *p;
        *w = '\0';
        if (strcmp(got, wanted) != 0)
            fail_msg("%s of %s: %s, not %s", fits[i].json, fits[i].schema, got, wanted);
        assert_memory_equal(json.ptr, fits[i].json, json.len); /* the caller's text is as it was */
        check_guard_free(&json);
        avro_from_json_done(&f);
    }
}

static const struct {
    const char *schema, *json, *says;
} misfits[] = {
    {"\"int\"", "", "payload: it is no JSON: "},
    {"\"int\"", "1 2", "payload: it is no JSON: text after"},
    {"\"int\"", "01", "payload: it is no JSON: "},
    {"\"int\"", "true", "payload: it is a boolean, but its type is int"},
    {"\"boolean\"", "tru", "payload: it is no JSON: "},
    {AB, "nope", "payload: it is no JSON: "},
    {AB, "frog", "payload: it is no JSON: "},
    {AB, "null", "payload: it is null, but its type is "},
    {"\"string\"", "-", "payload: it is no JSON: "},
    {"\"int\"", "1.5", "payload: 1.5 is no whole number"},
    {"\"int\"", "1e-1", "payload: 1e-1 is no whole number"},
    {"\"int\"", "2147483648", "payload: 2147483648 is too large for an int"},
    {"\"long\"", "9223372036854775808", "is too large for a long"},
    {"\"long\"", "1e1000000000", "is no whole number"},
    {"\"double\"", "1e999", "is too large for a double"},
    {"\"float\"", "1e39", "is too large for a float"},
    {"\"double\"", "9007199254740993", "has digits that a double cannot hold"},
    {"\"double\"", "1e-400", "has digits that a double cannot hold"},
    {"\"float\"", "16777217", "has digits that a float cannot hold"},
    {"\"double\"", "\"1\"", "is no number"},
    {"\"string\"", "\"\\ud800\"", "payload: it is no JSON: half a surrogate pair"},
    {"\"string\"", "{}", "it is an object, but its type is string"},
    {"\"bytes\"", "\"a\"", "a string that is not base64 is no bytes"},
    {"\"bytes\"", "[256]", "an array is bytes if it is of numbers from 0 to 255"},
    {"\"bytes\"", "5", "it is a number, but its type is bytes"},
    {FIXED("2"), "\"aA==\"", "it has 1 bytes, but its type F has 2"},
    {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":12,\"logicalType\":\"duration\"}",
     "{\"Days\":2,\"Months\":1}", "a duration has Months, Days and Milliseconds"},
    {"{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\"]}", "\"a\"",
     "is no symbol of the enum E"},
    {DECIMAL("4", "2"), "1.234", "1.234 has more digits behind the point than its scale"},
    {DECIMAL("4", "2"), "100", "100 has more digits than its precision"},
    {DECIMAL("4", "2"), "\"1/3\"", "1/3 is no decimal of its scale"},
    {DECIMAL("4", "2"), "\"1/0\"", "1/0 is no number"},
    {DECIMAL("4", "2"), "\"\"", " is no number"},
    {DECIMAL("4", "2"), "1e5000", "has too many digits"},
    {INT("date"), "\"2023-02-29\"", "2023-02-29 is no date"},
    {INT("date"), "\"2023-02-28T00:00:01Z\"", "is no date"},
    {INT("time-millis"), "\"24:00:00\"", "24:00:00 is no time"},
    {LONG("timestamp-millis"), "\"2023-01-01T00:00:00\"", "is no time"},
    {LONG("timestamp-millis"), "\"2023-01-01T00:00:00.0001Z\"", "more digits than the unit"},
    {LONG("timestamp-nanos"), "\"9999-01-01T00:00:00Z\"", "is outside of what its type can hold"},
    {LONG("local-timestamp-millis"), "\"2023-01-01T00:00:00+01:00\"", "is no time"},
    {AB, "{\"a\":1,\"c\":1}", "payload.c: its schema does not have this field"},
    {AB, "{\"b\":null,\"a\":1,\"b\":null}", "payload.b: it is there twice"},
    {AB, "{\"a\":1,\"a\":1}", "payload.a: it is there twice"},
    {AB, "{\"b\":null}", "payload.a: it is missing, and its type has neither a default nor null"},
    {AB, "{\"b\":5,\"a\":1}", "payload.b: it is a number, but its type is string"},
    {AB, "{\"a\":1,", "payload: it is no JSON: "},
    {AB, "{\"a\":}", "payload.a: it is no JSON: expected a value"},
    {RECORD(WITH("a", "\"int\"", "\"x\"")), "{}", "payload.a: it is a string, but its type is int"},
    {RECORD(WITH("a", "\"bytes\"", "\"\\u0100\"")), "{}", "characters beyond U+00FF"},
    {"{\"type\":\"array\",\"items\":[\"null\"," AB "]}", "[null,{\"a\":1},{\"a\":\"\"}]",
     "payload[2].a: it is a string, but its type is int"},
    {"{\"type\":\"map\",\"values\":\"int\"}", "{\"x\":1,\"y\\u0022\":null}",
     "payload[\"y\"\"]: it is null, but its type is int"},
    {"[\"null\"," AB "]", "{\"a\":null}", "payload.a: it is null, but its type is int"},
    {"[\"int\",\"string\"]", "true", "payload: it fits none of the 2 types of its union"},
    {"[\"int\",\"string\"]", "null", "payload: it is null, but its type is union"},
    {"[]", "1", "payload: it fits none of the 0 types of its union"},
    {"{\"type\":\"record\",\"name\":\"R\",\"fields\":[" WITH("r", "\"R\"", "{}") "]}", "{}",
     "it is nested too deeply"},
};

static void what_does_not_fit_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(misfits) / sizeof(misfits[0]); i++) {
        struct avro_from_json f = AVRO_FROM_JSON_INIT(DATUM_MAX);
        struct s3c_error err = {0};
        int r = encode(&f, misfits[i].schema, s3c_view_str(misfits[i].json), &err);

        if (r != S3C_E_RECORD || !strstr(err.message, misfits[i].says))
            fail_msg("%s: %d, \"%s\" instead of \"%s\"", misfits[i].json, r, err.message,
                     misfits[i].says);
        avro_from_json_done(&f);
    }
}

/* Unions in unions multiply what is tried: the work has an end. */
static void ambiguity_has_a_limit(void **state)
{
    static const char schema[] =
        "{\"type\":\"record\",\"name\":\"A\",\"fields\":[{\"name\":\"x\",\"type\":[\"A\","
        "{\"type\":\"record\",\"name\":\"B\",\"fields\":[{\"name\":\"x\",\"type\":[\"A\",\"B\",\"int\"]}]}]}]}";
    struct avro_from_json f = AVRO_FROM_JSON_INIT(DATUM_MAX);
    char text[1000] = "";
    struct s3c_error err;

    (void)state;
    for (int i = 0; i < 100; i++)
        check_append(text, sizeof(text), "{\"x\":", 5);
    check_append(text, sizeof(text), "true", 4);
    for (int i = 0; i < 100; i++)
        check_append(text, sizeof(text), "}", 1);
    CHECK_CODE(encode(&f, schema, s3c_view_str(text), &err), S3C_E_RECORD);
    CHECK_HAS(err.message, "there are too many ways to read its unions");
    avro_from_json_done(&f);
}

static void a_datum_has_a_limit(void **state)
{
    struct avro_from_json f = AVRO_FROM_JSON_INIT(10);
    struct s3c_error err;

    (void)state;
    CHECK_CODE(encode(&f, "\"string\"", S3C_VIEW("\"0123456789\""), &err), S3C_E_TOO_LARGE);
    CHECK_HAS(err.message, "payload: it has more than 10 bytes as Avro");
    avro_from_json_done(&f);
}

/* ---- back again ---- */

static char *to_json(const struct s3c_schema *s, struct s3c_view datum)
{
    struct json_out out = JSON_OUT_INIT(DATUM_MAX);
    struct s3c_error err;
    char *text;

    CHECK_OK(avro_to_json(&out, s, datum, &err), &err);
    text = calloc(1, out.text.len + 1);
    memcpy(text, out.text.ptr, out.text.len);
    json_out_done(&out);
    return text;
}

/* A time of the day is in nanoseconds there, and in the unit of its type here. */
static bool is_ambiguous(const struct check_vector *v)
{
    static const char *const names[] = {"tmicros", "tmillis"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strstr(v->name, names[i]))
            return true;
    return false;
}

static void check_vector_back(const struct check_vector *v)
{
    size_t len, schema_len;
    char *schema = check_vector_read(v, "schema.json", &schema_len);
    char *expected = check_vector_read(v, "expected.json", &len);
    struct avro_from_json f = AVRO_FROM_JSON_INIT(DATUM_MAX);
    struct s3c_schema *s = NULL;
    struct s3c_error err;

    if (expected && !is_ambiguous(v)) {
        char *again;

        expected[strcspn(expected, "\n")] = '\0';
        CHECK_OK(s3c_schema_parse(&s, (struct s3c_view){schema, schema_len}, &err), &err);
        if (avro_from_json(&f, s, v->name, s3c_view_str(expected), &err) < 0)
            fail_msg("%s: %s", v->name, err.message);
        again = to_json(s, s3c_buf_view(&f.datum));
        if (strcmp(again, expected) != 0)
            fail_msg("%s: %s, not %s", v->name, again, expected);
        free(again);
        s3c_schema_unref(s);
        avro_from_json_done(&f);
    }
    free(schema);
    free(expected);
}

static void what_was_decoded_is_encoded_again(void **state)
{
    (void)state;
    check_each_vector("avro", check_vector_back);
}

static void running_out_of_memory_is_an_ordinary_error(void **state)
{
    static const char schema[] = RECORD(FIELD(
        "a", "[\"int\",{\"type\":\"record\",\"name\":\"I\",\"fields\":[" FIELD(
                 "s", "\"string\"") "]}]") "," WITH("d", "\"bytes\"",
                                                    "\"\\u0001\"") "," FIELD("b",
                                                                             DECIMAL("4", "2")));
    struct s3c_schema *s = NULL;
    struct s3c_error err;

    (void)state;
    CHECK_OK(s3c_schema_parse(&s, s3c_view_str(schema), &err), &err);
    FOR_EACH_ALLOC_FAILURE
    {
        struct avro_from_json f = AVRO_FROM_JSON_INIT(DATUM_MAX);
        int r = avro_from_json(&f, s, "p",
                               S3C_VIEW("{\"b\":\"1.5\",\"a\":{\"I\":{\"s\":\"\\n\"}}}"), &err);

        CHECK_CODE(r, check_alloc_failed() ? S3C_E_NOMEM : 0);
        avro_from_json_done(&f);
    }
    s3c_schema_unref(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(what_fits_is_encoded),
        CHECK_TEST(what_does_not_fit_is_named),
        CHECK_TEST(ambiguity_has_a_limit),
        CHECK_TEST(a_datum_has_a_limit),
        CHECK_TEST(what_was_decoded_is_encoded_again),
        CHECK_TEST(running_out_of_memory_is_an_ordinary_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
