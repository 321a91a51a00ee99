/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A column chunk: the dictionary page where there is one, then data pages (v1) of at most 20,000 rows and about 1 MiB, each compressed,
 * with its CRC, its row of the page index and its statistics. Not thread-safe.
 */
#ifndef S3C_FORMAT_PARQUET_PAGE_H
#define S3C_FORMAT_PARQUET_PAGE_H

#include "format/parquet_column.h"
#include "format/parquet_layout.h"

#define S3C_PAGE_ROWS  20000
#define S3C_PAGE_BYTES ((size_t)1 << 20)

/* The compressor and scratch memory, kept from chunk to chunk. */
struct s3c_page_writer {
    enum s3c_codec codec;
    struct s3c_compressor *compressor; /* owned */
    struct s3c_buf body, packed;
    struct s3c_buf seen; /* uint32_t for each dictionary entry: the last page that it was in */
};

S3C_MUST_USE int s3c_page_writer_init(struct s3c_page_writer *w, enum s3c_codec codec,
                                      struct s3c_error *err); /* 0, S3C_E_NOMEM */
void s3c_page_writer_done(struct s3c_page_writer *w);

/* Appends the chunk to *out and what is to be known of it to *layout. The column was settled. 0, S3C_E_NOMEM, S3C_E_TOO_LARGE; after a failure *out and
 * *layout hold a part that the caller takes away. */
S3C_MUST_USE int s3c_chunk_write(struct s3c_page_writer *w, const struct s3c_parquet_node *leaf,
                                 const struct s3c_column *column, struct s3c_buf *out,
                                 struct s3c_layout *layout);

#endif
