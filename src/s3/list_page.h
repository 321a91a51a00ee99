/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One page of a listing, from bytes to entries: pure. The hot path of a listing (a million keys are a thousand pages), so the
 * page is read in one pass, in place: entries point into the body, which is MODIFIED and must outlive them.
 */
#ifndef S3C_S3_LIST_PAGE_H
#define S3C_S3_LIST_PAGE_H

#include "s3/list.h"

struct s3c_list_page {
    struct s3c_list_entry *entries; /* in S3's order, see list.h; owned, reused by the next parse */
    size_t count, cap;
    bool truncated;   /* <IsTruncated>true */
    bool url_encoded; /* <EncodingType>url: keys and prefixes were decoded */
    struct s3c_view next_key_marker,
        next_version_id_marker;   /* as sent, not decoded; ptr NULL = absent */
    struct s3c_view continuation; /* NextContinuationToken; opaque; ptr NULL = absent */
};
#define S3C_LIST_PAGE_INIT \
    {                      \
        0                  \
    }

/*
 * Replaces what was in *page. `versions`: the root is ListVersionsResult, else ListBucketResult. Unknown elements, owners, common prefixes
 * and checksums are skipped; an entry without key, date or (versions) version id is S3C_E_PROTOCOL. 0, S3C_E_PROTOCOL, S3C_E_NOMEM.
 */
S3C_MUST_USE int s3c_list_page_parse(struct s3c_list_page *page, char *body, size_t len,
                                     bool versions, struct s3c_error *err);
/* Puts the entries into S3's order where versions and markers came as two runs. Part of the parse. 0, S3C_E_PROTOCOL (no order), S3C_E_NOMEM. */
S3C_MUST_USE int s3c_list_page_order(struct s3c_list_page *page, struct s3c_error *err);
void s3c_list_page_done(struct s3c_list_page *page); /* idempotent */

#endif
