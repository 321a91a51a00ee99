/* SPDX-License-Identifier: Apache-2.0 */
/* From arguments to configurations: sides, scopes, precedence, and what is said when it does not work. */
#include "check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/view.h"
#include "cli/setup.h"
#include "scratch.h"

#define WORDS_MAX 12

struct built {
    struct cli cli;
    struct cli_configs configs;
    int status;
    char said[2000]; /* what came out on standard error */
};

static void build(struct built *b, const char *command, unsigned sides, const char *const *words)
{
    struct cli_args *a = &b->cli.args;
    char *argv[WORDS_MAX];
    int argc = 0, fds[2];
    ssize_t n;

    *b = (struct built){.status = -1};
    assert_int_equal(pipe(fds), 0);
    cli_console_init(&b->cli.console, fds[1]);
    for (; words[argc]; argc++)
        argv[argc] = (char *)words[argc];
    CHECK_OK(cli_args_parse(a, cli_command_find(s3c_view_str(command)), argc, argv, cli_problem,
                            &b->cli, &b->cli.problems),
             NULL);
    b->status = cli_configs_build(&b->cli, sides, &b->configs);
    (void)close(fds[1]);
    n = read(fds[0], b->said, sizeof(b->said) - 1);
    b->said[n > 0 ? n : 0] = '\0';
    (void)close(fds[0]);
}

static void drop(struct built *b)
{
    cli_configs_done(&b->configs);
    cli_args_done(&b->cli.args);
    cli_console_done(&b->cli.console);
}

static const char *text(const struct s3c_config *c, const char *name)
{
    return s3c_config_text(c, s3c_option_find(s3c_view_str(name), S3C_SOURCE | S3C_DESTINATION));
}

static void plain_names_serve_both_sides_where_they_can(void **state)
{
    static const char *const words[] = {
        "--endpoint=http://h", "--bucket=both",        "--destination.bucket=other",
        "--source.prefix=s",   "--destination.prefix", "d",
        "--format=json",       "--settle=3s",          NULL};
    struct built b;

    (void)state;
    build(&b, "pipe", S3C_SOURCE | S3C_DESTINATION, words);
    assert_int_equal(b.status, 0);
    assert_string_equal(b.said, "");
    assert_string_equal(text(b.configs.source, "bucket"), "both");
    assert_string_equal(text(b.configs.destination, "bucket"), "other");
    assert_string_equal(text(b.configs.source, "prefix"), "s");
    assert_string_equal(text(b.configs.destination, "prefix"), "d");
    assert_string_equal(text(b.configs.source, "settle"), "3s");
    assert_string_equal(text(b.configs.destination, "format"), "json");
    drop(&b);
}

static void a_config_file_has_the_same_names_and_less_weight(void **state)
{
    static const char lines[] =
        "source.bucket = file\nendpoint = http://file\ndestination.bucket = d\ndestination.format = json\n"
        "destination.secretAccessKey = hush\ndestination.access-key-id = AK\n";
    const char *words[] = {"--config", NULL, "--source.bucket=cli", NULL};
    struct scratch s;
    struct built b;

    (void)state;
    scratch_begin(&s, "config");
    scratch_write(s.path, lines, sizeof(lines) - 1);
    words[1] = s.path;
    build(&b, "pipe", S3C_SOURCE | S3C_DESTINATION, words);
    assert_string_equal(b.said, "");
    assert_int_equal(b.status, 0);
    assert_string_equal(text(b.configs.source, "bucket"), "cli");
    assert_string_equal(text(b.configs.source, "endpoint"), "http://file");
    assert_string_equal(text(b.configs.destination, "secret-access-key"), "***");
    assert_string_equal(text(b.configs.source, "secret-access-key"), "");
    drop(&b);
    scratch_end(&s);
}

static const struct {
    const char *command;
    unsigned sides;
    const char *words[WORDS_MAX];
    const char *says[3];
} refusals[] = {
    {"source",
     S3C_SOURCE,
     {"--bucket=b", "--region=r", "--limt=5"},
     {"--limt: unknown option; did you mean --limit?"}},
    {"source",
     S3C_SOURCE,
     {"--bucket=b", "--region=r", "--snapshot-onyl"},
     {"did you mean --snapshot-only?"}},
    {"source",
     S3C_SOURCE,
     {"--bucket=b", "--region=r", "--pollingPeriode=5s"},
     {"did you mean --pollingPeriod?"}},
    {"source",
     S3C_SOURCE,
     {"--bucket=b", "--region=r", "--source.bucket=5"},
     {"--source.bucket: unknown option"}},
    {"source",
     S3C_SOURCE,
     {"--bucket=b", "--region=r", "--format=json"},
     {"--format: not an option of the source, only of the destination"}},
    {"source", S3C_SOURCE, {"--region=r", "--bucket"}, {"--aws.bucket: a value is missing"}},
    {"source",
     S3C_SOURCE,
     {"--bucket=b", "--region=r", "--secret-access-key", "hush"},
     {"refused on the command line"}},
    {"source",
     S3C_SOURCE,
     {"--settle=x", "--bufer=1", "--bucket=b"},
     {"--bufer: unknown", "settle: \"x\"", "aws.region: required"}},
    {"source", S3C_SOURCE, {"--config=/nonexistent/s3c"}, {"/nonexistent/s3c"}},
    {"pipe",
     S3C_SOURCE | S3C_DESTINATION,
     {"--prefix=x"},
     {"--prefix: say which one: source.prefix or destination.prefix"}},
    {"pipe",
     S3C_SOURCE | S3C_DESTINATION,
     {"--source.format=json"},
     {"--source.format: not an option of the source"}},
    {"pipe",
     S3C_SOURCE | S3C_DESTINATION,
     {"--source.settel=2s"},
     {"did you mean --source.settle?"}},
    {"pipe",
     S3C_SOURCE | S3C_DESTINATION,
     {"--region=r", "--source.settle=x"},
     {"source: aws.bucket: required", "source: settle: \"x\"", "destination: format: required"}},
    {"pipe",
     S3C_SOURCE | S3C_DESTINATION,
     {"--source.secretAccessKey=hush", "--region=r"},
     {"source: aws.secret-access-key: refused on the"}},
};

static void what_cannot_be_meant_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        struct built b;

        build(&b, refusals[i].command, refusals[i].sides, refusals[i].words);
        assert_int_equal(b.status, 2);
        for (size_t k = 0; k < 3 && refusals[i].says[k]; k++)
            CHECK_HAS(b.said, refusals[i].says[k]);
        assert_null(strstr(b.said, "hush"));
        drop(&b);
    }
}

static int without_aws(void **state)
{
    static const char *const names[] = {
        "AWS_REGION",  "AWS_DEFAULT_REGION",          "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3",
        "AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE",  "AWS_CA_BUNDLE"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        (void)unsetenv(names[i]);
    return setenv("HOME", "/nonexistent", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(plain_names_serve_both_sides_where_they_can),
        CHECK_TEST(a_config_file_has_the_same_names_and_less_weight),
        CHECK_TEST(what_cannot_be_meant_is_refused),
    };
    return cmocka_run_group_tests(tests, without_aws, NULL);
}
