/* SPDX-License-Identifier: Apache-2.0 */
/* Texts made from the tables: help, the specification, the man page, the README's table. All append; 0, S3C_E_NOMEM, S3C_E_TOO_LARGE. */
#ifndef S3C_CLI_HELP_H
#define S3C_CLI_HELP_H

#include <s3c/buf.h>

#include "cli/commands.h"

S3C_MUST_USE int cli_help_program(struct s3c_buf *out); /* all commands */
S3C_MUST_USE int cli_help_command(struct s3c_buf *out,
                                  const struct cli_command *c); /* fits a screen */
S3C_MUST_USE int cli_help_command_full(struct s3c_buf *out,
                                       const struct cli_command *c);    /* every option described */
S3C_MUST_USE int cli_help_options(struct s3c_buf *out, unsigned sides); /* described, for people */
S3C_MUST_USE int cli_spec_text(struct s3c_buf *out);
S3C_MUST_USE int cli_spec_json(struct s3c_buf *out);

#endif
