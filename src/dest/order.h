/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order in which records came, over all files: runs of (file, how many records of it), so that a stream that stays in one file costs one
 * run. Acknowledgements are given along it. Kept in small chunks, because it grows and shrinks with what is on its way, and a doubling array
 * would want a lot of memory just when the limit is near. Not thread-safe.
 */
#ifndef S3C_DEST_ORDER_H
#define S3C_DEST_ORDER_H

#include <stdbool.h>
#include <stddef.h>

#include <s3c/error.h>

struct s3c_file;
struct s3c_order_chunk;

struct s3c_order {
    struct s3c_order_chunk *head, *tail; /* NULL: it never had a record */
    size_t bytes;                        /* of memory */
    size_t border; /* of s3c_order_find_border: so many of the oldest records lie before it */
    bool
        cut; /* a file before it was given up in the middle of one that is in S3: nothing behind that is a border to begin at again */
    struct s3c_order_chunk *scan; /* how far that has looked */
    size_t scan_run;              /* in that chunk */
    size_t scanned;               /* records from the oldest on */
    size_t begun;                 /* files of which not all records were scanned */
};
void s3c_order_init(struct s3c_order *o);
void s3c_order_done(struct s3c_order *o);

/* Makes sure that the next add cannot fail: 0 or S3C_E_NOMEM. */
S3C_MUST_USE int s3c_order_reserve(struct s3c_order *o, const struct s3c_file *f);
/* The newest record is one of f's. After a reserve for it. */
void s3c_order_add(struct s3c_order *o, struct s3c_file *f);

/* The file of the oldest record, and how many from there on are its; NULL: there are no records. */
struct s3c_file *s3c_order_first(const struct s3c_order *o, size_t *ret_count);
/*
 * Looks for the newest border, and sets `border`: a place between two records that no file has records on both sides of, and before which all
 * files are done. What begins at a border begins at a file's border in each partition. Whoever asks must drop nothing from behind it.
 */
void s3c_order_find_border(struct s3c_order *o);
/* Takes out the n oldest records, which are of one file. */
void s3c_order_drop(struct s3c_order *o, size_t n);

#endif
