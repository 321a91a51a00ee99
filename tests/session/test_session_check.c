/* SPDX-License-Identifier: Apache-2.0 */
/* `check`: the steps, where it stops, and that a destination's check leaves no object. */
#include "check.h"

#include <string.h>

#include "rig.h"

struct steps {
    char text[1000]; /* "endpoint credentials bucket ... list:FAILED" */
    struct s3c_error last;
};

static void note(void *ctx, const char *step, const char *detail, const struct s3c_error *problem)
{
    struct steps *s = ctx;

    assert_non_null(detail);
    if (s->text[0])
        check_append(s->text, sizeof(s->text), " ", 1);
    check_append(s->text, sizeof(s->text), step, strlen(step));
    if (problem) {
        check_append(s->text, sizeof(s->text), ":FAILED", strlen(":FAILED"));
        s->last = *problem;
    }
}

#define NEVER "<?xml version=\"1.0\"?>\n<VersioningConfiguration/>"
#define ENTRY \
    "<Contents><Key>p1</Key><Size>3</Size><ETag>&quot;e&quot;</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
#define CREATED \
    "<?xml version=\"1.0\"?>\n<InitiateMultipartUploadResult><UploadId>U 1</UploadId></InitiateMultipartUploadResult>"
#define HEAD_OK                          \
    {                                    \
        .status = 200, .headers = RIG_S3 \
    }
#define DENIED                                           \
    {                                                    \
        .status = 403, .body = RIG_ERROR("AccessDenied") \
    }

static const struct {
    enum s3c_side side;
    struct fake_reply replies[RIG_REPLIES];
    int result;
    const char *steps, *says;
} cases[] = {
    {S3C_SOURCE,
     {HEAD_OK,
      {.status = 200, .body = NEVER},
      {.status = 200, .body = RIG_LIST(ENTRY)},
      {.status = 200, .headers = RIG_S3, .body = "abc"}},
     0,
     "endpoint credentials bucket versioning list read",
     NULL},
    {S3C_SOURCE,
     {HEAD_OK, {.status = 200, .body = NEVER}, {.status = 200, .body = RIG_LIST("")}},
     0,
     "endpoint credentials bucket versioning list read",
     NULL},
    {S3C_SOURCE,
     {HEAD_OK, {.status = 200, .body = NEVER}, {.status = 200, .body = RIG_LIST(ENTRY)}, DENIED},
     S3C_E_DENIED,
     "endpoint credentials bucket versioning list read:FAILED",
     "permission (GetObject): "},
    {S3C_SOURCE,
     {HEAD_OK, {.status = 200, .body = NEVER}, DENIED},
     S3C_E_DENIED,
     "endpoint credentials bucket versioning list:FAILED",
     "permission (ListObjectsV2): "},
    {S3C_SOURCE,
     {{.status = 404, .headers = RIG_S3}, {.status = 404, .body = RIG_ERROR("NoSuchBucket")}},
     S3C_E_NO_BUCKET,
     "endpoint credentials bucket:FAILED",
     "bucket missing: "},
    {S3C_SOURCE,
     {{.status = 403, .headers = RIG_S3}, {.status = 403, .body = RIG_ERROR("InvalidAccessKeyId")}},
     S3C_E_CREDENTIALS,
     "endpoint credentials:FAILED",
     "credentials: "},
    {S3C_SOURCE,
     {{.result = S3C_E_RESOLVE}, {.result = S3C_E_RESOLVE}, {.result = S3C_E_RESOLVE}},
     S3C_E_RESOLVE,
     "endpoint:FAILED",
     "name resolution: "},
    {S3C_DESTINATION,
     {HEAD_OK, {.status = 200, .body = CREATED}, {.status = 204}},
     0,
     "endpoint credentials bucket names write",
     NULL},
    {S3C_DESTINATION,
     {HEAD_OK, DENIED},
     S3C_E_DENIED,
     "endpoint credentials bucket names write:FAILED",
     "permission (CreateMultipartUpload): "},
};

static void steps_are_reported_up_to_the_first_that_stops_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct s3c_error err = {0};
        struct steps s = {{0}};
        struct rig g;

        CHECK_OK(rig_begin(&g, cases[i].side, cases[i].replies, &err), &err);
        CHECK_CODE(s3c_session_check(&g.session, cases[i].side, note, &s, &err), cases[i].result);
        assert_string_equal(s.text, cases[i].steps);
        if (cases[i].says) {
            assert_memory_equal(err.message, cases[i].says, strlen(cases[i].says));
            assert_string_equal(err.message, s.last.message);
        }
        rig_end(&g);
    }
}

static void a_destination_is_tried_without_an_object(void **state)
{
    static const struct fake_reply replies[] = {
        HEAD_OK, {.status = 200, .body = CREATED}, {.status = 204}, {0}};
    struct s3c_error err = {0};
    struct steps s = {{0}};
    struct rig g;

    (void)state;
    CHECK_OK(rig_begin(&g, S3C_DESTINATION, replies, &err), &err);
    CHECK_OK(s3c_session_check(&g.session, S3C_DESTINATION, note, &s, &err), &err);
    assert_int_equal(g.fake->request_count, 3);
    assert_int_equal(g.fake->requests[1].method, S3C_HTTP_POST);
    CHECK_HAS(g.fake->requests[1].url, "http://host:9000/bucket/p/.s3c-check?uploads");
    assert_int_equal(g.fake->requests[2].method, S3C_HTTP_DELETE);
    CHECK_HAS(g.fake->requests[2].url, "uploadId=U%201");
    rig_end(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(steps_are_reported_up_to_the_first_that_stops_it),
        CHECK_TEST(a_destination_is_tried_without_an_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
