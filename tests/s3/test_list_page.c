/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages and paging against tests/vectors/list: page-1.xml, page-2.xml, ... go through parser and cursor; `expected` has a line for
 * each entry given, one for each next request, and the end or the error. And the fast path against the XML parser.
 */
#include "check.h"
#include "vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/view.h"
#include "s3/list_cursor.h"
#include "s3/list_page.h"
#include "s3/list_shape.h"
#include "s3/list_time.h"

static void print_view(struct s3c_buf *out, const char *before, struct s3c_view v)
{
    CHECK_OK(s3c_buf_add_str(out, before), NULL);
    CHECK_OK(s3c_percent_encode(out, v, true), NULL);
}

static void print_page(struct s3c_buf *out, const struct s3c_list_page *p, bool versions)
{
    for (size_t i = 0; i < p->count; i++) {
        const struct s3c_list_entry *e = &p->entries[i];

        print_view(out, "", e->key);
        CHECK_OK(s3c_buf_addf(out, " %.*s %.*s %llu %lld %s%s\n", (int)e->version_id.len,
                              e->version_id.ptr, e->etag.len ? (int)e->etag.len : 1,
                              e->etag.len ? e->etag.ptr : "-", (unsigned long long)e->size,
                              (long long)e->last_modified_ns,
                              e->is_marker ? "marker"
                              : versions   ? "version"
                                           : "object",
                              e->is_latest ? " latest" : ""),
                 NULL);
    }
}

static void print_next(struct s3c_buf *out, const struct s3c_list_cursor *c)
{
    if (c->end) {
        CHECK_OK(s3c_buf_add_str(out, "end\n"), NULL);
        return;
    }
    print_view(out, "next key=", s3c_buf_view(&c->key));
    if (c->versions)
        print_view(out, " version=", s3c_buf_view(&c->version_id));
    if (c->token.len)
        CHECK_OK(s3c_buf_addf(out, " token=%.*s", (int)c->token.len, c->token.ptr), NULL);
    CHECK_OK(s3c_buf_add_char(out, '\n'), NULL);
}

static void check_vector(const struct check_vector *v)
{
    _cleanup_(s3c_buf_done) struct s3c_buf got = S3C_BUF_INIT(1u << 20);
    bool versions = !strncmp(v->name, "versions", 8);
    struct s3c_list_page page = S3C_LIST_PAGE_INIT;
    struct s3c_list_cursor cursor;
    struct s3c_error err = {0};
    char file[32], *expected, *body;
    size_t len, n = 0;

    CHECK_OK(s3c_list_cursor_init(&cursor, versions, S3C_VIEW(""), &err), &err);
    for (;;) {
        struct check_guard g;
        int r;

        (void)snprintf(file, sizeof file, "page-%zu.xml", ++n);
        body = check_vector_read(v, file, &len);
        if (!body)
            break;
        g = check_guard_new(body, len);
        r = s3c_list_page_parse(&page, g.ptr, g.len, versions, &err);
        if (r == 0)
            r = s3c_list_cursor_take(&cursor, &page, &err);
        if (r == 0) {
            print_page(&got, &page, versions);
            print_next(&got, &cursor);
        }
        check_guard_free(&g);
        free(body);
    }
    expected = check_vector_read(v, "expected", &len);
    assert_non_null(expected);
    if (err.code) {
        char *line = strstr(expected, "error ");

        assert_int_equal(err.code, S3C_E_PROTOCOL);
        assert_non_null(line);
        line[strlen(line) - 1] = '\0';
        CHECK_HAS(err.message, line + 6);
        *line = '\0';
    }
    CHECK_VIEW(s3c_buf_view(&got), expected);
    free(expected);
    s3c_list_cursor_done(&cursor);
    s3c_list_page_done(&page);
}

static void gives_what_each_vector_expects(void **state)
{
    (void)state;
    check_each_vector("list", check_vector);
}

/* ---- the fast path against the parser ---- */

static const char *pick(uint64_t *seed, const char *const *of, size_t n)
{
    return of[check_random(seed) % n];
}
#define PICK(seed, of) pick(seed, of, sizeof(of) / sizeof *(of))

/* An entry like a server's, sometimes with something odd in it; `gap` goes where the fast path does not want anything. */
static void add_entry(struct s3c_buf *b, uint64_t *seed, bool versions, const char *gap, size_t i)
{
    static const char *const etags[] = {
        "&quot;abc&quot;",     "abc",     "\"abc\"", "", "&quot;", "&quot;&quot;",
        "&quot;a&amp;b&quot;", "a&quot;b"};
    static const char *const times[] = {"2026-01-02T03:04:05.678Z",
                                        "2026-01-02T03:04:05.001Z",
                                        "2026-01-02T03:04:05Z",
                                        "2026-02-30T00:00:00.000Z",
                                        "2026-01-02T03:04:60.000Z",
                                        "2026-01-03T03:04:05.0+01:00",
                                        "x"};
    static const char *const extras[] = {"",
                                         "",
                                         "<Owner><ID>a</ID><DisplayName></DisplayName></Owner>",
                                         "<Owner><ID>a</ID><Key>no</Key></Owner>",
                                         "<StorageClass>&lt;Size&gt;</StorageClass>",
                                         "<X a='1'/>",
                                         "<Size>7</Size>",
                                         "<!-- c -->",
                                         "<X><![CDATA[<Key>]]></X>",
                                         "text",
                                         "<X>a<Y/>b</X>"};
    static const char *const tails[] = {"",  "&lt;b&gt;", "&#x1;",   "%2B",
                                        "+", "&bogus;",   "&amp;lt;"};
    bool odd = check_random(seed) % 16 == 0, marker = versions && check_random(seed) % 4 == 0;
    const char *name = marker ? "DeleteMarker" : versions ? "Version" : "Contents";

    CHECK_OK(
        s3c_buf_addf(b, "<%s>%s<Key>key%04zu%s</Key>", name, gap, i, odd ? PICK(seed, tails) : ""),
        NULL);
    if (versions)
        CHECK_OK(s3c_buf_addf(b, "<VersionId>v%zu</VersionId><IsLatest>%s</IsLatest>", i,
                              i % 3 ? "true" : "false"),
                 NULL);
    CHECK_OK(s3c_buf_addf(b, "<LastModified>%s</LastModified>",
                          odd && check_random(seed) % 8 == 0 ? PICK(seed, times) : times[i % 2]),
             NULL);
    if (!marker)
        CHECK_OK(s3c_buf_addf(b, "<ETag>%s</ETag><Size>%zu</Size>",
                              odd ? PICK(seed, etags) : etags[0], i),
                 NULL);
    CHECK_OK(s3c_buf_addf(b, "%s</%s>", odd ? PICK(seed, extras) : "", name), NULL);
}

static int parse_random(struct s3c_buf *printed, uint64_t seed, const char *gap,
                        struct s3c_error *err)
{
    _cleanup_(s3c_buf_done) struct s3c_buf body = S3C_BUF_INIT(1u << 20);
    struct s3c_list_page page = S3C_LIST_PAGE_INIT;
    bool versions = seed % 2;
    const char *root = versions ? "ListVersionsResult" : "ListBucketResult";
    int r;

    CHECK_OK(
        s3c_buf_addf(&body, "<%s><EncodingType>%s</EncodingType>", root, seed % 3 ? "url" : "none"),
        NULL);
    for (size_t i = 0, n = 1 + check_random(&seed) % 40; i < n; i++)
        add_entry(&body, &seed, versions, gap, i);
    CHECK_OK(s3c_buf_addf(&body, "</%s>", root), NULL);
    r = s3c_list_page_parse(&page, body.ptr, body.len, versions, err);
    if (r == 0)
        print_page(printed, &page, versions);
    s3c_list_page_done(&page);
    return r;
}

static void gives_the_same_with_and_without_the_fast_path(void **state)
{
    size_t good = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 3000; seed++) {
        _cleanup_(s3c_buf_done) struct s3c_buf fast = S3C_BUF_INIT(1u << 20),
                                               slow = S3C_BUF_INIT(1u << 20);
        struct s3c_error fast_err = {0}, slow_err = {0};
        int r = parse_random(&fast, seed, "", &fast_err);

        assert_int_equal(parse_random(&slow, seed, " ", &slow_err),
                         r); /* white space: every entry goes to the parser */
        assert_string_equal(fast_err.message, slow_err.message);
        if (r < 0)
            continue;
        good++;
        if (!s3c_view_eq(s3c_buf_view(&fast), s3c_buf_view(&slow)))
            fail_msg("seed %llu\n%.*s\n%.*s", (unsigned long long)seed, (int)fast.len, fast.ptr,
                     (int)slow.len, slow.ptr);
    }
    assert_true(good > 1000);
}

static void takes_the_fast_path_for_plain_entries(void **state)
{
    static char entry[] =
        "<Key>a</Key><ETag>&quot;b&quot;</ETag><Owner><ID>c</ID></Owner><Size></Size></Contents>";
    static char other[] =
        "<Key>much longer than before</Key><ETag>x</ETag><Owner><ID></ID></Owner><Size>1</Size></Contents>";
    static char attribute[] = "<Key>a</Key><ETag x=''>b</ETag></Contents>";
    struct s3c_list_shape s = {0};
    struct s3c_view texts[S3C_LIST_SHAPE_TEXTS];
    uint32_t escaped;
    char *end;

    (void)state;
    s3c_list_shape_learn(&s, entry, entry + sizeof entry - 1);
    assert_int_equal(s.texts, 4);
    assert_true(s3c_list_shape_match(&s, entry, entry + sizeof entry - 1, texts, &escaped, &end));
    assert_int_equal(escaped, 2);
    assert_string_equal(end, "</Contents>");
    assert_true(s3c_list_shape_match(&s, other, other + sizeof other - 1, texts, &escaped, &end));
    CHECK_VIEW(texts[0], "much longer than before");
    CHECK_VIEW(texts[3], "1");
    assert_int_equal(escaped, 0);
    assert_false(s3c_list_shape_match(&s, other, other + sizeof other - 14, texts, &escaped, &end));
    assert_false(s3c_list_shape_match(&s, attribute, attribute + sizeof attribute - 1, texts,
                                      &escaped, &end));
    s3c_list_shape_learn(&s, attribute, attribute + sizeof attribute - 1);
    assert_int_equal(s.texts, 0);
}

static void parse_prefix(void *ctx, char *p, size_t n)
{
    struct s3c_list_page page = S3C_LIST_PAGE_INIT;
    const size_t *whole = ctx;

    CHECK_CODE(s3c_list_page_parse(&page, p, n, true, NULL), n == *whole ? 0 : S3C_E_PROTOCOL);
    s3c_list_page_done(&page);
}

static void stays_inside_every_prefix(void **state)
{
#define ENTRY(n)                                    \
    "<Version><Key>k" n "</Key><VersionId>&quot;" n \
    "</VersionId><LastModified>2026-01-02T03:04:05.000Z</LastModified></Version>"
    struct s3c_view body = S3C_VIEW("<?xml version='1.0'?><ListVersionsResult>" ENTRY("1")
                                        ENTRY("2") ENTRY("3") "</ListVersionsResult>");

    (void)state;
    check_each_prefix(body, parse_prefix, &body.len);
}

static void remembers_the_day_only_for_speed(void **state)
{
    static const char *const times[] = {
        "2026-01-02T03:04:05.678Z",
        "2026-01-02T23:59:59.999Z",
        "2026-01-02T00:00:00.000Z",
        "2026-01-02T24:00:00.000Z",
        "2026-01-02T03:60:05.678Z",
        "2026-01-02T03:04:60.678Z",
        "2026-01-02T03:04:61.678Z",
        "2026-01-02t03:04:05.678Z",
        "2026-01-02T03:04:05.678z",
        "2026-01-02T03:04:05.67/Z",
        "2026-01-02T03:04:05.6:8Z",
        "2026-01-02T03:04:0 .678Z",
        "2026-01-02T03:04:05Z",
        "2026-01-02T03:04:05.678+00:00",
        "2026-02-30T03:04:05.678Z",
        "2026-02-30T03:04:05.678Z",
        "2028-02-29T03:04:05.678Z",
        "2028-02-29T13:04:05.678Z",
        "0001-01-01T03:04:05.678Z",
        "0001-01-01T03:04:05.679Z",
        "9999-12-31T03:04:05.678Z",
        "9999-12-31T23:59:59.999Z",
        "0000-00-00T00:00:00.000Z",
        "",
        "\0\0\0\0\0\0\0\0\0\0T03:04:05.678Z",
        "2026-01-02T03:04:05.678Z",
    };
    struct s3c_list_day day = {0};

    (void)state;
    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
            int64_t want = -1, got = -1;
            int r = s3c_time_parse_rfc3339(s3c_view_str(times[i]), &want);

            CHECK_CODE(s3c_list_time(&day, s3c_view_str(times[i]), &got), r);
            if (r == 0)
                assert_int_equal(got, want);
        }
    }
}

/* ---- the cursor ---- */

static void drops_what_comes_before_the_start(void **state)
{
    char body[] =
        "<ListVersionsResult><Version><Key>a</Key><VersionId>1</VersionId><LastModified>2026-01-02T03:04:05Z</LastModified></Version>"
        "<Version><Key>b</Key><VersionId>2</VersionId><LastModified>2026-01-02T03:04:05Z</LastModified></Version>"
        "<Version><Key>b</Key><VersionId>1</VersionId><LastModified>2026-01-02T03:04:05Z</LastModified></Version>"
        "<Version><Key>b!</Key><VersionId>1</VersionId><LastModified>2026-01-02T03:04:05Z</LastModified></Version></ListVersionsResult>";
    struct s3c_list_page page = S3C_LIST_PAGE_INIT;
    struct s3c_list_cursor c;
    struct s3c_error err = {0};

    (void)state;
    CHECK_OK(s3c_list_cursor_init(&c, true, S3C_VIEW("b"), &err), &err);
    CHECK_OK(s3c_list_page_parse(&page, body, sizeof body - 1, true, &err), &err);
    CHECK_OK(s3c_list_cursor_take(&c, &page, &err), &err);
    assert_int_equal(page.count, 1);
    CHECK_VIEW(page.entries[0].key, "b!");
    s3c_list_cursor_done(&c);
    s3c_list_page_done(&page);
}

static void stands_where_it_stood_after_a_failure(void **state)
{
    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        char body[] =
            "<ListVersionsResult><IsTruncated>true</IsTruncated><DeleteMarker><Key>a</Key><VersionId>1</VersionId>"
            "<LastModified>2026-01-02T03:04:05Z</LastModified></DeleteMarker><Version><Key>a</Key><VersionId>2</VersionId>"
            "<LastModified>2026-01-02T03:04:06Z</LastModified></Version></ListVersionsResult>";
        struct s3c_list_page page = S3C_LIST_PAGE_INIT;
        struct s3c_list_cursor c;
        struct s3c_error err = {0};
        int r = s3c_list_cursor_init(&c, true, S3C_VIEW("A"), &err);

        if (r == 0)
            r = s3c_list_page_parse(&page, body, sizeof body - 1, true, &err);
        if (r == 0)
            r = s3c_list_cursor_take(&c, &page, &err);
        CHECK_CODE(r, check_alloc_failed() ? S3C_E_NOMEM : 0);
        CHECK_VIEW(s3c_buf_view(&c.key), r == 0 ? "a" : c.key.len ? "A" : "");
        CHECK_VIEW(s3c_buf_view(&c.version_id), r == 0 ? "1" : "");
        s3c_list_cursor_done(&c);
        s3c_list_page_done(&page);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(gives_what_each_vector_expects),
        CHECK_TEST(gives_the_same_with_and_without_the_fast_path),
        CHECK_TEST(takes_the_fast_path_for_plain_entries),
        CHECK_TEST(stays_inside_every_prefix),
        CHECK_TEST(remembers_the_day_only_for_speed),
        CHECK_TEST(drops_what_comes_before_the_start),
        CHECK_TEST(stands_where_it_stood_after_a_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
