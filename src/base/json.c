/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Escaping copies a register's width of input to the output and looks at it at the same time: where nothing needs escaping, which
 * is nearly everywhere, both move on by the whole width; else up to the first byte that does. The output needs room for the
 * worst case, six bytes for one, so the input is taken in pieces: that bounds what is reserved but not used. Where a buffer's
 * cap has no room for the worst case the portable twin takes over, which asks for exactly what it writes.
 */
#include "base/json.h"

#include "base/banned.h"
#include "base/view.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

enum { PIECE = 4096, LONGEST_ESCAPE = 6, WIDEST = 32 };

/* Which bytes need a look: bit 0 in both styles, bit 1 in Go's only. */
static const unsigned char looks[256] = {
    [0 ... 0x1f] = 1, ['"'] = 1, ['\\'] = 1, ['&'] = 2, ['<'] = 2, ['>'] = 2, [0xe2] = 2,
};

static bool needs_look(char c, enum s3c_json_style style)
{
    return looks[(unsigned char)c] & (style == S3C_JSON_GO ? 3 : 1);
}

/* What a byte that needs a look is written as: 'u' = \u00xx, 'x' = perhaps U+2028 or U+2029, else a backslash and this. */
static char escape_of(unsigned char c)
{
    switch (c) {
    case '"':
    case '\\':
        return (char)c;
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    case 0xe2:
        return 'x';
    default:
        return 'u';
    }
}

static char *put_hex_escape(char *dst, unsigned char c)
{
    static const char digits[] = "0123456789abcdef";

    memcpy(dst, "\\u00", 4);
    dst[4] = digits[c >> 4];
    dst[5] = digits[c & 15];
    return dst + 6;
}

/* U+2028 or U+2029 at p? Go escapes them because JavaScript once took them for line ends. */
static bool is_line_separator(const char *p, size_t n)
{
    return n >= 3 && p[1] == '\x80' && (p[2] == '\xa8' || p[2] == '\xa9');
}

/* Writes the character at p, which needs a look, and returns the output's end; *used = bytes of input it took. */
static char *put_special(char *dst, const char *p, size_t n, size_t *used)
{
    char escape = escape_of((unsigned char)*p);

    *used = 1;
    if (escape == 'u')
        return put_hex_escape(dst, (unsigned char)*p);
    if (escape != 'x') {
        *dst++ = '\\';
        *dst++ = escape;
    } else if (is_line_separator(p, n)) {
        *used = 3;
        memcpy(dst, p[2] == '\xa8' ? "\\u2028" : "\\u2029", 6);
        dst += 6;
    } else {
        *dst++ = *p;
    }
    return dst;
}

static char *escape_bytes(char *dst, const char *p, size_t n, enum s3c_json_style style)
{
    while (n) {
        size_t used = 1;

        if (needs_look(*p, style))
            dst = put_special(dst, p, n, &used);
        else
            *dst++ = *p;
        p += used;
        n -= used;
    }
    return dst;
}

/*
 * One kernel looks at `width` bytes at p, copies them to dst, and tells how many at the front need no look. Being inlined with
 * its kernel, the loop becomes one function per instruction set.
 */
typedef size_t kernel_fn(char *dst, const char *p, enum s3c_json_style style);

static inline __attribute__((always_inline)) char *escape_wide(char *dst, const char **p, size_t *n,
                                                               size_t width, kernel_fn *kernel,
                                                               enum s3c_json_style style)
{
    while (*n >= width) {
        size_t clean = kernel(dst, *p, style);

        dst += clean;
        *p += clean;
        *n -= clean;
        if (clean < width) {
            size_t used;

            dst = put_special(dst, *p, *n, &used);
            *p += used;
            *n -= used;
        }
    }
    return dst;
}

#if defined(__x86_64__)
static inline unsigned looks_sse2(__m128i v, enum s3c_json_style style)
{
    __m128i hit = _mm_cmpeq_epi8(_mm_max_epu8(v, _mm_set1_epi8(0x1f)), _mm_set1_epi8(0x1f));

    hit = _mm_or_si128(hit, _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
    if (style == S3C_JSON_GO) {
        /* '"' and '&', '<' and '>' differ in one bit each */
        hit = _mm_or_si128(
            hit, _mm_cmpeq_epi8(_mm_or_si128(v, _mm_set1_epi8('"' ^ '&')), _mm_set1_epi8('&')));
        hit = _mm_or_si128(
            hit, _mm_cmpeq_epi8(_mm_or_si128(v, _mm_set1_epi8('<' ^ '>')), _mm_set1_epi8('>')));
        hit = _mm_or_si128(hit, _mm_cmpeq_epi8(v, _mm_set1_epi8((char)0xe2)));
    } else {
        hit = _mm_or_si128(hit, _mm_cmpeq_epi8(v, _mm_set1_epi8('"')));
    }
    return (unsigned)_mm_movemask_epi8(hit);
}

static inline size_t kernel_sse2(char *dst, const char *p, enum s3c_json_style style)
{
    __m128i v = _mm_loadu_si128((const __m128i *)p);
    unsigned mask = looks_sse2(v, style);

    _mm_storeu_si128((__m128i *)dst, v);
    return mask ? (size_t)__builtin_ctz(mask) : 16;
}

/* Half a register, for the ends of texts and for short ones. */
static inline size_t kernel_sse2_half(char *dst, const char *p, enum s3c_json_style style)
{
    __m128i v = _mm_loadl_epi64((const __m128i *)p);

    _mm_storel_epi64((__m128i *)dst, v);
    return (size_t)__builtin_ctz(looks_sse2(v, style) | 1u << 8);
}

__attribute__((target("avx2"))) static inline size_t kernel_avx2(char *dst, const char *p,
                                                                 enum s3c_json_style style)
{
    __m256i v = _mm256_loadu_si256((const __m256i *)p), hit;
    unsigned mask;

    _mm256_storeu_si256((__m256i *)dst, v);
    hit = _mm256_cmpeq_epi8(_mm256_max_epu8(v, _mm256_set1_epi8(0x1f)), _mm256_set1_epi8(0x1f));
    hit = _mm256_or_si256(hit, _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\\')));
    if (style == S3C_JSON_GO) {
        __m256i amp = _mm256_or_si256(v, _mm256_set1_epi8('"' ^ '&')),
                angle = _mm256_or_si256(v, _mm256_set1_epi8('<' ^ '>'));

        hit = _mm256_or_si256(hit, _mm256_cmpeq_epi8(amp, _mm256_set1_epi8('&')));
        hit = _mm256_or_si256(hit, _mm256_cmpeq_epi8(angle, _mm256_set1_epi8('>')));
        hit = _mm256_or_si256(hit, _mm256_cmpeq_epi8(v, _mm256_set1_epi8((char)0xe2)));
    } else {
        hit = _mm256_or_si256(hit, _mm256_cmpeq_epi8(v, _mm256_set1_epi8('"')));
    }
    mask = (unsigned)_mm256_movemask_epi8(hit);
    return mask ? (size_t)__builtin_ctz(mask) : 32;
}

__attribute__((target("avx2"))) static char *escape_avx2(char *dst, const char **p, size_t *n,
                                                         enum s3c_json_style style)
{
    if (style == S3C_JSON_GO)
        return escape_wide(dst, p, n, 32, kernel_avx2, S3C_JSON_GO);
    return escape_wide(dst, p, n, 32, kernel_avx2, S3C_JSON_PLAIN);
}

static char *escape_simd(char *dst, const char *p, size_t n, enum s3c_json_style style)
{
    if (n >= 32 && __builtin_cpu_supports("avx2"))
        dst = escape_avx2(dst, &p, &n, style);
    if (style == S3C_JSON_GO) {
        dst = escape_wide(dst, &p, &n, 16, kernel_sse2, S3C_JSON_GO);
        dst = escape_wide(dst, &p, &n, 8, kernel_sse2_half, S3C_JSON_GO);
    } else {
        dst = escape_wide(dst, &p, &n, 16, kernel_sse2, S3C_JSON_PLAIN);
        dst = escape_wide(dst, &p, &n, 8, kernel_sse2_half, S3C_JSON_PLAIN);
    }
    return escape_bytes(dst, p, n, style);
}
#elif defined(__aarch64__)
static inline size_t kernel_neon(char *dst, const char *p, enum s3c_json_style style)
{
    uint8x16_t v = vld1q_u8((const uint8_t *)p), hit;
    uint64_t mask;

    vst1q_u8((uint8_t *)dst, v);
    hit = vorrq_u8(vcltq_u8(v, vdupq_n_u8(0x20)), vceqq_u8(v, vdupq_n_u8('\\')));
    hit = vorrq_u8(hit, vceqq_u8(v, vdupq_n_u8('"')));
    if (style == S3C_JSON_GO) {
        hit = vorrq_u8(hit, vceqq_u8(v, vdupq_n_u8('&')));
        hit = vorrq_u8(hit, vceqq_u8(vorrq_u8(v, vdupq_n_u8('<' ^ '>')), vdupq_n_u8('>')));
        hit = vorrq_u8(hit, vceqq_u8(v, vdupq_n_u8(0xe2)));
    }
    /* Four bits for each byte: NEON has no movemask. */
    mask = vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(hit), 4)), 0);
    return mask ? (size_t)__builtin_ctzll(mask) / 4 : 16;
}

static char *escape_simd(char *dst, const char *p, size_t n, enum s3c_json_style style)
{
    dst = escape_wide(dst, &p, &n, 16, kernel_neon, style);
    return escape_bytes(dst, p, n, style);
}
#else
static char *escape_simd(char *dst, const char *p, size_t n, enum s3c_json_style style)
{
    return escape_bytes(dst, p, n, style);
}
#endif

/* Appends the escaped text without quotes, exactly sized: runs of plain bytes, then the byte that ends them. */
static int add_exact(struct s3c_buf *out, struct s3c_view v, enum s3c_json_style style)
{
    int r = 0;

    while (v.len && r == 0) {
        char special[LONGEST_ESCAPE];
        size_t run = 0, used;

        while (run < v.len && !needs_look(v.ptr[run], style))
            run++;
        r = s3c_buf_add(out, v.ptr, run);
        v = s3c_view_skip(v, run);
        if (r < 0 || v.len == 0)
            break;
        r = s3c_buf_add(out, special,
                        (size_t)(put_special(special, v.ptr, v.len, &used) - special));
        v = s3c_view_skip(v, used);
    }
    return r;
}

/* Where the next piece of v ends: not inside a character that must be seen whole. */
static size_t piece_len(struct s3c_view v)
{
    size_t n = PIECE;

    if (v.len <= n)
        return v.len;
    while (n > PIECE - 3 && ((unsigned char)v.ptr[n] & 0xc0) == 0x80)
        n--;
    return n;
}

static int add_fast(struct s3c_buf *out, struct s3c_view v, enum s3c_json_style style)
{
    while (v.len) {
        size_t n = piece_len(v);
        int r = s3c_buf_reserve(out, LONGEST_ESCAPE * n + WIDEST);

        if (r == S3C_E_TOO_LARGE)
            return add_exact(out, v, style);
        if (r < 0)
            return r;
        out->len = (size_t)(escape_simd(out->ptr + out->len, v.ptr, n, style) - out->ptr);
        v = s3c_view_skip(v, n);
    }
    return 0;
}

typedef int add_fn(struct s3c_buf *out, struct s3c_view v, enum s3c_json_style style);

/* Quotes around what `add` appends; all or nothing. */
static int add_quoted(struct s3c_buf *out, struct s3c_view v, enum s3c_json_style style,
                      add_fn *add)
{
    size_t before = out->len;
    int r = s3c_buf_add_char(out, '"');

    if (r == 0)
        r = add(out, v, style);
    if (r == 0)
        r = s3c_buf_add_char(out, '"');
    if (r < 0)
        out->len = before;
    return r;
}

int s3c_json_string(struct s3c_buf *out, struct s3c_view v, enum s3c_json_style style)
{
    /* Nearly every string of a record is one short piece: one reservation for all of it. */
    int r = v.len <= PIECE ? s3c_buf_reserve(out, LONGEST_ESCAPE * v.len + WIDEST + 2)
                           : S3C_E_TOO_LARGE;
    char *dst;

    if (r == S3C_E_TOO_LARGE)
        return add_quoted(out, v, style, add_fast);
    if (r < 0)
        return r;
    dst = out->ptr + out->len;
    *dst++ = '"';
    dst = escape_simd(dst, v.ptr, v.len, style);
    *dst++ = '"';
    out->len = (size_t)(dst - out->ptr);
    return 0;
}

int s3c_json_string_portable(struct s3c_buf *out, struct s3c_view v, enum s3c_json_style style)
{
    return add_quoted(out, v, style, add_exact);
}

int s3c_json_string_checked(struct s3c_buf *out, struct s3c_view v, enum s3c_json_style style)
{
    return s3c_utf8_valid(v) ? s3c_json_string(out, v, style) : S3C_E_RECORD;
}
