/* SPDX-License-Identifier: Apache-2.0 */
/* Multipart uploads over the real client and a scripted transport: parts, completion, and that every failure aborts. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "base/view.h"
#include "s3/multipart.h"
#include "s3_fixture.h"

#define BEGUN \
    "<InitiateMultipartUploadResult><UploadId>u/1</UploadId></InitiateMultipartUploadResult>"
#define DONE \
    "<CompleteMultipartUploadResult><ETag>&quot;x-3&quot;</ETag></CompleteMultipartUploadResult>"
#define BODY "aaaabbbbcc" /* three parts of 4 */

struct upload {
    struct s3_fixture s3;
    struct s3c_multipart *m;
    struct s3c_error err;
    int result;
};

static void feed(void *ctx, struct s3c_call *call)
{
    struct upload *u = ctx;

    assert_ptr_equal(call->user, u->m);
    u->result = s3c_multipart_feed(u->m, call, &u->err);
}

static int begin_quietly(struct upload *u, unsigned parallel, int64_t deadline)
{
    int r;

    *u = (struct upload){.result = S3C_AGAIN};
    r = s3_fixture_begin(&u->s3, &u->err);
    if (r == 0) {
        struct s3c_multipart_options o = {.key = S3C_VIEW("k/1"),
                                          .content_type = S3C_VIEW("text/plain"),
                                          .content_encoding = S3C_VIEW("zstd"),
                                          .body = S3C_VIEW(BODY),
                                          .part_size = 4,
                                          .parallel = parallel,
                                          .inbox = u->s3.inbox,
                                          .max_attempts = 1,
                                          .clock = &u->s3.fake->clock,
                                          .deadline_mono_ns = deadline,
                                          .user = u};

        r = s3c_multipart_new(&u->m, u->s3.client, &o, &u->err);
    }
    return r;
}

static void begin(struct upload *u, unsigned parallel)
{
    CHECK_OK(begin_quietly(u, parallel, 0), &u->err);
    assert_ptr_equal(s3c_multipart_user(u->m), u);
}

static void finish(struct upload *u)
{
    s3c_multipart_free(u->m);
    s3_fixture_end(&u->s3);
}

static void push(struct upload *u, int status, const char *headers, const char *body)
{
    fake_push(u->s3.fake, (struct fake_reply){.status = status, .headers = headers, .body = body});
}

static void run(struct upload *u)
{
    for (int i = 0; i < 16 && u->result == S3C_AGAIN; i++)
        s3_fixture_step(&u->s3, feed, u);
}

static const struct fake_request *request(const struct upload *u, size_t i)
{
    assert_true(i < u->s3.fake->request_count);
    return &u->s3.fake->requests[i];
}

static void check_aborted(struct upload *u)
{
    const struct fake_request *last = request(u, u->s3.fake->request_count - 1);

    assert_int_equal(last->method, S3C_HTTP_DELETE);
    CHECK_HAS(last->url, "uploadId=u%2F1");
    assert_int_equal(s3c_multipart_result(u->m, NULL), u->result);
}

static void uploads_in_parts(void **state)
{
    struct upload u;

    (void)state;
    begin(&u, 1);
    assert_int_equal(s3c_multipart_result(u.m, NULL), S3C_AGAIN);
    push(&u, 200, NULL, BEGUN);
    push(&u, 200, "ETag: \"e1\"\r\n", NULL);
    push(&u, 200, "ETag: \"e2\"\r\n", NULL);
    push(&u, 200, "ETag: <e3>&\r\n", NULL);
    push(&u, 200, NULL, DONE);
    run(&u);
    CHECK_OK(u.result, &u.err);
    assert_int_equal(u.result, 0);
    assert_int_equal(s3c_multipart_result(u.m, NULL), 0);
    assert_int_equal(u.s3.fake->request_count, 5);
    CHECK_HAS(request(&u, 0)->url, "/bucket/k/1?uploads=");
    assert_true(fake_sent_header(request(&u, 0), "content-type: text/plain"));
    assert_true(fake_sent_header(request(&u, 0), "content-encoding: zstd"));
    CHECK_HAS(request(&u, 1)->url, "/bucket/k/1?partNumber=1&uploadId=u%2F1");
    assert_string_equal(request(&u, 1)->body, "aaaa");
    assert_string_equal(request(&u, 2)->body, "bbbb");
    assert_string_equal(request(&u, 3)->body, "cc");
    assert_int_equal(request(&u, 4)->method, S3C_HTTP_POST);
    CHECK_HAS(
        request(&u, 4)->body,
        "<Part><PartNumber>1</PartNumber><ETag>\"e1\"</ETag></Part><Part><PartNumber>2</PartNumber>");
    CHECK_HAS(request(&u, 4)->body, "<PartNumber>3</PartNumber><ETag>&lt;e3&gt;&amp;</ETag>");
    finish(&u);
}

static void sends_parts_side_by_side(void **state)
{
    struct upload u;

    (void)state;
    begin(&u, 2);
    push(&u, 200, NULL, BEGUN);
    fake_push(u.s3.fake, (struct fake_reply){
                             .status = 200, .headers = "ETag: 1\r\n", .delay_ns = S3C_NS_PER_SEC});
    fake_push(u.s3.fake, (struct fake_reply){
                             .status = 200, .headers = "ETag: 2\r\n", .delay_ns = S3C_NS_PER_MS});
    push(&u, 200, "ETag: 3\r\n", NULL);
    push(&u, 200, NULL, DONE);
    run(&u);
    assert_int_equal(u.s3.fake->request_count, 3); /* create and two parts, not the third */
    fake_advance(u.s3.fake, 2 * S3C_NS_PER_MS);
    run(&u);
    assert_int_equal(u.s3.fake->request_count, 4);
    assert_int_equal(u.result, S3C_AGAIN);
    fake_advance(u.s3.fake, S3C_NS_PER_SEC);
    run(&u);
    assert_int_equal(u.result, 0);
    CHECK_HAS(
        request(&u, 4)->body,
        "<PartNumber>1</PartNumber><ETag>1</ETag></Part><Part><PartNumber>2</PartNumber><ETag>2<");
    finish(&u);
}

static void has_nothing_to_abort_when_it_cannot_begin(void **state)
{
    struct upload u;

    (void)state;
    begin(&u, 1);
    push(&u, 403, NULL, "<Error><Code>AccessDenied</Code></Error>");
    run(&u);
    CHECK_CODE(u.result, S3C_E_DENIED);
    assert_int_equal(u.s3.fake->request_count, 1);
    finish(&u);

    begin(&u, 1);
    push(&u, 200, NULL, "<InitiateMultipartUploadResult></InitiateMultipartUploadResult>");
    run(&u);
    CHECK_CODE(u.result, S3C_E_PROTOCOL);
    assert_int_equal(u.s3.fake->request_count, 1);
    finish(&u);
}

static void aborts_when_a_part_fails(void **state)
{
    struct upload u;

    (void)state;
    begin(&u, 3);
    push(&u, 200, NULL, BEGUN);
    fake_push(u.s3.fake, (struct fake_reply){.stall = true});
    push(&u, 403, NULL, "<Error><Code>AccessDenied</Code></Error>");
    fake_push(u.s3.fake, (struct fake_reply){.stall = true});
    push(&u, 204, NULL, NULL);
    run(&u);
    CHECK_CODE(u.result, S3C_E_DENIED);
    assert_int_equal(u.err.code, S3C_E_DENIED);
    assert_int_equal(u.s3.fake->request_count,
                     5); /* the abort left only after the stalled parts were gone */
    check_aborted(&u);
    finish(&u);
}

static void aborts_when_a_part_has_no_etag(void **state)
{
    struct upload u;

    (void)state;
    begin(&u, 1);
    push(&u, 200, NULL, BEGUN);
    push(&u, 200, NULL, NULL);
    push(&u, 204, NULL, NULL);
    run(&u);
    CHECK_CODE(u.result, S3C_E_PROTOCOL);
    CHECK_HAS(u.err.message, "no ETag");
    check_aborted(&u);
    finish(&u);
}

static void aborts_when_it_cannot_complete(void **state)
{
    static const char *const answers[] = {"<Error><Code>InvalidPart</Code></Error>",
                                          "<html></html>"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct upload u;

        begin(&u, 1);
        push(&u, 200, NULL, BEGUN);
        for (int part = 0; part < 3; part++)
            push(&u, 200, "ETag: e\r\n", NULL);
        push(&u, i ? 200 : 400, NULL, answers[i]);
        push(&u, 204, NULL, NULL);
        run(&u);
        CHECK_CODE(u.result, i ? S3C_E_PROTOCOL : S3C_E_HTTP);
        check_aborted(&u);
        finish(&u);
    }
}

static void says_when_the_abort_failed_too(void **state)
{
    struct upload u;

    (void)state;
    begin(&u, 1);
    push(&u, 200, NULL, BEGUN);
    push(&u, 403, NULL, "<Error><Code>AccessDenied</Code></Error>");
    push(&u, 403, NULL, "<Error><Code>AccessDenied</Code></Error>");
    run(&u);
    CHECK_CODE(u.result, S3C_E_DENIED);
    CHECK_HAS(u.err.message, "could not be aborted");
    finish(&u);
}

static void aborts_when_given_up(void **state)
{
    struct upload u;

    (void)state;
    begin(&u, 2);
    push(&u, 200, NULL, BEGUN);
    fake_push(u.s3.fake, (struct fake_reply){.stall = true});
    fake_push(u.s3.fake, (struct fake_reply){.stall = true});
    push(&u, 204, NULL, NULL);
    run(&u);
    assert_int_equal(u.result, S3C_AGAIN);
    s3c_multipart_cancel(u.m);
    s3c_multipart_cancel(u.m); /* once more is no harm */
    run(&u);
    CHECK_CODE(u.result, S3C_E_CANCELLED);
    check_aborted(&u);
    finish(&u);
}

static void gives_the_abort_time_of_its_own(void **state)
{
    struct upload u;

    (void)state;
    CHECK_OK(begin_quietly(&u, 1, 2 * S3C_NS_PER_SEC), &u.err); /* the clock starts at 1 s */
    push(&u, 200, NULL, BEGUN);
    fake_push(u.s3.fake, (struct fake_reply){.stall = true}); /* until the deadline of the upload */
    push(&u, 204, NULL, NULL);
    run(&u);
    fake_advance(u.s3.fake, 2 * S3C_NS_PER_SEC);
    run(&u);
    CHECK_CODE(u.result, S3C_E_TIMEOUT);
    check_aborted(&u);
    finish(&u);
}

static void makes_parts_larger_rather_than_too_many(void **state)
{
    static char body[30001];
    struct s3c_multipart_options o = {
        .key = S3C_VIEW("k"), .body = {body, sizeof body}, .part_size = 1, .parallel = 1};
    struct upload u = {.result = S3C_AGAIN};

    (void)state;
    memset(body, 'x', sizeof body);
    CHECK_OK(s3_fixture_begin(&u.s3, &u.err), &u.err);
    o.inbox = u.s3.inbox;
    o.clock = &u.s3.fake->clock;
    o.max_attempts = 1;
    CHECK_OK(s3c_multipart_new(&u.m, u.s3.client, &o, &u.err), &u.err);
    push(&u, 200, NULL, BEGUN);
    push(&u, 403, NULL, NULL);
    push(&u, 204, NULL, NULL);
    run(&u);
    assert_int_equal(strlen(request(&u, 1)->body), 4); /* 30,001 bytes in 10,000 parts */
    finish(&u);
}

static void refuses_an_empty_body(void **state)
{
    struct s3c_multipart_options o = {.part_size = 1, .body = S3C_VIEW("")};
    struct s3c_multipart *m;
    struct s3c_error err = {0};

    (void)state;
    CHECK_CODE(s3c_multipart_new(&m, NULL, &o, &err), S3C_E_INVALID);
}

static void survives_every_allocation_failure(void **state)
{
    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct upload u;
        int r = begin_quietly(&u, 2, 0);

        if (r == 0) {
            push(&u, 200, NULL, BEGUN);
            for (int part = 0; part < 3; part++)
                push(&u, 200, "ETag: e\r\n", NULL);
            push(&u, 200, NULL, DONE);
            push(&u, 204, NULL, NULL);
            run(&u);
            r = u.result;
        }
        CHECK_CODE(r, check_alloc_failed() ? S3C_E_NOMEM : 0);
        finish(&u);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(uploads_in_parts),
        CHECK_TEST(sends_parts_side_by_side),
        CHECK_TEST(has_nothing_to_abort_when_it_cannot_begin),
        CHECK_TEST(aborts_when_a_part_fails),
        CHECK_TEST(aborts_when_a_part_has_no_etag),
        CHECK_TEST(aborts_when_it_cannot_complete),
        CHECK_TEST(says_when_the_abort_failed_too),
        CHECK_TEST(aborts_when_given_up),
        CHECK_TEST(gives_the_abort_time_of_its_own),
        CHECK_TEST(makes_parts_larger_rather_than_too_many),
        CHECK_TEST(refuses_an_empty_body),
        CHECK_TEST(survives_every_allocation_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
