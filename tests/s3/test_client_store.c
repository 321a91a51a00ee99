/* SPDX-License-Identifier: Apache-2.0 */
/* Storing with conditions and metadata, looking at what is there, and calls that are never given up. */
#include "client_fixture.h"

static void reply(struct fixture *x, int status, const char *headers, const char *body)
{
    fake_push(x->fake, (struct fake_reply){.status = status, .headers = headers, .body = body});
}

static void signs_conditions_and_metadata(void **state)
{
    static const enum s3c_s3_op ops[] = {S3C_PUT_OBJECT, S3C_CREATE_MULTIPART};
    const struct s3c_call_meta meta[] = {{"s3c-count", S3C_VIEW("12")},
                                         {"s3c-last", S3C_VIEW("YQ")}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct fixture x;
        struct s3c_call *c;

        fixture_begin(&x, "http://host");
        reply(&x, 200, NULL, i ? LIST_XML : NULL);
        c = new_call(&x, ops[i]);
        c->if_absent = ops[i] == S3C_PUT_OBJECT;
        c->meta = meta;
        c->meta_count = 2;
        run_call(&x, c);
        CHECK_OK(c->result, &c->error);
        assert_true(fake_sent_header(&x.fake->requests[0], "x-amz-meta-s3c-count: 12"));
        assert_true(fake_sent_header(&x.fake->requests[0], "x-amz-meta-s3c-last: YQ"));
        assert_true(fake_sent_header(&x.fake->requests[0], "if-none-match: *") == c->if_absent);
        CHECK_HAS(x.fake->requests[0].headers,
                  c->if_absent ? "SignedHeaders=host;if-none-match;" : "SignedHeaders=host;x-amz");
        CHECK_HAS(x.fake->requests[0].headers, ";x-amz-meta-s3c-count;x-amz-meta-s3c-last,");
        s3c_call_free(c);
        fixture_finish(&x);
    }
}

static void tells_that_the_key_is_taken(void **state)
{
    struct fixture x;
    struct s3c_call *c;

    (void)state;
    fixture_begin(&x, "http://host");
    reply(&x, 412, NULL, ERROR_XML("PreconditionFailed"));
    c = new_call(&x, S3C_PUT_OBJECT);
    c->if_absent = true;
    run_call(&x, c);
    CHECK_CODE(c->result, S3C_E_CHANGED);
    assert_false(c->error.retryable);
    assert_int_equal(x.fake->request_count, 1);
    s3c_call_free(c);
    fixture_finish(&x);
}

static void tries_again_after_a_conflict(void **state)
{
    struct fixture x;
    struct s3c_call *c;

    (void)state;
    fixture_begin(&x, "http://host");
    reply(&x, 409, NULL, ERROR_XML("ConditionalRequestConflict"));
    reply(&x, 200, NULL, NULL);
    c = new_call(&x, S3C_PUT_OBJECT);
    c->if_absent = true;
    run_call(&x, c);
    CHECK_OK(c->result, &c->error);
    assert_int_equal(x.fake->request_count, 2);
    assert_true(fake_sent_header(&x.fake->requests[1], "if-none-match: *"));
    s3c_call_free(c);
    fixture_finish(&x);
}

static void looks_at_an_object_of_any_size(void **state)
{
    struct fixture x;
    struct s3c_call *c;

    (void)state;
    fixture_begin(&x, "http://host");
    fake_push(x.fake, (struct fake_reply){.status = 200,
                                          .headers = "x-amz-meta-s3c-count: 7\r\n",
                                          .length = INT64_C(5) << 40});
    reply(&x, 404, NULL, NULL);
    c = new_call(&x, S3C_HEAD_OBJECT);
    run_call(&x, c);
    CHECK_OK(c->result, &c->error);
    CHECK_VIEW(s3c_call_header(c, "X-Amz-Meta-S3c-Count"), "7");
    s3c_call_reset(c);
    c->op = S3C_HEAD_OBJECT;
    c->key = S3C_VIEW("none");
    c->inbox = x.inbox;
    run_call(&x, c);
    CHECK_CODE(c->result, S3C_E_NOT_FOUND);
    s3c_call_free(c);
    fixture_finish(&x);
}

static void deletes_one_version(void **state)
{
    struct fixture x;
    struct s3c_call *c;

    (void)state;
    fixture_begin(&x, "http://host");
    reply(&x, 204, NULL, NULL);
    c = new_call(&x, S3C_DELETE_OBJECT);
    c->version_id = S3C_VIEW("v1");
    run_call(&x, c);
    CHECK_OK(c->result, &c->error);
    CHECK_HAS(x.fake->requests[0].url, "/bucket/key?versionId=v1");
    s3c_call_free(c);
    fixture_finish(&x);
}

/* More failures than max_attempts and the quota of retries (500 tokens, 5 each) allow. */
static void is_patient_when_asked(void **state)
{
    struct fixture x;
    struct s3c_call *c;

    (void)state;
    fixture_begin(&x, "http://host");
    for (int i = 0; i < 120; i++)
        reply(&x, i % 2 ? 400 : 500, NULL, ERROR_XML("ExpiredToken"));
    reply(&x, 200, NULL, NULL);
    c = new_call(&x, S3C_UPLOAD_PART);
    c->patient = true;
    c->max_attempts = 1;
    s3c_client_submit(x.client, c);
    for (int minute = 0; minute < 60; minute++)
        fake_advance(x.fake, 60 * SECOND);
    assert_ptr_equal(s3c_inbox_take(x.inbox, 0, NULL), c);
    CHECK_OK(c->result, &c->error);
    assert_int_equal(c->attempts, 121);
    s3c_call_free(c);
    fixture_finish(&x);
}

static void is_not_patient_with_what_lasts(void **state)
{
    struct fixture x;
    struct s3c_call *c;

    (void)state;
    fixture_begin(&x, "http://host");
    reply(&x, 404, NULL, ERROR_XML("NoSuchUpload"));
    c = new_call(&x, S3C_UPLOAD_PART);
    c->patient = true;
    run_call(&x, c);
    CHECK_CODE(c->result, S3C_E_NOT_FOUND);
    s3c_call_free(c);
    fixture_finish(&x);
}

static void gives_patience_up_at_the_deadline(void **state)
{
    struct fixture x;
    struct s3c_call *c;

    (void)state;
    fixture_begin(&x, "http://host");
    for (int i = 0; i < 50; i++)
        reply(&x, 500, NULL, ERROR_XML("InternalError"));
    c = new_call(&x, S3C_UPLOAD_PART);
    c->patient = true;
    c->deadline_mono_ns = s3c_mono_ns(&x.fake->clock) + 5 * SECOND;
    run_call(&x, c);
    assert_true(c->result < 0);
    assert_true(c->attempts < 50);
    s3c_call_free(c);
    fixture_finish(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(signs_conditions_and_metadata),
        CHECK_TEST(tells_that_the_key_is_taken),
        CHECK_TEST(tries_again_after_a_conflict),
        CHECK_TEST(looks_at_an_object_of_any_size),
        CHECK_TEST(deletes_one_version),
        CHECK_TEST(is_patient_when_asked),
        CHECK_TEST(is_not_patient_with_what_lasts),
        CHECK_TEST(gives_patience_up_at_the_deadline),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
