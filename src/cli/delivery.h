/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records into a destination, acknowledgements out of it, in order, up to the first failure: after that nothing is passed on any
 * more, because a position that follows a lost record must not look safe. What `destination` and `pipe` share.
 */
#ifndef S3C_CLI_DELIVERY_H
#define S3C_CLI_DELIVERY_H

#include <s3c/destination.h>

#include "cli/cli.h"

#define CLI_LEAVE_MS 10000 /* after the first signal, to read and hand over what is there */
#define CLI_STOP_MS  30000 /* and then, for uploads under way */

struct cli_delivery {
    struct cli *cli;
    struct s3c_destination *destination;
    /* The record is in S3, like all before it. 0, or a failure that ends everything. */
    int (*acked)(void *ctx, const struct s3c_ack *ack, struct s3c_error *err);
    void *ctx;
    uint64_t confirmed, failed; /* records */
    struct s3c_error failure;   /* of the first one that failed */
    int64_t leave_ns;           /* monotonic; 0 = no signal yet */
};

/* Opens the destination; signals wake it from then on. Set `acked` and `ctx` before. */
S3C_MUST_USE int cli_delivery_open(struct cli_delivery *v, struct cli *cli,
                                   const struct s3c_config *config, struct s3c_error *err);
void cli_delivery_close(struct cli_delivery *v); /* idempotent */

/* There was a signal, and the time to hand over what is there is over. */
bool cli_delivery_must_leave(struct cli_delivery *v);
/*
 * Hands over all records, waiting for room. 0; S3C_END: a record failed, or it must leave (not all were taken); negative: a failure.
 */
S3C_MUST_USE int cli_delivery_write(struct cli_delivery *v, const struct s3c_record *records,
                                    size_t count, struct s3c_error *err);
/* Passes on what has been acknowledged, waiting up to timeout_ms for the first. 0 or S3C_AGAIN; S3C_END; negative: `acked` failed. */
S3C_MUST_USE int cli_delivery_drain(struct cli_delivery *v, int timeout_ms, struct s3c_error *err);
/*
 * Flushes and waits for every acknowledgement; `tick` (or NULL) is called about once a second. 0; or the failure of the first record that
 * failed, with how many did.
 */
S3C_MUST_USE int cli_delivery_finish(struct cli_delivery *v, void (*tick)(void *ctx),
                                     struct s3c_error *err);

#endif
