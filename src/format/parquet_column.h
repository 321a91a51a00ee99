/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of one leaf column of the open row group: numbers into a dictionary as long as that pays, else the values in PLAIN
 * encoding, ready to be cut into pages. Room is made first, so that adding a value cannot fail. Not thread-safe.
 */
#ifndef S3C_FORMAT_PARQUET_COLUMN_H
#define S3C_FORMAT_PARQUET_COLUMN_H

#include "format/parquet_dictionary.h"

struct s3c_column {
    size_t values; /* without nulls */
    bool has_dictionary;
    struct s3c_dictionary dictionary;
    struct s3c_buf numbers; /* uint32_t each, with a dictionary */
    struct s3c_buf plain;   /* without one */
};

void s3c_column_init(struct s3c_column *c);
void s3c_column_done(struct s3c_column *c);
void s3c_column_clear(struct s3c_column *c); /* for the next row group; memory is kept */

/* Makes room for `count` more values of `bytes` bytes in all. 0, S3C_E_NOMEM, S3C_E_TOO_LARGE; after a failure the values are as before. */
S3C_MUST_USE int s3c_column_reserve(struct s3c_column *c, size_t count, size_t bytes);
void s3c_column_add(struct s3c_column *c, struct s3c_view v,
                    size_t hint); /* hint: s3c_dictionary_add */
/* Before it is written: leaves the dictionary if the file would be no smaller for it. 0, S3C_E_NOMEM. */
S3C_MUST_USE int s3c_column_settle(struct s3c_column *c);

size_t s3c_column_bytes(const struct s3c_column *c);

#endif
