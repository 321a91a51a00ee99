/* SPDX-License-Identifier: Apache-2.0 */
/* The open row group of a Parquet file: a column for each leaf of the schema, filled record by record. Not thread-safe. */
#ifndef S3C_FORMAT_PARQUET_GROUP_H
#define S3C_FORMAT_PARQUET_GROUP_H

#include "format/parquet_column.h"

struct s3c_group {
    struct s3c_column *columns; /* one for each leaf */
    size_t leaves;
    int64_t rows;
    size_t bytes; /* about what its entries take; without what dictionaries save */
};

/* 0, S3C_E_NOMEM; s3c_group_done is for either outcome, and idempotent. */
S3C_MUST_USE int s3c_group_init(struct s3c_group *g, const struct s3c_parquet_schema *schema);
void s3c_group_done(struct s3c_group *g);
void s3c_group_clear(struct s3c_group *g); /* memory is kept */

/* Adds a record, whole or not at all. 0, S3C_E_NOMEM, S3C_E_TOO_LARGE: more than 1 GiB for one leaf. */
S3C_MUST_USE int s3c_group_add(struct s3c_group *g, const struct s3c_cells *cells);

size_t s3c_group_memory(const struct s3c_group *g); /* allocated */

#endif
