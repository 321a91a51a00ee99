/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the records of a Parquet file look like: the file's schema, what its footer says of them, and how a record is taken apart into cells. Files that are
 * open at the same time share it. Immutable but for its count; not thread-safe.
 */
#ifndef S3C_FORMAT_PARQUET_SHAPE_H
#define S3C_FORMAT_PARQUET_SHAPE_H

#include <s3c/record.h>

#include "format/parquet_cells.h"

struct s3c_parquet_property { /* of key_value_metadata */
    struct s3c_view name, value;
};

struct s3c_parquet_shape {
    unsigned refs; /* begins at 1 */
    struct s3c_parquet_schema schema;
    const struct s3c_parquet_property *properties;
    size_t property_count;
    /* Appends the record's cells (*out is empty; after a failure it may hold anything). 0, S3C_E_NOMEM, S3C_E_TOO_LARGE, S3C_E_RECORD. */
    int (*shred)(const struct s3c_parquet_shape *s, const struct s3c_record *r,
                 struct s3c_cells *out, struct s3c_error *err);
    void (*release)(
        struct s3c_parquet_shape *s); /* after the last reference: frees it, schema and all */
};

static inline struct s3c_parquet_shape *s3c_parquet_shape_ref(struct s3c_parquet_shape *s)
{
    s->refs++;
    return s;
}

void s3c_parquet_shape_unref(struct s3c_parquet_shape *s); /* NULL is fine */

/*
 * The leaves that every shape has beside the payload's, whose place is between position and key: operation, position | payload | key, metadata. The first two
 * are leaves 0 and 1; `key` is the number of the key's leaf, metadata's two follow it.
 */
S3C_MUST_USE int s3c_parquet_shape_begin(
    struct s3c_parquet_schema *s);                                    /* adds operation, position */
S3C_MUST_USE int s3c_parquet_shape_end(struct s3c_parquet_schema *s); /* adds key, metadata */
/* Appends the cells of these columns. 0, S3C_E_NOMEM, S3C_E_RECORD, S3C_E_TOO_LARGE. */
S3C_MUST_USE int s3c_parquet_shape_shred(uint32_t key, const struct s3c_record *r,
                                         struct s3c_cells *out, struct s3c_error *err);

#endif
