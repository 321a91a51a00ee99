/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One file of the destination, from its first record to its last acknowledgement: the bytes, the positions to acknowledge, and the
 * rules by which it is closed. Pure: no I/O, no clock of its own. Not thread-safe.
 */
#ifndef S3C_DEST_FILE_H
#define S3C_DEST_FILE_H

#include <s3c/destination.h>

#include "base/clock.h"
#include "dest/sink.h"
#include "format/writer.h"

struct s3c_file_limits {
    size_t records;          /* at least 1 */
    size_t bytes;            /* of the formatted file; 0 = off */
    int64_t age_ns, idle_ns; /* since the first record, since the last; 0 = off */
};

enum s3c_file_state {
    S3C_FILE_OPEN,
    S3C_FILE_QUEUED,  /* closed; waits for its turn or, after a failure, for retry_ns */
    S3C_FILE_SENDING, /* with the sink */
    S3C_FILE_DONE,    /* stored, or failed for good: may be acknowledged */
};

struct s3c_file {
    struct s3c_buf positions; /* each as 4 bytes of length and its bytes */
    size_t records;
    int64_t first_ns, last_ns; /* monotonic: when the oldest and the newest record came */
    struct s3c_buf body;       /* once closed */
    struct s3c_buf key;

    /* the pipeline's */
    enum s3c_file_state state;
    struct s3c_delivery delivery; /* result and error count once the file is done */
    unsigned failures;
    struct s3c_error last_failure; /* if failures > 0; a cancelled retry must not hide it */
    int64_t retry_ns;              /* monotonic; 0 = at once */
    struct s3c_file *next;

    size_t ack_cursor; /* in positions: what has been acknowledged */
};

S3C_MUST_USE struct s3c_file *s3c_file_new(void); /* NULL: out of memory */
void s3c_file_free(struct s3c_file *f);           /* NULL is fine */

/* Adds a record to the file and to the writer's bytes: to both or to none. 0, or what the writer returned. */
S3C_MUST_USE int s3c_file_add(struct s3c_file *f, struct s3c_writer *w, const struct s3c_record *r,
                              int64_t now_ns, struct s3c_error *err);
/* Whether the file must be closed now, and why. The order of the checks is that of enum s3c_close_reason. */
bool s3c_file_is_due(const struct s3c_file *f, const struct s3c_writer *w,
                     const struct s3c_file_limits *l, int64_t now_ns, enum s3c_close_reason *ret);
/* When it will be due if nothing more comes; INT64_MAX: never. */
int64_t s3c_file_due_ns(const struct s3c_file *f, const struct s3c_file_limits *l);
/* Takes the finished bytes over from the writer. On failure the file has none and must be failed. */
S3C_MUST_USE int s3c_file_close(struct s3c_file *f, struct s3c_writer *w, struct s3c_error *err);
/* Marks it done; a failed or stored file needs its bytes no longer. err: NULL = stored. */
void s3c_file_finish(struct s3c_file *f, const struct s3c_error *err);

/* What it holds: itself, positions and, once closed, the body. */
size_t s3c_file_bytes(const struct s3c_file *f);
/* The next position in order of the records, each once; false after the last. Valid as long as the file. */
bool s3c_file_next_position(struct s3c_file *f, struct s3c_view *ret);
bool s3c_file_is_acked(const struct s3c_file *f); /* s3c_file_next_position has given them all */

#endif
