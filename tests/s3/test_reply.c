/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "base/view.h"
#include "s3/reply.h"

#define DECL "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

static char scratch[4096];

/* The parsers write into what they read. */
static char *writable(const char *text)
{
    assert_true(strlen(text) < sizeof scratch);
    return memcpy(scratch, text, strlen(text) + 1);
}

static void looks_at_the_outside(void **state)
{
    static const struct {
        const char *body;
        enum s3c_reply_kind kind;
    } rows[] = {
        {"", S3C_REPLY_EMPTY},
        {" \r\n\t", S3C_REPLY_EMPTY},
        {DECL "<ListBucketResult></ListBucketResult>", S3C_REPLY_XML},
        {"<ListBucketResult xmlns=\"x\"><a/></ListBucketResult>\n", S3C_REPLY_XML},
        {"<ListBucketResult/>", S3C_REPLY_XML},
        {"<a />", S3C_REPLY_XML},
        {" \n\n" DECL "<Error><Code>x</Code></Error>", S3C_REPLY_ERROR},
        {"\xef\xbb\xbf" DECL "<Error></Error >", S3C_REPLY_ERROR},
        {DECL "<!-- <a> --><!DOCTYPE x><Error></Error>", S3C_REPLY_ERROR},
        {"<s3:Error xmlns:s3=\"x\"></s3:Error>", S3C_REPLY_ERROR},
        {DECL "<ListBucketResult><Contents><Key>a</Key>", S3C_REPLY_BROKEN},
        {DECL "<ListBucketResult><Contents></Contents>", S3C_REPLY_BROKEN},
        {DECL, S3C_REPLY_BROKEN},
        {"<ListBucketResult", S3C_REPLY_BROKEN},
        {"<a><b/>", S3C_REPLY_BROKEN},
        {"<>", S3C_REPLY_BROKEN},
        {"<!-- ", S3C_REPLY_BROKEN},
        {"<html><body>hello</html>", S3C_REPLY_XML},
        {"hello", S3C_REPLY_BROKEN},
        {"{\"a\":1}", S3C_REPLY_BROKEN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct check_guard g = check_guard_new(rows[i].body, strlen(rows[i].body));

        if (s3c_reply_look((struct s3c_view){g.ptr, g.len}) != rows[i].kind)
            fail_msg("%s", rows[i].body);
        check_guard_free(&g);
    }
}

static void knows_what_each_operation_answers(void **state)
{
    struct s3c_view error = S3C_VIEW("<Error></Error>"),
                    list = S3C_VIEW("<ListBucketResult></ListBucketResult>"), none = S3C_VIEW(""),
                    cut = S3C_VIEW("<ListBucketResult>");
    enum s3c_reply_kind kind;

    (void)state;
    assert_true(s3c_reply_acceptable(S3C_LIST_OBJECTS_V2, list, &kind));
    assert_false(s3c_reply_acceptable(S3C_LIST_OBJECTS_V2, error, &kind));
    assert_int_equal(kind, S3C_REPLY_ERROR);
    assert_false(s3c_reply_acceptable(S3C_LIST_OBJECTS_V2, none, &kind));
    assert_false(s3c_reply_acceptable(S3C_LIST_VERSIONS, cut, &kind));
    assert_int_equal(kind, S3C_REPLY_BROKEN);
    assert_false(s3c_reply_acceptable(S3C_COMPLETE_MULTIPART, error, &kind));
    assert_true(s3c_reply_acceptable(S3C_GET_OBJECT, error, &kind));
    assert_true(s3c_reply_acceptable(S3C_GET_OBJECT, none, &kind));
    assert_true(s3c_reply_acceptable(S3C_PUT_OBJECT, none, &kind));
    assert_false(s3c_reply_acceptable(S3C_PUT_OBJECT, error, &kind));
    assert_true(s3c_reply_acceptable(S3C_ABORT_MULTIPART, none, &kind));
}

static void reads_errors(void **state)
{
    static const char text[] =
        " \n" DECL
        "<Error><Code>AuthorizationHeaderMalformed</Code><Message>The region &apos;us-east-1&apos; is wrong"
        "\x01</Message><Details><Code>inner</Code></Details><Region>eu-west-1</Region>"
        "<RequestId>tx0001</RequestId><HostId/></Error>";
    struct s3c_error_reply e;

    (void)state;
    CHECK_OK(s3c_reply_error(writable(text), sizeof text - 1, &e), NULL);
    assert_string_equal(e.code, "AuthorizationHeaderMalformed");
    assert_string_equal(e.message, "The region 'us-east-1' is wrong?");
    assert_string_equal(e.region, "eu-west-1");
    assert_string_equal(e.request_id, "tx0001");
}

static void keeps_what_it_read_of_a_broken_error(void **state)
{
    static const char text[] = "<Error><Code>SlowDown</Code><Message>please";
    struct s3c_error_reply e;

    (void)state;
    CHECK_CODE(s3c_reply_error(writable(text), sizeof text - 1, &e), S3C_E_PROTOCOL);
    assert_string_equal(e.code, "SlowDown");
    assert_string_equal(e.message, "");
    CHECK_CODE(s3c_reply_error(writable("<html></html>"), 13, &e), S3C_E_PROTOCOL);
    assert_string_equal(e.code, "");
    CHECK_CODE(s3c_reply_error(writable(""), 0, &e), S3C_E_PROTOCOL);
}

static void cuts_fields_that_are_too_long(void **state)
{
    struct s3c_error_reply e;
    char text[512] = "<Error><Code>";

    (void)state;
    memset(text + 13, 'x', 200);
    memcpy(text + 213, "</Code></Error>", 16);
    CHECK_OK(s3c_reply_error(text, strlen(text), &e), NULL);
    assert_int_equal(strlen(e.code), sizeof e.code - 1);
}

static void reads_versioning(void **state)
{
    static const struct {
        const char *body;
        int result;
        enum s3c_versioning_status status;
    } rows[] = {
        {DECL "<VersioningConfiguration xmlns=\"x\"/>", 0, S3C_VERSIONING_STATUS_NEVER},
        {"<VersioningConfiguration></VersioningConfiguration>", 0, S3C_VERSIONING_STATUS_NEVER},
        {"<VersioningConfiguration><Status></Status></VersioningConfiguration>", 0,
         S3C_VERSIONING_STATUS_NEVER},
        {"<VersioningConfiguration>\n <Status>Enabled</Status>\n <MfaDelete>Disabled</MfaDelete></VersioningConfiguration>",
         0, S3C_VERSIONING_STATUS_ENABLED},
        {DECL "<GetBucketVersioningResponse><Status>Enabled</Status></GetBucketVersioningResponse>",
         0, S3C_VERSIONING_STATUS_ENABLED}, /* moto */
        {"<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>", 0,
         S3C_VERSIONING_STATUS_SUSPENDED},
        {"<VersioningConfiguration><Status>Perhaps</Status></VersioningConfiguration>",
         S3C_E_PROTOCOL, 0},
        {"<html></html>", S3C_E_PROTOCOL, 0},
        {"<VersioningConfiguration><Status>Enabled</Status>", S3C_E_PROTOCOL, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum s3c_versioning_status status = S3C_VERSIONING_STATUS_NEVER;
        struct s3c_error err = {0};

        CHECK_CODE(
            s3c_reply_versioning(writable(rows[i].body), strlen(rows[i].body), &status, &err),
            rows[i].result);
        assert_int_equal(status, rows[i].status);
        assert_int_equal(err.code, rows[i].result);
    }
}

static void reads_multipart_answers(void **state)
{
    static const char begun[] =
        "<InitiateMultipartUploadResult><Bucket>b</Bucket><UploadId>2~a&amp;b</UploadId></InitiateMultipartUploadResult>";
    static const char nameless[] =
        "<InitiateMultipartUploadResult><Bucket>b</Bucket></InitiateMultipartUploadResult>";
    static const char done[] =
        "\n\n" DECL "<CompleteMultipartUploadResult><Key>k</Key></CompleteMultipartUploadResult>";
    struct s3c_error err = {0};
    struct s3c_view id;

    (void)state;
    CHECK_OK(s3c_reply_upload_id(writable(begun), sizeof begun - 1, &id, &err), &err);
    CHECK_VIEW(id, "2~a&b");
    CHECK_CODE(s3c_reply_upload_id(writable(nameless), sizeof nameless - 1, &id, &err),
               S3C_E_PROTOCOL);
    CHECK_HAS(err.message, "UploadId");
    CHECK_OK(s3c_reply_complete(writable(done), sizeof done - 1, &err), &err);
    CHECK_CODE(s3c_reply_complete(writable(begun), sizeof begun - 1, &err), S3C_E_PROTOCOL);
}

static void trims_quotes_of_etags(void **state)
{
    (void)state;
    CHECK_VIEW(s3c_etag_trim(S3C_VIEW("\"abc\"")), "abc");
    CHECK_VIEW(s3c_etag_trim(S3C_VIEW("abc")), "abc");
    CHECK_VIEW(s3c_etag_trim(S3C_VIEW("\"")), "\"");
    CHECK_VIEW(s3c_etag_trim(S3C_VIEW("\"\"")), "");
}

static void try_all(void *ctx, char *p, size_t n)
{
    enum s3c_versioning_status status;
    struct s3c_error_reply e;
    struct s3c_view v = {p, n};

    (void)ctx;
    (void)s3c_reply_look(v);
    if (s3c_reply_error(p, n, &e) == 0)
        assert_int_equal(s3c_reply_look(v), S3C_REPLY_ERROR);
    assert_int_not_equal(s3c_reply_versioning(p, n, &status, NULL), 0); /* it is none */
}

static void stays_inside_every_prefix(void **state)
{
    (void)state;
    check_each_prefix(
        S3C_VIEW("\xef\xbb\xbf \n" DECL
                 "<!--x--><Error a='>'><Code>&#x41;&lt;<![CDATA[x]]></Code><Region/></Error>\n"),
        try_all, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(looks_at_the_outside),
        CHECK_TEST(knows_what_each_operation_answers),
        CHECK_TEST(reads_errors),
        CHECK_TEST(keeps_what_it_read_of_a_broken_error),
        CHECK_TEST(cuts_fields_that_are_too_long),
        CHECK_TEST(reads_versioning),
        CHECK_TEST(reads_multipart_answers),
        CHECK_TEST(trims_quotes_of_etags),
        CHECK_TEST(stays_inside_every_prefix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
