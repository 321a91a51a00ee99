/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Avro 1.12: schema texts, and binary data as JSON text of what the Go SDK makes of them, so that structured data looks the same
 * whichever connector wrote it. Why not avro-c: it forgets logical types, and loops over counts that a datum only claims.
 *
 * avro                                   JSON
 * null, boolean, int, long, float, ...   as they are (float and double as encoding/json prints them; NaN and infinity are errors)
 * string, uuid, enum                     string
 * bytes                                  base64
 * fixed                                  array of its bytes as numbers (a Go array, not a slice)
 * decimal (bytes or fixed)               "3/2", "7": the reduced fraction (Go's big.Rat)
 * date, (local-)timestamp-millis/-micros RFC 3339 in UTC: "2026-01-01T00:00:00.5Z"; years 0 to 9999, others are errors
 * time-millis, time-micros               nanoseconds since midnight (Go's time.Duration)
 * duration (fixed 12)                    {"Months":1,"Days":2,"Milliseconds":3}
 * record, map                            object, members sorted by name
 * array                                  array
 * union                                  null, or the value; where Go cannot tell the type from the value, {"TYPE": value}: see avro_json.c
 * other logical types                    as the type below
 *
 * Schemas are immutable after parsing and may be read by several threads.
 */
#ifndef S3C_PLUGIN_AVRO_H
#define S3C_PLUGIN_AVRO_H

#include "plugin/json_out.h"

#define AVRO_MAX_TYPES 10000u /* of one schema, and fields of a record, symbols of an enum, ... */

struct avro_schema;

/* 0, S3C_E_NOMEM, S3C_E_RECORD: what is wrong with it (the text may be anything), S3C_E_TOO_LARGE. */
S3C_MUST_USE int avro_schema_parse(struct avro_schema **ret, struct s3c_view text,
                                   struct s3c_error *err);
void avro_schema_free(struct avro_schema *s); /* NULL is fine */

/*
 * Appends the JSON text of one datum, which must be all of `data` and an object (record or map: structured data is nothing else).
 * 0, S3C_E_NOMEM, S3C_E_TOO_LARGE (the text), S3C_E_RECORD (what is wrong, at which byte).
 */
S3C_MUST_USE int avro_to_json(struct json_out *out, const struct avro_schema *s,
                              struct s3c_view data, struct s3c_error *err);

#endif
