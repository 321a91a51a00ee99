/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "cli/cli.h"
#include "cli/help.h"

int cmd_spec(struct cli *cli)
{
    struct s3c_buf text = S3C_BUF_INIT(1u << 20);
    struct s3c_error err;
    int r, status;

    if (cli->args.assign_count > 0) {
        cli_problem(cli, "spec: takes no option but --json");
        return 2;
    }
    r = cli->args.given[CLI_FLAG_JSON] ? cli_spec_json(&text) : cli_spec_text(&text);
    if (r < 0) {
        (void)s3c_error_nomem(&err);
        status = cli_fail(cli, &err);
    } else {
        status = cli_print(cli, &text);
    }
    s3c_buf_done(&text);
    return status;
}
