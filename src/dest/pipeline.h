/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files on their way: several are with the sink at once, and they finish in any order. A file whose delivery failed in a way that may pass is
 * sent again after a capped, jittered backoff, without holding up those behind it. Nothing waits in here; the owner calls run
 * when s3c_pipeline_due_ns has come.
 *
 * A file that is too large for memory streams: the sink gets its first bytes while it is still open, and the rest when it is closed. Such
 * a file cannot be sent again, so the sink itself is patient (dest/sink.h). Not thread-safe.
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
    unsigned parallel;                           /* closed files with the sink at most */
    uint64_t random;                             /* state of the jitter; seeded by the owner */

    struct s3c_once *once; /* files are written once (dest/once.h); NULL: as they come; borrowed */

    struct s3c_link queued, resting, sending, done; /* private from here on; resting: by retry_ns */
    struct s3c_link blocked,
        held; /* of write.once: those whose turn has not come, and those that wait for what follows them */
    bool once_moved; /* somebody's turn may have come */
    int64_t once_now_ns,
        record_ns;               /* monotonic: now; when the newest record came, set by the owner */
    bool ending;                 /* no file will come any more */
    bool expect_more;            /* records are to come whatever is acknowledged */
    bool end_at_failure;         /* after the first file that failed for good nothing is sent */
    bool failed;                 /* there was one, */
    struct s3c_error failure;    /* because of this */
    struct s3c_link streams;     /* that the sink has: open files, and closed ones in `sending` */
    struct s3c_delivery *broken; /* streams that failed while their file was open */
    unsigned sending_count, open_streams;
    size_t waiting;      /* closed files that are not done */
    size_t bytes;        /* held by all closed files */
    size_t done_bytes;   /* of them: files that are done, but for their acknowledgements */
    int64_t deadline_ns; /* INT64_MAX: none */
    bool cancelled;
    uint64_t resent, stored_files, stored_bytes;
};

/* The fields above the line are set by the caller before. */
void s3c_pipeline_init(struct s3c_pipeline *p);
/* Gets everything back from the sink, waiting until it has let go of it. Closed files that are not done fail. */
void s3c_pipeline_drain(struct s3c_pipeline *p);

/* Takes over a closed file that has its key and its body. */
void s3c_pipeline_push(struct s3c_pipeline *p, struct s3c_file *f);
/* Takes over a closed file that will never be stored. */
void s3c_pipeline_push_failed(struct s3c_pipeline *p, struct s3c_file *f,
                              const struct s3c_error *err);
/* Takes what the sink has finished (waiting up to timeout_ms for it, see dest/sink.h), then sends what may be sent. */
void s3c_pipeline_run(struct s3c_pipeline *p, int timeout_ms, bool *ret_woken);
/* When run must be called even if the sink has nothing; INT64_MAX: no such time. */
int64_t s3c_pipeline_due_ns(const struct s3c_pipeline *p);
/* From then on (monotonic) whatever is not stored fails. What waits for its backoff is tried once more at once. */
void s3c_pipeline_set_deadline(struct s3c_pipeline *p, int64_t mono_ns);

/* Gives a file that is done back to the owner. */
void s3c_pipeline_remove(struct s3c_pipeline *p, struct s3c_file *f);
/* Counts the bytes of a closed file again. */
void s3c_pipeline_recount(struct s3c_pipeline *p, struct s3c_file *f);
/* How much memory will be free without anybody closing another file: that of closed files, and what streams are sending just now. */
size_t s3c_pipeline_on_its_way(const struct s3c_pipeline *p, size_t part_size);

/* ---- streams (dest/stream.c) ---- */

/* Begins to send an open file that has its key. 0, S3C_E_NOMEM, S3C_E_INVALID: it does not stream. */
S3C_MUST_USE int s3c_pipeline_begin_stream(struct s3c_pipeline *p, struct s3c_file *f,
                                           struct s3c_error *err);
/* Gives the sink what is final of an open file. 0 (also when memory is out: later), else the file must be given up. */
S3C_MUST_USE int s3c_pipeline_feed_stream(struct s3c_pipeline *p, struct s3c_file *f,
                                          struct s3c_error *err);
/* Takes over a streaming file that is closed now: the rest of it is finished and sent. Its writer is
 * empty then, unless the file was abandoned. */
void s3c_pipeline_end_stream(struct s3c_pipeline *p, struct s3c_file *f);
/* Takes over a streaming file whose bytes got lost on the way: fails it with err once the sink has let go of it. */
void s3c_pipeline_abandon_stream(struct s3c_pipeline *p, struct s3c_file *f,
                                 const struct s3c_error *err);
/* An open file whose stream failed, with delivery.error; the owner hands it to s3c_pipeline_push_failed. NULL: none. */
struct s3c_file *s3c_pipeline_next_broken(struct s3c_pipeline *p);

#endif
