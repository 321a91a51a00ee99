/* SPDX-License-Identifier: Apache-2.0 */
/* Base64. The register forms follow W. Mula and D. Lemire, "Faster Base64 Encoding and Decoding using AVX2 Instructions" (2018). */
#include "base/digest.h"

#include "base/banned.h"
#include "base/error.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

static const char alphabet[64] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t s3c_base64_size(size_t n)
{
    return (n + 2) / 3 * 4;
}

size_t s3c_base64_encode_portable(char *dst, const void *p, size_t n)
{
    const unsigned char *s = p;
    char *d = dst;

    for (; n >= 3; n -= 3, s += 3) {
        uint32_t v = (uint32_t)s[0] << 16 | (uint32_t)s[1] << 8 | s[2];

        *d++ = alphabet[v >> 18];
        *d++ = alphabet[v >> 12 & 63];
        *d++ = alphabet[v >> 6 & 63];
        *d++ = alphabet[v & 63];
    }
    if (n) {
        uint32_t v = (uint32_t)s[0] << 16 | (n == 2 ? (uint32_t)s[1] << 8 : 0);

        *d++ = alphabet[v >> 18];
        *d++ = alphabet[v >> 12 & 63];
        *d++ = n == 2 ? alphabet[v >> 6 & 63] : '=';
        *d++ = '=';
    }
    return (size_t)(d - dst);
}

/* Each encode_ function below encodes whole groups of three from the front and returns how many bytes it took. */

#if defined(__x86_64__)
/* Six-bit numbers to letters: the offset from number to letter depends only on the range that the number is in. */
__attribute__((target("ssse3"))) static inline __m128i letters_ssse3(__m128i numbers)
{
    const __m128i offsets =
        _mm_setr_epi8('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                      '0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0);
    __m128i range = _mm_subs_epu8(numbers, _mm_set1_epi8(51));
    __m128i upper = _mm_cmpgt_epi8(_mm_set1_epi8(26), numbers);

    range = _mm_or_si128(range, _mm_and_si128(upper, _mm_set1_epi8(13)));
    return _mm_add_epi8(_mm_shuffle_epi8(offsets, range), numbers);
}

__attribute__((target("ssse3"))) static size_t encode_ssse3(char *dst, const unsigned char *p,
                                                            size_t n)
{
    const __m128i spread = _mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
    size_t done = 0;

    for (; n - done >= 16; done += 12, dst += 16) { /* reads 16, uses 12 */
        __m128i v = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(p + done)), spread);
        __m128i even = _mm_mulhi_epu16(_mm_and_si128(v, _mm_set1_epi32(0x0fc0fc00)),
                                       _mm_set1_epi32(0x04000040));
        __m128i odd = _mm_mullo_epi16(_mm_and_si128(v, _mm_set1_epi32(0x003f03f0)),
                                      _mm_set1_epi32(0x01000010));

        _mm_storeu_si128((__m128i *)dst, letters_ssse3(_mm_or_si128(even, odd)));
    }
    return done;
}

__attribute__((target("avx2"))) static inline __m256i letters_avx2(__m256i numbers)
{
    const __m256i offsets = _mm256_broadcastsi128_si256(
        _mm_setr_epi8('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                      '0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0));
    __m256i range = _mm256_subs_epu8(numbers, _mm256_set1_epi8(51));
    __m256i upper = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), numbers);

    range = _mm256_or_si256(range, _mm256_and_si256(upper, _mm256_set1_epi8(13)));
    return _mm256_add_epi8(_mm256_shuffle_epi8(offsets, range), numbers);
}

__attribute__((target("avx2"))) static size_t encode_avx2(char *dst, const unsigned char *p,
                                                          size_t n)
{
    const __m256i spread = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10));
    size_t done = 0;

    for (; n - done >= 28; done += 24, dst += 32) { /* two reads of 16, of which 12 each are used */
        __m128i low = _mm_loadu_si128((const __m128i *)(p + done));
        __m128i high = _mm_loadu_si128((const __m128i *)(p + done + 12));
        __m256i v = _mm256_shuffle_epi8(_mm256_set_m128i(high, low), spread);
        __m256i even = _mm256_mulhi_epu16(_mm256_and_si256(v, _mm256_set1_epi32(0x0fc0fc00)),
                                          _mm256_set1_epi32(0x04000040));
        __m256i odd = _mm256_mullo_epi16(_mm256_and_si256(v, _mm256_set1_epi32(0x003f03f0)),
                                         _mm256_set1_epi32(0x01000010));

        _mm256_storeu_si256((__m256i *)dst, letters_avx2(_mm256_or_si256(even, odd)));
    }
    return done;
}

static size_t encode_simd(char *dst, const unsigned char *p, size_t n)
{
    size_t done = 0;

    if (n >= 28 && __builtin_cpu_supports("avx2"))
        done = encode_avx2(dst, p, n);
    if (n - done >= 16 && __builtin_cpu_supports("ssse3"))
        done += encode_ssse3(dst + done / 3 * 4, p + done, n - done);
    return done;
}
#elif defined(__aarch64__)
static size_t encode_simd(char *dst, const unsigned char *p, size_t n)
{
    const uint8x16x4_t letters = vld1q_u8_x4((const uint8_t *)alphabet);
    const uint8x16_t six_bits = vdupq_n_u8(63);
    size_t done = 0;

    for (; n - done >= 48; done += 48, dst += 64) {
        uint8x16x3_t v = vld3q_u8(p + done);
        uint8x16x4_t out;

        out.val[0] = vqtbl4q_u8(letters, vshrq_n_u8(v.val[0], 2));
        out.val[1] = vqtbl4q_u8(
            letters, vandq_u8(vsliq_n_u8(vshrq_n_u8(v.val[1], 4), v.val[0], 4), six_bits));
        out.val[2] = vqtbl4q_u8(
            letters, vandq_u8(vsliq_n_u8(vshrq_n_u8(v.val[2], 6), v.val[1], 2), six_bits));
        out.val[3] = vqtbl4q_u8(letters, vandq_u8(v.val[2], six_bits));
        vst4q_u8((uint8_t *)dst, out);
    }
    return done;
}
#else
static size_t encode_simd(char *dst, const unsigned char *p, size_t n)
{
    (void)dst;
    (void)p;
    (void)n;
    return 0;
}
#endif

size_t s3c_base64_encode(char *dst, const void *p, size_t n)
{
    size_t done = encode_simd(dst, p, n);
    size_t written = done / 3 * 4;

    return written +
           s3c_base64_encode_portable(dst + written, (const unsigned char *)p + done, n - done);
}

/* What each character stands for. */
enum { BAD = 64 };
/* clang-format off */
static const unsigned char numbers[256] = {
    [0 ... 31] = BAD, [128 ... 255] = BAD, [32] =
    BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, 62, BAD, BAD, BAD, 63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, BAD, BAD, BAD, BAD, BAD, BAD,
    BAD, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, BAD, BAD, BAD, BAD, BAD,
    BAD, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, BAD, BAD, BAD, BAD, BAD,
};
/* clang-format on */

static uint32_t number_of(char c)
{
    return numbers[(unsigned char)c];
}

/* Four characters to 24 bits; with bits above those if one of them is no base64. */
static uint32_t group_of(const char *p)
{
    uint32_t a = number_of(p[0]), b = number_of(p[1]), c = number_of(p[2]), d = number_of(p[3]);
    uint32_t bad = (a | b | c | d) & BAD;

    return bad << 24 | a << 18 | b << 12 | c << 6 | d;
}

static int bad_base64(struct s3c_error *err, size_t at)
{
    return s3c_error_set(
        err, S3C_E_INVALID,
        "not base64: character %zu is wrong (A-Z a-z 0-9 + / and '=' padding are expected)",
        at + 1);
}

/* The last group, which may be padded: its bytes at dst, their number in *ret_n; the offset of what is wrong, or 4. */
static size_t decode_last(char *dst, const char *p, size_t *ret_n)
{
    size_t letters = p[3] != '=' ? 4 : p[2] != '=' ? 3 : 2;
    uint32_t v = 0;

    for (size_t i = 0; i < 4; i++) {
        uint32_t number = i < letters ? number_of(p[i]) : 0;

        if (number == BAD)
            return i;
        v = v << 6 | number;
    }
    for (size_t i = 0; i + 1 < letters; i++)
        dst[i] = (char)(v >> (16 - 8 * i));
    *ret_n = letters - 1;
    /* Bits that no byte takes must be zero, so that each text has one meaning and each meaning one text. */
    return letters < 4 && (v & (letters == 3 ? 0xffu : 0xffffu)) ? letters - 1 : 4;
}

int s3c_base64_decode(struct s3c_buf *out, struct s3c_view v, struct s3c_error *err)
{
    size_t i = 0, last = 0, wrong;
    char *dst;
    int r;

    if (v.len % 4)
        return s3c_error_set(err, S3C_E_INVALID, "not base64: %zu characters are no multiple of 4",
                             v.len);
    r = s3c_buf_reserve(out, v.len / 4 * 3);
    if (r < 0)
        return s3c_error_set(err, r, "no room for %zu bytes of base64: %s", v.len,
                             s3c_code_text(r));
    if (v.len == 0)
        return 0;
    dst = out->ptr + out->len;
    for (; i + 4 < v.len; i += 4, dst += 3) {
        uint32_t group = group_of(v.ptr + i);

        if (group >> 24)
            break;
        dst[0] = (char)(group >> 16);
        dst[1] = (char)(group >> 8);
        dst[2] = (char)group;
    }
    wrong = decode_last(dst, v.ptr + i, &last);
    if (wrong < 4 || i + 4 < v.len)
        return bad_base64(err, i + wrong);
    out->len = (size_t)(dst - out->ptr) + last;
    return 0;
}
