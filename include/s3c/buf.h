/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Growable bytes with a cap. Owns its memory; not thread-safe. Appending returns 0, S3C_E_NOMEM or S3C_E_TOO_LARGE (the cap
 * would be passed; nothing is appended then).
 */
#ifndef S3C_BUF_H
#define S3C_BUF_H

#include <stdint.h>

#include <s3c/error.h>
#include <s3c/view.h>

#ifdef __cplusplus
extern "C" {
#endif

struct s3c_buf {
    char *ptr;
    size_t len;
    size_t cap; /* allocated */
    size_t max; /* never more than this many bytes */
};
#define S3C_BUF_INIT(max_) \
    {                      \
        NULL, 0, 0, (max_) \
    }

/* Room for n more bytes after len; then write at ptr + len and add to len. Grows by doubling, from a MiB on by a quarter. */
S3C_PUBLIC S3C_MUST_USE int s3c_buf_reserve(struct s3c_buf *b, size_t n);
S3C_PUBLIC S3C_MUST_USE int s3c_buf_add(struct s3c_buf *b, const void *p, size_t n);
S3C_PUBLIC S3C_MUST_USE int s3c_buf_add_view(struct s3c_buf *b, struct s3c_view v);
S3C_PUBLIC S3C_MUST_USE int s3c_buf_add_str(struct s3c_buf *b, const char *s);
S3C_PUBLIC S3C_MUST_USE int s3c_buf_add_char(struct s3c_buf *b, char c);
S3C_PUBLIC S3C_MUST_USE int s3c_buf_add_u64(struct s3c_buf *b, uint64_t v); /* decimal */
S3C_PUBLIC S3C_MUST_USE int s3c_buf_add_i64(struct s3c_buf *b, int64_t v);
S3C_PUBLIC S3C_MUST_USE int s3c_buf_addf(struct s3c_buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* NUL-terminates without counting the NUL in len nor against max. 0 or S3C_E_NOMEM. */
S3C_PUBLIC S3C_MUST_USE int s3c_buf_terminate(struct s3c_buf *b);
S3C_PUBLIC void s3c_buf_clear(struct s3c_buf *b); /* len = 0, memory kept */
S3C_PUBLIC void s3c_buf_done(struct s3c_buf *b);  /* idempotent; usable with _cleanup_ */

static inline struct s3c_view s3c_buf_view(const struct s3c_buf *b)
{
    struct s3c_view v = {b->ptr ? b->ptr : "", b->len};
    return v;
}

#ifdef __cplusplus
}
#endif
#endif
