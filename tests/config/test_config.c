/* SPDX-License-Identifier: Apache-2.0 */
/* From names and values to settings, or to problems: each rule as a row. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/view.h"
#include "build.h"

/* Everything that must be refused, and a part of what is said. */
struct refusal {
    enum s3c_side side;
    struct set sets[SETS_MAX];
    const char *says;
};

static const struct refusal refusals[] = {
    {S3C_SOURCE,
     {SOURCE_BASE, {"polling-period", "0s", CLI}},
     "polling-period: \"0s\" is out of range; allowed: more than 0"},
    {S3C_SOURCE,
     {SOURCE_BASE, {"polling-period", "-1s", CLI}},
     "polling-period: \"-1s\" is out of range"},
    {S3C_SOURCE,
     {SOURCE_BASE, {"polling-period", "soon", CLI}},
     "polling-period: \"soon\" is not a duration"},
    {S3C_SOURCE,
     {SOURCE_BASE, {"polling-period", "5", CLI}},
     "polling-period: \"5\" is not a duration"},
    {S3C_SOURCE,
     {SOURCE_BASE, {"settle", "1500ms", CLI}},
     "settle: \"1500ms\" is not a whole number of seconds"},
    {S3C_SOURCE, {SOURCE_BASE, {"settle", "0s", CLI}}, "settle: \"0s\" is out of range"},
    {S3C_SOURCE,
     {SOURCE_BASE, {"polling-peroid", "1s", CLI}},
     "polling-peroid: unknown option; did you mean polling-period?"},
    {S3C_SOURCE,
     {SOURCE_BASE, {"no-such-thing-at-all", "1s", CLI}},
     "no-such-thing-at-all: unknown option"},
    {S3C_SOURCE, {SOURCE_BASE, {"start", "now", CLI}}, "start: unknown option"},
    {S3C_SOURCE,
     {SOURCE_BASE, {"buffer-size", "1", CLI}},
     "buffer-size: not an option of the source, only of the destination"},
    {S3C_SOURCE,
     {SOURCE_BASE, {"max-connections", "0", CLI}},
     "max-connections: \"0\" is out of range; allowed: 1 to 4096"},
    {S3C_SOURCE,
     {SOURCE_BASE, {"max-connections", "4097", CLI}},
     "max-connections: \"4097\" is out of range"},
    {S3C_SOURCE,
     {SOURCE_BASE, {"max-connections", "many", CLI}},
     "max-connections: \"many\" is not a whole number"},
    {S3C_SOURCE,
     {SOURCE_BASE, {"memory.limit", "1MiB5", CLI}},
     "memory.limit: \"1MiB5\" is not a size"},
    {S3C_SOURCE,
     {SOURCE_BASE, {"memory.limit", "1MB", CLI}},
     "memory.limit: \"1MB\" is not a size"},
    {S3C_SOURCE,
     {SOURCE_BASE, {"memory.limit", "1048575", CLI}},
     "memory.limit: \"1048575\" is out of range; allowed: 1MiB"},
    {S3C_SOURCE,
     {SOURCE_BASE, {"memory.limit", "99999999999GiB", CLI}},
     "memory.limit: \"99999999999GiB\" is not a size"},
    {S3C_SOURCE,
     {SOURCE_BASE, {"object.too-large", "drop", CLI}},
     "object.too-large: \"drop\" is not one of the words; allowed: fail, skip"},
    {S3C_SOURCE,
     {SOURCE_BASE, {"aws.path-style", "yes", CLI}},
     "aws.path-style: \"yes\" is not one of the words; allowed: auto, true, false"},
    {S3C_SOURCE,
     {SOURCE_BASE, {"aws.endpoint", "localhost:9000", CLI}},
     "aws.endpoint: \"localhost:9000\" is not an http:// or https:// URL"},
    {S3C_SOURCE,
     {SOURCE_BASE, {"aws.endpoint", "http://", CLI}},
     "aws.endpoint: \"http://\" has no host name"},
    {S3C_SOURCE,
     {SOURCE_BASE, {"aws.endpoint", "http://u:hush@h", CLI}},
     "aws.endpoint: the value has a character"},
    {S3C_SOURCE,
     {SOURCE_BASE, {"aws.ca-bundle", "/nonexistent/ca.pem", CLI}},
     "aws.ca-bundle: \"/nonexistent/ca.pem\" cannot be read: No such"},
    {S3C_SOURCE,
     {SOURCE_BASE, {"aws.access-key-id", "AK", CLI}},
     "aws.access-key-id is set, but aws.secret-access-key is not"},
    {S3C_SOURCE,
     {SOURCE_BASE, {"aws.secret-access-key", "hush", FILE_}},
     "aws.secret-access-key is set, but aws.access-key-id is not"},
    {S3C_SOURCE,
     {SOURCE_BASE, {"aws.session-token", "hush", FILE_}},
     "aws.session-token is set, but the key pair is not"},
    {S3C_SOURCE,
     {SOURCE_BASE, {"aws.secret-access-key", "hush", CLI}},
     "aws.secret-access-key: refused on the command line"},
    {S3C_SOURCE,
     {SOURCE_BASE, {"sessionToken", "hush", CLI}},
     "aws.session-token: refused on the command line"},
    {S3C_SOURCE,
     {SOURCE_BASE, {"polling-period", "1s", CLI}, {"pollingPeriod", "2s", CLI}},
     "polling-period is \"1s\" and pollingPeriod is \"2s\""},
    {S3C_SOURCE,
     {SOURCE_BASE, {"region", "us-east-1", FILE_}},
     "aws.region is \"eu-central-1\" and aws.region is \"us-east-1\""},
    {S3C_SOURCE,
     {SOURCE_BASE,
      {"access-key-id", "AK", FILE_},
      {"aws.secret-access-key", "hush1", FILE_},
      {"secretAccessKey", "hush2", FILE_}},
     "aws.secret-access-key and aws.secretAccessKey are set to different values"},
    {S3C_SOURCE, {{"aws.region", "eu-central-1", CLI}}, "aws.bucket: required, but not set"},
    {S3C_SOURCE,
     {{"aws.bucket", "", CLI}, {"region", "r", CLI}},
     "aws.bucket: required, but not set"},
    {S3C_SOURCE, {{"aws.bucket", "b", CLI}}, "aws.region: required on AWS"},
    {S3C_SOURCE,
     {{"aws.bucket", "b", CLI}, {"region", "evil.example.com/", CLI}},
     "aws.region: \"evil.example.com/\" is not a region"},
    {S3C_SOURCE,
     {{"aws.bucket", "s3://b/p", CLI}, {"region", "r", CLI}},
     "aws.bucket: \"s3://b/p\" is not a bucket's name"},
    {S3C_DESTINATION, {SOURCE_BASE}, "format: required, but not set; allowed: json, parquet"},
    {S3C_DESTINATION,
     {SOURCE_BASE, {"format", "csv", CLI}},
     "format: \"csv\" is not one of the words; allowed: json, parquet"},
    {S3C_DESTINATION,
     {SOURCE_BASE, {"format", "parquet", CLI}, {"compression", "lz4", CLI}},
     "compression: \"lz4\" is not one of the words; allowed: none, gzip, zstd, snappy"},
    {S3C_DESTINATION,
     {SOURCE_BASE, {"format", "json", CLI}, {"compression", "snappy", CLI}},
     "compression: snappy goes with format parquet; with json: none, gzip or zstd"},
    {S3C_DESTINATION,
     {SOURCE_BASE, {"format", "json", CLI}, {"buffer-size", "0", CLI}},
     "buffer-size: \"0\" is out of range; allowed: 1 to 100000"},
    {S3C_DESTINATION,
     {SOURCE_BASE, {"format", "json", CLI}, {"buffer-size", "100001", CLI}},
     "buffer-size: \"100001\" is out of range"},
    {S3C_DESTINATION,
     {SOURCE_BASE, {"format", "json", CLI}, {"part-size", "1MiB", CLI}},
     "part-size: \"1MiB\" is out of range; allowed: 5MiB to 5GiB"},
    {S3C_DESTINATION,
     {SOURCE_BASE, {"format", "json", CLI}, {"part-size", "6GiB", CLI}},
     "part-size: \"6GiB\" is out of range"},
    {S3C_DESTINATION,
     {SOURCE_BASE, {"format", "json", CLI}, {"key.template", "{prefix}dt={day}/x", CLI}},
     "key.template: column 12: unknown field {day}; there are {prefix}, "},
    {S3C_DESTINATION,
     {SOURCE_BASE, {"format", "json", CLI}, {"key.template", "{prefix}x", CLI}},
     "key.template: nothing in it is different for each file"},
    {S3C_DESTINATION,
     {SOURCE_BASE,
      {"format", "json", CLI},
      {"key.template", "{time:%F}/{name}", CLI},
      {"write.once", "true", CLI}},
     "key.template: column 1: {time} with write.once: "},
    {S3C_DESTINATION,
     {SOURCE_BASE, {"format", "json", CLI}, {"parquet.columns", "typed", CLI}},
     "parquet.columns: typed goes with format parquet"},
    {S3C_DESTINATION,
     {SOURCE_BASE, {"format", "parquet", CLI}, {"schema", "/dev/null", CLI}},
     "schema: without effect; it goes with format parquet and parquet.columns typed"},
    {S3C_DESTINATION,
     {SOURCE_BASE,
      {"format", "parquet", CLI},
      {"parquet.columns", "typed", CLI},
      {"schema", "/dev/null", CLI}},
     "schema: \"/dev/null\": could not parse avro schema: expected a value"},
    {S3C_DESTINATION,
     {SOURCE_BASE,
      {"format", "parquet", CLI},
      {"parquet.columns", "typed", CLI},
      {"schema", "/nonexistent", CLI}},
     "schema: \"/nonexistent\" cannot be read: "},
    {S3C_DESTINATION,
     {SOURCE_BASE, {"format", "json", CLI}, {"settle", "2s", CLI}},
     "settle: not an option of the destination, only of the source"},
};

static void bad_input_is_refused_with_its_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        struct built b = build(refusals[i].side, refusals[i].sets, NULL);
        CHECK_CODE(b.r, S3C_E_INVALID);
        CHECK_HAS(b.err.message, refusals[i].says);
        assert_null(strstr(b.err.message, "hush"));
        assert_string_equal(s3c_config_problem(b.c, 0), b.err.message);
        assert_int_equal(s3c_config_problem_count(b.c), 1);
        s3c_config_free(b.c);
    }
}

static void all_problems_are_reported_at_once(void **state)
{
    const struct set sets[] = {{"polling-period", "0s", CLI},
                               {"settel", "1s", CLI},
                               {"max-connections", "x", CLI},
                               {NULL}};
    struct built b = build(S3C_SOURCE, sets, NULL);

    (void)state;
    CHECK_CODE(b.r, S3C_E_INVALID);
    assert_int_equal(s3c_config_problem_count(b.c), 5); /* bucket and region are missing as well */
    CHECK_HAS(b.err.message, "settel: unknown option; did you mean settle?; ");
    CHECK_HAS(b.err.message, "polling-period: ");
    CHECK_HAS(b.err.message, "max-connections: ");
    CHECK_HAS(b.err.message, "aws.bucket: ");
    CHECK_HAS(b.err.message, "aws.region: ");
    s3c_config_free(b.c);
}

static void defaults_are_those_of_the_design(void **state)
{
    const struct set sets[] = {SOURCE_BASE, {NULL}};
    struct built b = build(S3C_SOURCE, sets, NULL);
    const struct s3c_settings *s;

    (void)state;
    CHECK_OK(b.r, &b.err);
    s = s3c_config_settings(b.c);
    assert_string_equal(s->bucket, "b");
    assert_string_equal(s->prefix, "");
    assert_null(s->endpoint);
    assert_int_equal(s->path_style, S3C_ADDRESSING_AUTO);
    assert_int_equal(s->memory_limit, 64 << 20);
    assert_int_equal(s->max_connections, 256);
    assert_int_equal(s->polling_period_ns, S3C_NS_PER_SEC);
    assert_int_equal(s->settle_sec, 2);
    assert_int_equal(s->object_max_bytes, 64 << 20);
    assert_int_equal(s->too_large, S3C_FAIL);
    assert_int_equal(s->index_max_bytes, 1 << 30);
    s3c_config_free(b.c);
}

static void the_command_line_wins_over_the_file_over_the_host(void **state)
{
    const struct set sets[] = {{"bucket", "of-host", S3C_FROM_HOST},
                               {"aws.bucket", "of-file", FILE_},
                               {"bucket", "of-cli", CLI},
                               {"region", "file", FILE_},
                               {"region", "", CLI},
                               {"polling-period", "3s", S3C_FROM_HOST},
                               {NULL}};
    struct built b = build(S3C_SOURCE, sets, NULL);

    (void)state;
    CHECK_OK(b.r, &b.err);
    assert_string_equal(s3c_config_settings(b.c)->bucket, "of-cli");
    assert_string_equal(s3c_config_settings(b.c)->region, "file"); /* empty counts as not set */
    assert_int_equal(s3c_config_settings(b.c)->polling_period_ns, 3 * S3C_NS_PER_SEC);
    s3c_config_free(b.c);
}

static void both_spellings_with_one_value_are_fine(void **state)
{
    const struct set sets[] = {SOURCE_BASE,
                               {"polling-period", "2s", CLI},
                               {"pollingPeriod", "2s", CLI},
                               {"pollingPeriod", "", CLI},
                               {NULL}};
    struct built b = build(S3C_SOURCE, sets, NULL);

    (void)state;
    CHECK_OK(b.r, &b.err);
    s3c_config_free(b.c);
}

/* What region and endpoint come out of an environment. */
static void the_environment_serves_what_is_missing(void **state)
{
    static const struct {
        struct fake_env env;
        const char *region, *endpoint;
    } cases[] = {
        {{{"AWS_REGION", "r1", "AWS_DEFAULT_REGION", "r2"}}, "r1", NULL},
        {{{"AWS_REGION", "", "AWS_DEFAULT_REGION", "r2"}}, "r2", NULL},
        {{{"AWS_ENDPOINT_URL_S3", "http://one:1", "AWS_ENDPOINT_URL", "http://two"}},
         "us-east-1",
         "http://one:1"},
        {{{"AWS_ENDPOINT_URL", "http://two"}}, "us-east-1", "http://two"},
        {{{"AWS_ENDPOINT_URL", "http://two", "AWS_REGION", "r1"}}, "r1", "http://two"},
        {{{"AWS_ENDPOINT_URL", "http://two", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "TRUE",
           "AWS_REGION", "r"}},
         "r",
         NULL},
    };
    const struct set sets[] = {{"bucket", "b", CLI}, {NULL}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct built b = build(S3C_SOURCE, sets, &cases[i].env);
        CHECK_OK(b.r, &b.err);
        assert_string_equal(s3c_config_settings(b.c)->region, cases[i].region);
        if (cases[i].endpoint)
            assert_string_equal(s3c_config_settings(b.c)->endpoint, cases[i].endpoint);
        else
            assert_null(s3c_config_settings(b.c)->endpoint);
        s3c_config_free(b.c);
    }
}

static void an_option_wins_over_the_environment(void **state)
{
    static const struct fake_env env = {
        {"AWS_ENDPOINT_URL", "http://env", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"}};
    const struct set sets[] = {{"bucket", "b", CLI}, {"endpoint", "http://option", FILE_}, {NULL}};
    struct built b = build(S3C_SOURCE, sets, &env);

    (void)state;
    CHECK_OK(b.r, &b.err);
    assert_string_equal(s3c_config_settings(b.c)->endpoint, "http://option");
    s3c_config_free(b.c);
}

static void secrets_are_not_shown(void **state)
{
    const struct set sets[] = {SOURCE_BASE,
                               {"access-key-id", "AKID", FILE_},
                               {"secret-access-key", "hush", FILE_},
                               {NULL}};
    struct built b = build(S3C_SOURCE, sets, NULL);
    unsigned both = S3C_SOURCE | S3C_DESTINATION;

    (void)state;
    CHECK_OK(b.r, &b.err);
    assert_string_equal(s3c_config_settings(b.c)->secret_access_key, "hush");
    assert_string_equal(s3c_config_text(b.c, s3c_option_find(S3C_VIEW("secret-access-key"), both)),
                        "***");
    assert_string_equal(s3c_config_text(b.c, s3c_option_find(S3C_VIEW("session-token"), both)), "");
    assert_string_equal(s3c_config_text(b.c, s3c_option_find(S3C_VIEW("bucket"), both)), "b");
    assert_string_equal(s3c_config_text(b.c, s3c_option_find(S3C_VIEW("settle"), both)), "2s");
    s3c_config_free(b.c);
}

static void odd_bytes_are_shown_as_text(void **state)
{
    char dst[S3C_VALUE_SHOWN];
    char many[300];

    (void)state;
    assert_string_equal(s3c_value_show(dst, "a\nb\x01"), "a?b?");
    assert_string_equal(s3c_value_show(dst, "gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
    assert_string_equal(s3c_value_show(dst, "\xff\xc3"), "??");
    memset(many, 'x', sizeof(many) - 1);
    many[sizeof(many) - 1] = '\0';
    assert_int_equal(strlen(s3c_value_show(dst, many)), S3C_VALUE_SHOWN - 1);
    assert_string_equal(dst + S3C_VALUE_SHOWN - 4, "...");
}

static char *write_file(const char *text, char path[64])
{
    int fd;

    (void)snprintf(path, 64, "/tmp/s3c-test-config-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    (void)close(fd);
    return path;
}

static void a_config_file_is_read(void **state)
{
    struct built b = {0};
    char path[64];

    (void)state;
    CHECK_OK(s3c_config_new(&b.c, S3C_SOURCE, &b.err), &b.err);
    s3c_config_set_env(b.c, fake_getenv, NULL);
    CHECK_OK(
        s3c_config_read_file(
            b.c,
            write_file(
                "# all of it\r\n\n  bucket =  b \r\nregion=r\nprefix = a = b # c\nsecret-access-key = s/=x\n"
                "access-key-id = AK",
                path),
            &b.err),
        &b.err);
    CHECK_OK(s3c_config_finish(b.c, &b.err), &b.err);
    assert_string_equal(s3c_config_settings(b.c)->bucket, "b");
    assert_string_equal(s3c_config_settings(b.c)->prefix, "a = b # c"); /* no inline comments */
    assert_string_equal(s3c_config_settings(b.c)->secret_access_key, "s/=x");
    assert_string_equal(s3c_config_settings(b.c)->access_key_id, "AK");
    s3c_config_free(b.c);
    (void)unlink(path);
}

static void the_profile_serves_after_the_environment(void **state)
{
    static const char text[] =
        "[profile p]\nregion = of-profile\nendpoint_url = http://all\nservices = mine\nca_bundle = /dev/null\n"
        "[services mine]\ns3 =\n  endpoint_url = http://s3-only\n";
    const struct set sets[] = {{"bucket", "b", CLI}, {"profile", "p", FILE_}, {NULL}};
    const struct set missing[] = {
        {"bucket", "b", CLI}, {"region", "r", CLI}, {"profile", "nobody", FILE_}, {NULL}};
    char path[64];
    struct fake_env env = {
        {"AWS_CONFIG_FILE", write_file(text, path), "AWS_REGION", "of-environment"}};
    struct built b = build(S3C_SOURCE, sets, &env);

    (void)state;
    CHECK_OK(b.r, &b.err);
    assert_string_equal(s3c_config_settings(b.c)->region, "of-environment");
    assert_string_equal(s3c_config_settings(b.c)->endpoint, "http://s3-only");
    assert_string_equal(s3c_config_settings(b.c)->ca_bundle, "/dev/null");
    s3c_config_free(b.c);
    env.pairs[2] = NULL;
    b = build(S3C_SOURCE, sets, &env);
    CHECK_OK(b.r, &b.err);
    assert_string_equal(s3c_config_settings(b.c)->region, "of-profile");
    s3c_config_free(b.c);
    b = build(S3C_SOURCE, missing, &env);
    CHECK_CODE(b.r, S3C_E_INVALID);
    CHECK_HAS(b.err.message, "aws.profile: ");
    CHECK_HAS(b.err.message, "nobody");
    s3c_config_free(b.c);
    (void)unlink(path);
}

static void a_bad_line_is_named_but_not_shown(void **state)
{
    static const char *const texts[] = {"bucket = b\n\nhush\n", "bucket = b\n#\n = hush\n"};
    struct s3c_config *c = NULL;
    struct s3c_error err;
    char path[64];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        CHECK_OK(s3c_config_new(&c, S3C_SOURCE, &err), &err);
        CHECK_CODE(s3c_config_read_file(c, write_file(texts[i], path), &err), S3C_E_INVALID);
        CHECK_HAS(err.message, "line 3");
        CHECK_HAS(err.message, path);
        assert_null(strstr(err.message, "hush"));
        s3c_config_free(c);
        (void)unlink(path);
    }
}

static void a_missing_file_is_an_error(void **state)
{
    struct s3c_config *c = NULL;
    struct s3c_error err;

    (void)state;
    CHECK_OK(s3c_config_new(&c, S3C_SOURCE, &err), &err);
    CHECK_CODE(s3c_config_read_file(c, "/nonexistent/s3c.conf", &err), S3C_E_IO);
    CHECK_HAS(err.message, "/nonexistent/s3c.conf");
    s3c_config_free(c);
}

static void running_out_of_memory_is_an_ordinary_error(void **state)
{
    static const struct fake_env env = {{"AWS_REGION", "r1", "AWS_CA_BUNDLE", "/dev/null"}};
    const struct set good[] = {{"bucket", "b", CLI}, {"endpoint", "http://h", FILE_}, {NULL}};
    const struct set bad[] = {{"bukket", "b", CLI}, {"settle", "x", FILE_}, {NULL}};

    const struct set lake[] = {{"bucket", "b", CLI},
                               {"format", "json", CLI},
                               {"key.template", "{record:%F}/{name}", CLI},
                               {NULL}};

    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct built b = build(S3C_DESTINATION, lake, &env);
        CHECK_CODE(b.r, check_alloc_failed() ? S3C_E_NOMEM : 0);
        s3c_config_free(b.c);
    }
    FOR_EACH_ALLOC_FAILURE
    {
        struct built b = build(S3C_SOURCE, good, &env);
        CHECK_CODE(b.r, check_alloc_failed() ? S3C_E_NOMEM : 0);
        s3c_config_free(b.c);
    }
    FOR_EACH_ALLOC_FAILURE
    {
        struct built b = build(S3C_SOURCE, bad, &env);
        CHECK_CODE(b.r, check_alloc_failed() ? S3C_E_NOMEM : S3C_E_INVALID);
        s3c_config_free(b.c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(bad_input_is_refused_with_its_reason),
        CHECK_TEST(all_problems_are_reported_at_once),
        CHECK_TEST(defaults_are_those_of_the_design),
        CHECK_TEST(the_command_line_wins_over_the_file_over_the_host),
        CHECK_TEST(both_spellings_with_one_value_are_fine),
        CHECK_TEST(the_environment_serves_what_is_missing),
        CHECK_TEST(an_option_wins_over_the_environment),
        CHECK_TEST(secrets_are_not_shown),
        CHECK_TEST(odd_bytes_are_shown_as_text),
        CHECK_TEST(a_config_file_is_read),
        CHECK_TEST(the_profile_serves_after_the_environment),
        CHECK_TEST(a_bad_line_is_named_but_not_shown),
        CHECK_TEST(a_missing_file_is_an_error),
        CHECK_TEST(running_out_of_memory_is_an_ordinary_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
