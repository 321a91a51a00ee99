/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Binary Avro data as JSON text of what the Go SDK makes of them, so that structured data looks the same whichever connector
 * wrote it. Why not avro-c: it forgets logical types, and loops over counts that a datum only claims.
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
 * other logical types                    as the type below (timestamps in nanoseconds too: Go's library does not know them)
 */
#ifndef S3C_AVRO_TO_JSON_H
#define S3C_AVRO_TO_JSON_H

#include "avro/json_out.h"
#include "avro/reader.h"
#include "avro/schema.h"

/*
 * Appends the JSON text of one datum, which must be all of `data` and an object (record or map: structured data is nothing else).
 * 0, S3C_E_NOMEM, S3C_E_TOO_LARGE (the text), S3C_E_RECORD (what is wrong, at which byte).
 */
S3C_MUST_USE int avro_to_json(struct json_out *out, const struct s3c_schema *s,
                              struct s3c_view data, struct s3c_error *err);

/* The same for the next value of a type, which may be of any kind. 0, S3C_E_NOMEM, S3C_E_TOO_LARGE, S3C_E_RECORD and in->why. */
S3C_MUST_USE int avro_type_to_json(struct json_out *out, const struct avro_type *t,
                                   struct avro_reader *in);

/* A big-endian two's complement number / 10^scale as a reduced fraction in quotes. S3C_E_RECORD: more than 1,024 bytes. */
S3C_MUST_USE int avro_add_decimal(struct json_out *out, struct s3c_view unscaled, unsigned scale);

#endif
