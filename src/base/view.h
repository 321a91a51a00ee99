/* SPDX-License-Identifier: Apache-2.0 */
/* Working on views: compare, split, numbers, percent-encoding, UTF-8. Pure, allocation-free unless a buffer is given. */
#ifndef S3C_BASE_VIEW_H
#define S3C_BASE_VIEW_H

#include <stdbool.h>

#include "base/buf.h"

#define S3C_VIEW(lit) ((struct s3c_view){"" lit, sizeof(lit) - 1})

struct s3c_view s3c_view_str(const char *s); /* NULL gives {NULL, 0} */
bool s3c_view_eq(struct s3c_view a, struct s3c_view b);
bool s3c_view_eq_str(struct s3c_view a, const char *s);
bool s3c_view_eq_nocase(struct s3c_view a, struct s3c_view b); /* ASCII */
int s3c_view_cmp(struct s3c_view a,
                 struct s3c_view b); /* unsigned bytes, then length: S3's key order */
bool s3c_view_starts(struct s3c_view v, struct s3c_view prefix);
bool s3c_view_ends(struct s3c_view v, struct s3c_view suffix);
struct s3c_view s3c_view_trim(struct s3c_view v); /* ASCII space, tab, CR, LF at both ends */
struct s3c_view s3c_view_skip(struct s3c_view v, size_t n);  /* n <= len */
struct s3c_view s3c_view_first(struct s3c_view v, size_t n); /* n <= len */
/* Splits at the first (last) c: true and both halves, or false and nothing written. */
bool s3c_view_split(struct s3c_view v, char c, struct s3c_view *head, struct s3c_view *tail);
bool s3c_view_split_last(struct s3c_view v, char c, struct s3c_view *head, struct s3c_view *tail);
/* NUL-terminated copy into dst, cut to fit; dst_size > 0. */
void s3c_view_copy(char *dst, size_t dst_size, struct s3c_view v);

/* Whole view must be the number: no sign for u64, optional '-' for i64, no spaces, no overflow. 0 or S3C_E_INVALID. */
S3C_MUST_USE int s3c_view_u64(struct s3c_view v, uint64_t *ret);
S3C_MUST_USE int s3c_view_i64(struct s3c_view v, int64_t *ret);

/* RFC 3986: every byte outside A-Za-z0-9-._~ becomes %XX (upper-case hex); keep_slash leaves '/' alone. 0, NOMEM, TOO_LARGE. */
S3C_MUST_USE int s3c_percent_encode(struct s3c_buf *out, struct s3c_view v, bool keep_slash);
/*
 * Undoes it; plus_is_space also turns '+' into ' ' (S3 listings with encoding-type=url). Bytes that are no valid escape are kept
 * as they are. `dst` needs v.len bytes and may be v.ptr itself; returns the length written.
 */
size_t s3c_percent_decode(char *dst, struct s3c_view v, bool plus_is_space);

bool s3c_utf8_valid(
    struct s3c_view
        v); /* strict: no surrogates, no overlong forms, <= U+10FFFF; SIMD fast path for ASCII */

#endif
