/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a Parquet file: column indexes, offset indexes, FileMetaData, its length, the magic bytes. Pure. */
#ifndef S3C_FORMAT_PARQUET_FOOTER_H
#define S3C_FORMAT_PARQUET_FOOTER_H

#include "format/parquet_layout.h"
#include "format/parquet_shape.h"

#define S3C_PARQUET_MAGIC "PAR1"

/* Appends it; notes in *layout where the indexes went. 0, S3C_E_NOMEM, S3C_E_TOO_LARGE. */
S3C_MUST_USE int s3c_footer_write(struct s3c_buf *out, const struct s3c_parquet_shape *shape,
                                  struct s3c_layout *layout);

#endif
