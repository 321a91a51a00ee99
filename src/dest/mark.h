/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mark of a file that is written once: how many records it has, which is the last, and a hash over all their positions. It is stored with the file as
 * user metadata, so that a replay can tell what of its records is in S3 already. Pure.
 */
#ifndef S3C_DEST_MARK_H
#define S3C_DEST_MARK_H

#include "base/digest.h"
#include "dest/sink.h"

struct s3c_mark { /* all zero: of no record */
    uint64_t count;
    struct s3c_hash128 last; /* of the last position */
    struct s3c_hash128 all;  /* over all positions, in order */
};

void s3c_mark_add(struct s3c_mark *m, struct s3c_view position);

#define S3C_MARK_LAST_MAX 1024 /* a longer last position is there as a hash only */

struct s3c_mark_text { /* what the metadata's values point into */
    char count[24], last_hash[33], all_hash[33];
    char last[(S3C_MARK_LAST_MAX + 2) / 3 * 4];
};
/* s3c-count, s3c-last-hash, s3c-hash, and s3c-last: the last position in base64url without padding, for people. Returns how many. */
size_t s3c_mark_format(const struct s3c_mark *m, struct s3c_view last, struct s3c_mark_text *text,
                       struct s3c_delivery_meta meta[S3C_DELIVERY_META_MAX]);
/* From the header block of a reply. false: the object has no such mark, or a damaged one; it is not ours. */
bool s3c_mark_parse(struct s3c_view headers, struct s3c_mark *ret);

/* A file that is in S3, and what a replay has brought of its records so far. */
struct s3c_expected {
    struct s3c_mark whole, seen;
};

enum s3c_replay {
    S3C_REPLAY_STORED, /* the file's last record has come: so many of these records are in it */
    S3C_REPLAY_HOLD,   /* all of these may be in it; its last one has not come yet */
    S3C_REPLAY_OTHER,  /* it has other records than these */
};
/*
 * Compares positions (each as 4 bytes of length and its bytes), which come after what was seen, with the file. Where the file has more records than came before
 * its last one (objects of a bucket without versions may have changed meanwhile), ours are all in it as far as anybody can know; where it has fewer, or as many
 * but others, it is another file.
 */
enum s3c_replay s3c_expected_compare(struct s3c_expected *e, struct s3c_view positions,
                                     size_t *ret_stored);

/* The position at *cursor in such a list, and moves it on; false at the end. */
bool s3c_positions_next(struct s3c_view positions, size_t *cursor, struct s3c_view *ret);

#endif
