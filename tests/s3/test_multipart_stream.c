/* SPDX-License-Identifier: Apache-2.0 */
/* Uploads of a body that is still being written, over the real client and a scripted transport. */
#include "check.h"

#include <string.h>

#include "base/view.h"
#include "s3/multipart.h"
#include "s3_fixture.h"

#define BEGUN \
    "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>"
#define DONE "<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>"

struct upload {
    struct s3_fixture s3;
    struct s3c_multipart *m;
    struct s3c_error err;
    int result;
};

static void feed(void *ctx, struct s3c_call *call)
{
    struct upload *u = ctx;

    u->result = s3c_multipart_feed(u->m, call, &u->err);
}

static int begin_quietly(struct upload *u, unsigned parallel, int64_t deadline)
{
    static const struct s3c_call_meta meta[] = {{"s3c-x", {"1", 1}}};
    int r;

    *u = (struct upload){.result = S3C_AGAIN};
    r = s3_fixture_begin(&u->s3, &u->err);
    if (r == 0) {
        struct s3c_multipart_options o = {.key = S3C_VIEW("k"),
                                          .meta = meta,
                                          .meta_count = 1,
                                          .stream = true,
                                          .part_size = 4,
                                          .parallel = parallel,
                                          .inbox = u->s3.inbox,
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

static int append(struct upload *u, const char *text)
{
    struct s3c_buf b = S3C_BUF_INIT(SIZE_MAX);
    int r = s3c_buf_add_str(&b, text);

    if (r == 0)
        r = s3c_multipart_append(u->m, &b, &u->err);
    s3c_buf_done(&b); /* what was not taken */
    return r;
}

static const struct fake_request *request(const struct upload *u, size_t i)
{
    assert_true(i < u->s3.fake->request_count);
    return &u->s3.fake->requests[i];
}

static void sends_parts_while_more_is_written(void **state)
{
    struct upload u;

    (void)state;
    begin(&u, 1);
    push(&u, 200, NULL, BEGUN);
    fake_push(u.s3.fake, (struct fake_reply){.stall = true});
    push(&u, 204, NULL, NULL);
    CHECK_OK(append(&u, "aaaab"), &u.err); /* before it is created */
    run(&u);
    assert_int_equal(u.s3.fake->request_count, 2);
    assert_true(fake_sent_header(request(&u, 0), "x-amz-meta-s3c-x: 1"));
    assert_string_equal(request(&u, 1)->body, "aaaa");
    assert_int_equal(s3c_multipart_unsent(u.m), 5); /* nothing is confirmed yet */
    s3c_multipart_cancel(u.m);
    run(&u);
    CHECK_CODE(u.result, S3C_E_CANCELLED);
    assert_int_equal(request(&u, 2)->method, S3C_HTTP_DELETE);
    finish(&u);
}

static void ends_with_what_is_left(void **state)
{
    struct upload u;

    (void)state;
    begin(&u, 2);
    push(&u, 200, NULL, BEGUN);
    for (int i = 0; i < 3; i++)
        push(&u, 200, "ETag: e\r\n", NULL);
    push(&u, 200, NULL, DONE);
    CHECK_OK(append(&u, "aaaab"), &u.err);
    run(&u);
    assert_int_equal(s3c_multipart_unsent(u.m), 1);
    CHECK_OK(append(&u, "bbbcc"), &u.err);
    run(&u);
    assert_int_equal(u.result, S3C_AGAIN);
    s3c_multipart_end(u.m);
    run(&u);
    CHECK_CODE(u.result, 0);
    assert_int_equal(u.s3.fake->request_count, 5);
    assert_string_equal(request(&u, 2)->body, "bbbb");
    assert_string_equal(request(&u, 3)->body, "cc");
    CHECK_HAS(request(&u, 4)->body, "<PartNumber>3</PartNumber>");
    assert_int_equal(s3c_multipart_unsent(u.m), 0);
    finish(&u);
}

static void completes_when_the_end_comes_after_the_last_part(void **state)
{
    struct upload u;

    (void)state;
    begin(&u, 2);
    push(&u, 200, NULL, BEGUN);
    push(&u, 200, "ETag: e\r\n", NULL);
    push(&u, 200, NULL, DONE);
    CHECK_OK(append(&u, "aaaa"), &u.err);
    run(&u);
    assert_int_equal(u.s3.fake->request_count, 2);
    s3c_multipart_end(u.m);
    run(&u);
    CHECK_CODE(u.result, 0);
    finish(&u);
}

static void outlasts_failures_that_pass(void **state)
{
    struct upload u;

    (void)state;
    begin(&u, 1);
    for (int i = 0; i < 10; i++)
        push(&u, 503, NULL, "<Error><Code>SlowDown</Code></Error>");
    push(&u, 200, NULL, BEGUN);
    for (int i = 0; i < 10; i++)
        push(&u, 500, NULL, "<Error><Code>InternalError</Code></Error>");
    push(&u, 200, "ETag: e\r\n", NULL);
    for (int i = 0; i < 10; i++)
        push(&u, 500, NULL, "<Error><Code>InternalError</Code></Error>");
    push(&u, 200, NULL, DONE);
    CHECK_OK(append(&u, "aaaa"), &u.err);
    s3c_multipart_end(u.m);
    for (int i = 0; i < 60 && u.result == S3C_AGAIN; i++) {
        fake_advance(u.s3.fake, 20 * S3C_NS_PER_SEC);
        run(&u);
    }
    CHECK_OK(u.result, &u.err);
    CHECK_CODE(u.result, 0);
    finish(&u);
}

static void fails_when_the_upload_is_gone(void **state)
{
    struct upload u;

    (void)state;
    begin(&u, 2);
    push(&u, 200, NULL, BEGUN);
    push(&u, 404, NULL, "<Error><Code>NoSuchUpload</Code></Error>");
    push(&u, 404, NULL, "<Error><Code>NoSuchUpload</Code></Error>");
    CHECK_OK(append(&u, "aaaabb"), &u.err);
    run(&u);
    CHECK_CODE(u.result, S3C_E_NOT_FOUND);
    assert_int_equal(s3c_multipart_unsent(u.m), 0);
    CHECK_OK(append(&u, "cccc"), &u.err); /* too late, and no harm */
    s3c_multipart_end(u.m);
    assert_int_equal(u.s3.fake->request_count, 3);
    assert_int_equal(request(&u, 2)->method, S3C_HTTP_DELETE);
    finish(&u);
}

static void is_aborted_when_given_up_with_nothing_under_way(void **state)
{
    struct upload u;

    (void)state;
    begin(&u, 2);
    push(&u, 200, NULL, BEGUN);
    push(&u, 204, NULL, NULL);
    run(&u);
    assert_int_equal(u.s3.fake->request_count, 1);
    s3c_multipart_cancel(u.m);
    s3c_multipart_cancel(u.m);
    run(&u);
    CHECK_CODE(u.result, S3C_E_CANCELLED);
    assert_int_equal(request(&u, 1)->method, S3C_HTTP_DELETE);
    finish(&u);
}

static void is_given_up_while_it_waits_to_try_again(void **state)
{
    struct upload u;

    (void)state;
    begin(&u, 2);
    push(&u, 200, NULL, BEGUN);
    for (int i = 0; i < 30; i++)
        push(&u, 500, NULL, "<Error><Code>InternalError</Code></Error>");
    CHECK_OK(append(&u, "aaaa"), &u.err);
    run(&u);
    fake_advance(u.s3.fake, S3C_NS_PER_SEC);
    assert_int_equal(u.result, S3C_AGAIN);
    s3c_multipart_cancel(u.m);
    for (int i = 0; i < 10 && u.result == S3C_AGAIN; i++) {
        fake_advance(u.s3.fake, 20 * S3C_NS_PER_SEC);
        run(&u);
    }
    CHECK_CODE(u.result, S3C_E_CANCELLED); /* and the abort was tried */
    CHECK_HAS(u.err.message, "could not be aborted");
    finish(&u);
}

static void ends_at_its_deadline(void **state)
{
    struct upload u;

    (void)state;
    CHECK_OK(begin_quietly(&u, 1, 5 * S3C_NS_PER_SEC), &u.err);
    push(&u, 200, NULL, BEGUN);
    fake_push(u.s3.fake, (struct fake_reply){.stall = true});
    push(&u, 204, NULL, NULL);
    CHECK_OK(append(&u, "aaaa"), &u.err);
    run(&u);
    fake_advance(u.s3.fake, 10 * S3C_NS_PER_SEC);
    run(&u);
    CHECK_CODE(u.result, S3C_E_TIMEOUT);
    finish(&u);
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
            push(&u, 200, "ETag: e\r\n", NULL);
            push(&u, 200, "ETag: e\r\n", NULL);
            push(&u, 200, NULL, DONE);
            push(&u, 204, NULL, NULL);
            r = append(&u, "aaa");
        }
        if (r == 0) {
            run(&u);
            r = append(&u, "abb");
        }
        if (r == 0) {
            s3c_multipart_end(u.m);
            run(&u);
            r = u.result;
        } else if (u.m) { /* a stream that could not go on */
            s3c_multipart_cancel(u.m);
            run(&u);
        }
        CHECK_CODE(r, check_alloc_failed() ? S3C_E_NOMEM : 0);
        finish(&u);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(sends_parts_while_more_is_written),
        CHECK_TEST(ends_with_what_is_left),
        CHECK_TEST(completes_when_the_end_comes_after_the_last_part),
        CHECK_TEST(outlasts_failures_that_pass),
        CHECK_TEST(fails_when_the_upload_is_gone),
        CHECK_TEST(is_aborted_when_given_up_with_nothing_under_way),
        CHECK_TEST(is_given_up_while_it_waits_to_try_again),
        CHECK_TEST(ends_at_its_deadline),
        CHECK_TEST(survives_every_allocation_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
