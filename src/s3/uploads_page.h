/* SPDX-License-Identifier: Apache-2.0 */
/* One page of ListMultipartUploads, from bytes to entries: pure. The body is MODIFIED and must outlive the entries. */
#ifndef S3C_S3_UPLOADS_PAGE_H
#define S3C_S3_UPLOADS_PAGE_H

#include <stdbool.h>

#include <s3c/error.h>
#include <s3c/view.h>

struct s3c_upload_entry {
    struct s3c_view key, upload_id;
};

struct s3c_uploads_page {
    struct s3c_upload_entry *entries; /* owned, reused by the next parse */
    size_t count, cap;
    /* The next page begins behind the last entry (key-marker, upload-id-marker), whatever the markers that the server names: they disagree
     * about encoding. Never true without an entry: a page that does not advance is the end. */
    bool truncated;
};
#define S3C_UPLOADS_PAGE_INIT \
    {                         \
        0                     \
    }

/* Replaces what was in *page; keys come decoded. 0, S3C_E_PROTOCOL (also an upload without key or id), S3C_E_NOMEM. */
S3C_MUST_USE int s3c_uploads_page_parse(struct s3c_uploads_page *page, char *body, size_t len,
                                        struct s3c_error *err);
void s3c_uploads_page_done(struct s3c_uploads_page *page); /* idempotent */

#endif
