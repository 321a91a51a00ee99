/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the index remembers of a listed entry: 16 bytes instead of version id, ETag, size and time. Two bits say what
 * the change table needs to know of an entry that is gone; the rest is a hash of everything that identifies it.
 */
#ifndef S3C_SOURCE_FINGERPRINT_H
#define S3C_SOURCE_FINGERPRINT_H

#include "s3/list.h"

struct s3c_fingerprint {
    uint64_t lo, hi; /* the lowest bits of hi are the flags below */
};

#define S3C_FP_MARKER UINT64_C(1) /* a delete marker */
#define S3C_FP_NULL   UINT64_C(2) /* version id `null`: replaced in place by the next one */
/* No entry at all: what the reader last saw of a key (see unseen.h). Equal to no listed entry. */
#define S3C_FP_GHOST UINT64_C(4)
#define S3C_FP_FLAGS UINT64_C(7)

/* The same for ListObjectsV2 and ListObjectVersions, so that a bucket whose versioning is switched on changes nothing. */
struct s3c_fingerprint s3c_fingerprint(const struct s3c_list_entry *e);

static inline bool s3c_fingerprint_eq(struct s3c_fingerprint a, struct s3c_fingerprint b)
{
    return a.lo == b.lo && a.hi == b.hi;
}
static inline bool s3c_fingerprint_is(struct s3c_fingerprint f, uint64_t flag)
{
    return (f.hi & flag) != 0;
}

#endif
