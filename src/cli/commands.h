/* SPDX-License-Identifier: Apache-2.0 */
/* The commands and their flags as tables: what the parser, --help and the man page read. Options of the engine are in s3c_options(). */
#ifndef S3C_CLI_COMMANDS_H
#define S3C_CLI_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>

#include <s3c/view.h>

enum cli_command_id { /* bits */
                      CLI_SOURCE = 1,
                      CLI_DESTINATION = 2,
                      CLI_PIPE = 4,
                      CLI_CHECK = 8,
                      CLI_SPEC = 16,
};

struct cli_command {
    enum cli_command_id id;
    const char *name;
    const char *usage;   /* after the program's and the command's name */
    const char *summary; /* one line */
    unsigned sides;      /* whose options it takes: enum s3c_side bits; 0 = none */
    bool scoped;         /* options are source.NAME and destination.NAME */
    bool operand;        /* takes `source` or `destination` as an argument */
};
const struct cli_command *cli_commands(size_t *ret_count);
const struct cli_command *cli_command_find(struct s3c_view name);

enum cli_flag_id {
    CLI_FLAG_POSITION,
    CLI_FLAG_POSITION_BASE64,
    CLI_FLAG_POSITION_FILE,
    CLI_FLAG_LIMIT,
    CLI_FLAG_SNAPSHOT_ONLY,
    CLI_FLAG_RAW,
    CLI_FLAG_ACKS,
    CLI_FLAG_JSON,
    CLI_FLAG_PROGRESS,
    CLI_FLAG_NO_PROGRESS,
    CLI_FLAG_CONFIG,
    CLI_FLAG_LOG_LEVEL,
    CLI_FLAG_QUIET,
    CLI_FLAG_HELP,
    CLI_FLAGS,
};

struct cli_flag {
    enum cli_flag_id id;
    const char *name;
    const char *value; /* what it is called in help; NULL = the flag takes none */
    unsigned commands; /* enum cli_command_id bits */
    const char *
        help; /* one line of at most 53 bytes, so that help fits 80 columns; NULL: another flag's line names it */
};
const struct cli_flag *cli_flags(size_t *ret_count);
const struct cli_flag *cli_flag_find(struct s3c_view name, enum cli_command_id command);

#endif
