/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading Avro's binary encoding (Avro 1.12, "Binary Encoding"), piece by piece. Inline, because most pieces are a byte or two. Lengths and
 * counts are claims of the data: nothing is taken beyond the end. All functions: 0, or S3C_E_RECORD and `why`. Pure.
 */
#ifndef S3C_AVRO_READER_H
#define S3C_AVRO_READER_H

#include <stdint.h>
#include <string.h>

#include <s3c/error.h>
#include <s3c/view.h>

struct avro_reader {
    const char *start, *p, *end;
    const char *why; /* static text */
};

static inline struct avro_reader avro_reader_of(struct s3c_view data)
{
    const char *start = data.len > 0 ? data.ptr : "";

    return (struct avro_reader){start, start, start + data.len, NULL};
}

static inline int avro_fail(struct avro_reader *r, const char *why)
{
    r->why = why;
    return S3C_E_RECORD;
}

static inline int avro_take(struct avro_reader *r, uint64_t n, struct s3c_view *ret)
{
    if (n > (uint64_t)(r->end - r->p))
        return avro_fail(r, "the data ends too early");
    *ret = (struct s3c_view){r->p, (size_t)n};
    r->p += n;
    return 0;
}

/* Zigzag; `bits` of 32 for an int: a constant, so that the loop knows it. */
static inline int avro_take_number(struct avro_reader *r, unsigned bits, int64_t *ret)
{
    const char *p = r->p;
    uint64_t v = 0;

    for (unsigned shift = 0; p < r->end; shift += 7) {
        uint64_t byte = (unsigned char)*p++;
        if (shift + 7 > bits && byte >> (bits - shift)) {
            r->p = p;
            return avro_fail(r, "a number is too large for its type");
        }
        v |= (byte & 0x7f) << shift;
        if (byte < 0x80) {
            r->p = p;
            *ret = (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
            return 0;
        }
    }
    r->p = p;
    return avro_fail(r, "the data ends too early");
}

static inline int avro_take_bytes(struct avro_reader *r, struct s3c_view *ret)
{
    int64_t n;
    int rc = avro_take_number(r, 64, &n);

    if (rc < 0)
        return rc;
    return n < 0 ? avro_fail(r, "a length is negative") : avro_take(r, (uint64_t)n, ret);
}

/* n of 4 or 8: floating point numbers are little-endian. */
static inline int avro_take_little_endian(struct avro_reader *r, size_t n, uint64_t *ret)
{
    struct s3c_view v;
    int rc = avro_take(r, n, &v);

    *ret = 0;
    if (rc < 0)
        return rc;
    memcpy(ret, v.ptr, n);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    *ret = __builtin_bswap64(*ret);
#endif
    return 0;
}

static inline int avro_take_boolean(struct avro_reader *r, int *ret)
{
    struct s3c_view v;
    int rc = avro_take(r, 1, &v);

    if (rc < 0)
        return rc;
    if (v.ptr[0] != 0 && v.ptr[0] != 1)
        return avro_fail(r, "a boolean is neither 0 nor 1");
    *ret = v.ptr[0];
    return 0;
}

/* The number of a union's branch or an enum's symbol, below n. */
static inline int avro_take_index(struct avro_reader *r, size_t n, const char *why, size_t *ret)
{
    int64_t i;
    int rc = avro_take_number(r, 64, &i);

    if (rc < 0)
        return rc;
    if (i < 0 || (uint64_t)i >= n)
        return avro_fail(r, why);
    *ret = (size_t)i;
    return 0;
}

/* How many items the next block of an array or map has; 0: there is none. A negative count is followed by the block's size, of no use here. */
static inline int avro_take_block(struct avro_reader *r, uint64_t *ret)
{
    int64_t count, size;
    int rc = avro_take_number(r, 64, &count);

    if (rc < 0)
        return rc;
    *ret = count < 0 ? -(uint64_t)count : (uint64_t)count;
    return count < 0 ? avro_take_number(r, 64, &size) : 0;
}

#endif
