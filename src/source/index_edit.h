/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A new index as an edit of the old one, in one walk over both in key order: keep, replace and insert. Blocks in which every
 * key is kept are shared. The current old key is edit->cursor.key while edit->at_key.
 */
#ifndef S3C_SOURCE_INDEX_EDIT_H
#define S3C_SOURCE_INDEX_EDIT_H

#include "source/index.h"

struct s3c_index_edit {
    struct s3c_index_cursor cursor;
    struct s3c_index_builder builder;
    bool at_key; /* false: the old index is at its end */
    bool clean;  /* nothing of the cursor's block has been written: so far all of it is kept */
};

/* Goes to the first old key. `old` must not change before done. 0, S3C_E_NOMEM. */
S3C_MUST_USE int s3c_index_edit_init(struct s3c_index_edit *e, const struct s3c_index *old,
                                     uint64_t max_bytes, struct s3c_error *err);
void s3c_index_edit_done(struct s3c_index_edit *e);
/* The current old key stays as it is; goes on to the next one. 0, NOMEM, TOO_LARGE, as all below. */
S3C_MUST_USE int s3c_index_edit_keep(struct s3c_index_edit *e, struct s3c_error *err);
/* The current old key gets other fingerprints (count 0: it goes); goes on to the next one. */
S3C_MUST_USE int s3c_index_edit_replace(struct s3c_index_edit *e,
                                        const struct s3c_fingerprint *prints, size_t count,
                                        struct s3c_error *err);
/* A new key before the current old one. */
S3C_MUST_USE int s3c_index_edit_insert(struct s3c_index_edit *e, struct s3c_view key,
                                       const struct s3c_fingerprint *prints, size_t count,
                                       struct s3c_error *err);
/* After the last old key was passed. */
S3C_MUST_USE int s3c_index_edit_finish(struct s3c_index_edit *e, struct s3c_index *ret,
                                       struct s3c_error *err);

#endif
