/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands share: the console, the signals, their arguments, and how failures become exit statuses. */
#ifndef S3C_CLI_CLI_H
#define S3C_CLI_CLI_H

#include <s3c/buf.h>

#include "cli/args.h"
#include "cli/console.h"
#include "cli/signals.h"

#define CLI_PROGRAM "conduit-connector-s3"

struct cli {
    struct cli_console console;
    struct cli_signals signals;
    struct cli_args args;
    unsigned problems; /* shown so far */
    bool started;      /* S3 has been used: from here on a failure is 1, whatever its code */
};

/* Each returns the exit status. */
int cmd_source(struct cli *cli);
int cmd_destination(struct cli *cli);
int cmd_pipe(struct cli *cli);
int cmd_check(struct cli *cli);
int cmd_spec(struct cli *cli);

/* 2 for what is refused before any network use, 1 for everything else. */
int cli_exit_status(int code);
/* Shows the error as the last line on standard error and returns the exit status that goes with it. */
int cli_fail(struct cli *cli, const struct s3c_error *err);
/* Shows one problem of the arguments or options, and counts it. Usable as cli_complain_fn with ctx = cli. */
void cli_problem(void *cli, const char *message);
/* Writes text to standard output; the exit status. */
int cli_print(struct cli *cli, const struct s3c_buf *text);

#endif
