/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entries of one leaf column of the open row group: levels, and values in PLAIN encoding or as numbers into a dictionary. A column begins plain (few
 * values want no tables); after a sample it gets a dictionary if values repeat, and leaves it when that does not pay any more. Room is
 * made first, so that adding cannot fail. Not thread-safe.
 */
#ifndef S3C_FORMAT_PARQUET_COLUMN_H
#define S3C_FORMAT_PARQUET_COLUMN_H

#include "format/parquet_cells.h"
#include "format/parquet_dictionary.h"

enum s3c_column_state { S3C_COLUMN_SAMPLE, S3C_COLUMN_DICTIONARY, S3C_COLUMN_PLAIN };

struct s3c_column {
    enum s3c_parquet_type type;
    uint8_t max_def, max_rep;
    unsigned
        width; /* of a value in `plain`; 0: 4 bytes of length and the bytes. A boolean takes a byte here */
    enum s3c_column_state state;
    size_t values, entries;  /* entries: with nulls */
    struct s3c_buf def, rep; /* a byte for each entry; nothing where the highest level is 0 */
    struct s3c_dictionary dictionary;
    struct s3c_buf numbers; /* uint32_t each, with a dictionary */
    struct s3c_buf plain;   /* without one */
};

void s3c_column_init(struct s3c_column *c, const struct s3c_parquet_node *leaf);
void s3c_column_done(struct s3c_column *c);
void s3c_column_clear(struct s3c_column *c); /* for the next row group; memory is kept */

/* What a record brings. */
struct s3c_column_need {
    size_t entries, values, bytes; /* bytes: of BYTES and FIXED values; others know theirs */
};
/* Makes room. 0, S3C_E_NOMEM, S3C_E_TOO_LARGE; after a failure the entries are as before. */
S3C_MUST_USE int s3c_column_reserve(struct s3c_column *c, const struct s3c_column_need *need);
void s3c_column_add(struct s3c_column *c, const struct s3c_cell *cell);
/* Before it is written: takes or leaves the dictionary, whichever is expected to make the smaller file. 0, S3C_E_NOMEM. */
S3C_MUST_USE int s3c_column_settle(struct s3c_column *c);

size_t s3c_column_bytes(const struct s3c_column *c);  /* of its entries */
size_t s3c_column_memory(const struct s3c_column *c); /* allocated */

#endif
