/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "base/view.h"
#include "base/json_read.h"

/* Skips one value that must be the whole text; the reader works on a copy that ends where memory ends. */
static int skip_whole(const char *text, size_t len, struct s3c_json_reader *ret)
{
    struct check_guard g = check_guard_new(text, len);
    struct s3c_view v;
    int r;

    s3c_json_reader_init(ret, g.ptr, g.len);
    r = s3c_json_skip(ret, &v);
    if (r == 0)
        r = s3c_json_finish(ret);
    if (r == 0)
        assert_memory_equal(g.ptr, text, len); /* skipping changes nothing */
    ret->problem_at = ret->problem ? text + (ret->problem_at - g.ptr) : NULL;
    ret->start = (char *)text;
    check_guard_free(&g);
    return r;
}

static void accepts_valid_values(void **state)
{
    static const char *const valid[] = {
        "0",
        "-0",
        "10",
        "1.5",
        "-1.50e+10",
        "0e0",
        "1E-5",
        "18446744073709551616",
        "true",
        "false",
        "null",
        "\"\"",
        "\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\"",
        "\"\\ud800\"",
        "[]",
        "{}",
        "[1,[2,{}],\"x\"]",
        " { \"a\" : [ ] ,\t\"a\":\r\n1 } ",
        "\"\xc3\xa4 \xf0\x9f\x98\x80 long enough for the fast path\"",
        "{\"\":{\"\":{\"\":null}}}",
    };
    struct s3c_json_reader r;

    (void)state;
    for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++)
        if (skip_whole(valid[i], strlen(valid[i]), &r) != 0)
            fail_msg("%s: %s at %zu", valid[i], r.problem, s3c_json_column(&r));
}

static void refuses_invalid_values_and_says_where(void **state)
{
    static const struct {
        const char *text;
        size_t column;
    } invalid[] = {
        {"", 1},
        {" ", 2},
        {"01", 2},
        {"+1", 1},
        {".5", 1},
        {"1.", 1},
        {"-", 1},
        {"1e", 1},
        {"0x1", 2},
        {"tru", 1},
        {"nul", 1},
        {"NaN", 1},
        {"'a'", 1},
        {"\"a", 1},
        {"\"\\", 2},
        {"\"\\x\"", 2},
        {"\"\\u12\"", 2},
        {"\"\\u12g4\"", 2},
        {"\"a\tb\"", 3},
        {"\"\x01\"", 2},
        {"[", 2},
        {"[1", 3},
        {"[1,", 4},
        {"[1,]", 4},
        {"[,1]", 2},
        {"[1 2]", 4},
        {"{", 2},
        {"{\"a\"}", 5},
        {"{\"a\":}", 6},
        {"{\"a\":1,}", 8},
        {"{a:1}", 2},
        {"{\"a\":1 \"b\":2}", 8},
        {"{1:2}", 2},
        {"[}", 2},
        {"{]", 2},
        {"1 2", 3},
        {"{} x", 4},
        {"\xff", 1},
        {"\"\xff\"", 1},
        {"\"\xc3\"", 1},
        {"\"\xed\xa0\x80\"", 1},
        {"\"\xc0\x80\"", 1},
        {"\xef\xbb\xbf{}", 1},
        {"[1]]", 4},
        {"\v1", 1},
    };
    struct s3c_json_reader r;

    (void)state;
    for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
        const char *text = invalid[i].text;

        if (skip_whole(text, strlen(text), &r) != S3C_E_RECORD)
            fail_msg("accepted: %s", text);
        assert_non_null(r.problem);
        if (s3c_json_column(&r) != invalid[i].column)
            fail_msg("%s: column %zu, expected %zu", text, s3c_json_column(&r), invalid[i].column);
    }
    assert_int_equal(skip_whole("\"a\0\"", 4, &r), S3C_E_RECORD);
    assert_int_equal(skip_whole("1\0", 2, &r), S3C_E_RECORD);
}

static void bounds_the_depth(void **state)
{
    char text[2 * S3C_JSON_MAX_DEPTH + 2];
    struct s3c_json_reader r;

    (void)state;
    for (int extra = 0; extra < 2; extra++) {
        size_t depth = (size_t)S3C_JSON_MAX_DEPTH + (size_t)extra;

        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        assert_int_equal(skip_whole(text, 2 * depth, &r), extra ? S3C_E_RECORD : 0);
    }
    assert_int_equal(s3c_json_column(&r), S3C_JSON_MAX_DEPTH + 1);
}

static void check_string(const char *text, const char *expected, size_t len)
{
    struct check_guard g = check_guard_new(text, strlen(text));
    struct s3c_json_reader r;
    struct s3c_view v;

    s3c_json_reader_init(&r, g.ptr, g.len);
    CHECK_OK(s3c_json_read_string(&r, &v), NULL);
    assert_int_equal(v.len, len);
    assert_memory_equal(v.ptr, expected, len);
    CHECK_OK(s3c_json_finish(&r), NULL);
    check_guard_free(&g);
}

static void unescapes_strings_in_place(void **state)
{
    (void)state;
    check_string("\"\"", "", 0);
    check_string(" \"abc\" ", "abc", 3);
    check_string("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8);
    check_string("\"x\\u0000y\"", "x\0y", 3);
    check_string("\"\\u00E4\\u20ac\\uFFFF\"", "\xc3\xa4\xe2\x82\xac\xef\xbf\xbf", 8);
    check_string("\"\\ud83d\\ude00 \\ud800\\udc00\\udbff\\udfff\"",
                 "\xf0\x9f\x98\x80 \xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 13);
    check_string("\"run of plain text\\nand another one\\u003e\"",
                 "run of plain text\nand another one>", 34);
}

static void refuses_half_a_surrogate_pair(void **state)
{
    static const char *const wrong[] = {
        "\"\\ud800\"",        "\"\\udc00\"",        "\"\\ud800x\"",       "\"\\ud800\\n\"",
        "\"\\ud800\\u0041\"", "\"\\ud800\\ud800\"", "\"\\udfff\\ud800\"",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char *text = strdup(wrong[i]);
        struct s3c_json_reader r;
        struct s3c_view v = {NULL, 7};

        s3c_json_reader_init(&r, text, strlen(text));
        CHECK_CODE(s3c_json_read_string(&r, &v), S3C_E_RECORD);
        assert_int_equal(v.len, 7);
        free(text);
    }
}

static void walks_objects_by_member(void **state)
{
    char text[] = "{ \"a\":1 , \"b\\u0062\" : [2,3],\"c\":\"x\"}";
    static const char *const names[] = {"a", "bb", "c"}, *const values[] = {"1", "[2,3]", "\"x\""};
    struct s3c_json_reader r;
    struct s3c_view name, value;
    size_t n = 0;
    bool first;
    int rc;

    (void)state;
    s3c_json_reader_init(&r, text, strlen(text));
    rc = s3c_json_object_begin(&r, &first);
    while (rc == 0 && (rc = s3c_json_object_member(&r, &first, &name)) == 0) {
        assert_true(n < 3);
        rc = s3c_json_skip(&r, &value);
        CHECK_VIEW(name, names[n]);
        CHECK_VIEW(value, values[n]);
        n++;
    }
    CHECK_CODE(rc, S3C_END);
    assert_int_equal(n, 3);
}

static void walks_objects_without_touching_them(void **state)
{
    char text[] = "{ \"a\\u0041\" : \"\\n\", \"\":{}, \"\\ud800\":[1] }";
    const char *const names[] = {"a\\u0041", "", "\\ud800"};
    char before[sizeof(text)];
    struct s3c_json_reader r;
    struct s3c_view name;
    size_t n = 0;
    bool first;
    int rc;

    (void)state;
    memcpy(before, text, sizeof(text));
    s3c_json_reader_init(&r, text, strlen(text));
    rc = s3c_json_object_begin(&r, &first);
    while (rc == 0 && (rc = s3c_json_object_member_text(&r, &first, &name)) == 0) {
        CHECK_VIEW(name, names[n++]);
        rc = s3c_json_skip(&r, NULL);
    }
    CHECK_CODE(rc, S3C_END);
    assert_int_equal(n, 3);
    assert_memory_equal(text, before, sizeof(text));
    s3c_json_reader_init(&r, text, strlen("{ \"a"));
    CHECK_OK(s3c_json_object_begin(&r, &first), NULL);
    CHECK_CODE(s3c_json_object_member_text(&r, &first, &name), S3C_E_RECORD);
}

static void skip_prefix(void *ctx, char *p, size_t n)
{
    struct s3c_json_reader r;

    s3c_json_reader_init(&r, p, n);
    if (n < *(const size_t *)ctx)
        CHECK_CODE(s3c_json_skip(&r, NULL), S3C_E_RECORD);
    else
        CHECK_OK(s3c_json_skip(&r, NULL), NULL);
}

static void never_reads_beyond_the_end(void **state)
{
    const struct s3c_view whole = S3C_VIEW(
        "{\"a\\u00e4\\\"\":[true,false,null,-1.5e+3],\"longer than eight\":{\"\xc3\xa4\":\"\\ud83d\\ude00\"}}");
    size_t len = whole.len;

    (void)state;
    check_each_prefix(whole, skip_prefix, &len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(accepts_valid_values),
        CHECK_TEST(refuses_invalid_values_and_says_where),
        CHECK_TEST(bounds_the_depth),
        CHECK_TEST(unescapes_strings_in_place),
        CHECK_TEST(refuses_half_a_surrogate_pair),
        CHECK_TEST(walks_objects_by_member),
        CHECK_TEST(walks_objects_without_touching_them),
        CHECK_TEST(never_reads_beyond_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
