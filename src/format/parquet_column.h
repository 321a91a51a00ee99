/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entries of one leaf column of the open row group: levels, and values in PLAIN encoding or as numbers into a dictionary. A column begins plain (few
 * values want no tables); after a sample it gets a dictionary if values repeat, and leaves it when that does not pay any more. What a record has added can be taken
 * back until the next record. Not thread-safe.
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
    size_t values; /* without nulls */
    struct {
        size_t values, levels, plain;
        uint32_t dictionary;
    } mark;                  /* where the last record begins; each where it is used */
    struct s3c_buf def, rep; /* a byte for each entry; nothing where the highest level is 0 */
    struct s3c_dictionary dictionary;
    struct s3c_buf numbers; /* uint32_t each, with a dictionary */
    struct s3c_buf plain;   /* without one */
};

static inline size_t s3c_column_entries(const struct s3c_column *c)
{
    return c->max_def > 0 ? c->def.len : c->values;
}

void s3c_column_init(struct s3c_column *c, const struct s3c_parquet_node *leaf);
void s3c_column_done(struct s3c_column *c);
void s3c_column_clear(struct s3c_column *c); /* for the next row group; memory is kept */

/* Adds an entry; rep 0 begins a record. 0, S3C_E_NOMEM, S3C_E_TOO_LARGE (more than 1 GiB of one record); after a failure the caller takes the record back. */
S3C_MUST_USE int s3c_column_add(struct s3c_column *c, const struct s3c_cell *cell);
/* Takes back what was added since the last entry with rep 0, that entry included; also if it was itself not added. Idempotent. */
void s3c_column_undo(struct s3c_column *c);
/* Before it is written: takes or leaves the dictionary, whichever is expected to make the smaller file. 0, S3C_E_NOMEM. */
S3C_MUST_USE int s3c_column_settle(struct s3c_column *c);

size_t s3c_column_memory(const struct s3c_column *c); /* allocated */

#endif
