/* SPDX-License-Identifier: Apache-2.0 */
/* The look at the bucket: which class each kind of server and failure is, in words, and within the budget. */
#include "check.h"

#include <string.h>

#include "rig.h"

struct look {
    const char *what;
    struct fake_reply replies[RIG_REPLIES];
    int result;
    const char *says; /* beginning of the message */
    size_t requests;  /* 0 = not checked */
};

#define HTML "<html><body>It works!</body></html>"

static const struct look looks[] = {
    {"an S3 server answers HEAD", {{.status = 200, .headers = RIG_S3}}, 0, NULL, 1},
    {"a server without request ids lists",
     {{.status = 200}, {.status = 200, .body = RIG_LIST("")}},
     0,
     NULL,
     2},
    {"nothing is allowed",
     {{.status = 403, .headers = RIG_S3}, {.status = 403, .body = RIG_ERROR("AccessDenied")}},
     0,
     NULL,
     2},
    {"the key is unknown",
     {{.status = 403, .headers = RIG_S3}, {.status = 403, .body = RIG_ERROR("InvalidAccessKeyId")}},
     S3C_E_CREDENTIALS,
     "credentials: ",
     2},
    {"the secret is wrong",
     {{.status = 403, .headers = RIG_S3},
      {.status = 403, .body = RIG_ERROR("SignatureDoesNotMatch")}},
     S3C_E_CREDENTIALS,
     "credentials: ",
     2},
    {"no such bucket",
     {{.status = 404, .headers = RIG_S3}, {.status = 404, .body = RIG_ERROR("NoSuchBucket")}},
     S3C_E_NO_BUCKET,
     "bucket missing: ",
     2},
    {"a web server that knows no such page",
     {{.status = 404}, {.status = 404, .body = HTML}},
     S3C_E_PROTOCOL,
     "no S3 there: ",
     2},
    {"a web server that refuses",
     {{.status = 403}, {.status = 403, .body = HTML}},
     S3C_E_PROTOCOL,
     "no S3 there: ",
     2},
    {"a web server that has a page for everything",
     {{.status = 200},
      {.status = 200, .body = HTML},
      {.status = 200, .body = HTML},
      {.status = 200, .body = HTML}},
     S3C_E_PROTOCOL,
     "no S3 there: ",
     0},
    {"XML of another kind",
     {{.status = 200},
      {.status = 200, .body = "<feed></feed>"},
      {.status = 200, .body = "<feed></feed>"},
      {.status = 200, .body = "<feed></feed>"}},
     S3C_E_PROTOCOL,
     "no S3 there: ",
     0},
    {"no such host",
     {{.result = S3C_E_RESOLVE}, {.result = S3C_E_RESOLVE}, {.result = S3C_E_RESOLVE}},
     S3C_E_RESOLVE,
     "name resolution: ",
     0},
    {"nobody listens",
     {{.result = S3C_E_CONNECT}, {.result = S3C_E_CONNECT}, {.result = S3C_E_CONNECT}},
     S3C_E_CONNECT,
     "connection: ",
     0},
    {"a certificate that is not trusted",
     {{.result = S3C_E_TLS}, {.result = S3C_E_TLS}, {.result = S3C_E_TLS}},
     S3C_E_TLS,
     "TLS: ",
     0},
    {"it never answers", {{.stall = true}}, S3C_E_TIMEOUT, "connection: ", 0},
};

static void each_failure_has_its_class(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
        const struct look *l = &looks[i];
        struct s3c_error err = {0};
        struct rig g;
        int64_t start;

        CHECK_OK(rig_begin(&g, S3C_SOURCE, l->replies, &err), &err);
        start = g.fake->mono_ns;
        print_message("  %s\n", l->what);
        CHECK_CODE(s3c_session_check_bucket(&g.session, &err), l->result);
        if (l->says) {
            assert_memory_equal(err.message, l->says, strlen(l->says));
            CHECK_HAS(err.message, "bucket");
            CHECK_HAS(err.message, "http://host:9000");
            assert_null(strstr(err.message, "hush"));
        }
        if (l->requests)
            assert_int_equal(g.fake->request_count, l->requests);
        assert_true(g.fake->mono_ns - start <= (S3C_OPEN_BUDGET_MS + 1000) * S3C_NS_PER_MS);
        rig_end(&g);
    }
}

struct mode {
    const char *what;
    struct fake_reply replies[RIG_REPLIES];
    int result;
    enum s3c_versioning versioning;
    bool warns;
};

#define VERSIONING(inside) \
    "<?xml version=\"1.0\"?>\n<VersioningConfiguration>" inside "</VersioningConfiguration>"
#define VERSIONS \
    "<?xml version=\"1.0\"?>\n<ListVersionsResult><IsTruncated>false</IsTruncated></ListVersionsResult>"

static const struct mode modes[] = {
    {"enabled",
     {{.status = 200, .body = VERSIONING("<Status>Enabled</Status>")}},
     0,
     S3C_VERSIONING_ENABLED,
     false},
    {"suspended",
     {{.status = 200, .body = VERSIONING("<Status>Suspended</Status>")}},
     0,
     S3C_VERSIONING_SUSPENDED,
     false},
    {"never", {{.status = 200, .body = VERSIONING("")}}, 0, S3C_VERSIONING_NEVER, false},
    {"not implemented",
     {{.status = 501, .body = RIG_ERROR("NotImplemented")}},
     0,
     S3C_VERSIONING_NEVER,
     false},
    {"refused, but versions are listed",
     {{.status = 403, .body = RIG_ERROR("AccessDenied")}, {.status = 200, .body = VERSIONS}},
     0,
     S3C_VERSIONING_ENABLED,
     false},
    {"refused, versions too",
     {{.status = 403, .body = RIG_ERROR("AccessDenied")},
      {.status = 403, .body = RIG_ERROR("AccessDenied")}},
     0,
     S3C_VERSIONING_NEVER,
     true},
    {"refused, versions not implemented",
     {{.status = 403, .body = RIG_ERROR("AccessDenied")},
      {.status = 501, .body = RIG_ERROR("NotImplemented")}},
     0,
     S3C_VERSIONING_NEVER,
     true},
    {"no such bucket",
     {{.status = 404, .body = RIG_ERROR("NoSuchBucket")}},
     S3C_E_NO_BUCKET,
     S3C_VERSIONING_UNKNOWN,
     false},
};

static void versioning_decides_the_listing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        enum s3c_versioning v = S3C_VERSIONING_UNKNOWN;
        struct s3c_error err = {0};
        struct rig g;

        print_message("  %s\n", modes[i].what);
        CHECK_OK(rig_begin(&g, S3C_SOURCE, modes[i].replies, &err), &err);
        CHECK_CODE(s3c_session_versioning(&g.session, g.session.deadline_mono_ns, &v, &err),
                   modes[i].result);
        assert_int_equal(v, modes[i].versioning);
        assert_int_equal(strstr(g.logged, "not versioned") != NULL, modes[i].warns);
        rig_end(&g);
    }
}

static void an_explained_error_stays_as_it_is(void **state)
{
    struct s3c_error err = {.code = S3C_E_DENIED,
                            .message = "ListObjectsV2: HTTP status 403 AccessDenied"},
                     again;
    struct fake_reply none[1] = {{0}};
    struct s3c_error e;
    struct rig g;

    (void)state;
    CHECK_OK(rig_begin(&g, S3C_SOURCE, none, &e), &e);
    assert_int_equal(s3c_session_explain(&g.session, &err), S3C_E_DENIED);
    CHECK_HAS(
        err.message,
        "permission (ListObjectsV2): ListObjectsV2: HTTP status 403 AccessDenied (bucket \"bucket\" at http://host:9000); ");
    again = err;
    assert_int_equal(s3c_session_explain(&g.session, &again), S3C_E_DENIED);
    assert_string_equal(again.message, err.message);
    assert_int_equal(s3c_session_explain(&g.session, NULL), 0);
    rig_end(&g);
}

static void running_out_of_memory_is_an_ordinary_error(void **state)
{
    static const struct fake_reply good[] = {{.status = 403, .headers = RIG_S3},
                                             {.status = 403, .body = RIG_ERROR("AccessDenied")},
                                             {0}};

    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_error err;
        struct rig g;
        int r = rig_begin(&g, S3C_SOURCE, good, &err);

        if (r == 0)
            r = s3c_session_check_bucket(&g.session, &err);
        /* An error answer whose body found no room is judged by its status alone: another class then, but an error. */
        if (!check_alloc_failed())
            CHECK_OK(r, &err);
        else if (r < 0)
            assert_int_equal(err.code, r);
        rig_end(&g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(each_failure_has_its_class),
        CHECK_TEST(versioning_decides_the_listing),
        CHECK_TEST(an_explained_error_stays_as_it_is),
        CHECK_TEST(running_out_of_memory_is_an_ordinary_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
