/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of avro/from_json.h share: from_json.c goes along the schema, from_json_scalar.c reads single values. */
#ifndef S3C_AVRO_FROM_JSON_PRIVATE_H
#define S3C_AVRO_FROM_JSON_PRIVATE_H

#include "avro/from_json.h"
#include "avro/path.h"
#include "avro/schema.h"
#include "base/json_read.h"

struct encode {
    struct avro_from_json *f;
    struct s3c_json_reader
        in;                /* unescapes where the text stands: what may be read twice is copied */
    struct avro_path path; /* of what is wrong */
    char why[200];
    unsigned depth;
    bool is_default;        /* the text is a default's: bytes are characters */
    uint64_t tries, budget; /* bytes that were read on trial */
};

/* Says what is wrong; always S3C_E_RECORD. */
int encode_fail(struct encode *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The next value is not of the JSON kind that the type is made from. */
int encode_misfit(struct encode *e, const struct avro_type *t);
/* Text that is no JSON. */
int encode_no_json(struct encode *e);

S3C_MUST_USE int encode_long(struct encode *e, int64_t v);          /* zigzag */
S3C_MUST_USE int encode_bytes(struct encode *e, struct s3c_view v); /* as they are */

/* Every kind but record, array, map and union. */
S3C_MUST_USE int encode_scalar(struct encode *e, const struct avro_type *t);

#endif
