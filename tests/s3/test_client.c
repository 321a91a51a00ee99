/* SPDX-License-Identifier: Apache-2.0 */
/* What the client sends, what it tries again, and what it corrects by itself. */
#include "client_fixture.h"

/* ---- the plain way ---- */

static void signs_sends_and_returns_an_object(void **state)
{
    struct fixture x;
    struct s3c_call *c;
    struct s3c_client_stats stats;

    (void)state;
    fixture_begin(&x, "http://host:9000");
    fake_push(x.fake, (struct fake_reply){
                          .status = 200,
                          .headers = "ETag: \"e\"\r\nDate: Thu, 01 Jan 2026 00:00:07 GMT\r\n",
                          .body = "hello"});
    c = new_get(&x, 5);
    c->version_id = S3C_VIEW("v/1");
    run_call(&x, c);
    CHECK_OK(c->result, &c->error);
    CHECK_VIEW(s3c_buf_view(&c->reply), "hello");
    CHECK_VIEW(s3c_call_header(c, "ETAG"), "\"e\"");
    assert_null(s3c_call_header(c, "none").ptr);
    assert_int_equal(c->http_status, 200);
    assert_int_equal(c->attempts, 1);
    assert_int_equal(c->date_ns / SECOND, 1767225607);
    assert_string_equal(x.fake->requests[0].url, "http://host:9000/bucket/key?versionId=v%2F1");
    CHECK_HAS(x.fake->requests[0].headers, "Credential=AKID/20260101/us-east-1/s3/aws4_request");
    s3c_client_get_stats(x.client, &stats);
    assert_int_equal(stats.requests, 1);
    assert_int_equal(stats.by_op[S3C_GET_OBJECT], 1);
    assert_int_equal(stats.bytes_in, 5);
    s3c_call_free(c);
    fixture_finish(&x);
}

static void each_operation_has_its_form(void **state)
{
    static const struct {
        enum s3c_s3_op op;
        enum s3c_http_method method;
        const char *target, *reply;
    } rows[] = {
        {S3C_LIST_OBJECTS_V2, S3C_HTTP_GET,
         "/bucket?encoding-type=url&list-type=2&max-keys=7&prefix=p&start-after=m", LIST_XML},
        {S3C_LIST_VERSIONS, S3C_HTTP_GET,
         "/bucket?encoding-type=url&key-marker=m&max-keys=7&prefix=p&versions=", LIST_XML},
        {S3C_GET_OBJECT, S3C_HTTP_GET, "/bucket/key", ""},
        {S3C_PUT_OBJECT, S3C_HTTP_PUT, "/bucket/key", ""},
        {S3C_CREATE_MULTIPART, S3C_HTTP_POST, "/bucket/key?uploads=", LIST_XML},
        {S3C_UPLOAD_PART, S3C_HTTP_PUT, "/bucket/key?partNumber=3&uploadId=up", ""},
        {S3C_COMPLETE_MULTIPART, S3C_HTTP_POST, "/bucket/key?uploadId=up", LIST_XML},
        {S3C_ABORT_MULTIPART, S3C_HTTP_DELETE, "/bucket/key?uploadId=up", ""},
        {S3C_HEAD_BUCKET, S3C_HTTP_HEAD, "/bucket", ""},
        {S3C_GET_VERSIONING, S3C_HTTP_GET, "/bucket?versioning=", LIST_XML},
        {S3C_HEAD_OBJECT, S3C_HTTP_HEAD, "/bucket/key", ""},
        {S3C_DELETE_OBJECT, S3C_HTTP_DELETE, "/bucket/key", ""},
        {S3C_LIST_UPLOADS, S3C_HTTP_GET,
         "/bucket?encoding-type=url&key-marker=m&max-uploads=7&prefix=p&upload-id-marker=up&uploads=",
         LIST_XML},
    };
    struct fixture x;
    size_t i;

    (void)state;
    fixture_begin(&x, "http://host");
    assert_int_equal(sizeof(rows) / sizeof(rows[0]), S3C_S3_OPS);
    for (i = 0; i < S3C_S3_OPS; i++) {
        struct s3c_call *c = new_call(&x, rows[i].op);
        c->prefix = S3C_VIEW("p");
        c->key_marker = S3C_VIEW("m");
        c->max_keys = 7;
        c->upload_id = S3C_VIEW("up");
        c->part_number = 3;
        fake_push(x.fake, (struct fake_reply){.status = 200, .body = rows[i].reply});
        run_call(&x, c);
        CHECK_OK(c->result, &c->error);
        assert_int_equal(x.fake->requests[i].method, rows[i].method);
        assert_string_equal(x.fake->requests[i].url + strlen("http://host"), rows[i].target);
        s3c_call_free(c);
    }
    fixture_finish(&x);
}

static void hashes_bodies_over_http_only(void **state)
{
    static const char hello[] =
        "x-amz-content-sha256: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    static const struct {
        const char *endpoint, *header;
    } rows[] = {{"http://host", hello}, {"https://host", "x-amz-content-sha256: UNSIGNED-PAYLOAD"}};
    size_t i;

    (void)state;
    for (i = 0; i < 2; i++) {
        struct fixture x;
        struct s3c_call *c;
        fixture_begin(&x, rows[i].endpoint);
        c = new_call(&x, S3C_PUT_OBJECT);
        c->body = S3C_VIEW("hello");
        c->content_type = S3C_VIEW("application/json");
        if (i > 0)
            c->content_encoding = S3C_VIEW("gzip");
        fake_push(x.fake, (struct fake_reply){.status = 503});
        fake_push(x.fake, (struct fake_reply){.status = 200});
        run_call(&x, c);
        CHECK_OK(c->result, &c->error);
        assert_int_equal(x.fake->request_count, 2);
        assert_true(fake_sent_header(&x.fake->requests[1], rows[i].header));
        assert_true(fake_sent_header(&x.fake->requests[1], "content-type: application/json"));
        assert_int_equal(fake_sent_header(&x.fake->requests[1], "content-encoding: gzip"), i > 0);
        assert_string_equal(x.fake->requests[1].body, "hello");
        s3c_call_free(c);
        fixture_finish(&x);
    }
}

/* ---- retries ---- */

struct retry_row {
    enum s3c_s3_op op;
    struct fake_reply reply; /* the first; all others are good */
    int attempts;            /* made in all */
    int result;
};

static void retries_what_may_pass_and_nothing_else(void **state)
{
    static const struct retry_row rows[] = {
        {S3C_GET_OBJECT, {.result = S3C_E_CONNECT}, 2, 0},
        {S3C_GET_OBJECT, {.result = S3C_E_TIMEOUT}, 2, 0},
        {S3C_GET_OBJECT, {.status = 500}, 2, 0},
        {S3C_GET_OBJECT, {.status = 503, .body = ERROR_XML("SlowDown")}, 2, 0},
        {S3C_GET_OBJECT, {.status = 429}, 2, 0},
        {S3C_GET_OBJECT, {.status = 400, .body = ERROR_XML("RequestTimeout")}, 2, 0},
        {S3C_GET_OBJECT, {.status = 501, .body = ERROR_XML("NotImplemented")}, 1, S3C_E_HTTP},
        {S3C_GET_OBJECT, {.status = 400, .body = ERROR_XML("InvalidArgument")}, 1, S3C_E_HTTP},
        {S3C_GET_OBJECT, {.status = 403, .body = ERROR_XML("AccessDenied")}, 1, S3C_E_DENIED},
        {S3C_GET_OBJECT,
         {.status = 403, .body = ERROR_XML("InvalidAccessKeyId")},
         1,
         S3C_E_CREDENTIALS},
        {S3C_GET_OBJECT, {.status = 404, .body = ERROR_XML("NoSuchKey")}, 1, S3C_E_NOT_FOUND},
        {S3C_GET_OBJECT, {.status = 404, .body = ERROR_XML("NoSuchBucket")}, 1, S3C_E_NO_BUCKET},
        {S3C_GET_OBJECT, {.status = 405}, 1, S3C_E_NOT_FOUND},
        {S3C_GET_OBJECT,
         {.status = 412, .body = ERROR_XML("PreconditionFailed")},
         1,
         S3C_E_CHANGED},
        {S3C_GET_OBJECT,
         {.status = 403, .body = ERROR_XML("InvalidObjectState")},
         1,
         S3C_E_ARCHIVED},
        {S3C_GET_OBJECT, {.status = 200, .body = "four"}, 2, 0}, /* another size than listed */
        {S3C_GET_OBJECT, {.status = 200, .body = "four", .unsized = true}, 2, 0},
        {S3C_GET_OBJECT, {.status = 206, .body = "hello"}, 2, 0}, /* a range nobody asked for */
        {S3C_LIST_OBJECTS_V2, {.status = 200, .body = ERROR_XML("InternalError")}, 2, 0},
        {S3C_LIST_OBJECTS_V2, {.status = 200, .body = "<ListBucketResult><Contents>"}, 2, 0},
        {S3C_LIST_OBJECTS_V2, {.status = 200, .body = ""}, 2, 0},
        {S3C_LIST_OBJECTS_V2, {.status = 200, .body = "hello, this is no S3"}, 2, 0},
        {S3C_COMPLETE_MULTIPART, {.status = 200, .body = "   \n" ERROR_XML("InternalError")}, 2, 0},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture x;
        struct s3c_call *c;
        fixture_begin(&x, "http://host");
        fake_push(x.fake, rows[i].reply);
        fake_push(x.fake,
                  (struct fake_reply){.status = 200,
                                      .body = rows[i].op == S3C_GET_OBJECT ? "hello" : LIST_XML});
        c = new_call(&x, rows[i].op);
        if (rows[i].op == S3C_GET_OBJECT)
            c->expected_size = 5;
        run_call(&x, c);
        if (c->result != rows[i].result || c->attempts != rows[i].attempts)
            fail_msg("row %zu: result %d, %d attempts: %s", i, c->result, c->attempts,
                     c->result < 0 ? c->error.message : "");
        assert_int_equal(x.fake->request_count, rows[i].attempts);
        s3c_call_free(c);
        fixture_finish(&x);
    }
}

static void gives_up_after_its_attempts_and_says_why(void **state)
{
    struct fixture x;
    struct s3c_call *c;
    struct s3c_client_stats stats;
    int i;

    (void)state;
    fixture_begin(&x, "http://host:1");
    for (i = 0; i < 5; i++)
        fake_push(x.fake, (struct fake_reply){.status = 500,
                                              .headers = "x-amz-request-id: ID7\r\n",
                                              .body = ERROR_XML("InternalError")});
    c = new_get(&x, 5);
    c->key = S3C_VIEW("a\nb");
    run_call(&x, c);
    CHECK_CODE(c->result, S3C_E_HTTP);
    assert_int_equal(c->attempts, 3);
    assert_int_equal(c->error.http_status, 500);
    assert_true(c->error.retryable);
    assert_string_equal(c->error.s3_code, "InternalError");
    assert_string_equal(c->error.request_id, "ID7");
    CHECK_HAS(c->error.message,
              "GetObject of \"a%0Ab\" in bucket \"bucket\" at http://host:1 (attempt 3)");
    CHECK_HAS(c->error.message, "500 InternalError: why");
    s3c_client_get_stats(x.client, &stats);
    assert_int_equal(stats.retries, 2);
    c->max_attempts = 1;
    c->attempts = 0;
    run_call(&x, c);
    assert_int_equal(c->attempts, 1);
    s3c_call_free(c);
    fixture_finish(&x);
}

static void waits_as_long_as_the_server_says(void **state)
{
    struct fixture x;
    struct s3c_call *c;

    (void)state;
    fixture_begin(&x, "http://host");
    fake_push(x.fake, (struct fake_reply){.status = 503, .headers = "x-amz-retry-after: 3000\r\n"});
    fake_push(x.fake, (struct fake_reply){.status = 200, .body = "hello"});
    c = new_get(&x, 5);
    s3c_client_submit(x.client, c);
    fake_advance(x.fake, 2999 * S3C_NS_PER_MS);
    assert_int_equal(x.fake->request_count, 1);
    fake_advance(x.fake, 2 * S3C_NS_PER_MS + 3 * SECOND);
    assert_int_equal(x.fake->request_count, 2);
    assert_ptr_equal(s3c_inbox_take(x.inbox, 0, NULL), c);
    CHECK_OK(c->result, &c->error);
    s3c_call_free(c);
    fixture_finish(&x);
}

static void quota_stops_a_client_that_only_fails(void **state)
{
    struct fixture x;
    struct s3c_client_stats stats;
    int i;

    (void)state;
    fixture_begin(&x, "http://host");
    for (i = 0; i < 300; i++) {
        struct s3c_call *c = new_get(&x, 5);
        fake_push(x.fake, (struct fake_reply){.status = 500});
        fake_push(x.fake, (struct fake_reply){.status = 500});
        fake_push(x.fake, (struct fake_reply){.status = 500});
        run_call(&x, c);
        CHECK_CODE(c->result, S3C_E_HTTP);
        s3c_call_free(c);
        if (x.fake->request_count > FAKE_MAX - 4)
            break;
    }
    s3c_client_get_stats(x.client, &stats);
    assert_int_equal(stats.retries, 100); /* 500 / 5 */
    fixture_finish(&x);
}

/* ---- corrections ---- */

static void follows_the_bucket_to_its_region_once(void **state)
{
    struct fixture x;
    struct s3c_call *c;

    (void)state;
    fixture_begin(&x, "");
    fake_push(x.fake, (struct fake_reply){.status = 301,
                                          .headers = "x-amz-bucket-region: eu-west-1\r\n",
                                          .body = ERROR_XML("PermanentRedirect")});
    fake_push(x.fake, (struct fake_reply){.status = 200, .body = "hello"});
    fake_push(x.fake, (struct fake_reply){.status = 200, .body = "hello"});
    c = new_get(&x, 5);
    run_call(&x, c);
    CHECK_OK(c->result, &c->error);
    assert_string_equal(x.fake->requests[0].url, "https://bucket.s3.us-east-1.amazonaws.com/key");
    assert_string_equal(x.fake->requests[1].url, "https://bucket.s3.eu-west-1.amazonaws.com/key");
    CHECK_HAS(x.fake->requests[1].headers, "/eu-west-1/s3/aws4_request");
    s3c_call_reset(c);
    c->op = S3C_GET_OBJECT;
    c->key = S3C_VIEW("key");
    c->expected_size = 5;
    c->inbox = x.inbox;
    run_call(&x, c);
    assert_string_equal(x.fake->requests[2].url,
                        "https://bucket.s3.eu-west-1.amazonaws.com/key"); /* remembered */
    s3c_call_free(c);
    fixture_finish(&x);
}

static void region_in_the_body_serves_too_but_not_a_foreign_name(void **state)
{
    static const char *const bodies[] = {
        "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>",
        "<Error><Code>AuthorizationHeaderMalformed</Code><Region>evil.example</Region></Error>",
    };
    int i;

    (void)state;
    for (i = 0; i < 2; i++) {
        struct fixture x;
        struct s3c_call *c;
        fixture_begin(&x, "http://host");
        fake_push(x.fake, (struct fake_reply){.status = 400, .body = bodies[i]});
        fake_push(x.fake, (struct fake_reply){.status = 400, .body = bodies[i]});
        c = new_get(&x, 5);
        run_call(&x, c);
        CHECK_CODE(c->result, S3C_E_HTTP);
        assert_int_equal(x.fake->request_count, i == 0 ? 2 : 1); /* once, not for ever */
        if (i == 0)
            CHECK_HAS(x.fake->requests[1].headers, "/eu-west-1/s3/aws4_request");
        s3c_call_free(c);
        fixture_finish(&x);
    }
}

static void signs_with_the_servers_clock(void **state)
{
    static const char skewed[] = "Date: Thu, 01 Jan 2026 02:00:00 GMT\r\n";
    struct fixture x;
    struct s3c_call *c;

    (void)state;
    fixture_begin(&x, "http://host");
    fake_push(x.fake, (struct fake_reply){.status = 403,
                                          .headers = skewed,
                                          .body = ERROR_XML("RequestTimeTooSkewed")});
    fake_push(x.fake, (struct fake_reply){.status = 200, .headers = skewed, .body = "hello"});
    c = new_get(&x, 5);
    run_call(&x, c);
    CHECK_OK(c->result, &c->error);
    assert_true(fake_sent_header(&x.fake->requests[0], "x-amz-date: 20260101T000000Z"));
    assert_true(fake_sent_header(&x.fake->requests[1], "x-amz-date: 20260101T020000Z"));
    s3c_call_free(c);
    fixture_finish(&x);
}

static void refreshes_credentials_once(void **state)
{
    struct fixture x;
    struct s3c_call *c;

    (void)state;
    fixture_begin(&x, "http://host");
    fake_push(x.fake, (struct fake_reply){.status = 400, .body = ERROR_XML("ExpiredToken")});
    fake_push(x.fake, (struct fake_reply){.status = 400, .body = ERROR_XML("ExpiredToken")});
    c = new_get(&x, 5);
    run_call(&x, c);
    CHECK_CODE(c->result, S3C_E_CREDENTIALS);
    assert_int_equal(x.refreshed, 1);
    assert_int_equal(x.fake->request_count, 2);
    s3c_call_free(c);
    fixture_finish(&x);
}

/* ---- a completed upload whose answer was lost ---- */

static void a_lost_completion_is_looked_for(void **state)
{
    static const struct {
        const char *etag; /* of the object that the HEAD finds */
        int result;
    } rows[] = {
        {"ETag: \"96e024ba2074fe77e8e965ba43a704be-2\"\r\n", 0},
        {"ETag: \"00000000000000000000000000000000-2\"\r\n", S3C_E_PROTOCOL},
    };
    size_t i;

    (void)state;
    for (i = 0; i < 2; i++) {
        struct fixture x;
        struct s3c_call *c;
        fixture_begin(&x, "http://host");
        fake_push(x.fake, (struct fake_reply){.result = S3C_E_CONNECT});
        fake_push(x.fake, (struct fake_reply){.status = 404, .body = ERROR_XML("NoSuchUpload")});
        fake_push(x.fake, (struct fake_reply){.status = 200, .headers = rows[i].etag});
        fake_push(x.fake, (struct fake_reply){.status = 200, .headers = rows[i].etag});
        c = new_call(&x, S3C_COMPLETE_MULTIPART);
        c->upload_id = S3C_VIEW("up");
        c->body =
            S3C_VIEW("<C><Part><ETag>&quot;0cc175b9c0f1b6a831c399e269772661&quot;</ETag></Part>"
                     "<Part><ETag>92eb5ffee6ae2fec3ad71c777531578f</ETag></Part></C>");
        run_call(&x, c);
        CHECK_CODE(c->result, rows[i].result);
        assert_int_equal(x.fake->requests[2].method, S3C_HTTP_HEAD);
        assert_string_equal(x.fake->requests[2].url, "http://host/bucket/key");
        if (i == 0)
            CHECK_HAS(c->reply.ptr, "96e024ba2074fe77e8e965ba43a704be-2");
        s3c_call_free(c);
        fixture_finish(&x);
    }
}

static void a_first_completion_is_not_doubted(void **state)
{
    struct fixture x;
    struct s3c_call *c;

    (void)state;
    fixture_begin(&x, "http://host");
    fake_push(x.fake, (struct fake_reply){.status = 404, .body = ERROR_XML("NoSuchUpload")});
    c = new_call(&x, S3C_COMPLETE_MULTIPART);
    c->upload_id = S3C_VIEW("up");
    run_call(&x, c);
    CHECK_CODE(c->result, S3C_E_NOT_FOUND);
    assert_int_equal(x.fake->request_count, 1);
    s3c_call_free(c);
    fixture_finish(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(signs_sends_and_returns_an_object),
        CHECK_TEST(each_operation_has_its_form),
        CHECK_TEST(hashes_bodies_over_http_only),
        CHECK_TEST(retries_what_may_pass_and_nothing_else),
        CHECK_TEST(gives_up_after_its_attempts_and_says_why),
        CHECK_TEST(waits_as_long_as_the_server_says),
        CHECK_TEST(quota_stops_a_client_that_only_fails),
        CHECK_TEST(follows_the_bucket_to_its_region_once),
        CHECK_TEST(region_in_the_body_serves_too_but_not_a_foreign_name),
        CHECK_TEST(signs_with_the_servers_clock),
        CHECK_TEST(refreshes_credentials_once),
        CHECK_TEST(a_lost_completion_is_looked_for),
        CHECK_TEST(a_first_completion_is_not_doubted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
