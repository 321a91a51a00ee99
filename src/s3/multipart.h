/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uploads one body in parts: create, parts (several in flight), complete; on any failure the upload is aborted before
 * the result is given. The body is there as a whole, or it is a stream: append, append, ..., end.
 *
 * Driven by its owner like the lister: finished calls of the operations S3C_CREATE_MULTIPART to S3C_ABORT_MULTIPART arrive in the inbox with
 * call->user = the upload; hand each to s3c_multipart_feed. Not thread-safe.
 */
#ifndef S3C_S3_MULTIPART_H
#define S3C_S3_MULTIPART_H

#include "s3/call.h"
#include "s3/parts.h"

struct s3c_multipart;

struct s3c_multipart_options {
    struct s3c_view key, content_type, content_encoding; /* copied */
    const struct s3c_call_meta *meta;                    /* borrowed until it is finished */
    size_t meta_count;
    /* A stream's bytes are nowhere else: what may pass is tried again until it is cancelled or the deadline comes. */
    bool stream;
    struct s3c_view body; /* not of a stream: borrowed until it is finished; not empty */
    uint64_t part_size;   /* s3/parts.h says when they get larger */
    unsigned parallel;    /* parts in flight at most; 0 = 4 */
    struct s3c_inbox *inbox;
    int max_attempts;              /* per call; 0 = the client's default */
    int64_t deadline_mono_ns;      /* 0 = none; aborting gets a few seconds of its own */
    const struct s3c_clock *clock; /* borrowed */
    void *user;                    /* untouched: s3c_multipart_user */
};

/* Submits the first call. 0, S3C_E_NOMEM, S3C_E_INVALID. */
S3C_MUST_USE int s3c_multipart_new(struct s3c_multipart **ret, struct s3c_client *c,
                                   const struct s3c_multipart_options *o, struct s3c_error *err);
/* Takes a finished call. S3C_AGAIN: under way. 0: the object is there. Negative: it is not, and everything was aborted (if the abort failed too,
 * the message says so). After 0 or negative nothing is under way any more and the same answer is given by s3c_multipart_result. */
S3C_MUST_USE int s3c_multipart_feed(struct s3c_multipart *m, struct s3c_call *call,
                                    struct s3c_error *err);
S3C_MUST_USE int s3c_multipart_result(const struct s3c_multipart *m, struct s3c_error *err);
/* Gives up: what is under way is cancelled, the upload aborted; the result (S3C_E_CANCELLED) arrives through feed. */
void s3c_multipart_cancel(struct s3c_multipart *m);
/*
 * Of a stream: more bytes of any length, moved (*bytes is empty after 0); no more will come; how many bytes it holds that the server has not
 * confirmed. Append and end after a failure do nothing: the result is on its way. append: 0, S3C_E_NOMEM (nothing has changed).
 */
S3C_MUST_USE int s3c_multipart_append(struct s3c_multipart *m, struct s3c_buf *bytes,
                                      struct s3c_error *err);
void s3c_multipart_end(struct s3c_multipart *m);
size_t s3c_multipart_unsent(const struct s3c_multipart *m);
void *s3c_multipart_user(const struct s3c_multipart *m);
/* When it is not finished: cancels and blocks until the client gave its calls back (they are taken out of the inbox; others stay in their
 * order), without aborting the upload on the server. Feed what you have taken before. NULL is fine. */
void s3c_multipart_free(struct s3c_multipart *m);

#endif
