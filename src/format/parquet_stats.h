/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lowest and highest value of a page or chunk, in the order of unsigned bytes (that of BYTE_ARRAY and of STRING), and the short bounds
 * that are stored instead of long values. Wrong statistics lose rows silently, so this is a file of its own. Pure.
 */
#ifndef S3C_FORMAT_PARQUET_STATS_H
#define S3C_FORMAT_PARQUET_STATS_H

#include "base/buf.h"

#define S3C_BOUND_MAX \
    64 /* bytes of a stored bound; 3 more where a raised character is longer than the old one */

struct s3c_bounds {
    struct s3c_view min, max;    /* borrowed */
    uint64_t min_head, max_head; /* their first 8 bytes as a number: decides most comparisons */
    bool any;                    /* false: no value was seen, the rest means nothing */
};

void s3c_bounds_add(struct s3c_bounds *b, struct s3c_view v);
void s3c_bounds_join(struct s3c_bounds *b, const struct s3c_bounds *other);

/* A stored bound: bytes in a buffer. */
struct s3c_bound {
    size_t offset;
    uint32_t len;
    bool known; /* false: there is none that is short enough */
    bool exact; /* it is the value itself */
};

/* Appends a bound at or below (above) v; valid UTF-8 where v is (utf8). 0, S3C_E_NOMEM, S3C_E_TOO_LARGE. */
S3C_MUST_USE int s3c_bound_below(struct s3c_buf *out, struct s3c_view v, bool utf8,
                                 struct s3c_bound *ret);
S3C_MUST_USE int s3c_bound_above(struct s3c_buf *out, struct s3c_view v, bool utf8,
                                 struct s3c_bound *ret);

#endif
