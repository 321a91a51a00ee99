/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>

#include "base/banned.h"

enum { FIRST_CAP = 64 };

/* From here on growing by a quarter is enough: blocks of that size move by pages, not by bytes, and what is not used counts against limits. */
#define LARGE_CAP ((size_t)1 << 20)

/* At least `need`, and enough more that many small steps are few allocations. */
static size_t next_cap(size_t cap, size_t need)
{
    while (cap < need && cap < LARGE_CAP)
        cap *= 2;
    if (cap < need)
        cap = cap + cap / 4 > need ? cap + cap / 4 : need;
    return cap;
}

/* Room for `need` bytes in all; may pass max by the one byte that a terminating NUL takes. */
static int buf_grow(struct s3c_buf *b, size_t need)
{
    size_t cap = next_cap(b->cap ? b->cap : FIRST_CAP, need);
    char *p;

    if (cap > b->max)
        cap = need > b->max ? need : b->max;
    p = s3c_realloc(b->ptr, cap);
    if (!p)
        return S3C_E_NOMEM;
    b->ptr = p;
    b->cap = cap;
    return 0;
}

int s3c_buf_reserve(struct s3c_buf *b, size_t n)
{
    if (b->len > b->max || n > b->max - b->len)
        return S3C_E_TOO_LARGE;
    if (n <= b->cap - b->len)
        return 0;
    return buf_grow(b, b->len + n);
}

int s3c_buf_add(struct s3c_buf *b, const void *p, size_t n)
{
    int r = s3c_buf_reserve(b, n);

    if (r < 0)
        return r;
    if (n)
        memcpy(b->ptr + b->len, p, n);
    b->len += n;
    return 0;
}

int s3c_buf_add_view(struct s3c_buf *b, struct s3c_view v)
{
    return s3c_buf_add(b, v.ptr, v.len);
}

int s3c_buf_add_str(struct s3c_buf *b, const char *s)
{
    return s3c_buf_add(b, s, strlen(s));
}

int s3c_buf_add_char(struct s3c_buf *b, char c)
{
    int r = s3c_buf_reserve(b, 1);

    if (r < 0)
        return r;
    b->ptr[b->len++] = c;
    return 0;
}

int s3c_buf_add_u64(struct s3c_buf *b, uint64_t v)
{
    char digits[20];
    size_t i = sizeof(digits);

    do {
        digits[--i] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    return s3c_buf_add(b, digits + i, sizeof(digits) - i);
}

int s3c_buf_add_i64(struct s3c_buf *b, int64_t v)
{
    size_t before = b->len;
    int r;

    if (v >= 0)
        return s3c_buf_add_u64(b, (uint64_t)v);
    r = s3c_buf_add_char(b, '-');
    if (r == 0)
        r = s3c_buf_add_u64(b, -(uint64_t)v);
    if (r < 0)
        b->len = before;
    return r;
}

int s3c_buf_addf(struct s3c_buf *b, const char *fmt, ...)
{
    size_t room = b->cap - b->len;
    va_list args;
    int n, r;

    va_start(args, fmt);
    n = vsnprintf(b->ptr ? b->ptr + b->len : NULL, room, fmt, args);
    va_end(args);
    if (n < 0)
        return S3C_E_NOMEM;
    if ((size_t)n > b->max - b->len)
        return S3C_E_TOO_LARGE;
    if ((size_t)n >= room) {
        r = buf_grow(b, b->len + (size_t)n + 1);
        if (r < 0)
            return r;
        va_start(args, fmt);
        (void)vsnprintf(b->ptr + b->len, b->cap - b->len, fmt, args);
        va_end(args);
    }
    b->len += (size_t)n;
    return 0;
}

int s3c_buf_terminate(struct s3c_buf *b)
{
    if (b->cap == b->len) {
        int r = buf_grow(b, b->len + 1);

        if (r < 0)
            return r;
    }
    b->ptr[b->len] = '\0';
    return 0;
}

void s3c_buf_clear(struct s3c_buf *b)
{
    b->len = 0;
}

void s3c_buf_trim(struct s3c_buf *b)
{
    char *p;

    if (b->len == 0)
        s3c_buf_done(b);
    if (b->cap - b->len <= b->len / 8)
        return;
    p = s3c_realloc(b->ptr, b->len);
    if (!p)
        return; /* it is as good as it was */
    b->ptr = p;
    b->cap = b->len;
}

void s3c_buf_done(struct s3c_buf *b)
{
    s3c_free(b->ptr);
    b->ptr = NULL;
    b->len = b->cap = 0;
}
