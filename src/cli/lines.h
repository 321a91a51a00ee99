/* SPDX-License-Identifier: Apache-2.0 */
/* Reading lines from a descriptor without ever blocking for more than is there. Lines are handed out in place, to be modified. */
#ifndef S3C_CLI_LINES_H
#define S3C_CLI_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include <s3c/buf.h>

struct cli_lines {
    int fd;
    struct s3c_buf buf;
    size_t start;    /* of the first line that was not handed out */
    size_t searched; /* up to here there is no further LF */
    bool ended;      /* end of input was seen */
    uint64_t number; /* of the line handed out last, from 1 on */
};

void cli_lines_init(struct cli_lines *l, int fd);
void cli_lines_done(struct cli_lines *l); /* idempotent */

/*
 * Reads once what is there; call it when the descriptor is readable. It moves the buffer: lines handed out before are gone. 0; S3C_END at the
 * end of input; S3C_E_IO; S3C_E_NOMEM; S3C_E_TOO_LARGE (a line of more than 1 GiB).
 */
S3C_MUST_USE int cli_lines_fill(struct cli_lines *l, struct s3c_error *err);
/* The next complete line without its LF; at the end of input also a last one that has none. false: none is there. */
bool cli_lines_next(struct cli_lines *l, char **ret, size_t *ret_len);
/* Waits until there is something to fill from (true) or the time is over. */
bool cli_lines_wait(const struct cli_lines *l, int timeout_ms);

#endif
