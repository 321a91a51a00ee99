/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is remembered of a Parquet file while it is written, for its end: where chunks and pages are, how large, what they hold. Plain
 * data, filled by format/parquet_page.h, written out by format/parquet_footer.h.
 */
#ifndef S3C_FORMAT_PARQUET_LAYOUT_H
#define S3C_FORMAT_PARQUET_LAYOUT_H

#include "format/codec.h"
#include "format/parquet_stats.h"

/* Numbers of the format. */
enum { S3C_ENCODING_PLAIN = 0, S3C_ENCODING_RLE = 3, S3C_ENCODING_RLE_DICTIONARY = 8 };
enum { S3C_PAGE_DATA = 0, S3C_PAGE_DICTIONARY = 2 };

struct s3c_page_info {
    int64_t offset; /* of its header in the file */
    int64_t size;   /* header included */
    int64_t first_row, nulls, nans;
    bool all_null;
    struct s3c_bound min, max; /* unless all_null */
};

struct s3c_chunk_info {
    enum s3c_codec codec;
    int64_t dictionary_offset; /* -1: no dictionary */
    int64_t data_offset;
    int64_t entries, nulls, nans;
    int64_t uncompressed, compressed; /* headers included */
    size_t first_page, pages;
    bool has_values, has_bounds; /* has_bounds: of each page that is not all null */
    struct s3c_bound min, max;
    int64_t column_index_offset, offset_index_offset;
    int32_t column_index_size, offset_index_size; /* 0: none */
};

struct s3c_layout {
    struct s3c_buf groups; /* int64_t each: rows of the group */
    struct s3c_buf chunks; /* struct s3c_chunk_info, one for each leaf of each group */
    struct s3c_buf pages;  /* struct s3c_page_info of all chunks */
    struct s3c_buf bounds; /* bytes of all bounds */
    int64_t rows;
    int64_t start; /* where in the file the output buffer begins: what is before was taken */
};

static inline struct s3c_chunk_info *s3c_layout_chunk(const struct s3c_layout *l, size_t i)
{
    return (struct s3c_chunk_info *)(void *)l->chunks.ptr + i;
}

static inline struct s3c_page_info *s3c_layout_page(const struct s3c_layout *l, size_t i)
{
    return (struct s3c_page_info *)(void *)l->pages.ptr + i;
}

static inline struct s3c_view s3c_layout_bound(const struct s3c_layout *l,
                                               const struct s3c_bound *b)
{
    return (struct s3c_view){l->bounds.ptr + b->offset, b->len};
}

#endif
