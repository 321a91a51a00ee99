/* SPDX-License-Identifier: Apache-2.0 */
/* The lister over the real client and a scripted transport: what it asks for, when, and what it makes of failures. */
#include "check.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/view.h"
#include "s3/list.h"
#include "s3/reclaim.h"
#include "s3_fixture.h"

#define ENTRY(key)        \
    "<Contents><Key>" key \
    "</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified><ETag>&quot;e&quot;</ETag><Size>1</Size></Contents>"
#define PAGE(entries, truncated)                                                \
    "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>" truncated \
    "</IsTruncated>" entries "</ListBucketResult>"

static void begin(struct s3_fixture *x)
{
    struct s3c_error err = {0};

    CHECK_OK(s3_fixture_begin(x, &err), &err);
}

static void push_page(struct s3_fixture *x, const char *body)
{
    fake_push(x->fake, (struct fake_reply){.status = 200,
                                           .headers = "Date: Fri, 02 Jan 2026 03:04:10 GMT\r\n",
                                           .body = body});
}

static void feed(void *ctx, struct s3c_call *call)
{
    s3c_lister_feed(ctx, call);
}

static void step(struct s3_fixture *x, struct s3c_lister *l)
{
    s3_fixture_step(x, feed, l);
}

static struct s3c_lister *new_lister(struct s3_fixture *x, struct s3c_lister_options o)
{
    struct s3c_lister *l = NULL;
    struct s3c_error err = {0};

    o.inbox = x->inbox;
    if (!o.max_attempts)
        o.max_attempts = 1;
    CHECK_OK(s3c_lister_new(&l, x->client, &o, &err), &err);
    return l;
}

static void expect(struct s3c_lister *l, const char *key)
{
    struct s3c_list_entry e;
    struct s3c_error err = {0};

    CHECK_OK(s3c_lister_next(l, &e, &err), &err);
    CHECK_VIEW(e.key, key);
}

static void asks_for_what_was_given(void **state)
{
    struct s3c_list_entry e;
    struct s3c_lister *l;
    struct s3_fixture x;
    char prefix[] = "a/b c", after[] = "a/b c/+";

    (void)state;
    begin(&x);
    push_page(&x, "<ListVersionsResult></ListVersionsResult>");
    l = new_lister(&x, (struct s3c_lister_options){.versions = true,
                                                   .prefix = s3c_view_str(prefix),
                                                   .start_after = s3c_view_str(after),
                                                   .max_keys = 7});
    memset(prefix, 'x', strlen(prefix)); /* the lister has its own copies */
    memset(after, 'x', strlen(after));
    assert_int_equal(s3c_lister_next(l, &e, NULL), S3C_AGAIN);
    step(&x, l);
    CHECK_CODE(s3c_lister_next(l, &e, NULL), S3C_END);
    CHECK_CODE(s3c_lister_next(l, &e, NULL), S3C_END);
    CHECK_HAS(x.fake->requests[0].url, "/bucket?");
    CHECK_HAS(x.fake->requests[0].url, "versions=");
    CHECK_HAS(x.fake->requests[0].url, "encoding-type=url");
    CHECK_HAS(x.fake->requests[0].url, "prefix=a%2Fb%20c");
    CHECK_HAS(x.fake->requests[0].url, "key-marker=a%2Fb%20c%2F%2B");
    CHECK_HAS(x.fake->requests[0].url, "max-keys=7");
    assert_null(strstr(x.fake->requests[0].url, "version-id-marker"));
    s3c_lister_free(l);
    s3_fixture_end(&x);
}

static void reads_one_page_ahead_and_no_more(void **state)
{
    struct s3c_list_entry e;
    struct s3c_lister *l;
    struct s3_fixture x;

    (void)state;
    begin(&x);
    push_page(&x, PAGE(ENTRY("a") ENTRY("b"), "true"));
    push_page(&x, PAGE(ENTRY("c"), "true"));
    push_page(&x, PAGE(ENTRY("d"), "false"));
    l = new_lister(&x, (struct s3c_lister_options){0});
    step(&x, l);
    step(&x, l);
    assert_int_equal(x.fake->request_count, 2); /* the first, and the one ahead of it */
    CHECK_HAS(x.fake->requests[1].url, "start-after=b");
    expect(l, "a");
    expect(l, "b");
    step(&x, l);
    assert_int_equal(x.fake->request_count, 2);
    expect(l, "c");
    step(&x, l);
    assert_int_equal(x.fake->request_count, 3);
    CHECK_HAS(x.fake->requests[2].url, "start-after=c");
    expect(l, "d");
    CHECK_CODE(s3c_lister_next(l, &e, NULL), S3C_END);
    assert_int_equal(x.fake->request_count, 3);
    s3c_lister_free(l);
    s3_fixture_end(&x);
}

static void retries_the_page_that_failed(void **state)
{
    struct s3c_list_entry e;
    struct s3c_lister *l;
    struct s3c_error err = {0};
    struct s3_fixture x;

    (void)state;
    begin(&x);
    push_page(&x, PAGE(ENTRY("a"), "true"));
    fake_push(x.fake, (struct fake_reply){.status = 403,
                                          .body = "<Error><Code>AccessDenied</Code></Error>"});
    push_page(&x, PAGE(ENTRY("a") ENTRY("b"), "false"));
    l = new_lister(&x, (struct s3c_lister_options){0});
    step(&x, l);
    step(&x, l);
    expect(l, "a"); /* what came before the failure is given first */
    CHECK_CODE(s3c_lister_next(l, &e, &err), S3C_E_DENIED);
    assert_string_equal(err.s3_code, "AccessDenied");
    CHECK_CODE(s3c_lister_next(l, &e, NULL), S3C_E_DENIED);
    s3c_lister_retry(l);
    assert_int_equal(s3c_lister_next(l, &e, NULL), S3C_AGAIN);
    step(&x, l);
    CHECK_HAS(x.fake->requests[2].url, "start-after=a");
    expect(l, "b");
    CHECK_CODE(s3c_lister_next(l, &e, NULL), S3C_END);
    s3c_lister_free(l);
    s3_fixture_end(&x);
}

static void refuses_a_page_that_is_none(void **state)
{
    struct s3c_list_entry e;
    struct s3c_lister *l;
    struct s3c_error err = {0};
    struct s3_fixture x;

    (void)state;
    begin(&x);
    push_page(&x, "<html><body></body></html>");
    l = new_lister(&x, (struct s3c_lister_options){0});
    step(&x, l);
    CHECK_CODE(s3c_lister_next(l, &e, &err), S3C_E_PROTOCOL);
    CHECK_HAS(err.message, "ListObjectsV2: ");
    s3c_lister_free(l);
    s3_fixture_end(&x);
}

static void tells_the_servers_second_of_the_first_page(void **state)
{
    struct s3c_lister *l;
    struct s3_fixture x;
    int64_t second = 0;

    (void)state;
    begin(&x);
    fake_push(x.fake, (struct fake_reply){.status = 200,
                                          .headers = "Date: Fri, 02 Jan 2026 03:04:10 GMT\r\n",
                                          .delay_ns = 1200 * S3C_NS_PER_MS,
                                          .body = PAGE(ENTRY("a"), "true")});
    fake_push(x.fake, (struct fake_reply){.status = 200,
                                          .headers = "Date: Fri, 02 Jan 2026 03:05:00 GMT\r\n",
                                          .body = PAGE("", "false")});
    l = new_lister(&x, (struct s3c_lister_options){0});
    assert_false(s3c_lister_server_second(l, &second));
    fake_run(x.fake);
    fake_advance(x.fake, 2 * S3C_NS_PER_SEC);
    step(&x, l);
    step(&x, l);
    assert_int_equal(x.fake->request_count, 2);
    assert_true(s3c_lister_server_second(l, &second));
    assert_int_equal(second, 1767323050 - 2); /* 03:04:10 minus 1.2 s, rounded up */
    s3c_lister_free(l);
    s3_fixture_end(&x);
}

static void knows_no_second_without_a_date(void **state)
{
    struct s3c_lister *l;
    struct s3_fixture x;
    int64_t second;

    (void)state;
    begin(&x);
    fake_push(x.fake, (struct fake_reply){.status = 200, .body = PAGE(ENTRY("a"), "false")});
    l = new_lister(&x, (struct s3c_lister_options){0});
    step(&x, l);
    assert_false(s3c_lister_server_second(l, &second));
    s3c_lister_free(l);
    s3_fixture_end(&x);
}

static void survives_every_allocation_failure(void **state)
{
    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_lister *l = NULL;
        struct s3c_error err = {0};
        struct s3_fixture x;
        int r = s3_fixture_begin(&x, &err);

        if (r == 0) {
            struct s3c_lister_options o = {
                .inbox = x.inbox, .max_attempts = 1, .versions = true, .prefix = S3C_VIEW("p")};

            push_page(
                &x,
                "<ListVersionsResult><Version><Key>p</Key><VersionId>1</VersionId><LastModified>2026-01-02T03:04:05Z</LastModified>"
                "</Version></ListVersionsResult>");
            r = s3c_lister_new(&l, x.client, &o, &err);
        }
        if (r == 0) {
            struct s3c_list_entry e;

            step(&x, l);
            while ((r = s3c_lister_next(l, &e, &err)) == 0)
                CHECK_VIEW(e.key, "p");
        }
        CHECK_CODE(r, check_alloc_failed() ? S3C_E_NOMEM : S3C_END);
        s3c_lister_free(l);
        s3_fixture_end(&x);
    }
}

/* ---- taking calls back ---- */

static void *put_three(void *ctx)
{
    struct s3c_call **calls = ctx;
    struct s3c_inbox *inbox = calls[0]->inbox;

    s3c_inbox_put(inbox, calls[0]);
    s3c_inbox_wake(inbox);
    s3c_inbox_put(inbox, calls[1]);
    s3c_inbox_put(inbox, calls[2]);
    s3c_inbox_put(inbox, calls[3]);
    return NULL;
}

static void takes_only_its_own_calls_back(void **state)
{
    struct s3c_call *calls[4], *mine, *rest;
    struct s3c_inbox *inbox;
    struct s3c_error err = {0};
    pthread_t thread;
    bool woken = false;
    int me, they;

    (void)state;
    CHECK_OK(s3c_inbox_new(&inbox, &err), &err);
    for (int i = 0; i < 4; i++) {
        calls[i] = s3c_call_new();
        assert_non_null(calls[i]);
        calls[i]->inbox = inbox;
        calls[i]->user = i % 2 ? &me : &they;
    }
    assert_int_equal(pthread_create(&thread, NULL, put_three, calls), 0);
    mine = s3c_reclaim(inbox, &me, 2);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_non_null(mine);
    assert_non_null(mine->next);
    assert_null(mine->next->next);
    assert_ptr_equal(mine->user, &me);
    assert_ptr_equal(mine->next->user, &me);
    rest = s3c_inbox_take(inbox, 0, &woken);
    assert_true(woken);
    assert_ptr_equal(rest, calls[0]);
    assert_ptr_equal(rest->next, calls[2]);
    assert_null(rest->next->next);
    for (int i = 0; i < 4; i++)
        s3c_call_free(calls[i]);
    s3c_inbox_free(inbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(asks_for_what_was_given),
        CHECK_TEST(reads_one_page_ahead_and_no_more),
        CHECK_TEST(retries_the_page_that_failed),
        CHECK_TEST(refuses_a_page_that_is_none),
        CHECK_TEST(tells_the_servers_second_of_the_first_page),
        CHECK_TEST(knows_no_second_without_a_date),
        CHECK_TEST(survives_every_allocation_failure),
        CHECK_TEST(takes_only_its_own_calls_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
