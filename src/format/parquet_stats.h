/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lowest and highest value of a page or chunk in the order of the column's type, and the short bounds that are stored instead of long
 * values. Values are given in PLAIN encoding, without a length. Wrong statistics lose rows silently, so this is a file of its own. Pure.
 */
#ifndef S3C_FORMAT_PARQUET_STATS_H
#define S3C_FORMAT_PARQUET_STATS_H

#include "base/buf.h"
#include "format/parquet_schema.h"

#define S3C_BOUND_MAX \
    64 /* bytes of a stored bound; 3 more where a raised character is longer than the old one */

/* How values are compared, and what may be stored as their bounds. */
enum s3c_order {
    S3C_ORDER_BYTES,   /* unsigned bytes; long ones are cut */
    S3C_ORDER_TEXT,    /* the same, between characters: valid UTF-8 */
    S3C_ORDER_FIXED,   /* unsigned bytes of one length, which a bound must have as well */
    S3C_ORDER_DECIMAL, /* big-endian two's complement of one length */
    S3C_ORDER_BOOLEAN,
    S3C_ORDER_INT32,
    S3C_ORDER_INT64,
    S3C_ORDER_FLOAT, /* NaN is no value here; both zeros are one */
    S3C_ORDER_DOUBLE,
};
enum s3c_order s3c_order_of(const struct s3c_parquet_node *leaf);

struct s3c_bounds {
    struct s3c_view min, max;    /* borrowed */
    uint64_t min_head, max_head; /* their first 8 bytes as a number: decides most comparisons */
    bool any;                    /* false: no value was seen, the rest means nothing */
};

/* Whether values of this order may be NaN, which has no place among the others: it is counted instead. */
static inline bool s3c_order_has_nan(enum s3c_order order)
{
    return order >= S3C_ORDER_FLOAT;
}
bool s3c_is_nan(enum s3c_order order, struct s3c_view v);

/* NaN changes nothing. */
void s3c_bounds_add(struct s3c_bounds *b, enum s3c_order order, struct s3c_view v);
void s3c_bounds_join(struct s3c_bounds *b, enum s3c_order order, const struct s3c_bounds *other);

/* Below 0, 0 or above 0, as a is lower than b, equal to it, or higher; neither is NaN. */
int s3c_order_compare(enum s3c_order order, struct s3c_view a, struct s3c_view b);

/* A stored bound: bytes in a buffer. */
struct s3c_bound {
    size_t offset;
    uint32_t len;
    bool known; /* false: there is none that is short enough */
    bool exact; /* it is the value itself */
};

/* Appends a bound at or below (above) v. 0, S3C_E_NOMEM, S3C_E_TOO_LARGE. */
S3C_MUST_USE int s3c_bound_below(struct s3c_buf *out, enum s3c_order order, struct s3c_view v,
                                 struct s3c_bound *ret);
S3C_MUST_USE int s3c_bound_above(struct s3c_buf *out, enum s3c_order order, struct s3c_view v,
                                 struct s3c_bound *ret);

#endif
