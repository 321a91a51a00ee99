/* SPDX-License-Identifier: Apache-2.0 */
/* The schemas that are kept: what is asked for once, what is asked for again, and what is said when there is none. */
#include "check.h"

#include <semaphore.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/view.h"
#include "plugin/schema.h"

struct rig {
    struct jobs *jobs;
    struct schemas *schemas;
    struct s3c_clock clock;
    int64_t now;
    sem_t woken;
    int fetches;     /* written on the worker, read after the wake-up */
    char asked[100]; /* the last one */
    int fail;        /* code of the next fetches */
    const char *text;
    int ready;
};

static int64_t mono(void *ctx)
{
    return ((struct rig *)ctx)->now;
}

static void wake(void *ctx)
{
    (void)sem_post(&((struct rig *)ctx)->woken);
}

static int fetch(void *ctx, struct s3c_view subject, int32_t version, struct s3c_buf *ret_text,
                 struct s3c_error *err)
{
    struct rig *r = ctx;

    r->fetches++;
    (void)snprintf(r->asked, sizeof(r->asked), "%.*s:%d", (int)subject.len, subject.ptr,
                   (int)version);
    if (r->fail < 0)
        return s3c_error_set(err, r->fail, "the service is down");
    return s3c_buf_add_str(ret_text, r->text) < 0 ? s3c_error_nomem(err) : 0;
}

static void ready(void *ctx)
{
    ((struct rig *)ctx)->ready++;
}

static int begin(struct rig *r, struct s3c_error *err)
{
    struct schemas_options o = {
        .clock = &r->clock, .fetch = fetch, .ready = ready, .fetch_ctx = r, .ready_ctx = r};
    int rc;

    *r = (struct rig){.clock = {.mono_ns = mono, .ctx = r},
                      .now = 1000 * S3C_NS_PER_SEC,
                      .text = "{\"type\":\"map\",\"values\":\"int\"}"};
    (void)sem_init(&r->woken, 0, 0);
    rc = jobs_new(&r->jobs, wake, r, err);
    o.jobs = r->jobs;
    return rc < 0 ? rc : schemas_new(&r->schemas, &o, err);
}

static void end(struct rig *r)
{
    if (r->jobs)
        assert_true(jobs_stop(r->jobs, 60000));
    schemas_free(r->schemas);
    jobs_free(r->jobs);
    (void)sem_destroy(&r->woken);
}

/* What is there in the end. */
static int get(struct rig *r, const char *subject, int32_t version, struct s3c_error *err)
{
    const struct s3c_schema *schema = NULL;
    int rc = schemas_get(r->schemas, s3c_view_str(subject), version, &schema, err);

    if (rc == S3C_AGAIN) {
        const struct s3c_schema *same = NULL;
        int before = r->ready;
        /* whoever asks meanwhile waits for the same answer */
        assert_int_equal(schemas_get(r->schemas, s3c_view_str(subject), version, &same, err),
                         S3C_AGAIN);
        (void)sem_wait(&r->woken);
        jobs_collect(r->jobs);
        assert_int_equal(r->ready, before + 1);
        rc = schemas_get(r->schemas, s3c_view_str(subject), version, &schema, err);
    }
    assert_true((rc == 0) == (schema != NULL));
    return rc;
}

static void a_schema_is_asked_for_once_in_a_quarter_of_an_hour(void **state)
{
    struct s3c_error err;
    struct rig r;

    (void)state;
    CHECK_OK(begin(&r, &err), &err);
    CHECK_OK(get(&r, "payload", 1, &err), &err);
    assert_string_equal(r.asked, "payload:1");
    r.now += SCHEMA_KEEP_NS - 1;
    CHECK_OK(get(&r, "payload", 1, &err), &err);
    assert_int_equal(r.fetches, 1);
    CHECK_OK(get(&r, "payload", 2, &err), &err);
    CHECK_OK(get(&r, "key", 1, &err), &err);
    assert_int_equal(r.fetches, 3);
    r.now += 1;
    CHECK_OK(get(&r, "payload", 1, &err), &err);
    assert_int_equal(r.fetches, 4);
    end(&r);
}

static void an_error_is_kept_for_a_while_only(void **state)
{
    struct s3c_error err;
    struct rig r;

    (void)state;
    CHECK_OK(begin(&r, &err), &err);
    r.fail = S3C_E_CONNECT;
    CHECK_CODE(get(&r, "payload", 3, &err), S3C_E_CONNECT);
    assert_string_equal(err.message, "failed to get schema for payload:3: the service is down");
    CHECK_CODE(get(&r, "payload", 3, &err), S3C_E_CONNECT);
    assert_int_equal(r.fetches, 1);
    r.fail = 0;
    r.now += SCHEMA_KEEP_ERROR_NS;
    CHECK_OK(get(&r, "payload", 3, &err), &err);
    r.now += SCHEMA_KEEP_NS; /* a schema that was there, too, may be gone */
    r.fail = S3C_E_NOT_FOUND;
    CHECK_CODE(get(&r, "payload", 3, &err), S3C_E_NOT_FOUND);
    end(&r);
}

static void a_text_that_is_no_schema_is_an_error(void **state)
{
    struct s3c_error err;
    struct rig r;

    (void)state;
    CHECK_OK(begin(&r, &err), &err);
    r.text = "{\"type\":\"nope\"}";
    CHECK_CODE(get(&r, "payload", 1, &err), S3C_E_RECORD);
    CHECK_HAS(err.message, "failed to get schema for payload:1: could not parse avro schema: ");
    end(&r);
}

static void not_more_than_so_many_are_kept(void **state)
{
    struct s3c_error err;
    struct rig r;

    (void)state;
    CHECK_OK(begin(&r, &err), &err);
    for (int i = 0; i < SCHEMAS_MAX; i++)
        CHECK_OK(get(&r, "s", i, &err), &err);
    CHECK_OK(get(&r, "s", 0, &err), &err); /* used, so it stays */
    assert_int_equal(r.fetches, SCHEMAS_MAX);
    CHECK_OK(get(&r, "s", SCHEMAS_MAX, &err), &err);
    CHECK_OK(get(&r, "s", 0, &err), &err);
    assert_int_equal(r.fetches, SCHEMAS_MAX + 1);
    CHECK_OK(get(&r, "s", 1, &err), &err); /* the one that made room */
    assert_int_equal(r.fetches, SCHEMAS_MAX + 2);
    end(&r);
}

static void running_out_of_memory_is_an_ordinary_error(void **state)
{
    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_error err;
        struct rig r;
        int rc = begin(&r, &err);

        if (rc == 0)
            rc = get(&r, "payload", 1, &err);
        CHECK_CODE(rc, check_alloc_failed() ? S3C_E_NOMEM : 0);
        end(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(a_schema_is_asked_for_once_in_a_quarter_of_an_hour),
        CHECK_TEST(an_error_is_kept_for_a_while_only),
        CHECK_TEST(a_text_that_is_no_schema_is_an_error),
        CHECK_TEST(not_more_than_so_many_are_kept),
        CHECK_TEST(running_out_of_memory_is_an_ordinary_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
