/* SPDX-License-Identifier: Apache-2.0 */
/* Buffered standard output. A reader that has gone away (EPIPE) and a full disk are ordinary errors; SIGPIPE must be ignored. */
#ifndef S3C_CLI_OUTPUT_H
#define S3C_CLI_OUTPUT_H

#include <stdint.h>

#include <s3c/buf.h>

#define CLI_OUTPUT_FULL (128u << 10) /* flush when this much is buffered */

struct cli_output {
    int fd;
    struct s3c_buf buf; /* append here */
    uint64_t bytes;     /* written so far */
};

void cli_output_init(struct cli_output *o, int fd);
void cli_output_done(struct cli_output *o); /* drops what is not flushed; idempotent */
/* Writes everything out. 0 or S3C_E_IO. A buffer that a large record has blown up is given back. */
S3C_MUST_USE int cli_output_flush(struct cli_output *o, struct s3c_error *err);
/* false: whoever read it has closed the other end; for times in which nothing is written. */
bool cli_output_has_reader(const struct cli_output *o);
/* The error that says so. Returns S3C_E_IO. */
int cli_output_no_reader(struct s3c_error *err);

#endif
