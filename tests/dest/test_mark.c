/* SPDX-License-Identifier: Apache-2.0 */
/* What a replay makes of a file that is there, by the file's mark; and the mark as metadata. Pure. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/view.h"
#include "dest/mark.h"
#include "dest/retained.h"

/* Positions packed as files keep them, of a text with one letter for each: "abc". */
static struct s3c_buf pack(const char *letters)
{
    struct s3c_buf b = S3C_BUF_INIT(SIZE_MAX);
    uint32_t one = 1;

    for (; *letters; letters++) {
        CHECK_OK(s3c_buf_add(&b, &one, sizeof(one)), NULL);
        CHECK_OK(s3c_buf_add_char(&b, *letters), NULL);
    }
    return b;
}

static struct s3c_mark mark_of(const char *letters)
{
    struct s3c_mark m = {0};

    for (; *letters; letters++)
        s3c_mark_add(&m, (struct s3c_view){letters, 1});
    return m;
}

/* The replay of `pieces` ("ab|cd") against a file that has `file`: "hold stored2" and the like. */
static void check_replay(const char *file, const char *pieces, const char *expected)
{
    static const char *const names[] = {
        [S3C_REPLAY_STORED] = "stored", [S3C_REPLAY_HOLD] = "hold", [S3C_REPLAY_OTHER] = "other"};
    struct s3c_expected e = {.whole = mark_of(file)};
    char got[128] = "", piece[32];

    while (*pieces) {
        size_t n = strcspn(pieces, "|"), stored = 0;
        struct s3c_buf b;
        enum s3c_replay r;

        (void)snprintf(piece, sizeof(piece), "%.*s", (int)n, pieces);
        b = pack(piece);
        r = s3c_expected_compare(&e, s3c_buf_view(&b), &stored);
        s3c_buf_done(&b);
        check_append(got, sizeof(got), " ", got[0] != '\0');
        check_append(got, sizeof(got), names[r], strlen(names[r]));
        if (r == S3C_REPLAY_STORED) {
            (void)snprintf(piece, sizeof(piece), "%zu", stored);
            check_append(got, sizeof(got), piece, strlen(piece));
        }
        pieces += pieces[n] ? n + 1 : n;
        if (r != S3C_REPLAY_HOLD)
            break;
    }
    assert_string_equal(got, expected);
}

static void decides_about_replays(void **state)
{
    (void)state;
    check_replay("abc", "abc", "stored3");
    check_replay("abc", "abcd", "stored3");
    check_replay("a", "abcd", "stored1");
    check_replay("abcd", "ab", "hold");
    check_replay("abcd", "ab|cd", "hold stored2");
    check_replay("abcd", "a|b|c|def", "hold hold hold stored1");
    check_replay("abcd", "ab|xy", "hold other");
    check_replay("abcd", "abxy", "other");
    check_replay("abcd", "axcd", "other");  /* as many, but others */
    check_replay("abd", "abcd", "other");   /* one more than it has */
    check_replay("abcd", "acd", "stored3"); /* one of them is gone since */
    check_replay("abcd", "ac|d", "hold stored1");
}

static struct s3c_buf headers_of(const struct s3c_mark *m, struct s3c_view last)
{
    struct s3c_delivery_meta meta[S3C_DELIVERY_META_MAX];
    struct s3c_mark_text text;
    struct s3c_buf b = S3C_BUF_INIT(SIZE_MAX);
    size_t n = s3c_mark_format(m, last, &text, meta);

    CHECK_OK(s3c_buf_add_str(&b, "HTTP/1.1 200 OK\r\nETag: \"x\"\r\n"), NULL);
    for (size_t i = 0; i < n; i++) {
        CHECK_OK(s3c_buf_addf(&b, "X-Amz-Meta-%s: ", meta[i].name), NULL);
        CHECK_OK(s3c_buf_add_view(&b, meta[i].value), NULL);
        CHECK_OK(s3c_buf_add_str(&b, "\r\n"), NULL);
    }
    return b;
}

static void goes_through_metadata_and_back(void **state)
{
    struct s3c_mark m = mark_of("abc"), back;
    struct s3c_buf b = headers_of(&m, S3C_VIEW("\xff\xfe?>"));

    (void)state;
    assert_true(s3c_mark_parse(s3c_buf_view(&b), &back));
    assert_memory_equal(&m, &back, sizeof(m));
    CHECK_OK(s3c_buf_terminate(&b), NULL);
    CHECK_HAS(b.ptr, "s3c-last: __4_Pg\r\n"); /* base64url, no padding */
    s3c_buf_done(&b);
}

static void leaves_long_positions_out(void **state)
{
    static char last[S3C_MARK_LAST_MAX + 1];
    struct s3c_delivery_meta meta[S3C_DELIVERY_META_MAX];
    struct s3c_mark_text text;
    struct s3c_mark m = mark_of("a");

    (void)state;
    assert_int_equal(s3c_mark_format(&m, (struct s3c_view){last, sizeof(last) - 1}, &text, meta),
                     4);
    assert_int_equal(s3c_mark_format(&m, (struct s3c_view){last, sizeof(last)}, &text, meta), 3);
    assert_int_equal(s3c_mark_format(&m, S3C_VIEW(""), &text, meta), 3);
}

static void knows_what_is_not_ours(void **state)
{
    static const char *const others[] = {
        "",
        "ETag: x\r\n",
        "x-amz-meta-s3c-count: 1\r\n",
        "x-amz-meta-s3c-count: 0\r\nx-amz-meta-s3c-last-hash: 00000000000000000000000000000000\r\n"
        "x-amz-meta-s3c-hash: 00000000000000000000000000000000\r\n",
        "x-amz-meta-s3c-count: 1\r\nx-amz-meta-s3c-last-hash: 0000000000000000000000000000000g\r\n"
        "x-amz-meta-s3c-hash: 00000000000000000000000000000000\r\n",
        "x-amz-meta-s3c-count: 1\r\nx-amz-meta-s3c-last-hash: 00000000000000000000000000000000\r\n"
        "x-amz-meta-s3c-hash: 000000000000000000000000000000\r\n",
    };
    struct s3c_mark m;

    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        assert_false(s3c_mark_parse(s3c_view_str(others[i]), &m));
}

/* ---- copies of records ---- */

static const struct s3c_metadata two[] = {{S3C_VIEW("a"), S3C_VIEW("1")},
                                          {S3C_VIEW("b"), S3C_VIEW("")}};
static const struct s3c_record records[] = {
    {.operation = S3C_OP_CREATE,
     .position = S3C_VIEW("p0"),
     .metadata = two,
     .metadata_count = 2,
     .key = {S3C_DATA_RAW, S3C_VIEW("key")},
     .after = {S3C_DATA_STRUCTURED, S3C_VIEW("{}")}},
    {.operation = S3C_OP_DELETE, .position = S3C_VIEW(""), .metadata_nil = true},
    {.operation = S3C_OP_UPDATE,
     .position = S3C_VIEW("p2"),
     .before = {S3C_DATA_RAW, S3C_VIEW("before")},
     .after = {S3C_DATA_RAW, S3C_VIEW("")}},
};

static void check_same(const struct s3c_record *a, const struct s3c_record *b)
{
    assert_int_equal(a->operation, b->operation);
    assert_int_equal(a->metadata_nil, b->metadata_nil);
    assert_int_equal(a->metadata_count, b->metadata_count);
    for (size_t i = 0; i < a->metadata_count; i++)
        assert_true(s3c_view_eq(a->metadata[i].name, b->metadata[i].name) &&
                    s3c_view_eq(a->metadata[i].value, b->metadata[i].value));
    assert_true(s3c_view_eq(a->position, b->position));
    assert_true(a->key.kind == b->key.kind && s3c_view_eq(a->key.bytes, b->key.bytes));
    assert_true(a->before.kind == b->before.kind && s3c_view_eq(a->before.bytes, b->before.bytes));
    assert_true(a->after.kind == b->after.kind && s3c_view_eq(a->after.bytes, b->after.bytes));
}

static void retains_records(void **state)
{
    struct s3c_retained t = {0};
    struct s3c_record r;
    size_t cursor = 0, before;

    (void)state;
    for (size_t i = 0; i < 3; i++)
        CHECK_OK(s3c_retained_add(&t, &records[i]), NULL);
    before = t.len;
    CHECK_OK(s3c_retained_add(&t, &records[0]), NULL);
    s3c_retained_undo(&t, before);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(s3c_retained_read(&t, &cursor, &r), 1);
        check_same(&r, &records[i]);
    }
    assert_int_equal(s3c_retained_read(&t, &cursor, &r), 0);
    assert_true(s3c_retained_bytes(&t) >= t.len);
    s3c_retained_done(&t);
    s3c_retained_done(&t);
    assert_int_equal(s3c_retained_bytes(&t), 0);
}

static void retains_all_or_nothing(void **state)
{
    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_retained t = {0};
        struct s3c_record r;
        size_t cursor = 0;
        int rc = s3c_retained_add(&t, &records[0]);

        if (rc < 0)
            assert_int_equal(t.len, 0);
        else
            rc = s3c_retained_read(&t, &cursor, &r);
        CHECK_CODE(rc, check_alloc_failed() ? S3C_E_NOMEM : 1);
        s3c_retained_done(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(decides_about_replays),     CHECK_TEST(goes_through_metadata_and_back),
        CHECK_TEST(leaves_long_positions_out), CHECK_TEST(knows_what_is_not_ours),
        CHECK_TEST(retains_records),           CHECK_TEST(retains_all_or_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
