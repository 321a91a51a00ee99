/* SPDX-License-Identifier: Apache-2.0 */
/* From an Avro datum to cells, along a plan (format/parquet_typed_plan.h), without anything in between. Not thread-safe. */
#ifndef S3C_FORMAT_PARQUET_TYPED_SHRED_H
#define S3C_FORMAT_PARQUET_TYPED_SHRED_H

#include "avro/json_out.h"
#include "format/parquet_cells.h"
#include "format/parquet_typed_plan.h"

#define S3C_TYPED_CELLS_MAX ((size_t)4 << 20)  /* of one record: nulls cost no bytes of a datum */
#define S3C_TYPED_JSON_MAX  ((size_t)64 << 20) /* bytes of a JSON column's value */

/* Memory that is used again: what cells point to, besides the datum. */
struct s3c_typed_scratch {
    struct s3c_arena values; /* reset it for each record */
    struct json_out json;
    size_t cells_max; /* of one record */
};
#define S3C_TYPED_SCRATCH_INIT                                             \
    ((struct s3c_typed_scratch){.json = JSON_OUT_INIT(S3C_TYPED_JSON_MAX), \
                                .cells_max = S3C_TYPED_CELLS_MAX})
void s3c_typed_scratch_done(struct s3c_typed_scratch *s); /* idempotent */

/*
 * Appends the datum's cells, which point into it and into `scratch`. `whole` is its name in messages. 0, S3C_E_NOMEM, S3C_E_TOO_LARGE (more cells than
 * scratch->cells_max), S3C_E_RECORD: what is wrong, and in which field; then *out may hold a part.
 */
S3C_MUST_USE int s3c_typed_shred(const struct s3c_typed_plan *p, struct s3c_typed_scratch *scratch,
                                 const char *whole, struct s3c_view datum, struct s3c_cells *out,
                                 struct s3c_error *err);
/* The cells of no datum at all. 0, S3C_E_NOMEM. */
S3C_MUST_USE int s3c_typed_shred_null(const struct s3c_typed_plan *p, struct s3c_cells *out);

#endif
