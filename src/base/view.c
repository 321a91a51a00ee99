/* SPDX-License-Identifier: Apache-2.0 */
#include "base/view.h"

#include "base/banned.h"

struct s3c_view s3c_view_str(const char *s)
{
    return (struct s3c_view){s, s ? strlen(s) : 0};
}

bool s3c_view_eq(struct s3c_view a, struct s3c_view b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool s3c_view_eq_str(struct s3c_view a, const char *s)
{
    return s3c_view_eq(a, s3c_view_str(s));
}

static unsigned char ascii_lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

bool s3c_view_eq_nocase(struct s3c_view a, struct s3c_view b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        if (ascii_lower(a.ptr[i]) != ascii_lower(b.ptr[i]))
            return false;
    }
    return true;
}

int s3c_view_cmp(struct s3c_view a, struct s3c_view b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int r = n ? memcmp(a.ptr, b.ptr, n) : 0;

    return r ? r : (a.len > b.len) - (a.len < b.len);
}

bool s3c_view_starts(struct s3c_view v, struct s3c_view prefix)
{
    return v.len >= prefix.len && s3c_view_eq(s3c_view_first(v, prefix.len), prefix);
}

bool s3c_view_ends(struct s3c_view v, struct s3c_view suffix)
{
    return v.len >= suffix.len && s3c_view_eq(s3c_view_skip(v, v.len - suffix.len), suffix);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct s3c_view s3c_view_trim(struct s3c_view v)
{
    while (v.len && is_space(v.ptr[0]))
        v = s3c_view_skip(v, 1);
    while (v.len && is_space(v.ptr[v.len - 1]))
        v.len--;
    return v;
}

struct s3c_view s3c_view_skip(struct s3c_view v, size_t n)
{
    return n ? (struct s3c_view){v.ptr + n, v.len - n} : v;
}

struct s3c_view s3c_view_first(struct s3c_view v, size_t n)
{
    return (struct s3c_view){v.ptr, n};
}

static bool split_at(struct s3c_view v, const char *at, struct s3c_view *head,
                     struct s3c_view *tail)
{
    size_t n;

    if (!at)
        return false;
    n = (size_t)(at - v.ptr);
    *head = s3c_view_first(v, n);
    *tail = s3c_view_skip(v, n + 1);
    return true;
}

bool s3c_view_split(struct s3c_view v, char c, struct s3c_view *head, struct s3c_view *tail)
{
    return split_at(v, v.len ? memchr(v.ptr, c, v.len) : NULL, head, tail);
}

bool s3c_view_split_last(struct s3c_view v, char c, struct s3c_view *head, struct s3c_view *tail)
{
    return split_at(v, v.len ? memrchr(v.ptr, c, v.len) : NULL, head, tail);
}

void s3c_view_copy(char *dst, size_t dst_size, struct s3c_view v)
{
    size_t n = v.len < dst_size ? v.len : dst_size - 1;

    if (n)
        memcpy(dst, v.ptr, n);
    dst[n] = '\0';
}

int s3c_view_u64(struct s3c_view v, uint64_t *ret)
{
    uint64_t sum = 0;

    if (v.len == 0)
        return S3C_E_INVALID;
    for (size_t i = 0; i < v.len; i++) {
        unsigned digit = (unsigned char)v.ptr[i] - (unsigned)'0';

        if (digit > 9 || __builtin_mul_overflow(sum, UINT64_C(10), &sum) ||
            __builtin_add_overflow(sum, (uint64_t)digit, &sum))
            return S3C_E_INVALID;
    }
    *ret = sum;
    return 0;
}

int s3c_view_i64(struct s3c_view v, int64_t *ret)
{
    bool negative = v.len && v.ptr[0] == '-';
    uint64_t magnitude;

    if (s3c_view_u64(negative ? s3c_view_skip(v, 1) : v, &magnitude) < 0)
        return S3C_E_INVALID;
    if (magnitude > (uint64_t)INT64_MAX + negative)
        return S3C_E_INVALID;
    *ret = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return 0;
}
