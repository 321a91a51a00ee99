/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UTF-8 checks. Most of what passes here is ASCII, so runs of it are skipped 32 bytes at a time (16 on aarch64, 8 elsewhere);
 * the other characters are decoded one by one after Table 3-7 of the Unicode standard.
 */
#include "base/utf8.h"

#include "base/banned.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

/* Length of the ASCII run at p in whole steps of the widest registers; at most n. */
static size_t ascii_run_words(const char *p, size_t n)
{
    size_t i = 0;

    for (; n - i >= 8; i += 8) {
        uint64_t word;

        memcpy(&word, p + i, 8);
        if (word & UINT64_C(0x8080808080808080))
            break;
    }
    return i;
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static size_t ascii_run_avx2(const char *p, size_t n)
{
    size_t i = 0;

    for (; n - i >= 32; i += 32) {
        if (_mm256_movemask_epi8(_mm256_loadu_si256((const __m256i *)(p + i))))
            break;
    }
    return i;
}

static size_t ascii_run(const char *p, size_t n)
{
    size_t i = n >= 32 && __builtin_cpu_supports("avx2") ? ascii_run_avx2(p, n) : 0;

    return i + ascii_run_words(p + i, n - i);
}
#elif defined(__aarch64__)
static size_t ascii_run(const char *p, size_t n)
{
    size_t i = 0;

    for (; n - i >= 16; i += 16) {
        if (vmaxvq_u8(vld1q_u8((const uint8_t *)p + i)) >= 0x80)
            break;
    }
    return i + ascii_run_words(p + i, n - i);
}
#else
static size_t ascii_run(const char *p, size_t n)
{
    return ascii_run_words(p, n);
}
#endif

static bool is_continuation(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

/* Bytes of the well-formed character at p, 1 to 4; 0 if there is none within n bytes. */
static size_t char_bytes(const char *p, size_t n)
{
    const unsigned char *s = (const unsigned char *)p;

    if (n == 0)
        return 0;
    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xc2 || s[0] > 0xf4 || n < 2 || !is_continuation(s[1]))
        return 0;
    if (s[0] < 0xe0)
        return 2;
    if (n < 3 || !is_continuation(s[2]))
        return 0;
    if (s[0] < 0xf0) {
        bool overlong = s[0] == 0xe0 && s[1] < 0xa0, surrogate = s[0] == 0xed && s[1] >= 0xa0;

        return overlong || surrogate ? 0 : 3;
    }
    if (n < 4 || !is_continuation(s[3]) || (s[0] == 0xf0 && s[1] < 0x90) ||
        (s[0] == 0xf4 && s[1] >= 0x90))
        return 0;
    return 4;
}

/* Words that overlap instead of a tail byte by byte: names and short values are most of what is checked. */
static bool is_short_ascii(const char *p, size_t n)
{
    uint64_t bits = 0, word = 0;

    if (n >= 8) {
        for (size_t i = 0; i < n - 8; i += 8) {
            memcpy(&word, p + i, 8);
            bits |= word;
        }
        memcpy(&word, p + n - 8, 8);
        bits |= word;
    } else if (n >= 4) {
        uint32_t head, tail;

        memcpy(&head, p, 4);
        memcpy(&tail, p + n - 4, 4);
        bits = head | tail;
    } else {
        for (size_t i = 0; i < n; i++)
            bits |= (unsigned char)p[i];
    }
    return !(bits & UINT64_C(0x8080808080808080));
}

bool s3c_utf8_valid(struct s3c_view v)
{
    enum { SHORT = 64 };
    size_t i = 0;

    if (v.len <= SHORT && is_short_ascii(v.ptr, v.len))
        return true;
    while (i < v.len) {
        size_t step =
            (unsigned char)v.ptr[i] < 0x80 && v.len - i >= 8 ? ascii_run(v.ptr + i, v.len - i) : 0;

        if (step == 0)
            step = char_bytes(v.ptr + i, v.len - i);
        if (step == 0)
            return false;
        i += step;
    }
    return true;
}

size_t s3c_utf8_whole(const char *p, size_t n)
{
    size_t start = n;

    while (start > 0 && n - start < 3 && is_continuation((unsigned char)p[start - 1]))
        start--;
    if (start == 0 || (unsigned char)p[start - 1] < 0xc2 ||
        char_bytes(p + start - 1, n - start + 1))
        return n;
    return start - 1;
}

static void make_one_line(char *s, size_t n)
{
    while (n) {
        size_t step = char_bytes(s, n);

        if (step <= 1 && (step == 0 || (unsigned char)*s < 0x20 || *s == 0x7f)) {
            *s = '?';
            step = 1;
        }
        s += step;
        n -= step;
    }
}

void s3c_utf8_format_line(char *dst, size_t size, const char *fmt, va_list args)
{
    int n = vsnprintf(dst, size, fmt, args);
    size_t len = n < 0 ? 0 : (size_t)n;

    if (len >= size)
        len = s3c_utf8_whole(dst, size - 1);
    dst[len] = '\0';
    make_one_line(dst, len);
}
