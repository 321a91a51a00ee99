/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One file of the destination, from its first record to its last acknowledgement: the writer that makes its bytes, the bytes, the positions
 * to acknowledge, and the rules by which it is closed. Pure: no I/O, no clock of its own. Not thread-safe.
 */
#ifndef S3C_DEST_FILE_H
#define S3C_DEST_FILE_H

#include <s3c/destination.h>

#include "base/clock.h"
#include "dest/list.h"
#include "dest/sink.h"
#include "format/writer.h"

#define S3C_SPARE_BODY_MIN ((size_t)1 << 20)
#define S3C_SPARE_BODY_MAX ((size_t)4 << 20)

struct s3c_file_limits {
    size_t records;          /* at least 1 */
    size_t bytes;            /* of the formatted file; 0 = off */
    int64_t age_ns, idle_ns; /* since its first record; since the last of all files; 0 = off */
};

enum s3c_file_state {
    S3C_FILE_OPEN,    /* records go into it; its first bytes may be with the sink already */
    S3C_FILE_QUEUED,  /* closed; waits for its turn or, after a failure, for retry_ns */
    S3C_FILE_SENDING, /* closed; with the sink */
    S3C_FILE_DONE,    /* stored, or failed for good: its records may be acknowledged */
};

struct s3c_partition;
struct s3c_file_once;

struct s3c_file {
    struct s3c_buf positions; /* each as 4 bytes of length and its bytes */
    size_t records;
    int64_t first_ns;          /* monotonic: when the oldest record came */
    struct s3c_writer *writer; /* while it is open */
    struct s3c_buf body;       /* once closed; open: what the sink could not take yet */
    struct s3c_buf
        *spare; /* where the body's memory goes when it is not needed any more; may be NULL */
    struct s3c_buf key; /* empty until the file is closed or begins to stream */
    size_t size;        /* bytes that came out of the writer: all, once it is closed */

    struct s3c_link link; /* the open files, by age; or one of the pipeline's lists */
    size_t counted;       /* its bytes as they are in the sum of whoever has it */

    /* the open files' (dest/open_files.h) */
    struct s3c_partition *partition; /* as long as the file lives */
    size_t heap_index;
    uint64_t number; /* in order of opening */

    /* the pipeline's */
    enum s3c_file_state state;
    struct s3c_delivery delivery; /* result and error count once the file is done */
    unsigned failures;
    struct s3c_error
        *last_failure; /* a cancelled retry must not hide it; NULL: none, or no memory for it */
    int64_t retry_ns;  /* monotonic */
    bool streamed;     /* it was given to the sink while it was open */
    bool abandoned;    /* a stream that we gave up, because of last_failure */
    struct s3c_link stream; /* the pipeline's streams, while the sink has it */
    size_t unsent;          /* bytes of it that the sink held when we last asked */

    struct s3c_file_once *once; /* with write.once (dest/once.h); else NULL */

    /* acknowledging */
    size_t settled; /* so many of its records have a result: all once it is done */
    size_t scanned; /* so many of them s3c_order_find_border has seen */
    bool goes_on,
        begun_before; /* one file of an earlier run has its end and the beginning of the next one in its partition */
    bool
        cut; /* the file of an earlier run that has its records has more, which a stop keeps from coming */
    size_t stored; /* so many of them were found to be stored, whatever becomes of the others */
    size_t given;  /* so many were acknowledged */
    size_t cursor; /* in positions: the next one to give */
};

S3C_MUST_USE struct s3c_file *s3c_file_new(void); /* NULL: out of memory */
void s3c_file_free(struct s3c_file *f);           /* with its writer; NULL is fine */

/* Adds a record to the file and to the writer's bytes: to both or to none. 0, or what the writer returned. */
S3C_MUST_USE int s3c_file_add(struct s3c_file *f, const struct s3c_record *r, int64_t now_ns,
                              struct s3c_error *err);
/* Whether what is in it says that it must be closed: by count, else by bytes. */
bool s3c_file_is_full(const struct s3c_file *f, const struct s3c_file_limits *l,
                      enum s3c_close_reason *ret);
/* Takes the finished bytes over from the writer, which is then ready for another file. On failure the file has none and must be failed. */
S3C_MUST_USE int s3c_file_finish_body(struct s3c_file *f, struct s3c_error *err);
/* Gives back memory of a closed file that is not used. */
void s3c_file_trim(struct s3c_file *f);
void s3c_file_keep_failure(struct s3c_file *f, const struct s3c_error *err);
void s3c_file_drop_writer(struct s3c_file *f); /* with what is in it */
/* Marks it done; a failed or stored file needs its bytes no longer. err: NULL = stored. */
void s3c_file_settle(struct s3c_file *f, const struct s3c_error *err);

/* What it holds: itself, positions, body, its writer's memory and what the sink has of it. */
size_t s3c_file_bytes(const struct s3c_file *f);
struct s3c_view s3c_file_first_position(const struct s3c_file *f); /* it has a record */
/* The next position in order of the file's records, each once; given < settled. Valid as long as the file. */
struct s3c_view s3c_file_give(struct s3c_file *f);

#endif
