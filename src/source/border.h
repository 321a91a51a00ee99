/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys whose listing ends with a page. Ceph skips the rest of such a key when the version that the next request's marker names was
 * deleted just before it, and what is skipped looks as if it had been removed. So missing entries behind a border are believed only
 * once a second listing still shows the border's entry: then it had been there all the time, and nothing can have been skipped.
 */
#ifndef S3C_SOURCE_BORDER_H
#define S3C_SOURCE_BORDER_H

#include "base/digest.h"
#include "source/fingerprint.h"

struct s3c_borders { /* all zero: none */
    struct s3c_hash128
        *met; /* hashes of key and border entry, in the order of the listings that doubted them */
    size_t count, cap;
    size_t believed; /* [0, believed): of earlier listings */
};
void s3c_borders_done(struct s3c_borders *b); /* idempotent; leaves none */

/* Is what misses behind this entry of `key` to be believed? 1, 0 (it is noted for the next listing), or S3C_E_NOMEM. */
S3C_MUST_USE int s3c_borders_believe(struct s3c_borders *b, struct s3c_view key,
                                     struct s3c_fingerprint entry);
/* The same listing is made once more: it believes what this one doubted. */
void s3c_borders_again(struct s3c_borders *b);
static inline bool s3c_borders_doubt(const struct s3c_borders *b)
{
    return b->count > b->believed;
}

#endif
