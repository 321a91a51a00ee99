/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The source: a bucket as a stream of records, snapshot first, then changes. One object is used by one thread at a time, except
 * s3c_source_wake.
 */
#ifndef S3C_SOURCE_H
#define S3C_SOURCE_H

#include <stdint.h>

#include <s3c/config.h>
#include <s3c/record.h>

#ifdef __cplusplus
extern "C" {
#endif

struct s3c_source;

struct s3c_source_options {
    struct s3c_view position; /* empty: from the start */
    bool
        snapshot_only; /* end (S3C_END) after the snapshot, and one more pass where keys were left out of it */
    const struct s3c_log *log; /* or NULL; must outlive the source */
};

/*
 * Checks the bucket (at most 10 s in all) and starts. `c` is a finished source config; it must outlive the source.
 * 0; S3C_E_POSITION, S3C_E_INVALID, or the class of the failure (error.h), which err->message names as well.
 */
S3C_PUBLIC S3C_MUST_USE int s3c_source_open(struct s3c_source **ret, const struct s3c_config *c,
                                            const struct s3c_source_options *o,
                                            struct s3c_error *err);
/*
 * Gives 1 to max records in position order. They and all they point to are valid until the next call on this source.
 * timeout_ms: 0 = only what is there, -1 = wait for ever.
 * 0 (*ret_count >= 1); S3C_AGAIN (time ran out or woken; none given); S3C_END (snapshot_only: done); negative: the stream has
 * ended with this failure, every record before it has been given.
 */
S3C_PUBLIC S3C_MUST_USE int s3c_source_read(struct s3c_source *s, struct s3c_record *records,
                                            size_t max, size_t *ret_count, int timeout_ms,
                                            struct s3c_error *err);
/* Makes a waiting s3c_source_read return S3C_AGAIN; from any thread or signal handler. */
S3C_PUBLIC void s3c_source_wake(struct s3c_source *s);
/* A descriptor that is readable when s3c_source_read may have something, for poll; owned by the source. s3c_source_timeout_ms
 * says how long such a poll may last at most (-1: no limit). */
S3C_PUBLIC int s3c_source_fd(const struct s3c_source *s);
S3C_PUBLIC int s3c_source_timeout_ms(const struct s3c_source *s);

struct s3c_source_stats {
    uint64_t records[5];     /* by enum s3c_operation; [0] unused */
    uint64_t objects, bytes; /* payloads fetched */
    uint64_t listed;         /* entries seen by the listing that is under way, or by the last one */
    uint64_t passes;         /* complete CDC passes */
    uint64_t skipped_changed, skipped_archived,
        skipped_too_large; /* 404/405/412; by policy; by policy */
    uint64_t requests, retries;
    uint64_t index_keys, index_bytes;
    bool cdc;              /* the snapshot is over */
    bool caught_up;        /* everything has been given that was there when the latest pass began */
    int64_t closed_second; /* W: everything up to this second has been looked at; 0 = not yet */
    int64_t last_change_ns;   /* LastModified of the newest change given, 0 = none */
    int64_t server_offset_ns; /* server's date minus local wall clock, as of the last listing */
};
S3C_PUBLIC void s3c_source_get_stats(const struct s3c_source *s, struct s3c_source_stats *ret);

S3C_PUBLIC void s3c_source_close(
    struct s3c_source *s); /* cancels what is under way; NULL is fine */

#ifdef __cplusplus
}
#endif
#endif
