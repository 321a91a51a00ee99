/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments of one command: flags, operands, and the options of the engine as assignments that are routed later (cli/setup.h). Pure: it
 * reads nothing but argv, and everything points into argv.
 */
#ifndef S3C_CLI_ARGS_H
#define S3C_CLI_ARGS_H

#include <stdint.h>

#include <s3c/error.h>

#include "cli/commands.h"

struct cli_assign {
    struct s3c_view name;
    struct s3c_view value; /* ptr NULL: there is none */
};

struct cli_args {
    const struct cli_command *command;
    bool given[CLI_FLAGS];
    struct s3c_view flag[CLI_FLAGS]; /* value of a flag that takes one */
    bool help_all;
    struct s3c_view operand;
    struct cli_assign *assigns; /* every --NAME that is no flag of this command */
    size_t assign_count;
};

/* One problem, without its newline: what, and what would be right. Called once per problem. */
typedef void cli_complain_fn(void *ctx, const char *message);

/*
 * argv[0] is the first argument after the command's name. --NAME VALUE, --NAME=VALUE, -h; a value that begins with "--" needs the form with
 * '='. Returns 0 (also with problems: *ret_problems counts them) or S3C_E_NOMEM.
 */
S3C_MUST_USE int cli_args_parse(struct cli_args *ret, const struct cli_command *command, int argc,
                                char **argv, cli_complain_fn *complain, void *ctx,
                                unsigned *ret_problems);
void cli_args_done(struct cli_args *a); /* idempotent */

/* --limit as a number; 0 when it was not given. 0, or S3C_E_INVALID. */
S3C_MUST_USE int cli_args_limit(const struct cli_args *a, uint64_t *ret, struct s3c_error *err);

#endif
