/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void s3d_die(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fputs("s3d: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(1);
}

static void *not_null(void *p)
{
    if (!p)
        s3d_die("out of memory");
    return p;
}

void *s3d_zalloc(size_t n)
{
    return not_null(s3c_zalloc(n));
}

char *s3d_viewdup(struct s3c_view v)
{
    return not_null(s3c_viewdup(v));
}

void *s3d_arena(struct s3c_arena *a, size_t n)
{
    return not_null(s3c_arena_alloc(a, n));
}

struct s3c_view s3d_arena_copy(struct s3c_arena *a, struct s3c_view v)
{
    struct s3c_view copy = s3c_arena_copy(a, v);

    not_null((void *)(uintptr_t)copy.ptr);
    return copy;
}

void s3d_put_str(struct s3c_buf *b, const char *s)
{
    s3d_put(b, s, strlen(s));
}

void s3d_put_u64(struct s3c_buf *b, uint64_t v)
{
    char digits[20];

    s3d_put(b, digits, (size_t)(s3d_write_u64(digits, v) - digits));
}

void s3d_putf(struct s3c_buf *b, const char *fmt, ...)
{
    char line[1024];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    s3d_put(b, line, n < (int)sizeof line ? (size_t)n : sizeof line - 1);
}

char *s3d_write_u64(char *p, uint64_t v)
{
    char digits[20];
    size_t n = 0;

    do {
        digits[n++] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    while (n)
        *p++ = digits[--n];
    return p;
}

/* What Java's URLEncoder leaves alone, plus '/': that is what AWS prints. These need no XML escape either. */
static const bool plain[256] = {
    ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true, ['/'] = true,
    ['-'] = true,         ['.'] = true,         ['_'] = true,         ['*'] = true};

static char *write_xml_char(char *p, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";

    switch (c) {
    case '&':
        return (char *)memcpy(p, "&amp;", 5) + 5;
    case '<':
        return (char *)memcpy(p, "&lt;", 4) + 4;
    case '>':
        return (char *)memcpy(p, "&gt;", 4) + 4;
    case '"':
        return (char *)memcpy(p, "&quot;", 6) + 6;
    default:
        break;
    }
    if (c >= 0x20 && c != 0x7f) {
        *p++ = (char)c;
        return p;
    }
    p = (char *)memcpy(p, "&#x", 3) + 3;
    *p++ = hex[c >> 4];
    *p++ = hex[c & 15];
    *p++ = ';';
    return p;
}

static char *write_url_char(char *p, unsigned char c, bool plus)
{
    static const char hex[] = "0123456789ABCDEF";

    if (c == ' ' && plus) {
        *p++ = '+';
        return p;
    }
    *p++ = '%';
    *p++ = hex[c >> 4];
    *p++ = hex[c & 15];
    return p;
}

char *s3d_write_key(char *p, struct s3c_view key, enum s3d_key_text how)
{
    for (size_t i = 0; i < key.len; i++) {
        unsigned char c = (unsigned char)key.ptr[i];

        if (plain[c])
            *p++ = (char)c;
        else if (how == S3D_KEY_XML)
            p = write_xml_char(p, c);
        else
            p = write_url_char(p, c, how == S3D_KEY_URL);
    }
    return p;
}

void s3d_put_key(struct s3c_buf *b, struct s3c_view key, enum s3d_key_text how)
{
    s3d_must(s3c_buf_reserve(b, key.len * S3D_KEY_GROWTH));
    b->len = (size_t)(s3d_write_key(b->ptr + b->len, key, how) - b->ptr);
}

void s3d_put_element(struct s3c_buf *b, const char *name, struct s3c_view text)
{
    S3D_PUT(b, "<");
    s3d_put_str(b, name);
    S3D_PUT(b, ">");
    s3d_put_key(b, text, S3D_KEY_XML);
    S3D_PUT(b, "</");
    s3d_put_str(b, name);
    S3D_PUT(b, ">");
}

void s3d_put_json(struct s3c_buf *b, struct s3c_view text)
{
    bool utf8 = s3c_utf8_valid(text);

    S3D_PUT(b, "\"");
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];

        if (c < 0x20 || c == '"' || c == '\\' || (c >= 0x80 && !utf8))
            s3d_putf(b, "\\u%04x", c);
        else
            s3d_put(b, &text.ptr[i], 1);
    }
    S3D_PUT(b, "\"");
}
