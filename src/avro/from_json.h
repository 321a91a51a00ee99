/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON text as binary Avro data of a schema: the other way round from avro/to_json.h, whose text is understood, as is Avro's own JSON encoding where the two do not
 * contradict each other. Nothing is rounded, cut off, dropped or made up: what does not fit is an error that names the field.
 *
 * avro                            taken from
 * null, boolean                   as they are
 * int, long                       whole numbers in range (1.0 and 1e3 are whole)
 * float, double                   numbers that read back with every digit they were given with; "NaN", "Infinity", "-Infinity"
 * string, uuid, enum              string
 * bytes, fixed                    string of base64, array of the bytes as numbers; uuid on fixed(16): also as text
 * decimal                         number, or string of a number or of a fraction ("25/2"), without digits beyond the scale
 * date                            "2026-01-31" (or with a midnight in UTC behind it), days since 1970
 * time-*                          "12:34:56.789", or the number in its unit since midnight
 * timestamp-*                     RFC 3339 with at most the digits of its unit, or the number in its unit since 1970
 * local-timestamp-*               the same, without an offset or with Z
 * duration                        {"Months":1,"Days":2,"Milliseconds":3}, or as fixed
 * record                          object: an absent field has its default, else null if its type has null, else it is missing; unknown and repeated members are errors
 * map, array                      object, array
 * union                           {"TYPE": value} with the full or last name of a type (long.timestamp-millis too), or the bare value: the first type that fits,
 *                                 of those of the same JSON kind (string for strings, whole numbers for int and long) before the others; with null and one other type, bare first
 *
 * A default (of the schema) has its bytes as characters, as Avro says. Not thread-safe.
 */
#ifndef S3C_AVRO_FROM_JSON_H
#define S3C_AVRO_FROM_JSON_H

#include <s3c/schema.h>

#include "base/buf.h"
#include "base/mem.h"

#define AVRO_FROM_JSON_DEPTH_MAX 512

/* Memory that is used again. */
struct avro_from_json {
    struct s3c_buf datum; /* the result of the last call */
    struct s3c_buf bytes;
    struct s3c_arena texts;
};
/* max: bytes of a datum. */
#define AVRO_FROM_JSON_INIT(max_) \
    ((struct avro_from_json){.datum = S3C_BUF_INIT(max_), .bytes = S3C_BUF_INIT(max_)})
void avro_from_json_done(struct avro_from_json *f); /* idempotent */

/*
 * f->datum is the datum. `whole`: what the text is, for messages ("payload"). 0, S3C_E_NOMEM, S3C_E_TOO_LARGE (the datum), S3C_E_RECORD: what does not fit, and where.
 */
S3C_MUST_USE int avro_from_json(struct avro_from_json *f, const struct s3c_schema *s,
                                const char *whole, struct s3c_view text, struct s3c_error *err);

#endif
