/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far a listing has come, and what to ask for next: pure. Believes entries rather than markers, because servers disagree
 * about what a marker is (encoded or not, inclusive or not, of the last entry or the one after).
 */
#ifndef S3C_S3_LIST_CURSOR_H
#define S3C_S3_LIST_CURSOR_H

#include "base/digest.h"
#include "s3/list_page.h"

struct s3c_list_cursor {
    bool versions;
    bool end;            /* the last page was taken */
    unsigned idle_pages; /* empty pages in a row */
    struct s3c_buf key,
        version_id; /* of the last entry given; or where the listing starts, before the first */
    struct s3c_buf token;     /* V2: NextContinuationToken; empty = ask by key */
    struct s3c_hash128 *seen; /* versions of `key` that were given, sorted */
    size_t seen_count, seen_cap;
    bool key_closed; /* nothing of `key` itself is wanted (start_after) */
};

S3C_MUST_USE int s3c_list_cursor_init(struct s3c_list_cursor *c, bool versions,
                                      struct s3c_view start_after, struct s3c_error *err);
/*
 * Takes a page: removes entries that were given before, moves on behind its last entry. 0; S3C_E_PROTOCOL (truncated, but nothing moves);
 * S3C_E_NOMEM. After a failure the cursor still stands where it stood.
 */
S3C_MUST_USE int s3c_list_cursor_take(struct s3c_list_cursor *c, struct s3c_list_page *page,
                                      struct s3c_error *err);
void s3c_list_cursor_done(struct s3c_list_cursor *c); /* idempotent */

#endif
