/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies that break off, calls that end early, and memory that runs out. */
#include "client_fixture.h"

/* ---- bodies that break off ---- */

static struct fake_reply piece(const char *body, int64_t length)
{
    return (struct fake_reply){.status = 200,
                               .headers = "ETag: \"e1\"\r\nx-amz-meta-a: first\r\n",
                               .body = body,
                               .length = length,
                               .result = S3C_E_CONNECT};
}

static void continues_a_broken_body_where_it_ended(void **state)
{
    struct fixture x;
    struct s3c_call *c;

    (void)state;
    fixture_begin(&x, "http://host");
    fake_push(x.fake, piece("hello ", 11));
    fake_push(x.fake, (struct fake_reply){.status = 206,
                                          .headers = "Content-Range: bytes 6-10/11\r\n",
                                          .body = "wor",
                                          .length = 5,
                                          .result = S3C_E_CONNECT});
    fake_push(x.fake, (struct fake_reply){.status = 206,
                                          .headers = "Content-Range: bytes 9-10/11\r\n",
                                          .body = "ld"});
    c = new_get(&x, 11);
    run_call(&x, c);
    CHECK_OK(c->result, &c->error);
    CHECK_VIEW(s3c_buf_view(&c->reply), "hello world");
    assert_true(fake_sent_header(&x.fake->requests[1], "range: bytes=6-"));
    assert_true(fake_sent_header(&x.fake->requests[1], "if-match: \"e1\""));
    assert_true(fake_sent_header(&x.fake->requests[2], "range: bytes=9-"));
    CHECK_VIEW(s3c_call_header(c, "x-amz-meta-a"), "first");
    s3c_call_free(c);
    fixture_finish(&x);
}

static void progress_does_not_use_up_attempts(void **state)
{
    static const char *const ranges[] = {
        "Content-Range: bytes 1-5/6\r\n", "Content-Range: bytes 2-5/6\r\n",
        "Content-Range: bytes 3-5/6\r\n", "Content-Range: bytes 4-5/6\r\n"};
    struct fixture x;
    struct s3c_call *c;
    int i;

    (void)state;
    fixture_begin(&x, "http://host");
    fake_push(x.fake, piece("a", 6));
    for (i = 0; i < 4; i++)
        fake_push(x.fake, (struct fake_reply){.status = 206,
                                              .headers = ranges[i],
                                              .body = i < 3 ? "b" : "cd",
                                              .length = 5 - i,
                                              .result = i < 3 ? S3C_E_CONNECT : 0,
                                              .unsized = i == 3});
    c = new_get(&x, 6);
    run_call(&x, c);
    CHECK_OK(c->result, &c->error);
    CHECK_VIEW(s3c_buf_view(&c->reply), "abbbcd");
    assert_int_equal(c->attempts, 5);
    s3c_call_free(c);
    fixture_finish(&x);
}

static void an_object_that_changed_meanwhile_is_reported(void **state)
{
    struct fixture x;
    struct s3c_call *c;

    (void)state;
    fixture_begin(&x, "http://host");
    fake_push(x.fake, piece("hello ", 11));
    fake_push(x.fake, (struct fake_reply){.status = 412, .body = ERROR_XML("PreconditionFailed")});
    c = new_get(&x, 11);
    c->if_match = S3C_VIEW("listed");
    run_call(&x, c);
    CHECK_CODE(c->result, S3C_E_CHANGED);
    assert_true(fake_sent_header(&x.fake->requests[0], "if-match: \"listed\""));
    assert_true(fake_sent_header(&x.fake->requests[1], "if-match: \"listed\""));
    s3c_call_free(c);
    fixture_finish(&x);
}

static void starts_over_where_a_range_is_not_honoured(void **state)
{
    static const struct fake_reply second[] = {
        {.status = 200, .body = "hello world"}, /* the whole again */
        {.status = 206, .headers = "Content-Range: bytes 0-4/11\r\n", .body = "hello"},
        {.status = 206, .body = "world"},
        {.status = 416},
    };
    size_t i;

    (void)state;
    for (i = 0; i < 4; i++) {
        struct fixture x;
        struct s3c_call *c;
        fixture_begin(&x, "http://host");
        fake_push(x.fake, piece("hello ", 11));
        fake_push(x.fake, second[i]);
        fake_push(x.fake, (struct fake_reply){.status = 200, .body = "hello world"});
        c = new_get(&x, 11);
        run_call(&x, c);
        CHECK_OK(c->result, &c->error);
        CHECK_VIEW(s3c_buf_view(&c->reply), "hello world");
        assert_int_equal(x.fake->request_count, i == 0 ? 2 : 3);
        if (i > 0)
            assert_null(strstr(x.fake->requests[2].headers, "range:"));
        s3c_call_free(c);
        fixture_finish(&x);
    }
}

static void a_body_without_end_mark_is_whole_when_its_size_is(void **state)
{
    struct fixture x;
    struct s3c_call *c;

    (void)state;
    fixture_begin(&x, "http://host");
    fake_push(x.fake,
              (struct fake_reply){
                  .status = 200, .body = "hello", .unsized = true, .result = S3C_E_CONNECT});
    c = new_get(&x, 5);
    run_call(&x, c);
    CHECK_OK(c->result, &c->error);
    assert_int_equal(c->attempts, 1);
    s3c_call_free(c);
    fixture_finish(&x);
}

static void refuses_what_is_too_large(void **state)
{
    int i;

    (void)state;
    for (i = 0; i < 2; i++) {
        struct fixture x;
        struct s3c_call *c;
        fixture_begin(&x, "http://host");
        fake_push(x.fake, (struct fake_reply){.status = 200, .body = "hello", .unsized = i == 1});
        c = new_get(&x, S3C_SIZE_UNKNOWN);
        c->max_size = 4;
        run_call(&x, c);
        CHECK_CODE(c->result, S3C_E_TOO_LARGE);
        assert_int_equal(c->attempts, 1);
        s3c_call_free(c);
        fixture_finish(&x);
    }
}

/* ---- ending early ---- */

static void deadline_covers_waiting_sending_and_backoff(void **state)
{
    struct fixture x;
    struct s3c_call *c[3];
    struct s3c_error err;
    int i;

    (void)state;
    CHECK_OK(fixture_begin_at(&x, "http://host", 2, &err), &err);
    CHECK_OK(s3c_inbox_new(&x.inbox, &err), &err);
    fake_push(x.fake, (struct fake_reply){.stall = true});
    fake_push(x.fake, (struct fake_reply){.status = 503, .headers = "x-amz-retry-after: 4000\r\n"});
    for (i = 0; i < 3; i++) {
        c[i] = new_get(&x, 5);
        c[i]->deadline_mono_ns = x.fake->mono_ns + SECOND; /* on the wire, backing off, waiting */
        s3c_client_submit(x.client, c[i]);
    }
    fake_advance(x.fake, 2 * SECOND);
    for (i = 0; i < 3; i++) {
        assert_true(c[i]->result < 0);
        if (i != 1)
            CHECK_CODE(c[i]->result, S3C_E_TIMEOUT);
        s3c_call_free(c[i]);
    }
    fixture_finish(&x);
}

static void cancel_ends_a_call_wherever_it_is(void **state)
{
    struct fixture x;
    struct s3c_call *c[4], *l;
    struct s3c_error err;
    int i, n = 0;

    (void)state;
    CHECK_OK(fixture_begin_at(&x, "http://host", 2, &err), &err);
    CHECK_OK(s3c_inbox_new(&x.inbox, &err), &err);
    fake_push(x.fake, (struct fake_reply){.stall = true});
    fake_push(x.fake, (struct fake_reply){.status = 503, .headers = "x-amz-retry-after: 4000\r\n"});
    for (i = 0; i < 4; i++) {
        c[i] = new_get(&x, 5);
        s3c_client_submit(x.client, c[i]);
    }
    fake_run(x.fake);
    assert_null(s3c_inbox_take(x.inbox, 0, NULL));
    for (i = 0; i < 3; i++)
        s3c_client_cancel(x.client, c[i]);
    fake_run(x.fake);
    for (l = s3c_inbox_take(x.inbox, 0, NULL); l != NULL; l = l->next, n++)
        CHECK_CODE(l->result, S3C_E_CANCELLED);
    assert_int_equal(n, 3);
    assert_int_equal(x.fake->request_count, 3); /* the fourth took the place of the first */
    s3c_client_free(x.client);                  /* delivers it */
    assert_ptr_equal(s3c_inbox_take(x.inbox, 0, NULL), c[3]);
    CHECK_CODE(c[3]->result, S3C_E_CANCELLED);
    for (i = 0; i < 4; i++)
        s3c_call_free(c[i]);
    s3c_inbox_free(x.inbox);
}

static void free_delivers_everything(void **state)
{
    struct fixture x;
    struct s3c_call *l, *next;
    bool released = false;
    int i, n = 0;

    (void)state;
    fixture_begin(&x, "http://host");
    x.fake->released = &released;
    fake_push(x.fake, (struct fake_reply){.status = 500});
    for (i = 0; i < 200; i++) {
        s3c_client_submit(x.client, new_get(&x, 5));
        if (i == 150)
            fake_run(
                x.fake); /* some are on the wire, one backs off, some wait; the rest has not even been seen */
    }
    s3c_client_free(x.client);
    assert_true(released);
    for (l = s3c_inbox_take(x.inbox, 0, NULL); l != NULL; l = next, n++) {
        next = l->next;
        CHECK_CODE(l->result, S3C_E_CANCELLED);
        s3c_call_free(l);
    }
    assert_int_equal(n, 200);
    s3c_inbox_free(x.inbox);
}

/* ---- memory ---- */

static void survives_every_allocation_failure(void **state)
{
    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct fixture x;
        struct s3c_call *c = NULL;
        struct s3c_error err;
        int r = fixture_begin_at(&x, "http://host", 4, &err);

        if (r == 0)
            r = s3c_inbox_new(&x.inbox, &err);
        else
            x.client = NULL;
        if (r == 0 && (c = s3c_call_new()) == NULL)
            r = S3C_E_NOMEM;
        if (r == 0) {
            c->op = S3C_GET_OBJECT;
            c->key = S3C_VIEW("key");
            c->expected_size = 5;
            c->inbox = x.inbox;
            fake_push(x.fake, (struct fake_reply){.status = 404,
                                                  .headers = "a: b\r\n",
                                                  .body = ERROR_XML("SlowDown")});
            fake_push(x.fake,
                      (struct fake_reply){.status = 200, .headers = "a: b\r\n", .body = "hello"});
            fake_push(x.fake,
                      (struct fake_reply){.status = 200, .headers = "a: b\r\n", .body = "hello"});
            s3c_client_submit(x.client, c);
            fake_advance(x.fake, 60 * SECOND);
            assert_ptr_equal(s3c_inbox_take(x.inbox, 0, NULL), c);
            r = c->result;
        }
        /* An error body that could not be kept makes the error less clear, never wrong: 404 stays final. */
        if (!check_alloc_failed())
            CHECK_CODE(r, 0);
        else
            assert_true(r == S3C_E_NOMEM || r == S3C_E_NOT_FOUND);
        s3c_call_free(c);
        s3c_client_free(x.client);
        s3c_inbox_free(x.inbox);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(continues_a_broken_body_where_it_ended),
        CHECK_TEST(progress_does_not_use_up_attempts),
        CHECK_TEST(an_object_that_changed_meanwhile_is_reported),
        CHECK_TEST(starts_over_where_a_range_is_not_honoured),
        CHECK_TEST(a_body_without_end_mark_is_whole_when_its_size_is),
        CHECK_TEST(refuses_what_is_too_large),
        CHECK_TEST(deadline_covers_waiting_sending_and_backoff),
        CHECK_TEST(cancel_ends_a_call_wherever_it_is),
        CHECK_TEST(free_delivers_everything),
        CHECK_TEST(survives_every_allocation_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
