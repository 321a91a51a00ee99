/* SPDX-License-Identifier: Apache-2.0 */
/* An event and the answer to its GET become a record (DESIGN 4.5). Pure. */
#ifndef S3C_SOURCE_BUILD_H
#define S3C_SOURCE_BUILD_H

#include "source/event.h"

#define S3C_META_PREFIX "s3.meta."

struct s3c_build {
    struct s3c_view bucket;
    struct s3c_arena *arena; /* what the records need beside the event and the call */
    struct s3c_buf scratch;
};
#define S3C_BUILD_INIT(bucket_, arena_) \
    ((struct s3c_build){.bucket = (bucket_), .arena = (arena_), .scratch = S3C_BUF_INIT(1u << 20)})
void s3c_build_done(struct s3c_build *b);

/*
 * `call` is the finished GET, NULL for deletes. `last_of_snapshot` gives a snapshot record the position that CDC starts from. The record
 * borrows from the event, the call and the arena. 0, S3C_E_NOMEM, S3C_E_TOO_LARGE.
 */
S3C_MUST_USE int s3c_build_record(struct s3c_build *b, const struct s3c_event *e,
                                  const struct s3c_call *call, int64_t read_at_ns,
                                  bool last_of_snapshot, struct s3c_record *ret,
                                  struct s3c_error *err);

#endif
