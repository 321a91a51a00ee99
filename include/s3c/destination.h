/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The destination: records are buffered, written to S3 as files, and acknowledged in order once S3 has confirmed the file.
 * One object is used by one thread at a time. It has no thread that keeps time: files are closed by age and idleness inside
 * s3c_destination_write and s3c_destination_acks, so call the latter at least when s3c_destination_timeout_ms is over.
 */
#ifndef S3C_DESTINATION_H
#define S3C_DESTINATION_H

#include <stdbool.h>
#include <stdint.h>

#include <s3c/config.h>
#include <s3c/record.h>

#ifdef __cplusplus
extern "C" {
#endif

struct s3c_destination;

/* Checks the bucket (at most 10 s in all). `c` is a finished destination config; it and `log` (or NULL) must outlive the object. */
S3C_PUBLIC S3C_MUST_USE int s3c_destination_open(struct s3c_destination **ret,
                                                 const struct s3c_config *c,
                                                 const struct s3c_log *log, struct s3c_error *err);
/*
 * Takes a copy of records[0, *ret_taken). 0: at least one was taken; S3C_AGAIN: none, memory.limit (or the room for files) is in
 * use by uploads and their acknowledgements, call s3c_destination_acks first. Negative: the next record cannot be taken
 * (S3C_E_NOMEM; S3C_E_RECORD: it is none; S3C_E_INVALID: after stop), those before it were. A record larger than memory.limit
 * is taken alone.
 */
S3C_PUBLIC S3C_MUST_USE int s3c_destination_write(struct s3c_destination *d,
                                                  const struct s3c_record *records, size_t count,
                                                  size_t *ret_taken, struct s3c_error *err);

/*
 * Whether more records are to come whatever is acknowledged (false at first: a host may wait for acknowledgements). As long as that is so, with write.once,
 * records of a replay wait for the rest of a file that is there already, however long it takes.
 */
S3C_PUBLIC void s3c_destination_expect_more(struct s3c_destination *d, bool more);

/*
 * For whoever sends everything again from the first record that failed: with write.once nothing more is written then, because what comes behind a gap would
 * be in other files the next time. Records that have not been sent fail too.
 */
S3C_PUBLIC void s3c_destination_end_at_failure(struct s3c_destination *d);

/* Whether payloads may come as Avro with their schema (S3C_DATA_AVRO): the files' columns are made from them directly. */
S3C_PUBLIC bool s3c_destination_takes_avro(const struct s3c_destination *d);

struct s3c_ack {
    struct s3c_view position;      /* byte-equal to the record's */
    const struct s3c_error *error; /* NULL: the record is in S3; else why it never will be */
    /* A replay that begins behind this record, if no one before it failed, begins in the middle of no file. Without write.once: always. */
    bool border;
};
/*
 * Gives acknowledgements in the order of the records, each record once. They are valid until the next call on this object.
 * timeout_ms: 0 = only what is there, -1 = wait until there is one. 0; S3C_AGAIN: none; S3C_END: none will come any more (all
 * were given and s3c_destination_stop was called). It also ends its waiting with S3C_AGAIN when a record that the latest write did not take may
 * be written again.
 */
S3C_PUBLIC S3C_MUST_USE int s3c_destination_acks(struct s3c_destination *d, struct s3c_ack *acks,
                                                 size_t max, size_t *ret_count, int timeout_ms,
                                                 struct s3c_error *err);
/* Closes the open files now (reason `stop`, or `idle` by s3c_destination_flush); returns at once. After stop no write is taken,
 * and uploads that are not done after deadline_ms fail their records (-1: they are retried for ever). A later stop moves the
 * deadline. */
S3C_PUBLIC S3C_MUST_USE int s3c_destination_flush(struct s3c_destination *d, struct s3c_error *err);
S3C_PUBLIC S3C_MUST_USE int s3c_destination_stop(struct s3c_destination *d, int deadline_ms,
                                                 struct s3c_error *err);
/* Makes a waiting s3c_destination_acks return S3C_AGAIN; from any thread or signal handler. */
S3C_PUBLIC void s3c_destination_wake(struct s3c_destination *d);
/* For poll: readable when s3c_destination_acks may have something. Owned by the destination. */
S3C_PUBLIC int s3c_destination_fd(const struct s3c_destination *d);
/* How long a poll on the descriptor may last before s3c_destination_acks must be called: until a file must be closed or sent
 * again; 0: there are acknowledgements already, or a record that was not taken may be written again; -1: no limit. */
S3C_PUBLIC int s3c_destination_timeout_ms(const struct s3c_destination *d);

enum s3c_close_reason {
    S3C_CLOSE_COUNT,
    S3C_CLOSE_BYTES,
    S3C_CLOSE_AGE,
    S3C_CLOSE_IDLE,
    S3C_CLOSE_STOP,
    S3C_CLOSE_MEMORY, /* another file needed its room in memory.limit: the largest goes first */
    S3C_CLOSE_REASONS
};
struct s3c_destination_stats {
    uint64_t records, acked, failed; /* taken; acknowledged as stored; acknowledged with an error */
    uint64_t files[S3C_CLOSE_REASONS];
    uint64_t files_written, bytes_written;
    uint64_t requests, retries;
    uint64_t in_flight; /* files being uploaded now */
    uint64_t open;      /* files that records still go into */
};
S3C_PUBLIC void s3c_destination_get_stats(const struct s3c_destination *d,
                                          struct s3c_destination_stats *ret);

/* Drops what was not acknowledged (uploads under way are cancelled). NULL is fine. */
S3C_PUBLIC void s3c_destination_close(struct s3c_destination *d);

#ifdef __cplusplus
}
#endif
#endif
