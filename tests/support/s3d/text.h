/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing text into buffers. The stand-in is a test program: when memory runs out it ends with a word on standard error, so that
 * none of its callers has to carry an error for it. Everything else of base/ that can fail for lack of memory is wrapped here too.
 */
#ifndef S3D_TEXT_H
#define S3D_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/view.h"

_Noreturn void s3d_die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static inline void s3d_must(int r)
{
    if (r < 0)
        s3d_die("out of memory");
}
void *s3d_zalloc(size_t n);
char *s3d_viewdup(struct s3c_view v);
void *s3d_arena(struct s3c_arena *a, size_t n);
struct s3c_view s3d_arena_copy(struct s3c_arena *a, struct s3c_view v);

static inline void s3d_put(struct s3c_buf *b, const void *p, size_t n)
{
    s3d_must(s3c_buf_add(b, p, n));
}
static inline void s3d_put_view(struct s3c_buf *b, struct s3c_view v)
{
    s3d_put(b, v.ptr, v.len);
}
#define S3D_PUT(b, lit) s3d_put((b), "" lit, sizeof(lit) - 1)
void s3d_put_str(struct s3c_buf *b, const char *s);
void s3d_put_u64(struct s3c_buf *b, uint64_t v);
void s3d_putf(struct s3c_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* How a key is written into a listing. */
enum s3d_key_text {
    S3D_KEY_XML, /* as it is, escaped for XML; control characters as &#xNN; (what Ceph prints, ill-formed in XML 1.0) */
    S3D_KEY_URL, /* encoding-type=url as AWS: space as '+' */
    S3D_KEY_PERCENT, /* encoding-type=url as Ceph: space as %20 */
};
#define S3D_KEY_GROWTH 6 /* bytes written per byte of a key at most */

/* Writes the key at p, which has S3D_KEY_GROWTH * key.len bytes, and returns the end. */
char *s3d_write_key(char *p, struct s3c_view key, enum s3d_key_text how);
char *s3d_write_u64(char *p, uint64_t v); /* at most 20 bytes */
void s3d_put_key(struct s3c_buf *b, struct s3c_view key, enum s3d_key_text how);
/* <name>text</name>, escaped. */
void s3d_put_element(struct s3c_buf *b, const char *name, struct s3c_view text);
/* "text" for JSON; bytes that are no UTF-8 are printed as \u00XX, which is enough for a test's eyes. */
void s3d_put_json(struct s3c_buf *b, struct s3c_view text);

#endif
