/* SPDX-License-Identifier: Apache-2.0 */
/* Deliveries of the S3 sink that are no plain files: only where nothing is yet, a look at what is there, a file that is still being written. */
#include "check.h"

#include <string.h>

#include "base/mem.h"
#include "base/view.h"
#include "dest/upload.h"
#include "s3/s3_fixture.h"

#define BEGUN \
    "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>"
#define DONE            "<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>"
#define ERROR_XML(code) "<Error><Code>" code "</Code></Error>"

struct fixture {
    struct s3_fixture s3;
    struct s3c_sink *sink;
    struct s3c_delivery delivery;
};

static int begin_quietly(struct fixture *x)
{
    int r;

    *x = (struct fixture){.delivery = {.key = S3C_VIEW("k"),
                                       .body = S3C_VIEW("0123456789"),
                                       .content_type = "application/json",
                                       .meta = {{"s3c-count", S3C_VIEW("3")}},
                                       .meta_count = 1}};
    r = s3_fixture_begin(&x->s3, NULL);
    if (r == 0) {
        struct s3c_upload_options o = {.client = x->s3.client,
                                       .clock = &x->s3.fake->clock,
                                       .put_max_bytes = 5,
                                       .part_size = 4};

        r = s3c_upload_sink_new(&x->sink, &o, NULL);
    }
    return r;
}

static void begin(struct fixture *x)
{
    CHECK_OK(begin_quietly(x), NULL);
}

static void end(struct fixture *x)
{
    s3c_buf_done(&x->delivery.found);
    if (x->sink)
        x->sink->ops->release(x->sink);
    s3_fixture_end(&x->s3);
}

static void reply(struct fixture *x, int status, const char *headers, const char *body)
{
    fake_push(x->s3.fake, (struct fake_reply){.status = status, .headers = headers, .body = body});
}

static int put(struct fixture *x)
{
    return x->sink->ops->put(x->sink, &x->delivery, NULL);
}

static int append(struct fixture *x, const char *text)
{
    struct s3c_buf b = S3C_BUF_INIT(SIZE_MAX);
    int r = s3c_buf_add_str(&b, text);

    if (r == 0)
        r = x->sink->ops->append(x->sink, &x->delivery, &b, NULL);
    s3c_buf_done(&b);
    return r;
}

/* A second; whether the delivery came back in it. */
static bool step(struct fixture *x)
{
    struct s3c_delivery *d;

    fake_advance(x->s3.fake, S3C_NS_PER_SEC);
    d = x->sink->ops->take(x->sink, 0, NULL);
    assert_true(!d || (d == &x->delivery && !d->next && !d->sink_data));
    return d != NULL;
}

static int finish(struct fixture *x)
{
    for (int i = 0; i < 60; i++) {
        if (step(x))
            return x->delivery.result;
    }
    fail_msg("the delivery did not come back");
    return 0;
}

static const struct fake_request *request(const struct fixture *x, size_t i)
{
    assert_true(i < x->s3.fake->request_count);
    return &x->s3.fake->requests[i];
}

static void puts_once_in_one_request(void **state)
{
    struct fixture x;

    (void)state;
    begin(&x);
    x.delivery.once = true;
    reply(&x, 200, NULL, NULL);
    CHECK_OK(put(&x), NULL);
    CHECK_CODE(finish(&x), 0);
    assert_int_equal(x.s3.fake->request_count, 1);
    assert_string_equal(request(&x, 0)->body, "0123456789");
    assert_true(fake_sent_header(request(&x, 0), "if-none-match: *"));
    assert_true(fake_sent_header(request(&x, 0), "x-amz-meta-s3c-count: 3"));
    reply(&x, 412, NULL, ERROR_XML("PreconditionFailed"));
    CHECK_OK(put(&x), NULL);
    CHECK_CODE(finish(&x), S3C_E_CHANGED);
    assert_false(x.delivery.error.retryable);
    end(&x);
}

static void looks_at_what_is_there(void **state)
{
    struct fixture x;

    (void)state;
    begin(&x);
    x.delivery.look = true;
    reply(&x, 200, "X-Amz-Meta-S3c-Count: 7\r\n", NULL);
    CHECK_OK(put(&x), NULL);
    CHECK_CODE(finish(&x), 0);
    assert_int_equal(request(&x, 0)->method, S3C_HTTP_HEAD);
    assert_false(fake_sent_header(request(&x, 0), "x-amz-meta-s3c-count: 3"));
    CHECK_OK(s3c_buf_terminate(&x.delivery.found), NULL);
    CHECK_HAS(x.delivery.found.ptr, "X-Amz-Meta-S3c-Count: 7");
    reply(&x, 404, NULL, NULL);
    CHECK_OK(put(&x), NULL); /* once more, with the same delivery */
    CHECK_CODE(finish(&x), S3C_E_NOT_FOUND);
    end(&x);
}

static void keeps_metadata_in_parts(void **state)
{
    struct fixture x;

    (void)state;
    begin(&x);
    reply(&x, 200, NULL, BEGUN);
    for (int i = 0; i < 3; i++)
        reply(&x, 200, "ETag: e\r\n", NULL);
    reply(&x, 200, NULL, DONE);
    CHECK_OK(put(&x), NULL);
    CHECK_CODE(finish(&x), 0);
    assert_true(fake_sent_header(request(&x, 0), "x-amz-meta-s3c-count: 3"));
    end(&x);
}

static void sends_while_it_is_written(void **state)
{
    struct fixture x;

    (void)state;
    begin(&x);
    reply(&x, 200, NULL, BEGUN);
    reply(&x, 200, "ETag: e\r\n", NULL);
    reply(&x, 200, "ETag: e\r\n", NULL);
    reply(&x, 200, NULL, DONE);
    CHECK_OK(x.sink->ops->begin(x.sink, &x.delivery, NULL), NULL);
    CHECK_OK(append(&x, "aaaabb"), NULL);
    assert_int_equal(x.sink->ops->unsent(x.sink, &x.delivery), 6);
    for (int i = 0; i < 4; i++)
        assert_false(step(&x));
    assert_int_equal(x.sink->ops->unsent(x.sink, &x.delivery), 2);
    CHECK_OK(x.sink->ops->end(x.sink, &x.delivery, NULL), NULL);
    CHECK_CODE(finish(&x), 0);
    assert_string_equal(request(&x, 1)->body, "aaaa");
    assert_string_equal(request(&x, 2)->body, "bb");
    assert_int_equal(x.sink->ops->unsent(x.sink, &x.delivery), 0);
    end(&x);
}

static void comes_back_early_when_it_fails(void **state)
{
    struct fixture x;

    (void)state;
    begin(&x);
    reply(&x, 200, NULL, BEGUN);
    reply(&x, 403, NULL, ERROR_XML("AccessDenied"));
    reply(&x, 204, NULL, NULL);
    CHECK_OK(x.sink->ops->begin(x.sink, &x.delivery, NULL), NULL);
    CHECK_OK(append(&x, "aaaabb"), NULL);
    CHECK_CODE(finish(&x), S3C_E_DENIED);
    assert_int_equal(request(&x, 2)->method, S3C_HTTP_DELETE);
    end(&x);
}

static void aborts_what_is_cancelled_while_it_is_written(void **state)
{
    struct fixture x;

    (void)state;
    begin(&x);
    reply(&x, 200, NULL, BEGUN);
    reply(&x, 204, NULL, NULL);
    CHECK_OK(x.sink->ops->begin(x.sink, &x.delivery, NULL), NULL);
    assert_false(step(&x));
    x.sink->ops->cancel(x.sink, &x.delivery);
    CHECK_CODE(finish(&x), S3C_E_CANCELLED);
    assert_int_equal(request(&x, 1)->method, S3C_HTTP_DELETE);
    end(&x);
}

static void reports_allocation_failures(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        FOR_EACH_ALLOC_FAILURE
        {
            struct fixture x;
            int r = begin_quietly(&x);

            if (r == 0) {
                x.delivery.look = kind == 1;
                reply(&x, 200, NULL, kind == 1 ? NULL : BEGUN);
                reply(&x, 200, "ETag: e\r\n", NULL);
                reply(&x, 200, NULL, DONE);
                reply(&x, 204, NULL, NULL);
                r = kind == 1 ? put(&x) : x.sink->ops->begin(x.sink, &x.delivery, NULL);
            }
            if (r == 0 && kind == 0) {
                if (append(&x, "aaaa") == 0)
                    CHECK_OK(x.sink->ops->end(x.sink, &x.delivery, NULL), NULL);
                else
                    x.sink->ops->cancel(x.sink, &x.delivery);
            }
            if (r == 0) /* what fails on the way is tried again, or reported */
                assert_true(finish(&x) == 0 || check_alloc_failed());
            assert_true(r == 0 || (r == S3C_E_NOMEM && check_alloc_failed()));
            end(&x);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(puts_once_in_one_request),
        CHECK_TEST(looks_at_what_is_there),
        CHECK_TEST(keeps_metadata_in_parts),
        CHECK_TEST(sends_while_it_is_written),
        CHECK_TEST(comes_back_early_when_it_fails),
        CHECK_TEST(aborts_what_is_cancelled_while_it_is_written),
        CHECK_TEST(reports_allocation_failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
