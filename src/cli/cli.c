/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <unistd.h>

#include "base/banned.h"
#include "cli/output.h"

int cli_exit_status(int code)
{
    return code == S3C_E_INVALID || code == S3C_E_POSITION ? 2 : 1;
}

int cli_fail(struct cli *cli, const struct s3c_error *err)
{
    cli_say(&cli->console, S3C_LOG_ERROR, "%s", err->message);
    return cli->started ? 1 : cli_exit_status(err->code);
}

void cli_problem(void *ctx, const char *message)
{
    struct cli *cli = ctx;

    cli_say(&cli->console, S3C_LOG_ERROR, "%s", message);
    cli->problems++;
}

int cli_print(struct cli *cli, const struct s3c_buf *text)
{
    struct cli_output out;
    struct s3c_error err;
    int r;

    cli_output_init(&out, STDOUT_FILENO);
    r = s3c_buf_add_view(&out.buf, s3c_buf_view(text));
    if (r == 0)
        r = cli_output_flush(&out, &err);
    else
        err = (struct s3c_error){.code = r, .message = "standard output: out of memory"};
    cli_output_done(&out);
    return r < 0 ? cli_fail(cli, &err) : 0;
}
