/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments: what is taken for what, and every complaint. */
#include "check.h"

#include <string.h>

#include "base/view.h"
#include "cli/args.h"

#define WORDS_MAX 8

struct parsed {
    struct cli_args args;
    char said[600];
    unsigned problems;
};

static void hear(void *ctx, const char *message)
{
    struct parsed *p = ctx;

    check_append(p->said, sizeof(p->said), message, strlen(message));
    check_append(p->said, sizeof(p->said), "\n", 1);
}

static int parse(struct parsed *p, const char *command, const char *const *words)
{
    char *argv[WORDS_MAX];
    int argc = 0;

    for (; words[argc]; argc++)
        argv[argc] = (char *)words[argc];
    *p = (struct parsed){{0}};
    return cli_args_parse(&p->args, cli_command_find(s3c_view_str(command)), argc, argv, hear, p,
                          &p->problems);
}

static void options_come_in_every_form(void **state)
{
    static const char *const words[] = {"--bucket", "b",   "--prefix=",    "--aws.region=a=b",
                                        "--settle", "-1s", "--format=--x", NULL};
    static const char *const wanted[][2] = {{"bucket", "b"},
                                            {"prefix", ""},
                                            {"aws.region", "a=b"},
                                            {"settle", "-1s"},
                                            {"format", "--x"}};
    struct parsed p;

    (void)state;
    CHECK_OK(parse(&p, "source", words), NULL);
    assert_int_equal(p.problems, 0);
    assert_int_equal(p.args.assign_count, 5);
    for (size_t i = 0; i < 5; i++) {
        CHECK_VIEW(p.args.assigns[i].name, wanted[i][0]);
        assert_non_null(p.args.assigns[i].value.ptr);
        CHECK_VIEW(p.args.assigns[i].value, wanted[i][1]);
    }
    cli_args_done(&p.args);
}

static void a_value_that_is_missing_is_not_stolen_from_the_next_option(void **state)
{
    static const char *const words[] = {"--bucket", "--region", "r", "--prefix", NULL};
    struct parsed p;

    (void)state;
    CHECK_OK(parse(&p, "source", words), NULL);
    assert_int_equal(p.args.assign_count, 3);
    assert_null(p.args.assigns[0].value.ptr);
    CHECK_VIEW(p.args.assigns[1].value, "r");
    assert_null(p.args.assigns[2].value.ptr);
    cli_args_done(&p.args);
}

static void flags_belong_to_their_commands(void **state)
{
    static const char *const words[] = {"--snapshot-only", "--position=k_c1", "--limit", "5",
                                        "--acks",          "--quiet",         NULL};
    struct s3c_error err;
    struct parsed p;
    uint64_t limit;

    (void)state;
    CHECK_OK(parse(&p, "source", words), NULL);
    assert_int_equal(p.problems, 0);
    assert_true(p.args.given[CLI_FLAG_SNAPSHOT_ONLY] && p.args.given[CLI_FLAG_QUIET]);
    CHECK_VIEW(p.args.flag[CLI_FLAG_POSITION], "k_c1");
    CHECK_OK(cli_args_limit(&p.args, &limit, &err), &err);
    assert_int_equal(limit, 5);
    assert_int_equal(p.args.assign_count, 1); /* --acks is no flag of this command */
    CHECK_VIEW(p.args.assigns[0].name, "acks");
    assert_null(p.args.assigns[0].value.ptr);
    cli_args_done(&p.args);
}

static void help_may_ask_for_all(void **state)
{
    static const char *const short_help[] = {"-h", NULL}, *const full[] = {"--help", "all", NULL},
                             *const joined[] = {"--help=all", NULL};
    struct parsed p;

    (void)state;
    CHECK_OK(parse(&p, "spec", short_help), NULL);
    assert_true(p.args.given[CLI_FLAG_HELP] && !p.args.help_all);
    cli_args_done(&p.args);
    CHECK_OK(parse(&p, "pipe", full), NULL);
    assert_true(p.args.given[CLI_FLAG_HELP] && p.args.help_all && p.problems == 0);
    cli_args_done(&p.args);
    CHECK_OK(parse(&p, "pipe", joined), NULL);
    assert_true(p.args.help_all);
    cli_args_done(&p.args);
}

static void the_side_to_check_is_an_operand(void **state)
{
    static const char *const words[] = {"--bucket", "b", "destination", NULL};
    struct parsed p;

    (void)state;
    CHECK_OK(parse(&p, "check", words), NULL);
    assert_int_equal(p.problems, 0);
    CHECK_VIEW(p.args.operand, "destination");
    cli_args_done(&p.args);
}

static const struct {
    const char *command;
    const char *words[WORDS_MAX];
    const char *says;
} complaints[] = {
    {"source", {"bucket"}, "takes options only (--NAME VALUE), not the argument bucket"},
    {"check", {"source", "destination"}, "one argument is enough"},
    {"source", {"-b", "x"}, "-b: unknown option; options are written --NAME VALUE"},
    {"source", {"--limit"}, "--limit: a value is missing; write --limit N (or --limit=N)"},
    {"source", {"--limit", "--quiet"}, "--limit: a value is missing"},
    {"source", {"--quiet=yes"}, "--quiet: takes no value"},
    {"source", {"--limit", "1", "--limit=2"}, "--limit: given twice with different values"},
};

static void wrong_arguments_are_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(complaints) / sizeof(complaints[0]); i++) {
        struct parsed p;

        CHECK_OK(parse(&p, complaints[i].command, complaints[i].words), NULL);
        assert_true(p.problems >= 1);
        CHECK_HAS(p.said, complaints[i].says);
        cli_args_done(&p.args);
    }
}

static void a_limit_is_a_number_from_one_on(void **state)
{
    static const char *const bad[] = {"0", "-1", "ten", "", "1 ", "99999999999999999999"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct cli_args a = {.given[CLI_FLAG_LIMIT] = true,
                             .flag[CLI_FLAG_LIMIT] = s3c_view_str(bad[i])};
        struct s3c_error err;
        uint64_t n;

        CHECK_CODE(cli_args_limit(&a, &n, &err), S3C_E_INVALID);
        CHECK_HAS(err.message, "--limit: ");
    }
}

static void running_out_of_memory_is_an_ordinary_error(void **state)
{
    static const char *const words[] = {"--bucket", "b", NULL};

    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct parsed p;

        CHECK_CODE(parse(&p, "source", words), check_alloc_failed() ? S3C_E_NOMEM : 0);
        cli_args_done(&p.args);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(options_come_in_every_form),
        CHECK_TEST(a_value_that_is_missing_is_not_stolen_from_the_next_option),
        CHECK_TEST(flags_belong_to_their_commands),
        CHECK_TEST(help_may_ask_for_all),
        CHECK_TEST(the_side_to_check_is_an_operand),
        CHECK_TEST(wrong_arguments_are_named),
        CHECK_TEST(a_limit_is_a_number_from_one_on),
        CHECK_TEST(running_out_of_memory_is_an_ordinary_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
