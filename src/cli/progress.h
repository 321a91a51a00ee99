/* SPDX-License-Identifier: Apache-2.0 */
/* What people are told while it runs (a line a second) and at the end (one line). */
#ifndef S3C_CLI_PROGRESS_H
#define S3C_CLI_PROGRESS_H

#include <s3c/destination.h>
#include <s3c/source.h>

#include "cli/cli.h"

#define CLI_PROGRESS_PERIOD_MS 1000

struct cli_progress {
    struct cli *cli;
    bool shown;       /* --progress, or a terminal */
    int64_t start_ns; /* monotonic */
    int64_t last_ns;
    uint64_t last_bytes, last_records;
    uint64_t records[5]; /* that went through this program, by enum s3c_operation */
};

void cli_progress_init(struct cli_progress *p, struct cli *cli);
/* Counts records. */
void cli_progress_count(struct cli_progress *p, const struct s3c_record *records, size_t n);
/* Shows a line if its time has come. Either of both may be NULL; `position` is that of the last record, or empty. */
void cli_progress_tick(struct cli_progress *p, int64_t now_ns, const struct s3c_source *source,
                       const struct s3c_destination *destination, struct s3c_view position);
/* The closing line: records per operation, objects, bytes, seconds, requests, peak memory. */
void cli_progress_summary(struct cli_progress *p, const struct s3c_source *source,
                          const struct s3c_destination *destination);

#endif
