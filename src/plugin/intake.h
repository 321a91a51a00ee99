/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of records from Run's messages into the engine: decoded, with Avro data turned into structured data where the metadata names a
 * schema (or handed on as they are, with the schema, where the engine makes columns of them), at most so many a second. One message at a time; what cannot go on now waits here, and nothing is lost or overtaken.
 */
#ifndef S3C_PLUGIN_INTAKE_H
#define S3C_PLUGIN_INTAKE_H

#include <s3c/destination.h>
#include <s3c/log.h>

#include "plugin/ack_queue.h"
#include "plugin/rate.h"
#include "plugin/record_decode.h"
#include "plugin/schema.h"

#define INTAKE_BATCH    64          /* records handed to the engine in one call */
#define INTAKE_SMALL    4096u       /* messages up to here are gathered */
#define INTAKE_GATHERED (64u << 10) /* as long as they are this many bytes */
#define INTAKE_TEXT_MAX (64u << 20) /* bytes of one piece of structured data as JSON */

enum intake_wait {
    INTAKE_IDLE,   /* for a message */
    INTAKE_ENGINE, /* for acknowledgements, which make room */
    INTAKE_RATE,   /* for the time rate_due_ns(&in->rate) */
    INTAKE_SCHEMA, /* for the schema service */
};

struct intake {
    struct s3c_destination
        *engine; /* the rest of these: set by the owner before the first message */
    struct ack_queue *acks;
    const struct s3c_clock *clock;
    struct schemas *schemas; /* used where decode_key or decode_payload is set */
    struct rate rate;
    bool decode_key, decode_payload;
    const struct s3c_log *log;

    enum intake_wait waits_for;
    struct s3c_view rest;         /* of the messages: records that were not handed over yet */
    struct s3c_buf kept;          /* where the rest is when its messages have gone */
    struct s3c_buf last_position; /* of the last record that was handed over or refused */
    uint64_t messages;
    bool warned_key, warned_payload;
    struct record_decoder decoder;
    struct s3c_record batch[INTAKE_BATCH];
    const char *starts[INTAKE_BATCH]; /* where in `rest` each of them began */
    size_t count, taken;
    const struct s3c_schema **held; /* references, of the batch's records */
    size_t held_count, held_cap;
};
void intake_init(struct intake *in);
void intake_done(struct intake *in); /* idempotent */

/*
 * The next message; waits_for must be INTAKE_IDLE. It need not stay. Small ones are only gathered, because a call of the engine costs more than a record:
 * intake_run must follow, once for many. Returns as that does.
 */
S3C_MUST_USE int intake_message(struct intake *in, struct s3c_view message, struct s3c_error *err);
/*
 * Goes on as far as possible. 0: waits_for says for what. Negative: the stream cannot go on (S3C_E_PROTOCOL: no protobuf; S3C_E_NOMEM).
 */
S3C_MUST_USE int intake_run(struct intake *in, struct s3c_error *err);
void intake_drop(struct intake *in); /* forgets the rest */

#endif
