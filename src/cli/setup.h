/* SPDX-License-Identifier: Apache-2.0 */
/* From arguments and the config file to finished configurations. */
#ifndef S3C_CLI_SETUP_H
#define S3C_CLI_SETUP_H

#include <s3c/config.h>

#include "cli/cli.h"

struct cli_configs {
    struct s3c_config *source, *destination; /* NULL: that side is not wanted */
};

/*
 * Builds the configurations of `sides` and shows every problem. In a scoped command (pipe) names are source.NAME and destination.NAME; a
 * plain NAME serves where it can only mean one thing: an aws.* option serves both sides (a scoped one wins), an option of one side serves that
 * side. 0, or the exit status.
 */
int cli_configs_build(struct cli *cli, unsigned sides, struct cli_configs *ret);
void cli_configs_done(struct cli_configs *c); /* idempotent */

#endif
