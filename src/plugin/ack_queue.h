/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of acknowledgements. Each record of a Run stream gets exactly one, in the order of the records; most go through the engine,
 * which answers in order, and some are refused before it. Here both are put together and encoded as Destination.Run.Response:
 * { repeated Ack acks = 1 }, Ack { bytes position = 1; string error = 2 }. Not thread-safe.
 */
#ifndef S3C_PLUGIN_ACK_QUEUE_H
#define S3C_PLUGIN_ACK_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include <s3c/destination.h>

#include "base/buf.h"

struct ack_refusal;

struct ack_queue {
    uint64_t records;  /* seen so far: given to the engine, or refused */
    uint64_t answered; /* of these, those whose answer is in `out` or was taken from it */
    struct ack_refusal *head, *tail; /* refused, not answered yet, in order */
    struct s3c_buf out;              /* encoded, to be sent */
    uint64_t failed;                 /* answers with an error, ever */
};
void ack_queue_init(struct ack_queue *q);
void ack_queue_done(struct ack_queue *q); /* idempotent; usable again after init */

/* The engine took the next n records. */
void ack_queue_given(struct ack_queue *q, size_t n);
/* The next record is refused, with this text. 0 or S3C_E_NOMEM. */
S3C_MUST_USE int ack_queue_refuse(struct ack_queue *q, struct s3c_view position, const char *why);
/* What the engine acknowledges now (n may be 0). 0 or S3C_E_NOMEM: answers are lost, the stream must end. */
S3C_MUST_USE int ack_queue_answer(struct ack_queue *q, const struct s3c_ack *acks, size_t n);
/* Whether every record seen has its answer. */
bool ack_queue_is_complete(const struct ack_queue *q);

#endif
