/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cutting (parquet.thrift, Statistics: bounds "must still be valid values"): the lower bound is a prefix; the upper one a prefix whose last
 * character that can be raised was raised. A raised code point may take a byte more than the old one; the order of bytes is that of
 * code points, so it is above all the same.
 */
#include "format/parquet_stats.h"

#include "base/mem.h"
#include "base/view.h"
#include "format/parquet_bytes.h"

#define SIGN (UINT64_C(1) << 63)

enum s3c_order s3c_order_of(const struct s3c_parquet_node *leaf)
{
    switch (leaf->type) {
    case S3C_PARQUET_BOOLEAN:
        return S3C_ORDER_BOOLEAN;
    case S3C_PARQUET_INT32:
        return S3C_ORDER_INT32;
    case S3C_PARQUET_INT64:
        return S3C_ORDER_INT64;
    case S3C_PARQUET_FLOAT:
        return S3C_ORDER_FLOAT;
    case S3C_PARQUET_DOUBLE:
        return S3C_ORDER_DOUBLE;
    case S3C_PARQUET_FIXED:
        return leaf->logical == S3C_PARQUET_DECIMAL ? S3C_ORDER_DECIMAL : S3C_ORDER_FIXED;
    default:
        return leaf->logical == S3C_PARQUET_STRING || leaf->logical == S3C_PARQUET_ENUM ||
                       leaf->logical == S3C_PARQUET_JSON
                   ? S3C_ORDER_TEXT
                   : S3C_ORDER_BYTES;
    }
}

static double number_of(enum s3c_order order, struct s3c_view v)
{
    uint32_t narrow;
    uint64_t wide;
    float f;
    double d;

    if (order == S3C_ORDER_FLOAT) {
        narrow = s3c_get_le32(v.ptr);
        memcpy(&f, &narrow, sizeof(f));
        return (double)f;
    }
    wide = s3c_get_le64(v.ptr);
    memcpy(&d, &wide, sizeof(d));
    return d;
}

/* Padded with zeros, so that a lower head means a lower value; equal heads mean nothing. */
static uint64_t head_of_bytes(struct s3c_view v)
{
    uint64_t head = 0;

    if (v.len >= sizeof(head))
        memcpy(&head, v.ptr, sizeof(head));
    else if (v.len > 0)
        memcpy(&head, v.ptr, v.len);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    head = __builtin_bswap64(head);
#endif
    return head;
}

/* Of a number that is not NaN: numbers compare as their heads do. */
static uint64_t head_of_number(double d)
{
    uint64_t bits;

    if (d == 0)
        d = 0; /* of both zeros the one above */
    memcpy(&bits, &d, sizeof(bits));
    return bits & SIGN ? ~bits : bits | SIGN;
}

static uint64_t head_of(enum s3c_order order, struct s3c_view v)
{
    switch (order) {
    case S3C_ORDER_BOOLEAN:
        return (unsigned char)v.ptr[0];
    case S3C_ORDER_INT32:
        return (uint64_t)(int32_t)s3c_get_le32(v.ptr) ^ SIGN;
    case S3C_ORDER_INT64:
        return s3c_get_le64(v.ptr) ^ SIGN;
    case S3C_ORDER_FLOAT:
    case S3C_ORDER_DOUBLE:
        return head_of_number(number_of(order, v));
    case S3C_ORDER_DECIMAL:
        return head_of_bytes(v) ^ SIGN;
    default:
        return head_of_bytes(v);
    }
}

/* Whether equal heads leave something to compare: bytes, which are the same up to there. */
static bool has_tail(enum s3c_order order)
{
    return order <= S3C_ORDER_DECIMAL;
}

bool s3c_is_nan(enum s3c_order order, struct s3c_view v)
{
    double d;

    if (!s3c_order_has_nan(order))
        return false;
    d = number_of(order, v);
    return d != d;
}

void s3c_bounds_add(struct s3c_bounds *b, enum s3c_order order, struct s3c_view v)
{
    uint64_t head;

    if (s3c_is_nan(order, v))
        return;
    head = head_of(order, v);
    if (!b->any) {
        *b = (struct s3c_bounds){v, v, head, head, true};
        return;
    }
    if (head > b->max_head || /* first, because much of what is written rises */
        (head == b->max_head && has_tail(order) && s3c_view_cmp(v, b->max) > 0)) {
        b->max = v;
        b->max_head = head;
    } else if (head < b->min_head ||
               (head == b->min_head && has_tail(order) && s3c_view_cmp(v, b->min) < 0)) {
        b->min = v;
        b->min_head = head;
    }
}

void s3c_bounds_join(struct s3c_bounds *b, enum s3c_order order, const struct s3c_bounds *other)
{
    if (!other->any)
        return;
    s3c_bounds_add(b, order, other->min);
    s3c_bounds_add(b, order, other->max);
}

int s3c_order_compare(enum s3c_order order, struct s3c_view a, struct s3c_view b)
{
    uint64_t one = head_of(order, a), other = head_of(order, b);

    if (one != other)
        return one < other ? -1 : 1;
    return has_tail(order) ? s3c_view_cmp(a, b) : 0;
}

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* Where the character that ends before `end` begins; end > 0. */
static size_t last_character(const char *p, size_t end)
{
    do
        end--;
    while (end > 0 && is_continuation(p[end]));
    return end;
}

static size_t cut_length(struct s3c_view v, bool utf8)
{
    size_t n = S3C_BOUND_MAX;

    if (utf8 && is_continuation(v.ptr[n]))
        n = last_character(v.ptr, n);
    return n;
}

static int store(struct s3c_buf *out, const char *p, size_t n, bool exact, struct s3c_bound *ret)
{
    *ret = (struct s3c_bound){out->len, (uint32_t)n, true, exact};
    return s3c_buf_add(out, p, n);
}

/* A zero stands for both, so that the bound for both is the outer one (parquet.thrift, ColumnOrder). */
static int store_number(struct s3c_buf *out, enum s3c_order order, struct s3c_view v, bool below,
                        struct s3c_bound *ret)
{
    char bytes[sizeof(uint64_t)];

    memcpy(bytes, v.ptr, v.len);
    if (number_of(order, v) == 0)
        bytes[v.len - 1] = below ? (char)0x80 : 0;
    return store(out, bytes, v.len, memcmp(bytes, v.ptr, v.len) == 0, ret);
}

/* What is not cut: numbers, and bytes of one length; of the latter there is no bound if they are too long. */
static int store_whole(struct s3c_buf *out, enum s3c_order order, struct s3c_view v, bool below,
                       struct s3c_bound *ret)
{
    if (order >= S3C_ORDER_FLOAT)
        return store_number(out, order, v, below, ret);
    if (order == S3C_ORDER_FIXED && v.len > S3C_BOUND_MAX) {
        *ret = (struct s3c_bound){.known = false};
        return 0;
    }
    return store(out, v.ptr, v.len, true, ret);
}

int s3c_bound_below(struct s3c_buf *out, enum s3c_order order, struct s3c_view v,
                    struct s3c_bound *ret)
{
    bool exact = v.len <= S3C_BOUND_MAX;

    if (order > S3C_ORDER_TEXT)
        return store_whole(out, order, v, true, ret);
    return store(out, v.ptr, exact ? v.len : cut_length(v, order == S3C_ORDER_TEXT), exact, ret);
}

static uint32_t decode(const char *p, size_t n)
{
    static const unsigned char lead_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t c = (unsigned char)p[0] & lead_bits[n];

    for (size_t i = 1; i < n; i++)
        c = c << 6 | ((unsigned char)p[i] & 0x3f);
    return c;
}

static size_t encode(char dst[4], uint32_t c)
{
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};

    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        dst[i] = (char)(0x80 | (c & 0x3f));
    dst[0] = (char)(lead[n] | c);
    return n;
}

/* Raises the last character of p[0..*n) that can be raised and drops what is behind it; false: there is none. p has room for 4 more. */
static bool raise_text(char *p, size_t *n)
{
    while (*n > 0) {
        size_t at = last_character(p, *n);
        uint32_t c = decode(p + at, *n - at) + 1;

        if (c == 0xd800) /* surrogates are no characters */
            c = 0xe000;
        if (c <= 0x10ffff) {
            *n = at + encode(p + at, c);
            return true;
        }
        *n = at;
    }
    return false;
}

static bool raise_bytes(char *p, size_t *n)
{
    while (*n > 0 && (unsigned char)p[*n - 1] == 0xff)
        --*n;
    if (*n == 0)
        return false;
    p[*n - 1]++;
    return true;
}

int s3c_bound_above(struct s3c_buf *out, enum s3c_order order, struct s3c_view v,
                    struct s3c_bound *ret)
{
    char cut[S3C_BOUND_MAX + 4];
    bool utf8 = order == S3C_ORDER_TEXT;
    size_t n;

    if (order > S3C_ORDER_TEXT)
        return store_whole(out, order, v, false, ret);
    if (v.len <= S3C_BOUND_MAX)
        return store(out, v.ptr, v.len, true, ret);
    n = cut_length(v, utf8);
    memcpy(cut, v.ptr, n);
    if (utf8 ? raise_text(cut, &n) : raise_bytes(cut, &n))
        return store(out, cut, n, false, ret);
    *ret = (struct s3c_bound){.known = false};
    return 0;
}
