/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opencdc.v1.Record in protobuf as a struct s3c_record. Raw data, texts and the position stay where they are in the message; structured
 * data (google.protobuf.Struct) becomes JSON text as Go's connectors make it (avro/json_out.h). Not thread-safe.
 *
 * As Go's protobuf does: unknown fields are skipped, the last of a repeated single field counts, a oneof that is not set is nil, no
 * metadata at all is nil. Unlike it, what is wrong inside a record (text that is not UTF-8, an operation that does not exist, a
 * number that JSON does not have, nesting beyond JSON_OUT_MAX_DEPTH) is an error of that record and not of all that came with it.
 */
#ifndef S3C_PLUGIN_RECORD_DECODE_H
#define S3C_PLUGIN_RECORD_DECODE_H

#include <s3c/record.h>

#include "avro/json_out.h"

struct record_decoder {
    struct s3c_arena memory; /* of the records since the last reset */
    struct json_out json;
    struct s3c_metadata *metadata; /* of the record being read */
    size_t metadata_cap;
};
/* max_text: bytes of one piece of structured data as JSON. */
#define RECORD_DECODER_INIT(max_text) ((struct record_decoder){.json = JSON_OUT_INIT(max_text)})
void record_decoder_reset(struct record_decoder *d); /* the records given so far become invalid */
void record_decoder_done(struct record_decoder *d);  /* idempotent */

/*
 * *ret is valid as long as the message and until the next reset. 0; S3C_E_PROTOCOL: no protobuf, and not even a position can be trusted;
 * S3C_E_RECORD, S3C_E_TOO_LARGE: this record cannot be taken, *ret has its position; S3C_E_NOMEM.
 */
S3C_MUST_USE int record_decode(struct record_decoder *d, struct s3c_view message,
                               struct s3c_record *ret, struct s3c_error *err);

/* Keeps the text in d->json as long as the record, for data that is decoded afterwards (Avro). 0 or S3C_E_NOMEM. */
S3C_MUST_USE int record_decoder_keep_text(struct record_decoder *d, struct s3c_data *ret);

/* The value of a metadata name; {NULL, 0}: there is none. */
struct s3c_view record_metadata(const struct s3c_record *r, struct s3c_view name);

#endif
