/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Closed files on their way, in the order of their records: several are with the sink at once, they finish in any order, and they
 * leave at the head only. A file whose delivery failed in a way that may pass is sent again after a capped, jittered backoff, without
 * holding up those behind it. Nothing waits in here; the owner calls run when s3c_pipeline_due_ns has come. Not thread-safe.
 */
#ifndef S3C_DEST_PIPELINE_H
#define S3C_DEST_PIPELINE_H

#include "base/clock.h"
#include "base/log.h"
#include "dest/file.h"

struct s3c_pipeline {
    struct s3c_sink *sink; /* borrowed, like the rest */
    const struct s3c_clock *clock;
    const struct s3c_log *log;                   /* or NULL */
    const char *content_type, *content_encoding; /* of all files; encoding: NULL = none */
    unsigned parallel;                           /* files with the sink at most */
    uint64_t random;                             /* state of the jitter; seeded by the owner */

    struct s3c_file *head, **tail; /* private from here on */
    unsigned sending;
    size_t files;        /* all that are in it */
    size_t bytes;        /* held by all files in it */
    int64_t deadline_ns; /* INT64_MAX: none */
    bool cancelled;
    uint64_t resent, stored_files, stored_bytes;
};

/* The fields above the line are set by the caller before. */
void s3c_pipeline_init(struct s3c_pipeline *p);
/* Gives back everything, waiting until the sink has let go of it. */
void s3c_pipeline_done(struct s3c_pipeline *p);

/* Takes over a closed file that has its key (or one that is already done: it only keeps its place in the order). */
void s3c_pipeline_push(struct s3c_pipeline *p, struct s3c_file *f);
/* Takes what the sink has finished (waiting up to timeout_ms for it, see dest/sink.h), then sends what may be sent. */
void s3c_pipeline_run(struct s3c_pipeline *p, int timeout_ms, bool *ret_woken);
/* When run must be called even if the sink has nothing; INT64_MAX: no such time. */
int64_t s3c_pipeline_due_ns(const struct s3c_pipeline *p);

/* From then on (monotonic) whatever is not stored fails. What waits for its backoff is tried once more at once. */
void s3c_pipeline_set_deadline(struct s3c_pipeline *p, int64_t mono_ns);

/* The first file if it is done, else NULL; pop takes it out. */
struct s3c_file *s3c_pipeline_head(const struct s3c_pipeline *p);
struct s3c_file *s3c_pipeline_pop(struct s3c_pipeline *p);

#endif
