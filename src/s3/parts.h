/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cuts the body of an upload into parts: a body that is there as a whole, or one that comes bit by bit and is kept here until its parts are
 * taken. Pure; not thread-safe.
 */
#ifndef S3C_S3_PARTS_H
#define S3C_S3_PARTS_H

#include <stdbool.h>

#include "base/buf.h"

#define S3C_PART_MIN  (5u << 20)
#define S3C_PART_MAX  (UINT64_C(5) << 30)
#define S3C_PARTS_MAX 10000u

struct s3c_parts { /* private */
    bool stream, ended;
    uint64_t part_size;
    unsigned given; /* parts */
    uint64_t held;  /* bytes that were not given yet */
    struct s3c_view body;
    struct s3c_buf *chunks; /* of a stream: as they were appended */
    size_t count, cap;
    size_t offset; /* in the first chunk */
};

struct s3c_part {
    struct s3c_view body;
    struct s3c_buf owned; /* of a stream: what body points into; s3c_buf_done */
};

/*
 * The size of part `number` (from 1) of a stream that begins with parts of part_size. Some stores want equal parts, and nobody knows how long a
 * stream will be: the first 4,500 are equal, then the size doubles every 500 parts, so that a stream of 5 TiB, S3's largest object,
 * fits into 10,000 parts from 5 MiB on, and no part is larger than about a 500th of what went before it.
 */
uint64_t s3c_part_size(uint64_t part_size, unsigned number);

/* body is borrowed; equal parts but the last, larger than part_size where there would be more than 10,000. */
void s3c_parts_init_body(struct s3c_parts *p, struct s3c_view body, uint64_t part_size);
void s3c_parts_init_stream(struct s3c_parts *p, uint64_t part_size);
void s3c_parts_done(struct s3c_parts *p); /* idempotent */

/* Moves the bytes; *bytes is empty after 0. S3C_E_NOMEM: nothing has changed. */
S3C_MUST_USE int s3c_parts_append(struct s3c_parts *p, struct s3c_buf *bytes);
void s3c_parts_end(struct s3c_parts *p); /* no more will be appended */

/* The next part, 1: *ret is the caller's. 0: there is none (yet). S3C_E_NOMEM: nothing has changed; S3C_E_TOO_LARGE: it would be part 10,001. */
S3C_MUST_USE int s3c_parts_next(struct s3c_parts *p, struct s3c_part *ret);
bool s3c_parts_at_end(const struct s3c_parts *p); /* all were given; there is always one */

#endif
