/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The format (google/snappy, format_description.txt): the length as a varint, then literals and copies, whose tags begin with 00 (literal), 01 (copy of 4 to 11
 * bytes from less than 2 KiB before) or 10 (copy of up to 64 bytes from less than 64 KiB before). Positions are kept with 16 bits: an old one then
 * means a place within the window, where the bytes are compared anyway.
 */
#include "format/snappy.h"

#include <string.h>

#include "format/parquet_bytes.h"

enum { LITERAL = 0, NEAR_COPY = 1, COPY = 2 };
enum { HASH_BITS = 14, HASH_BYTES = 5, LEAST_MATCH = 4 };
enum { NEAR = 2048, NEAR_LENGTH = 12, COPY_MAX = 64, INLINE_LENGTHS = 60 };
enum { PATIENCE = 5 }; /* after each 2^5 places without a match, steps get a byte longer */

/* What is copied at once of a short literal, and how far from the end matches are looked for, so that all that is read at once is there. */
enum { CHUNK = 32, MARGIN = CHUNK + 8 };

size_t s3c_snappy_bound(size_t n)
{
    return n + n / 6 + 2 * CHUNK;
}

/* ---- output ---- */

static char *put_length(char *dst, size_t n)
{
    for (; n >= 0x80; n >>= 7)
        *dst++ = (char)(n | 0x80);
    *dst++ = (char)n;
    return dst;
}

static char *put_literal_tag(char *dst, size_t n)
{
    size_t bytes = 0;

    if (n <= INLINE_LENGTHS) {
        *dst++ = (char)((n - 1) << 2 | LITERAL);
        return dst;
    }
    for (size_t rest = n - 1; rest > 0; rest >>= 8)
        dst[++bytes] = (char)rest;
    dst[0] = (char)((INLINE_LENGTHS + bytes - 1) << 2 | LITERAL);
    return dst + bytes + 1;
}

static char *put_literal(char *dst, const char *p, size_t n)
{
    if (n == 0)
        return dst;
    dst = put_literal_tag(dst, n);
    memcpy(dst, p, n);
    return dst + n;
}

/* CHUNK bytes can be read and written, however few are meant. */
static char *put_inner_literal(char *dst, const char *p, size_t n)
{
    if (n == 0 || n > CHUNK)
        return put_literal(dst, p, n);
    *dst++ = (char)((n - 1) << 2 | LITERAL);
    memcpy(dst, p, CHUNK);
    return dst + n;
}

static char *put_far_copy(char *dst, size_t distance, size_t n)
{
    dst[0] = (char)((n - 1) << 2 | COPY);
    dst[1] = (char)distance;
    dst[2] = (char)(distance >> 8);
    return dst + 3;
}

static char *put_copy(char *dst, size_t distance, size_t n)
{
    for (; n >= COPY_MAX + LEAST_MATCH; n -= COPY_MAX)
        dst = put_far_copy(dst, distance, COPY_MAX);
    if (n > COPY_MAX) {
        dst = put_far_copy(dst, distance, COPY_MAX - LEAST_MATCH);
        n -= COPY_MAX - LEAST_MATCH;
    }
    if (n >= NEAR_LENGTH || distance >= NEAR)
        return put_far_copy(dst, distance, n);
    dst[0] = (char)(distance >> 8 << 5 | (n - LEAST_MATCH) << 2 | NEAR_COPY);
    dst[1] = (char)distance;
    return dst + 2;
}

/* ---- matches ---- */

static uint16_t *slot_of(struct s3c_snappy_table *table, const char *p)
{
    const uint64_t spread = UINT64_C(0x9e3779b185ebca87);

    return &table->seen[(s3c_get_le64(p) << (64 - 8 * HASH_BYTES)) * spread >> (64 - HASH_BITS)];
}

/* How far before `at` the same LEAST_MATCH bytes are, or 0; `at` is remembered. */
static size_t look_back(struct s3c_snappy_table *table, const char *in, size_t at)
{
    uint16_t *slot = slot_of(table, in + at);
    size_t distance = (uint16_t)(at - *slot);

    *slot = (uint16_t)at;
    if (distance == 0 || distance > at || s3c_get_le32(in + at) != s3c_get_le32(in + at - distance))
        return 0;
    return distance;
}

/* From *at on; 0: there is none up to `limit`. */
static size_t find_match(struct s3c_snappy_table *table, const char *in, size_t limit, size_t *at)
{
    for (size_t places = 1 << PATIENCE; *at <= limit; *at += places++ >> PATIENCE) {
        size_t distance = look_back(table, in, *at);

        if (distance > 0)
            return distance;
    }
    return 0;
}

static size_t match_length(struct s3c_view in, size_t at, size_t distance)
{
    const char *p = in.ptr + at;
    size_t n = LEAST_MATCH, left = in.len - at;

    for (; n + sizeof(uint64_t) <= left; n += sizeof(uint64_t)) {
        uint64_t differ = s3c_get_le64(p + n) ^ s3c_get_le64(p + n - distance);

        if (differ != 0)
            return n + (size_t)__builtin_ctzll(differ) / 8;
    }
    while (n < left && p[n] == p[n - distance])
        n++;
    return n;
}

size_t s3c_snappy_compress(struct s3c_snappy_table *table, struct s3c_view in, char *out)
{
    size_t limit = in.len > MARGIN ? in.len - MARGIN : 0, from = 0, at = 1, distance;
    char *dst = put_length(out, in.len);

    memset(table, 0, sizeof(*table));
    while (limit > 0 && (distance = find_match(table, in.ptr, limit, &at)) > 0) {
        while (at > from && distance < at && in.ptr[at - 1] == in.ptr[at - 1 - distance])
            at--;
        dst = put_inner_literal(dst, in.ptr + from, at - from);
        do {
            size_t n = match_length(in, at, distance);

            dst = put_copy(dst, distance, n);
            at += n;
            from = at;
            if (at > limit)
                break;
            *slot_of(table, in.ptr + at - 2) = (uint16_t)(at - 2);
            distance = look_back(table, in.ptr, at);
        } while (distance > 0);
        at++;
    }
    return (size_t)(put_literal(dst, in.ptr + from, in.len - from) - out);
}
