/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Schemas and data as JSON: tests/vectors/avro, whose expected.json is what conduit-commons 0.6.0 makes of the same bytes, except
 * where note.txt says why not.
 */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "avro/schema.h"
#include "avro/to_json.h"
#include "base/view.h"
#include "vectors.h"

static size_t unhex(char *dst, const char *hex)
{
    size_t n = 0;

    for (; hex[0] && hex[0] != '\n'; hex += 2) {
        char digits[3] = {hex[0], hex[1], '\0'};
        dst[n++] = (char)strtol(digits, NULL, 16);
    }
    return n;
}

static int decode(struct json_out *out, struct s3c_view schema, struct s3c_view data,
                  struct s3c_error *err)
{
    struct s3c_schema *s = NULL;
    int r = s3c_schema_parse(&s, schema, err);

    if (r == 0)
        r = avro_to_json(out, s, data, err);
    s3c_schema_unref(s);
    return r;
}

static void check_vector(const struct check_vector *v)
{
    size_t schema_len, hex_len, len;
    char *schema = check_vector_read(v, "schema.json", &schema_len);
    char *hex = check_vector_read(v, "data.hex", &hex_len);
    char *expected = check_vector_read(v, "expected.json", &len);
    char *problem = check_vector_read(v, "error.txt", &len);
    char *bytes = malloc(hex_len + 1);
    struct json_out out = JSON_OUT_INIT(100000);
    struct s3c_error err = {0};
    struct check_guard data;
    int r;

    data = check_guard_new(bytes, unhex(bytes, hex));
    r = decode(&out, (struct s3c_view){schema, schema_len}, (struct s3c_view){data.ptr, data.len},
               &err);
    if (problem) {
        problem[strcspn(problem, "\n")] = '\0';
        CHECK_CODE(r, S3C_E_RECORD);
        CHECK_HAS(err.message, problem);
    } else {
        if (r < 0)
            print_error("%s: %s\n", v->name, err.message);
        CHECK_OK(r, &err);
        expected[strcspn(expected, "\n")] = '\0';
        CHECK_VIEW(s3c_buf_view(&out.text), expected);
    }
    json_out_done(&out);
    check_guard_free(&data);
    free(schema);
    free(hex);
    free(expected);
    free(problem);
    free(bytes);
}

static void data_become_what_go_makes_of_them(void **state)
{
    (void)state;
    check_each_vector("avro", check_vector);
}

static void refuse(const char *schema, int code, const char *says)
{
    struct s3c_schema *s = NULL;
    struct s3c_error err;

    CHECK_CODE(s3c_schema_parse(&s, s3c_view_str(schema), &err), code);
    assert_null(s);
    CHECK_HAS(err.message, "could not parse avro schema: ");
    CHECK_HAS(err.message, says);
}

static void bad_schemas_are_refused_with_their_reason(void **state)
{
    static const struct {
        const char *schema, *says;
    } rows[] = {
        {"", "expected a value"},
        {"{", "expected a string"},
        {"5", "not a name: 5"},
        {"nope", "expected a value: nope"},
        {"\"nope\"", "unknown type: nope"},
        {"\"\"", "not a name"},
        {"{}", "an object without \"type\""},
        {"{\"type\":\"record\"}", "missing: name"},
        {"{\"type\":\"record\",\"name\":\"R\"}", "missing: fields"},
        {"{\"type\":\"record\",\"name\":\"R\",\"fields\":{}}", "not an array: fields"},
        {"{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"type\":\"int\"}]}",
         "missing: name of a field"},
        {"{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"a\"}]}", "without \"type\""},
        {"{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"a\",\"type\":\"S\"}]}",
         "unknown type: S"},
        {"{\"type\":\"enum\",\"name\":\"R\"}", "missing: symbols"},
        {"{\"type\":\"enum\",\"name\":\"R\",\"symbols\":[1]}", "not a name: 1"},
        {"{\"type\":\"array\"}", "items of an array"},
        {"{\"type\":\"map\"}", "values of a map"},
        {"{\"type\":\"fixed\",\"name\":\"F\"}", "no size of a fixed: F"},
        {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":-1}", "no size of a fixed: F"},
        {"{\"type\":\"fixed\",\"name\":\"a b\",\"size\":1}", "invalid name: a b"},
        {"[\"int\",[\"null\"]]", "a union in a union"},
        {"[\"int\"", "expected ',' or ']'"},
        {"[{\"type\":\"fixed\",\"name\":\"F\",\"size\":1},{\"type\":\"fixed\",\"name\":\"F\",\"size\":1}]",
         "defined twice: F"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        refuse(rows[i].schema, S3C_E_RECORD, rows[i].says);
}

/* `open` n times, then `close` n times. */
static char *nested(const char *open, const char *middle, const char *close, size_t n)
{
    char *text = malloc(n * (strlen(open) + strlen(close)) + strlen(middle) + 1), *p = text;

    for (size_t i = 0; i < n; i++)
        p = stpcpy(p, open);
    p = stpcpy(p, middle);
    for (size_t i = 0; i < n; i++)
        p = stpcpy(p, close);
    return text;
}

static void schemas_have_limits(void **state)
{
    char *deep = nested("{\"type\":\"array\",\"items\":", "\"int\"", "}", 101);
    char *fine = nested("{\"type\":\"array\",\"items\":", "\"int\"", "}", 99);
    char *wide = nested("\"int\",", "\"int\"]", "", AVRO_MAX_TYPES + 1);
    char *whole = malloc(strlen(wide) + 2);
    struct s3c_schema *s = NULL;
    struct s3c_error err;

    (void)state;
    refuse(deep, S3C_E_RECORD, "nested too deeply");
    CHECK_OK(s3c_schema_parse(&s, s3c_view_str(fine), &err), &err);
    s3c_schema_unref(s);
    whole[0] = '[';
    memcpy(whole + 1, wide, strlen(wide) + 1);
    refuse(whole, S3C_E_TOO_LARGE, "more than 10000");
    free(deep);
    free(fine);
    free(wide);
    free(whole);
}

/* Counts that a datum only claims: they end at the text's limit, at the depth, or at the end of the data. */
static void data_have_limits(void **state)
{
    static const struct {
        const char *schema;
        struct s3c_view data;
        int code;
        const char *says;
    } rows[] = {
        {"{\"type\":\"map\",\"values\":{\"type\":\"array\",\"items\":\"null\"}}",
         {"\x02\x02"
          "a\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01",
          13},
         S3C_E_TOO_LARGE,
         "more than 1000 bytes as JSON"},
        {"{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"r\",\"type\":\"R\"}]}",
         {"", 0},
         S3C_E_RECORD,
         "nested too deeply"},
        {"{\"type\":\"map\",\"values\":\"null\"}",
         {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00\x00", 12},
         S3C_E_RECORD,
         "ends too early"},
        {"{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"r\",\"type\":"
         "{\"type\":\"fixed\",\"name\":\"F\",\"size\":2147483647}}]}",
         {"abc", 3},
         S3C_E_RECORD,
         "ends too early"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct json_out out = JSON_OUT_INIT(i == 1 ? 100000 : 1000);
        struct s3c_error err;

        CHECK_CODE(decode(&out, s3c_view_str(rows[i].schema), rows[i].data, &err), rows[i].code);
        CHECK_HAS(err.message, rows[i].says);
        json_out_done(&out);
    }
}

static void large_decimals_are_exact(void **state)
{
    static const char schema[] =
        "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"d\",\"type\":"
        "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":3000,\"scale\":%s}}]}";
    /* 2^127 - 1, -2^127, and a thousand digits after the point */
    static const struct {
        const char *scale;
        struct s3c_view data;
        const char *expected;
    } rows[] = {
        {"0",
         {"\x20\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 17},
         "{\"d\":\"170141183460469231731687303715884105727\"}"},
        {"0",
         {"\x20\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 17},
         "{\"d\":\"-170141183460469231731687303715884105728\"}"},
        {"20",
         {"\x20\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 17},
         "{\"d\":\"-162259276829213363391578010288128/95367431640625\"}"},
        {"9", {"\x0a\x02\x54\x0b\xe4\x00", 6}, "{\"d\":\"10\"}"},
        {"1", {"\x04\xff\xff", 3}, "{\"d\":\"-1/10\"}"},
        {"30", {"\x02\x01", 2}, "{\"d\":\"1/1000000000000000000000000000000\"}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct json_out out = JSON_OUT_INIT(1000);
        struct s3c_error err;
        char text[400];

        (void)snprintf(text, sizeof(text), schema, rows[i].scale);
        CHECK_OK(decode(&out, s3c_view_str(text), rows[i].data, &err), &err);
        CHECK_VIEW(s3c_buf_view(&out.text), rows[i].expected);
        json_out_done(&out);
    }
}

static void running_out_of_memory_is_an_ordinary_error(void **state)
{
    static const char schema[] =
        "{\"type\":\"record\",\"namespace\":\"n\",\"name\":\"R\",\"fields\":[{\"name\":\"b\",\"type\":\"bytes\"},"
        "{\"name\":\"a\",\"type\":[\"null\",\"int\",{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"X\"]}]}]}";
    const struct s3c_view data = {"\x04hi\x04\x00", 5};

    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct json_out out = JSON_OUT_INIT(100000);
        struct s3c_error err;
        int r = decode(&out, s3c_view_str(schema), data, &err);

        CHECK_CODE(r, check_alloc_failed() ? S3C_E_NOMEM : 0);
        if (r == 0)
            CHECK_VIEW(s3c_buf_view(&out.text), "{\"a\":{\"n.E\":\"X\"},\"b\":\"aGk=\"}");
        json_out_done(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(data_become_what_go_makes_of_them),
        CHECK_TEST(bad_schemas_are_refused_with_their_reason),
        CHECK_TEST(schemas_have_limits),
        CHECK_TEST(data_have_limits),
        CHECK_TEST(large_decimals_are_exact),
        CHECK_TEST(running_out_of_memory_is_an_ordinary_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
