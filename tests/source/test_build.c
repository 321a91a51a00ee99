/* SPDX-License-Identifier: Apache-2.0 */
/* Records as DESIGN 4.5 wants them. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/view.h"
#include "source/build.h"

#define LISTED_NS (INT64_C(1767225600) * S3C_NS_PER_SEC + 123000000)

static struct s3c_call *call_with(const char *headers, const char *body)
{
    struct s3c_call *c = s3c_call_new();

    assert_non_null(c);
    assert_int_equal(s3c_buf_add_str(&c->headers, headers), 0);
    assert_int_equal(s3c_buf_add_str(&c->reply, body), 0);
    return c;
}

static struct s3c_event event(enum s3c_operation op)
{
    return (struct s3c_event){.op = op,
                              .second = 1767225600,
                              .following = 2,
                              .listed = true,
                              .is_latest = true,
                              .versioned = true,
                              .key = S3C_VIEW("a_s1"),
                              .version_id = S3C_VIEW("v+1"),
                              .etag = S3C_VIEW("abc"),
                              .size = 4,
                              .last_modified_ns = LISTED_NS};
}

struct built {
    struct s3c_arena arena;
    struct s3c_build build;
    struct s3c_record record;
};

static void build(struct built *b, const struct s3c_event *e, const struct s3c_call *call,
                  bool last)
{
    struct s3c_error err;

    b->arena = S3C_ARENA_INIT(0);
    b->build = S3C_BUILD_INIT(S3C_VIEW("bkt"), &b->arena);
    CHECK_OK(s3c_build_record(&b->build, e, call, 77, last, &b->record, &err), &err);
}

static void built_done(struct built *b)
{
    s3c_build_done(&b->build);
    s3c_arena_done(&b->arena);
}

static void check_metadata(const struct s3c_record *r, const char *want)
{
    char text[2048] = "";
    size_t n = 0;

    for (size_t i = 0; i < r->metadata_count; i++) {
        const struct s3c_metadata *m = &r->metadata[i];

        n += (size_t)snprintf(text + n, sizeof(text) - n, "%.*s=%.*s\n", (int)m->name.len,
                              m->name.ptr, (int)m->value.len, m->value.ptr);
        if (i > 0)
            assert_true(s3c_view_cmp(r->metadata[i - 1].name, m->name) < 0);
        assert_true(s3c_utf8_valid(m->value) && s3c_utf8_valid(m->name));
    }
    assert_string_equal(text, want);
}

static void an_object_with_all_its_metadata(void **state)
{
    struct s3c_event e = event(S3C_OP_UPDATE);
    struct s3c_call *c =
        call_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=x\r\n"
                  "x-amz-meta-Zebra: z\r\nX-Amz-Meta-apple: 1\r\n"
                  "x-amz-meta-bad: \xff%\r\nx-amz-meta-APPLE: 2\r\nETag: \"no\"\r\n\r\n",
                  "body");
    struct built b;

    (void)state;
    build(&b, &e, c, false);
    CHECK_VIEW(b.record.position, "a_s1_c1767225600.2");
    CHECK_VIEW(b.record.key.bytes, "a_s1");
    CHECK_VIEW(b.record.after.bytes, "body");
    assert_int_equal(b.record.before.kind, S3C_DATA_NIL);
    assert_int_equal(b.record.operation, S3C_OP_UPDATE);
    check_metadata(&b.record, "opencdc.collection=bkt\n"
                              "opencdc.createdAt=1767225600123000000\n"
                              "opencdc.readAt=77\n"
                              "opencdc.version=v1\n"
                              "s3.bucket=bkt\n"
                              "s3.etag=abc\n"
                              "s3.header.contentType=text/plain; charset=x\n"
                              "s3.isLatest=true\n"
                              "s3.lastModified=2026-01-01T00:00:00.123Z\n"
                              "s3.meta.apple=1,2\n"
                              "s3.meta.bad=%FF%25\n"
                              "s3.meta.zebra=z\n"
                              "s3.size=4\n"
                              "s3.versionId=v+1\n");
    built_done(&b);
    s3c_call_free(c);
}

static void an_empty_object_is_not_nil(void **state)
{
    struct s3c_event e = event(S3C_OP_CREATE);
    struct s3c_call *c = call_with("HTTP/1.1 200 OK\r\n\r\n", "");
    struct built b;

    (void)state;
    e.versioned = e.is_latest = false;
    e.following = 0;
    e.etag = e.version_id = (struct s3c_view){NULL, 0};
    build(&b, &e, c, false);
    assert_int_equal(b.record.after.kind, S3C_DATA_RAW);
    assert_int_equal(b.record.after.bytes.len, 0);
    check_metadata(&b.record, "opencdc.collection=bkt\n"
                              "opencdc.createdAt=1767225600123000000\n"
                              "opencdc.readAt=77\n"
                              "opencdc.version=v1\n"
                              "s3.bucket=bkt\n"
                              "s3.etag=\n"
                              "s3.isLatest=false\n"
                              "s3.lastModified=2026-01-01T00:00:00.123Z\n"
                              "s3.size=0\n");
    built_done(&b);
    s3c_call_free(c);
}

static void deletes_with_and_without_a_marker(void **state)
{
    struct s3c_event e = event(S3C_OP_DELETE);
    struct built b;

    (void)state;
    e.is_marker = true;
    build(&b, &e, NULL, false);
    assert_int_equal(b.record.after.kind, S3C_DATA_NIL);
    check_metadata(&b.record, "action=delete\n"
                              "opencdc.collection=bkt\n"
                              "opencdc.createdAt=1767225600123000000\n"
                              "opencdc.readAt=77\n"
                              "opencdc.version=v1\n"
                              "s3.bucket=bkt\n"
                              "s3.isLatest=true\n"
                              "s3.lastModified=2026-01-01T00:00:00.123Z\n"
                              "s3.versionId=v+1\n");
    built_done(&b);
    e.listed = false;
    build(&b, &e, NULL, false);
    check_metadata(&b.record, "action=delete\n"
                              "opencdc.collection=bkt\n"
                              "opencdc.createdAt=1767225600000000000\n"
                              "opencdc.readAt=77\n"
                              "opencdc.version=v1\n"
                              "s3.bucket=bkt\n");
    built_done(&b);
}

static void positions_of_the_snapshot(void **state)
{
    struct s3c_event e = event(S3C_OP_SNAPSHOT);
    struct s3c_call *c = call_with("HTTP/1.1 200 OK\r\n\r\n", "x");
    struct built b;

    (void)state;
    e.following = 0;
    build(&b, &e, c, false);
    CHECK_VIEW(b.record.position, "a_s1_s1767225600");
    built_done(&b);
    build(&b, &e, c, true);
    CHECK_VIEW(b.record.position, "a_s1_c1767225600");
    assert_int_equal(b.record.operation, S3C_OP_SNAPSHOT);
    built_done(&b);
    s3c_call_free(c);
}

static void survives_lack_of_memory(void **state)
{
    struct s3c_event e = event(S3C_OP_CREATE);
    struct s3c_call *c =
        call_with("HTTP/1.1 200 OK\r\nx-amz-meta-a: \xff\r\nx-amz-meta-a: 2\r\n\r\n", "x");

    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_arena arena = S3C_ARENA_INIT(0);
        struct s3c_build b = S3C_BUILD_INIT(S3C_VIEW("bkt"), &arena);
        struct s3c_record record;
        int r = s3c_build_record(&b, &e, c, 77, false, &record, NULL);

        CHECK_CODE(r, check_alloc_failed() ? S3C_E_NOMEM : 0);
        s3c_build_done(&b);
        s3c_arena_done(&arena);
    }
    s3c_call_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(an_object_with_all_its_metadata),   CHECK_TEST(an_empty_object_is_not_nil),
        CHECK_TEST(deletes_with_and_without_a_marker), CHECK_TEST(positions_of_the_snapshot),
        CHECK_TEST(survives_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
