/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list page is a thousand entries of ten short elements: what costs is the search for the end of each name and each text. Both
 * usually lie within 16 bytes, which one comparison of a register answers without a call.
 */
#include "base/xml_text.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/banned.h"

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

static bool ends_name(unsigned char c)
{
    return c <= ' ' || c == '>' || c == '/' || c == ':';
}

char *s3c_xml_name_end(char *p, char *end)
{
#if defined(__x86_64__)
    for (; end - p >= 16; p += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)p);
        __m128i space = _mm_cmpeq_epi8(_mm_max_epu8(v, _mm_set1_epi8(' ')), _mm_set1_epi8(' '));
        __m128i close =
            _mm_cmpeq_epi8(_mm_or_si128(v, _mm_set1_epi8('>' ^ ':')), _mm_set1_epi8('>'));
        __m128i slash = _mm_cmpeq_epi8(v, _mm_set1_epi8('/'));
        int mask = _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(space, close), slash));

        if (mask)
            return p + __builtin_ctz((unsigned)mask);
    }
#endif
    while (p < end && !ends_name((unsigned char)*p))
        p++;
    return p;
}

char *s3c_xml_text_end(char *p, char *end)
{
#if defined(__x86_64__)
    for (; end - p >= 16; p += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)p);
        __m128i hit = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('<')),
                                   _mm_cmpeq_epi8(v, _mm_set1_epi8('&')));
        int mask = _mm_movemask_epi8(hit);

        if (mask)
            return p + __builtin_ctz((unsigned)mask);
    }
#endif
    while (p < end && *p != '<' && *p != '&')
        p++;
    return p;
}

/* The value of a numeric reference's digits; 0 if it is no character that may be written as UTF-8. */
static uint32_t numeric_value(const char *p, size_t n)
{
    unsigned base = n && *p == 'x' ? 16 : 10;
    uint32_t value = 0;

    if (base == 16) {
        p++;
        n--;
    }
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)p[i], lower = c | 0x20;
        unsigned digit = c >= '0' && c <= '9'           ? c - (unsigned)'0'
                         : lower >= 'a' && lower <= 'f' ? lower - (unsigned)'a' + 10
                                                        : 16;

        if (digit >= base)
            return 0;
        value = value * base + digit;
        if (value > 0x10ffff)
            return 0;
    }
    return value >= 0xd800 && value <= 0xdfff ? 0 : value;
}

static char *put_utf8(char *dst, uint32_t c)
{
    if (c < 0x80) {
        *dst++ = (char)c;
        return dst;
    }
    if (c < 0x800) {
        *dst++ = (char)(0xc0 | c >> 6);
    } else {
        if (c < 0x10000) {
            *dst++ = (char)(0xe0 | c >> 12);
        } else {
            *dst++ = (char)(0xf0 | c >> 18);
            *dst++ = (char)(0x80 | (c >> 12 & 0x3f));
        }
        *dst++ = (char)(0x80 | (c >> 6 & 0x3f));
    }
    *dst++ = (char)(0x80 | (c & 0x3f));
    return dst;
}

static uint32_t named_value(const char *p, size_t n)
{
    static const struct {
        char name[5];
        unsigned char len, value;
    } names[] = {
        {"amp", 3, '&'}, {"quot", 4, '"'}, {"lt", 2, '<'}, {"gt", 2, '>'}, {"apos", 4, '\''}};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (n == names[i].len && memcmp(p, names[i].name, n) == 0)
            return names[i].value;
    }
    return 0;
}

/* Undoes the reference at *p ("&..."), or copies the '&'; moves *p on and returns the new end of the output. */
static char *take_reference(char *dst, char **p, const char *end)
{
    enum {
        LONGEST = 16
    }; /* "&#x0000010ffff;": some leading zeros, but no search through a whole text for a lone '&' */
    const char *name = *p + 1;
    size_t left = (size_t)(end - name);
    const char *semicolon = left ? memchr(name, ';', left < LONGEST ? left : LONGEST) : NULL;
    uint32_t c = 0;

    if (semicolon) {
        size_t n = (size_t)(semicolon - name);

        c = n && *name == '#' ? numeric_value(name + 1, n - 1) : named_value(name, n);
    }
    if (c == 0) {
        *dst = '&';
        ++*p;
        return dst + 1;
    }
    *p += semicolon + 1 - *p;
    return put_utf8(dst, c);
}

char *s3c_xml_unescape(char *dst, char *p, char *end)
{
    while (p < end) {
        char *amp = memchr(p, '&', (size_t)(end - p));
        size_t n = (size_t)((amp ? amp : end) - p);

        if (dst != p)
            memmove(dst, p, n);
        dst += n;
        p += n;
        if (amp)
            dst = take_reference(dst, &p, end);
    }
    return dst;
}
