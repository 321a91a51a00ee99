/* SPDX-License-Identifier: Apache-2.0 */
/* `check`: one line a step on standard output; the first failure once more as the last line on standard error. */
#include "base/banned.h"
#include "base/error.h"
#include "base/view.h"
#include "cli/cli.h"
#include "cli/setup.h"

struct report {
    struct s3c_buf text;
    int r;
};

static void step(void *ctx, const char *name, const char *detail, const struct s3c_error *problem)
{
    struct report *k = ctx;
    int r = s3c_buf_addf(&k->text, "%-7s %-12s %s\n", problem ? "FAILED" : "ok", name,
                         problem ? problem->message : detail);

    if (r < 0)
        k->r = r;
}

static bool read_side(struct cli *cli, unsigned *ret)
{
    struct s3c_view who = cli->args.operand;

    *ret = S3C_SOURCE;
    if (s3c_view_eq_str(who, "destination"))
        *ret = S3C_DESTINATION;
    else if (!s3c_view_eq_str(who, "source")) {
        cli_problem(cli, "check: say what is to be checked: " CLI_PROGRAM
                         " check source ..., or check destination ...");
        return false;
    }
    return true;
}

int cmd_check(struct cli *cli)
{
    struct report k = {.text = S3C_BUF_INIT(64u << 10)};
    struct cli_configs configs;
    struct s3c_error err;
    unsigned side;
    int status, r;

    if (!read_side(cli, &side))
        return 2;
    status = cli_configs_build(cli, side, &configs);
    if (status == 0) {
        r = s3c_check(side == S3C_SOURCE ? configs.source : configs.destination, &cli->console.log,
                      step, &k, &err);
        status = k.r < 0 ? 1 : cli_print(cli, &k.text);
        if (r < 0)
            status = cli_fail(cli, &err);
    }
    s3c_buf_done(&k.text);
    cli_configs_done(&configs);
    return status;
}
