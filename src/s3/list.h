/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listing a bucket: pages of ListObjectsV2 or ListObjectVersions as one stream of entries in S3's order (keys ascending by bytes,
 * versions of a key newest first). Facts and server quirks: the next marker is derived from the last entry, server markers are only
 * a check; duplicates are dropped; markers that do not advance are S3C_E_PROTOCOL; encoding-type=url is always asked for and
 * undone only where the answer says so. Where <Version> and <DeleteMarker> come as separate runs, a page is put back into order
 * (key, then newest first by LastModified, IsLatest first among equals).
 *
 * Driven by its owner: page calls arrive in the inbox that was given, with call->user = the lister; hand them to s3c_lister_feed.
 * One page is fetched ahead of the one being read. Not thread-safe.
 */
#ifndef S3C_S3_LIST_H
#define S3C_S3_LIST_H

#include "s3/call.h"

struct s3c_list_entry {
    struct s3c_view key;        /* raw bytes, decoded */
    struct s3c_view version_id; /* "null" in a V2 listing */
    struct s3c_view etag;       /* without quotes; empty for a marker */
    uint64_t size;
    int64_t last_modified_ns;  /* full precision as listed */
    bool is_marker, is_latest; /* V2: is_latest is always true */
    /* Versions: the page ends here and another follows. When the next entry is of another key, the rest of this one may be missing: Ceph
     * skips it if the version that the marker names is deleted between the two requests. */
    bool ends_page;
};

struct s3c_lister;

struct s3c_lister_options {
    bool versions;
    struct s3c_view prefix;
    struct s3c_view
        start_after; /* entries with key <= this are not given, whatever the server does; empty = from the start */
    unsigned max_keys; /* per page, 0 = the server's default */
    struct s3c_inbox *inbox;
    int max_attempts;         /* per page; 0 = the client's default */
    int64_t deadline_mono_ns; /* 0 = none */
};

/* Copies the options' views and submits the first page. */
S3C_MUST_USE int s3c_lister_new(struct s3c_lister **ret, struct s3c_client *c,
                                const struct s3c_lister_options *o, struct s3c_error *err);
/* The page under way is cancelled; blocks until the client gave it back (its inbox may still hold it: it is taken out, calls of others stay).
 * Feed what you have taken from the inbox before. NULL is fine. */
void s3c_lister_free(struct s3c_lister *l);

/* Takes the finished call. Failures are kept for s3c_lister_next. */
void s3c_lister_feed(struct s3c_lister *l, struct s3c_call *call);
/*
 * 0: *ret is the next entry, valid until the next call of s3c_lister_next. S3C_AGAIN: the page is under way. S3C_END: complete and
 * error-free. Negative: the page failed; s3c_lister_retry fetches the same page again.
 */
S3C_MUST_USE int s3c_lister_next(struct s3c_lister *l, struct s3c_list_entry *ret,
                                 struct s3c_error *err);
void s3c_lister_retry(struct s3c_lister *l);

/*
 * Of the first page's reply: the server's Date (whole seconds) minus the duration of that attempt, rounded up to whole seconds:
 * everything that was visible by then is in this listing (DESIGN 4.3, "S"). false until the first reply is in, or without a Date.
 */
bool s3c_lister_server_second(const struct s3c_lister *l, int64_t *ret_sec);

#endif
