/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The distinct values of a column, numbered in the order in which they came first; kept in PLAIN encoding, which is the dictionary
 * page. An empty one has no memory. Not thread-safe.
 */
#ifndef S3C_FORMAT_PARQUET_DICTIONARY_H
#define S3C_FORMAT_PARQUET_DICTIONARY_H

#include "base/buf.h"

#define S3C_DICTIONARY_MAX   ((size_t)1 << 20) /* bytes of the page; what readers keep in cache */
#define S3C_DICTIONARY_HINTS 32

struct s3c_dictionary_entry {
    uint32_t offset; /* of its bytes in `plain` */
    uint32_t len;
};

struct s3c_dictionary {
    struct s3c_buf plain; /* one after the other, bytes with 4 bytes of length in front */
    unsigned width;       /* of every value; 0: bytes of any length */
    struct s3c_dictionary_entry *entries;
    uint32_t count;
    size_t capacity;
    struct s3c_dictionary_slot *slots;    /* private */
    uint32_t mask;                        /* slots - 1; 0: none yet */
    uint32_t hints[S3C_DICTIONARY_HINTS]; /* numbers that were given lately */
};

void s3c_dictionary_init(struct s3c_dictionary *d, unsigned width);
void s3c_dictionary_done(struct s3c_dictionary *d);
void s3c_dictionary_clear(struct s3c_dictionary *d); /* empty; memory is kept */

/* *ret is the value's number, a new one if it was not there. 0, S3C_E_NOMEM, S3C_E_TOO_LARGE: it does not fit into S3C_DICTIONARY_MAX; then nothing was added. */
S3C_MUST_USE int s3c_dictionary_add(struct s3c_dictionary *d, struct s3c_view v, uint32_t *ret);
/* Forgets all values but the first `count`. */
void s3c_dictionary_cut(struct s3c_dictionary *d, uint32_t count);
size_t s3c_dictionary_memory(const struct s3c_dictionary *d); /* allocated */

struct s3c_view s3c_dictionary_value(const struct s3c_dictionary *d, uint32_t number);

#endif
