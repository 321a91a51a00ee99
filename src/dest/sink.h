/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the destination's files go: the seam between deciding (files, order, retries) and doing (S3 calls, see dest/upload.h;
 * nothing at all in a benchmark; a script in tests). Everything is called from the destination's thread, except wake.
 */
#ifndef S3C_DEST_SINK_H
#define S3C_DEST_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include <s3c/error.h>

#include "base/buf.h"

/* User metadata of an object: x-amz-meta-NAME; printable ASCII. */
struct s3c_delivery_meta {
    const char *name;
    struct s3c_view value;
};
#define S3C_DELIVERY_META_MAX 4

/* One file on its way. Everything pointed to stays valid and unchanged while it is. */
struct s3c_delivery {
    struct s3c_view key, body;
    const char *content_type, *content_encoding; /* encoding: NULL = none */
    struct s3c_delivery_meta meta[S3C_DELIVERY_META_MAX];
    size_t meta_count;
    bool
        once; /* If-None-Match: *; S3C_E_CHANGED (412) if the key is taken. One request, whatever the size */
    bool look; /* HEAD instead of a PUT: is the key there, and with which metadata (found) */

    int result; /* 0: S3 has confirmed it (look: it is there); S3C_E_CHANGED; look: S3C_E_NOT_FOUND; other negatives: it has not, see error (its bit retryable
                 * says whether to try again) */
    struct s3c_buf
        found; /* look: the reply's header block; the delivery's owner frees it (s3c_buf_done) */
    struct s3c_error error;

    struct s3c_delivery *next; /* list of take */
    void *sink_data;           /* the sink's, while it is on its way */
};

struct s3c_sink_stats {
    uint64_t requests, retries;
};

struct s3c_sink;
struct s3c_sink_ops {
    /* Starts. After 0 the delivery comes back from take exactly once. S3C_E_NOMEM, S3C_E_INVALID: it was not started. */
    int (*put)(struct s3c_sink *s, struct s3c_delivery *d, struct s3c_error *err);
    /*
     * A file that is sent while it is written: begin starts it (body is not used), append gives it bytes (moved, *bytes is empty after 0) of any length, end says that no more
     * will come. It comes back from take once: after end, or before when it has failed (then append and end must not be called any more). Passing
     * failures are retried inside until cancel, because the bytes are nowhere else. unsent: bytes that it holds.
     */
    int (*begin)(struct s3c_sink *s, struct s3c_delivery *d, struct s3c_error *err);
    int (*append)(struct s3c_sink *s, struct s3c_delivery *d, struct s3c_buf *bytes,
                  struct s3c_error *err);
    int (*end)(struct s3c_sink *s, struct s3c_delivery *d, struct s3c_error *err);
    size_t (*unsent)(const struct s3c_sink *s, const struct s3c_delivery *d);
    /* Asks for an early end; it still comes back from take, soon, and may even have succeeded. */
    void (*cancel)(struct s3c_sink *s, struct s3c_delivery *d);
    /* Finished deliveries, oldest first; NULL: none. Waits up to timeout_ms (0 = not at all, -1 = for ever) for the first, less
     * when woken or when only a part of a delivery came in. *ret_woken (may be NULL) tells of a wake since the last take. */
    struct s3c_delivery *(*take)(struct s3c_sink *s, int timeout_ms, bool *ret_woken);
    void (*wake)(struct s3c_sink *s); /* any thread, signal handlers */
    int (*fd)(const struct s3c_sink
                  *s); /* readable when take(0) would give something or tell of a wake */
    void (*get_stats)(const struct s3c_sink *s, struct s3c_sink_stats *ret);
    void (*release)(struct s3c_sink *s); /* nothing is on its way */
};
struct s3c_sink {
    const struct s3c_sink_ops *ops;
};

#endif
