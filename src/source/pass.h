/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One CDC pass: the old index and the listing, merged as a stream, give a new index and the events between (W, W']. The caller
 * drives the listing and hands the entries in; the pass does no I/O. The old index stays untouched until the caller
 * replaces it with what finish gives.
 *
 * Memory: what one key needs, plus the events. When these do not fit, the pass cannot be completed up to W': start it again with the
 * closed second that s3c_events_cut names. With W' == W + 1 all events share their second and come in key order, so they can be taken
 * out while the pass goes on.
 */
#ifndef S3C_SOURCE_PASS_H
#define S3C_SOURCE_PASS_H

#include "source/border.h"
#include "source/index_edit.h"
#include "source/unseen.h"

/* What a start from a position takes as known although the index does not have it (4.2, 4.4). */
enum s3c_absorb_kind {
    S3C_ABSORB_NONE,
    S3C_ABSORB_SNAPSHOT, /* keys up to `key`, entries up to `second` */
    S3C_ABSORB_CDC, /* what lies before (second, key), and of the key itself all but its last `following` of that second */
};
struct s3c_absorb {
    enum s3c_absorb_kind kind;
    struct s3c_view key; /* borrowed */
    int64_t second;
    uint32_t following;
};

struct s3c_pass_options {
    const struct s3c_index *old;
    uint64_t index_max_bytes;
    struct s3c_borders *
        borders; /* what it doubts is noted here; the caller lists again as long as there is doubt */
    struct s3c_unseen *unseen; /* armed by init; the caller commits it with the pass */
    struct s3c_absorb absorb;
    int64_t after, closed; /* W and W' */
    int64_t server_second; /* S: entries more than 15 minutes later count as stragglers */
    bool versions;
};

struct s3c_listed; /* private: an entry of the current key, copied */

struct s3c_pass {
    struct s3c_pass_options o;
    struct s3c_index_edit edit;
    struct s3c_events events;
    struct s3c_diff diff;
    /* The key that is being listed. */
    bool in_key, match, late; /* match: the current old key is this one */
    struct s3c_buf key;       /* its text unless match */
    struct s3c_diff_item *items;
    struct s3c_listed *listed; /* as many as items */
    size_t item_count, item_cap;
    bool same;                     /* so far the listing repeats the old entries one by one */
    bool at_border;                /* its last listed entry ends a page */
    struct s3c_fingerprint border; /* that entry */
    uint32_t at_position;  /* entries of the position's second that were met (S3C_ABSORB_CDC) */
    struct s3c_arena text; /* of the listed entries */
    struct s3c_fingerprint *old; /* of the current old key, without the unseen */
    size_t old_count, old_cap;
    bool old_changed;
};

/* 0, S3C_E_NOMEM. On failure nothing needs to be done. The options are copied, what they point to is not. */
S3C_MUST_USE int s3c_pass_init(struct s3c_pass *p, const struct s3c_pass_options *o,
                               struct s3c_error *err);
void s3c_pass_done(struct s3c_pass *p);
/* The next listed entry. 0, S3C_E_NOMEM, S3C_E_TOO_LARGE (index.max-bytes). */
S3C_MUST_USE int s3c_pass_entry(struct s3c_pass *p, const struct s3c_list_entry *e,
                                struct s3c_error *err);
/* The listing is complete: the last events are added, and the new index is given. */
S3C_MUST_USE int s3c_pass_finish(struct s3c_pass *p, struct s3c_index *ret, struct s3c_error *err);

#endif
