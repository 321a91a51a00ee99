/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The short way through JSON strings: nearly all names and values are ASCII without anything to escape, and short, so that a
 * call per string costs more than its bytes. Inline for that reason; what is not plain goes to base/json.h. Pure.
 */
#ifndef S3C_BASE_JSON_PLAIN_H
#define S3C_BASE_JSON_PLAIN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/view.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* Eight bytes: each is ASCII, at least a space, and none of " \ & < >. (A borrow can only mislead above a byte that is not plain.) */
static inline bool s3c_json_is_plain8(uint64_t v)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), high = UINT64_C(0x8080808080808080);
    /* '"' and '&', '<' and '>' differ in one bit each */
    uint64_t quote = (v | ones * ('"' ^ '&')) ^ ones * '&';
    uint64_t angle = (v | ones * ('<' ^ '>')) ^ ones * '>';
    uint64_t backslash = v ^ ones * '\\';

    return ((v | (v - ones * 0x20) | (quote - ones) | (angle - ones) | (backslash - ones)) &
            high) == 0;
}

#if defined(__SSE2__)
/* Marks the bytes that are not plain. */
static inline __m128i s3c_json_special16(const char *p)
{
    const __m128i v = _mm_loadu_si128((const __m128i *)p);
    __m128i hit = _mm_cmplt_epi8(v, _mm_set1_epi8(0x20)); /* signed: also what is not ASCII */

    hit = _mm_or_si128(
        hit, _mm_cmpeq_epi8(_mm_or_si128(v, _mm_set1_epi8('"' ^ '&')), _mm_set1_epi8('&')));
    hit = _mm_or_si128(
        hit, _mm_cmpeq_epi8(_mm_or_si128(v, _mm_set1_epi8('<' ^ '>')), _mm_set1_epi8('>')));
    return _mm_or_si128(hit, _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
}
#endif

static inline bool s3c_json_is_plain16(const char *p)
{
#if defined(__SSE2__)
    return _mm_movemask_epi8(s3c_json_special16(p)) == 0;
#else
    uint64_t a, b;

    memcpy(&a, p, 8);
    memcpy(&b, p + 8, 8);
    return s3c_json_is_plain8(a) && s3c_json_is_plain8(b);
#endif
}

/* One branch for 64 bytes: long strings are looked at as fast as they are copied. */
static inline bool s3c_json_is_plain64(const char *p)
{
#if defined(__SSE2__)
    const __m128i first = _mm_or_si128(s3c_json_special16(p), s3c_json_special16(p + 16));
    const __m128i last = _mm_or_si128(s3c_json_special16(p + 32), s3c_json_special16(p + 48));

    return _mm_movemask_epi8(_mm_or_si128(first, last)) == 0;
#else
    return s3c_json_is_plain16(p) && s3c_json_is_plain16(p + 16) && s3c_json_is_plain16(p + 32) &&
           s3c_json_is_plain16(p + 48);
#endif
}

/* Fewer than 16 bytes: what is loaded twice does no harm, what is missing is filled with plain bytes. */
static inline bool s3c_json_is_plain_short(const char *p, size_t n)
{
    uint64_t a = UINT64_C(0x6161616161616161), b = a;

    if (n >= 8) {
        memcpy(&a, p, 8);
        memcpy(&b, p + n - 8, 8);
        return s3c_json_is_plain8(a) && s3c_json_is_plain8(b);
    }
    if (n >= 4) {
        memcpy(&a, p, 4);
        memcpy((char *)&a + 4, p + n - 4, 4);
    } else if (n > 0) {
        memcpy(&a, p, 1);
        memcpy((char *)&a + 1, p + n / 2, 1);
        memcpy((char *)&a + 2, p + n - 1, 1);
    }
    return s3c_json_is_plain8(a);
}

/* True: `"` + v + `"` is what s3c_json_string gives in either style, and v is valid UTF-8. False: it may be either. */
static inline bool s3c_json_is_plain(struct s3c_view v)
{
    size_t i = 0;

    if (v.len < 16)
        return s3c_json_is_plain_short(v.ptr, v.len);
    for (; i + 64 <= v.len; i += 64)
        if (!s3c_json_is_plain64(v.ptr + i))
            return false;
    for (; i + 16 <= v.len; i += 16)
        if (!s3c_json_is_plain16(v.ptr + i))
            return false;
    return s3c_json_is_plain16(v.ptr + v.len - 16);
}

#endif
