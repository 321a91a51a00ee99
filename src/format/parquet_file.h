/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One Parquet file as a writer (format/writer.h): records become cells, cells fill columns, full row groups become bytes. Used by the formats
 * that differ in the shape of their files.
 */
#ifndef S3C_FORMAT_PARQUET_FILE_H
#define S3C_FORMAT_PARQUET_FILE_H

#include "format/parquet.h"
#include "format/parquet_page.h"
#include "format/parquet_shape.h"

/* What all files of a format share. */
struct s3c_parquet_shared {
    struct s3c_parquet_options options;
    struct s3c_page_writer pages;
    struct s3c_cells cells;
};
S3C_MUST_USE int s3c_parquet_shared_init(struct s3c_parquet_shared *s,
                                         const struct s3c_parquet_options *o,
                                         struct s3c_error *err); /* 0, S3C_E_NOMEM */
void s3c_parquet_shared_done(struct s3c_parquet_shared *s);      /* also after a failed _init */

#define S3C_PARQUET_EXTENSION    "parquet"
#define S3C_PARQUET_CONTENT_TYPE "application/vnd.apache.parquet"

/* Takes a reference to `shape`, and borrows `shared` until it is released. 0, S3C_E_NOMEM. */
S3C_MUST_USE int s3c_parquet_file_new(struct s3c_writer **ret, struct s3c_parquet_shared *shared,
                                      struct s3c_parquet_shape *shape, struct s3c_error *err);
#endif
