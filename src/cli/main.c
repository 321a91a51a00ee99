/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The executable: a plugin where its environment says so; else it finds the command, parses its arguments, runs it. Everything else is in
 * the library, in plugin/ or in cmd_*.c.
 */
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/error.h"
#include "base/nearest.h"
#include "base/view.h"
#include "cli/cli.h"
#include "cli/help.h"
#include "plugin/plugin.h"

#define LARGE_BLOCK (1 << 20)

static const struct {
    enum cli_command_id id;
    int (*run)(struct cli *cli);
} runners[] = {
    {CLI_SOURCE, cmd_source}, {CLI_DESTINATION, cmd_destination},
    {CLI_PIPE, cmd_pipe},     {CLI_CHECK, cmd_check},
    {CLI_SPEC, cmd_spec},
};

/*
 * A closed standard descriptor would be given to the next file or socket that is opened, and records would go there. What is put in
 * its place refuses: nothing can be written to a descriptor that is open for reading, and the other way round.
 */
static void hold_standard_descriptors(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
            _exit(1);
}

/*
 * Objects come in all sizes. By itself malloc learns from the large ones that go and keeps up to 64 MiB of holes between those that
 * stay, beyond memory.limit; so that memory is given back at once, large blocks are the kernel's.
 */
static void give_memory_back(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
    (void)mallopt(M_TRIM_THRESHOLD, 2 * LARGE_BLOCK);
}

static int unknown_command(struct cli *cli, const char *name)
{
    const struct cli_command *c;
    struct s3c_nearest near;
    size_t n;

    c = cli_commands(&n);
    s3c_nearest_init(&near, s3c_view_str(name));
    for (size_t i = 0; i < n; i++)
        s3c_nearest_offer(&near, c[i].name);
    if (near.best)
        cli_say(&cli->console, S3C_LOG_ERROR, "%.60s: unknown command; did you mean %s?", name,
                near.best);
    else
        cli_say(&cli->console, S3C_LOG_ERROR,
                "%.60s: unknown command; known are source, destination, pipe, check and spec",
                name);
    return 2;
}

static int print_help(struct cli *cli, const struct cli_command *c, bool full)
{
    struct s3c_buf text = S3C_BUF_INIT(1u << 20);
    struct s3c_error err;
    int r, status;

    r = !c     ? cli_help_program(&text)
        : full ? cli_help_command_full(&text, c)
               : cli_help_command(&text, c);
    if (r < 0) {
        (void)s3c_error_nomem(&err);
        status = cli_fail(cli, &err);
    } else {
        status = cli_print(cli, &text);
    }
    s3c_buf_done(&text);
    return status;
}

static int print_version(struct cli *cli)
{
    struct s3c_buf text = S3C_BUF_INIT(1024);
    int status =
        s3c_buf_add_str(&text, CLI_PROGRAM " " S3C_VERSION "\n") < 0 ? 1 : cli_print(cli, &text);

    s3c_buf_done(&text);
    return status;
}

static bool set_level(struct cli *cli)
{
    static const char *const levels[] = {[S3C_LOG_ERROR] = "error",
                                         [S3C_LOG_WARN] = "warn",
                                         [S3C_LOG_INFO] = "info",
                                         [S3C_LOG_DEBUG] = "debug"};
    struct s3c_view level = cli->args.flag[CLI_FLAG_LOG_LEVEL];

    if (cli->args.given[CLI_FLAG_QUIET])
        cli_console_set_level(&cli->console, S3C_LOG_ERROR);
    if (!cli->args.given[CLI_FLAG_LOG_LEVEL])
        return true;
    for (int i = S3C_LOG_ERROR; i <= S3C_LOG_DEBUG; i++)
        if (s3c_view_eq_str(level, levels[i])) {
            cli_console_set_level(&cli->console, (enum s3c_log_level)i);
            return true;
        }
    cli_problem(cli, "--log-level: allowed: error, warn, info, debug");
    return false;
}

static int run_command(struct cli *cli, const struct cli_command *c)
{
    struct s3c_error err;

    if (cli->args.given[CLI_FLAG_HELP])
        return print_help(cli, c, cli->args.help_all);
    if (!set_level(cli))
        return 2;
    if (cli_signals_start(&cli->signals, &err) < 0)
        return cli_fail(cli, &err);
    for (size_t i = 0; i < sizeof(runners) / sizeof(runners[0]); i++)
        if (runners[i].id == c->id)
            return runners[i].run(cli);
    return 2; /* not reached: every command has its runner */
}

static int run(struct cli *cli, int argc, char **argv)
{
    const struct cli_command *c;
    struct s3c_view name = s3c_view_str(argc > 1 ? argv[1] : "");
    unsigned problems;

    if (argc < 2) {
        cli_say(&cli->console, S3C_LOG_ERROR,
                "a command is missing: source, destination, pipe, check or spec; see " CLI_PROGRAM
                " --help");
        return 2;
    }
    if (s3c_view_eq_str(name, "--help") || s3c_view_eq_str(name, "-h") ||
        s3c_view_eq_str(name, "help"))
        return print_help(cli, argc > 2 ? cli_command_find(s3c_view_str(argv[2])) : NULL, false);
    if (s3c_view_eq_str(name, "--version") || s3c_view_eq_str(name, "-V") ||
        s3c_view_eq_str(name, "version"))
        return print_version(cli);
    c = cli_command_find(name);
    if (!c)
        return unknown_command(cli, argv[1]);
    if (cli_args_parse(&cli->args, c, argc - 2, argv + 2, cli_problem, cli, &problems) < 0) {
        cli_problem(cli, "out of memory");
        return 1;
    }
    return problems > 0 && !cli->args.given[CLI_FLAG_HELP] ? 2 : run_command(cli, c);
}

int main(int argc, char **argv)
{
    struct cli cli = {0};
    int status;

    hold_standard_descriptors();
    give_memory_back();
    if (getenv(PLUGIN_COOKIE_NAME))
        return s3c_plugin_main();
    cli_console_init(&cli.console, STDERR_FILENO);
    status = run(&cli, argc, argv);
    cli_signals_stop(&cli.signals);
    cli_args_done(&cli.args);
    cli_console_done(&cli.console);
    return status;
}
