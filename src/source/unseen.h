/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries that the index holds but the reader never got, because their GET found them gone or changed. The next pass takes them
 * out of the index again: it drops them if they are no longer listed and tries once more if they are (DESIGN 4.3).
 *
 * Where the event would have changed what was visible without a new entry above a known one, a ghost takes the entry's place:
 * it remembers that the reader still sees a version (or nothing), so that a later delete or create is not lost.
 */
#ifndef S3C_SOURCE_UNSEEN_H
#define S3C_SOURCE_UNSEEN_H

#include "source/event.h"

struct s3c_unseen_entry {
    char *key; /* owned */
    size_t key_len;
    struct s3c_fingerprint print;
    enum s3c_prior prior;
};

/* Those marked while a pass is under way belong to the next one: [0, armed) are the pass's, sorted by key. */
struct s3c_unseen {
    struct s3c_unseen_entry *entries;
    size_t count, cap, armed;
    size_t next; /* of the armed ones, during a pass */
};
#define S3C_UNSEEN_INIT ((struct s3c_unseen){NULL, 0, 0, 0, 0})
void s3c_unseen_done(struct s3c_unseen *u); /* idempotent */

/* 0 or S3C_E_NOMEM. */
S3C_MUST_USE int s3c_unseen_mark(struct s3c_unseen *u, const struct s3c_event *e);
/* A pass begins (again): all there are apply to it. */
void s3c_unseen_arm(struct s3c_unseen *u);
/* The pass was completed: they have been applied. */
void s3c_unseen_commit(struct s3c_unseen *u);
/*
 * Takes the marked ones of `key` out of prints[0, count) or puts ghosts in their place; returns how many are left. During a pass, for
 * keys in ascending order. *ret_changed is set when anything was done, else left alone.
 */
size_t s3c_unseen_apply(struct s3c_unseen *u, struct s3c_view key, struct s3c_fingerprint *prints,
                        size_t count, bool *ret_changed);
/* Anything for this key or before it? Keeps quiet keys on the fast path. */
static inline bool s3c_unseen_any(const struct s3c_unseen *u)
{
    return u->next < u->armed;
}

#endif
