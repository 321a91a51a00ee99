/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spare buffers for large bodies. Memory fresh from the kernel costs a page fault every 4 KiB: for an object of 16 MiB more than
 * receiving it. So large buffers go round: a call that is reset or freed gives its buffer here, the next large GET takes it.
 *
 * Counted references, because a call may outlive its client. Thread-safe.
 */
#ifndef S3C_S3_SPARE_H
#define S3C_S3_SPARE_H

#include "base/buf.h"

#define S3C_SPARE_MIN       (128u << 10) /* smaller ones malloc serves without the kernel */
#define S3C_SPARE_MAX_BYTES (32u << 20)

struct s3c_spare;

/* Holds max_bytes at most; 0 or more than S3C_SPARE_MAX_BYTES: that many. NULL: out of memory. */
S3C_MUST_USE struct s3c_spare *s3c_spare_new(size_t max_bytes);
struct s3c_spare *s3c_spare_ref(struct s3c_spare *s);
void s3c_spare_unref(struct s3c_spare *s); /* NULL is fine; the last one frees the buffers */

/* Gives an empty `b` the memory of a spare buffer of `size` bytes or not much more, if there is one. b->max stays. */
void s3c_spare_take(struct s3c_spare *s, struct s3c_buf *b, size_t size);
/* Takes the memory of `b`, which is empty and without memory afterwards. The oldest spare ones make room. */
void s3c_spare_give(struct s3c_spare *s, struct s3c_buf *b);

#endif
