/* SPDX-License-Identifier: Apache-2.0 */
/* The sink that talks to S3, over the real client and scripted answers; at the end the whole destination on it. */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "base/view.h"
#include "config/settings.h"
#include "dest/engine.h"
#include "dest/upload.h"
#include "format/json.h"
#include "http/fake_transport.h"
#include "s3/creds.h"

#define PUT_MAX         100
#define PART_SIZE       60
#define ERROR_XML(code) "<Error><Code>" code "</Code><Message>why</Message></Error>"
#define CREATED_XML                                                      \
    "<InitiateMultipartUploadResult><Bucket>bucket</Bucket><Key>k</Key>" \
    "<UploadId>upload-1</UploadId></InitiateMultipartUploadResult>"
#define COMPLETED_XML                                                                        \
    "<CompleteMultipartUploadResult><Bucket>bucket</Bucket><Key>k</Key><ETag>\"x-2\"</ETag>" \
    "</CompleteMultipartUploadResult>"

struct fixture {
    struct fake_transport *fake;
    struct s3c_client *client;
    struct s3c_creds_provider creds;
    struct s3c_sink *sink;
    char body[150];
    struct s3c_delivery delivery;
};

static int creds_get(struct s3c_creds_provider *p, int64_t now_ns, struct s3c_creds *ret,
                     struct s3c_error *err)
{
    (void)p;
    (void)now_ns;
    (void)err;
    *ret = (struct s3c_creds){.access_key_id = S3C_VIEW("AKID"),
                              .secret_access_key = S3C_VIEW("SECRET")};
    return 0;
}

static const struct s3c_creds_provider_ops creds_ops = {.get = creds_get};

static int begin_client(struct fixture *x)
{
    struct s3c_client_options o = {.bucket = S3C_VIEW("bucket"),
                                   .region = S3C_VIEW("us-east-1"),
                                   .endpoint = S3C_VIEW("http://127.0.0.1:9000"),
                                   .max_connections = 8};

    memset(x, 0, sizeof(*x));
    x->fake = fake_new();
    x->creds.ops = &creds_ops;
    o.creds = &x->creds;
    o.transport = &x->fake->base;
    o.clock = &x->fake->clock;
    return s3c_client_new(&x->client, &o, NULL);
}

static int begin_sink(struct fixture *x, uint64_t put_max)
{
    const struct s3c_upload_options o = {.client = x->client,
                                         .clock = &x->fake->clock,
                                         .put_max_bytes = put_max,
                                         .part_size = PART_SIZE};

    return s3c_upload_sink_new(&x->sink, &o, NULL);
}

static void begin(struct fixture *x)
{
    CHECK_OK(begin_client(x), NULL);
    CHECK_OK(begin_sink(x, PUT_MAX), NULL);
}

static void end(struct fixture *x)
{
    x->sink->ops->release(x->sink);
    s3c_client_free(x->client);
}

static void reply(struct fixture *x, int status, const char *headers, const char *body)
{
    fake_push(x->fake, (struct fake_reply){.status = status, .headers = headers, .body = body});
}

static int put(struct fixture *x, size_t body_len)
{
    for (size_t i = 0; i < sizeof(x->body); i++)
        x->body[i] = (char)('a' + i % 26);
    x->delivery = (struct s3c_delivery){.key = S3C_VIEW("out/a b.json"),
                                        .body = {x->body, body_len},
                                        .content_type = "application/json",
                                        .content_encoding = "gzip"};
    return x->sink->ops->put(x->sink, &x->delivery, NULL);
}

/* Lets a minute pass, longer than all of the client's own backoffs, and returns the delivery's result. */
static int finish(struct fixture *x)
{
    for (int i = 0; i < 60; i++) {
        struct s3c_delivery *d;

        fake_advance(x->fake, S3C_NS_PER_SEC);
        d = x->sink->ops->take(x->sink, 0, NULL);
        if (!d)
            continue;
        assert_ptr_equal(d, &x->delivery);
        assert_null(d->next);
        assert_null(d->sink_data);
        return d->result;
    }
    fail_msg("the delivery did not come back");
    return 0;
}

static void check_request(const struct fixture *x, size_t i, enum s3c_http_method method,
                          const char *url_end)
{
    const struct fake_request *r = &x->fake->requests[i];

    assert_true(i < x->fake->request_count);
    assert_int_equal(r->method, method);
    CHECK_HAS(r->url, "http://127.0.0.1:9000/bucket/out/a%20b.json");
    CHECK_HAS(r->url, url_end);
}

static void puts_a_file_in_one_request(void **state)
{
    static const size_t lengths[] = {1, PART_SIZE + 1, PUT_MAX};
    struct s3c_sink_stats stats;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct fixture x;

        begin(&x);
        reply(&x, 200, "ETag: \"x\"\r\n", NULL);
        CHECK_OK(put(&x, lengths[i]), NULL);
        CHECK_CODE(finish(&x), 0);
        assert_int_equal(x.fake->request_count, 1);
        check_request(&x, 0, S3C_HTTP_PUT, ".json");
        assert_true(fake_sent_header(&x.fake->requests[0], "Content-Type: application/json") ||
                    fake_sent_header(&x.fake->requests[0], "content-type: application/json"));
        assert_int_equal(strlen(x.fake->requests[0].body), lengths[i]);
        x.sink->ops->get_stats(x.sink, &stats);
        assert_int_equal(stats.requests, 1);
        end(&x);
    }
}

static void tells_failures_that_last_from_those_that_pass(void **state)
{
    struct fixture x;

    (void)state;
    begin(&x);
    reply(&x, 403, NULL, ERROR_XML("AccessDenied"));
    CHECK_OK(put(&x, 10), NULL);
    CHECK_CODE(finish(&x), S3C_E_DENIED);
    assert_int_equal(x.delivery.error.code, S3C_E_DENIED);
    assert_false(x.delivery.error.retryable);
    CHECK_HAS(x.delivery.error.message, "PutObject");
    end(&x);

    begin(&x);
    for (int i = 0; i < 3; i++)
        reply(&x, 503, NULL, ERROR_XML("SlowDown"));
    CHECK_OK(put(&x, 10), NULL);
    assert_true(finish(&x) < 0);
    assert_true(x.delivery.error.retryable);
    assert_int_equal(x.fake->request_count, 3);
    end(&x);
}

static void script_parts(struct fixture *x)
{
    reply(x, 200, NULL, CREATED_XML);
    reply(x, 200, "ETag: \"p1\"\r\n", NULL);
    reply(x, 200, "ETag: \"p2\"\r\n", NULL);
    reply(x, 200, NULL, COMPLETED_XML);
}

static void uploads_a_larger_file_in_parts(void **state)
{
    struct fixture x;

    (void)state;
    begin(&x);
    script_parts(&x);
    CHECK_OK(put(&x, PUT_MAX + 1), NULL);
    CHECK_CODE(finish(&x), 0);
    assert_int_equal(x.fake->request_count, 4);
    check_request(&x, 0, S3C_HTTP_POST, "?uploads");
    check_request(&x, 1, S3C_HTTP_PUT, "uploadId=upload-1");
    check_request(&x, 3, S3C_HTTP_POST, "uploadId=upload-1");
    CHECK_HAS(x.fake->requests[3].body, "p2");
    assert_int_equal(strlen(x.fake->requests[1].body), PART_SIZE);
    assert_int_equal(strlen(x.fake->requests[2].body), PUT_MAX + 1 - PART_SIZE);
    end(&x);
}

static void aborts_an_upload_of_which_a_part_fails(void **state)
{
    struct fixture x;

    (void)state;
    begin(&x);
    reply(&x, 200, NULL, CREATED_XML);
    reply(&x, 403, NULL, ERROR_XML("AccessDenied"));
    reply(&x, 200, "ETag: \"p2\"\r\n", NULL);
    reply(&x, 200, "ETag: \"p3\"\r\n", NULL);
    reply(&x, 204, NULL, NULL);
    CHECK_OK(put(&x, sizeof(x.body)), NULL);
    CHECK_CODE(finish(&x), S3C_E_DENIED);
    assert_int_equal(x.delivery.error.code, S3C_E_DENIED);
    assert_int_equal(x.fake->requests[x.fake->request_count - 1].method, S3C_HTTP_DELETE);
    end(&x);
}

static void cancels_what_is_under_way(void **state)
{
    struct fixture x;

    (void)state;
    begin(&x);
    fake_push(x.fake, (struct fake_reply){.stall = true});
    CHECK_OK(put(&x, 10), NULL);
    fake_run(x.fake);
    x.sink->ops->cancel(x.sink, &x.delivery);
    CHECK_CODE(finish(&x), S3C_E_CANCELLED);
    end(&x);

    begin(&x);
    reply(&x, 200, NULL, CREATED_XML);
    for (int i = 0; i < 3; i++)
        fake_push(x.fake, (struct fake_reply){.stall = true});
    CHECK_OK(put(&x, sizeof(x.body)), NULL);
    fake_run(x.fake);
    assert_null(x.sink->ops->take(x.sink, 0, NULL)); /* created; now the parts go */
    fake_run(x.fake);
    assert_int_equal(x.fake->request_count, 4);
    reply(&x, 204, NULL, NULL);
    x.sink->ops->cancel(x.sink, &x.delivery);
    CHECK_CODE(finish(&x), S3C_E_CANCELLED);
    assert_int_equal(x.fake->requests[x.fake->request_count - 1].method, S3C_HTTP_DELETE);
    end(&x);
}

static void wakes_whoever_takes(void **state)
{
    struct fixture x;
    bool woken = false;

    (void)state;
    begin(&x);
    assert_true(x.sink->ops->fd(x.sink) >= 0);
    x.sink->ops->wake(x.sink);
    assert_null(x.sink->ops->take(x.sink, -1, &woken));
    assert_true(woken);
    end(&x);
}

static void reports_allocation_failures(void **state)
{
    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct fixture x;
        int r = begin_client(&x);

        if (r == 0)
            r = begin_sink(&x, PUT_MAX);
        if (r == 0) {
            script_parts(&x);
            r = put(&x, PUT_MAX + 1);
        }
        if (r == 0) /* what fails on the way is tried again, or reported */
            assert_true(finish(&x) == 0 || check_alloc_failed());
        assert_true(r == 0 || (r == S3C_E_NOMEM && check_alloc_failed()));
        if (x.sink)
            x.sink->ops->release(x.sink);
        s3c_client_free(x.client);
    }
}

static void stores_and_acknowledges_records(void **state)
{
    const struct s3c_settings settings = {.prefix = "out",
                                          .key_template = "{prefix}{name}",
                                          .buffer_size = 2,
                                          .memory_limit = 1 << 20,
                                          .max_connections = 8,
                                          .part_size = 8 << 20};
    const struct s3c_record records[2] = {
        {.operation = S3C_OP_CREATE, .position = S3C_VIEW("p0"), .metadata_nil = true},
        {.operation = S3C_OP_DELETE, .position = S3C_VIEW("p1"), .metadata_nil = true}};
    struct s3c_destination_parts parts = {.settings = &settings};
    struct s3c_destination *d;
    struct s3c_ack acks[4];
    struct fixture x;
    size_t n;

    (void)state;
    CHECK_OK(begin_client(&x), NULL);
    CHECK_OK(begin_sink(&x, 10000), NULL);
    parts.clock = &x.fake->clock;
    parts.sink = x.sink;
    CHECK_OK(s3c_json_format_new(&parts.format, NULL), NULL);
    CHECK_OK(s3c_destination_new(&d, &parts, NULL), NULL);
    reply(&x, 200, "ETag: \"x\"\r\n", NULL);
    CHECK_OK(s3c_destination_write(d, records, 2, &n, NULL), NULL);
    assert_int_equal(n, 2);
    CHECK_CODE(s3c_destination_acks(d, acks, 4, &n, 0, NULL), S3C_AGAIN);
    fake_run(x.fake);
    CHECK_OK(s3c_destination_acks(d, acks, 4, &n, 0, NULL), NULL);
    assert_int_equal(n, 2);
    CHECK_VIEW(acks[1].position, "p1");
    assert_null(acks[1].error);
    assert_string_equal(
        x.fake->requests[0].body,
        "{\"Operation\":\"create\",\"Position\":\"p0\",\"Payload\":null,\"Key\":null,\"Metadata\":null}\n"
        "{\"Operation\":\"delete\",\"Position\":\"p1\",\"Payload\":null,\"Key\":null,\"Metadata\":null}\n");
    s3c_destination_close(d);
    s3c_client_free(x.client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(puts_a_file_in_one_request),
        CHECK_TEST(tells_failures_that_last_from_those_that_pass),
        CHECK_TEST(uploads_a_larger_file_in_parts),
        CHECK_TEST(aborts_an_upload_of_which_a_part_fails),
        CHECK_TEST(cancels_what_is_under_way),
        CHECK_TEST(wakes_whoever_takes),
        CHECK_TEST(reports_allocation_failures),
        CHECK_TEST(stores_and_acknowledges_records),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
