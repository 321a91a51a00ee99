/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The index (DESIGN 4.4): every key with the fingerprints of its entries, newest first, in key order. Keys are front-coded in
 * immutable, reference-counted blocks, so that a new index shares with the old one every block in which nothing changed: a pass
 * over a quiet bucket costs no memory, and a failed one leaves the old index as it was. Not thread-safe, references included.
 */
#ifndef S3C_SOURCE_INDEX_H
#define S3C_SOURCE_INDEX_H

#include "base/buf.h"
#include "source/fingerprint.h"

#define S3C_INDEX_BLOCK \
    8192u /* bytes at which a block is closed; one key's entries never span two */

struct s3c_index_block;

struct s3c_index {
    struct s3c_index_block **blocks;
    size_t count, cap;
    uint64_t keys, bytes; /* bytes: all memory of the blocks, shared ones included */
};
#define S3C_INDEX_INIT ((struct s3c_index){NULL, 0, 0, 0, 0})
void s3c_index_done(struct s3c_index *x); /* idempotent */

/* ---- reading ---- */
struct s3c_index_cursor {
    const struct s3c_index *index;
    size_t block;        /* of the current key */
    const char *p, *end; /* what follows the current key in its block */
    struct s3c_buf text;
    const char *prints;  /* unaligned */
    struct s3c_view key; /* the current one; valid until the next call of next */
    size_t count;        /* of its fingerprints, >= 1 */
    bool first;          /* it is the first of its block */
};
void s3c_index_cursor_init(struct s3c_index_cursor *c,
                           const struct s3c_index *x); /* before the first key */
void s3c_index_cursor_done(struct s3c_index_cursor *c);
/* Moves to the next key. 0, S3C_END, S3C_E_NOMEM. */
S3C_MUST_USE int s3c_index_cursor_next(struct s3c_index_cursor *c);
static inline struct s3c_fingerprint s3c_index_cursor_print(const struct s3c_index_cursor *c,
                                                            size_t i)
{
    struct s3c_fingerprint f;
    memcpy(&f, c->prints + i * sizeof(f), sizeof(f));
    return f;
}
/* The current key is the last of its block. */
static inline bool s3c_index_cursor_last(const struct s3c_index_cursor *c)
{
    return c->p == c->end;
}

/* ---- writing ---- */
struct s3c_index_builder {
    struct s3c_index out;
    struct s3c_buf block, last; /* the open block, the key added last */
    uint32_t block_keys;
    uint64_t max_bytes;
};
void s3c_index_builder_init(struct s3c_index_builder *b, uint64_t max_bytes);
void s3c_index_builder_done(struct s3c_index_builder *b);
/* Keys come in ascending order, each once; count >= 1. 0, S3C_E_NOMEM, S3C_E_TOO_LARGE (max_bytes; the message says what to do). */
S3C_MUST_USE int s3c_index_builder_add(struct s3c_index_builder *b, struct s3c_view key,
                                       const struct s3c_fingerprint *prints, size_t count,
                                       struct s3c_error *err);
/* Takes over the block of `from` that the cursor is in, as a whole. Only when s3c_index_builder_can_share. */
S3C_MUST_USE int s3c_index_builder_share(struct s3c_index_builder *b,
                                         const struct s3c_index_cursor *from,
                                         struct s3c_error *err);
/* False: the open block holds something, but too little to be closed; sharing would leave a crumb. */
bool s3c_index_builder_can_share(const struct s3c_index_builder *b);
/* Closes the last block and gives the index away. */
S3C_MUST_USE int s3c_index_builder_finish(struct s3c_index_builder *b, struct s3c_index *ret,
                                          struct s3c_error *err);

#endif
