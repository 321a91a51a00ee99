/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making JSON text as Go's encoding/json makes it of a map[string]any, which is what structured data is to a connector in Go: members
 * sorted by the bytes of their names, the last of equal names, '<' '>' '&' escaped, numbers in the shortest form that reads back
 * as the same. Values come in any order; what is out of order is moved when its object ends. Not thread-safe.
 */
#ifndef S3C_AVRO_JSON_OUT_H
#define S3C_AVRO_JSON_OUT_H

#include <stdbool.h>

#include "base/buf.h"

#define JSON_OUT_MAX_DEPTH 512 /* as the JSON reader takes; callers count */

struct json_member;

struct json_out {
    struct s3c_buf text;
    struct s3c_buf scratch;      /* an object while its members are moved */
    struct json_member *members; /* of all objects that are open, innermost last */
    size_t member_count, member_cap;
};
/* max: bytes of text. */
#define JSON_OUT_INIT(max_) \
    ((struct json_out){.text = S3C_BUF_INIT(max_), .scratch = S3C_BUF_INIT(max_)})
void json_out_reset(struct json_out *j); /* empties the text, memory kept */
void json_out_done(struct json_out *j);  /* idempotent */

/* All functions: 0, S3C_E_NOMEM, S3C_E_TOO_LARGE, and where it says so S3C_E_RECORD: JSON has no form for that value. */

struct json_object {
    size_t first; /* index of its first member */
    bool sorted;
};
S3C_MUST_USE int json_object_begin(struct json_out *j, struct json_object *o);
/* Then its value is to be added. The name must stay where it is until the object ends. S3C_E_RECORD: it is not UTF-8. */
S3C_MUST_USE int json_object_name(struct json_out *j, struct json_object *o, struct s3c_view name);
S3C_MUST_USE int json_object_end(struct json_out *j, struct json_object *o);

S3C_MUST_USE int json_add_text(struct json_out *j, struct s3c_view v); /* as it is */
S3C_MUST_USE int json_add_string(struct json_out *j,
                                 struct s3c_view v); /* S3C_E_RECORD: not UTF-8 */
S3C_MUST_USE int json_add_int(struct json_out *j, int64_t v);
S3C_MUST_USE int json_add_base64(struct json_out *j, struct s3c_view v);
/* S3C_E_RECORD: infinite or not a number. */
S3C_MUST_USE int json_add_double(struct json_out *j, double v);
S3C_MUST_USE int json_add_float(struct json_out *j, float v);

#endif
