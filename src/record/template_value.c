/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values as parts of a key. Readers of Hive partitions undo percent-encoding, but those that descend from Hive undo it byte by byte into characters, so
 * text outside ASCII stays as it is; ':' and '=' are encoded because Hadoop's paths and patterns like NAME=VALUE trip over them.
 */
#include "record/template_private.h"

#include "base/banned.h"

static bool is_plain(unsigned char c)
{
    /* One bit per ASCII character: A-Z a-z 0-9 - _ . + @ , and space. */
    static const uint32_t set[4] = {0, 0x03ff7801, 0x87ffffff, 0x07fffffe};

    return c < 128 && (set[c / 32] >> (c % 32) & 1);
}

static bool is_dots(struct s3c_view v)
{
    for (size_t i = 0; i < v.len; i++)
        if (v.ptr[i] != '.')
            return false;
    return true;
}

/* Length of the character of valid UTF-8 that begins at p. */
static size_t character(const unsigned char *p, uint32_t *ret)
{
    if (*p < 0xe0) {
        *ret = (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
        return 2;
    }
    if (*p < 0xf0) {
        *ret = (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
        return 3;
    }
    *ret = (p[0] & 0x07u) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 | (p[3] & 0x3fu);
    return 4;
}

/* Controls, what turns the direction of text around, what XML cannot carry, and what is no character. */
static bool is_printed(uint32_t c)
{
    static const uint32_t hidden[][2] = {{0x80, 0x9f},     {0x200b, 0x200f}, {0x2028, 0x202e},
                                         {0x2060, 0x2069}, {0xfdd0, 0xfdef}, {0xfeff, 0xfeff}};

    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
        if (c >= hidden[i][0] && c <= hidden[i][1])
            return false;
    return (c & 0xfffe) != 0xfffe;
}

static char *put_encoded(char *d, const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        *d++ = '%';
        *d++ = "0123456789ABCDEF"[p[i] >> 4];
        *d++ = "0123456789ABCDEF"[p[i] & 15];
    }
    return d;
}

static int encode_slowly(struct s3c_buf *out, struct s3c_view value)
{
    bool dots = is_dots(value), text = s3c_utf8_valid(value);
    const unsigned char *p = (const unsigned char *)value.ptr, *end = p + value.len;
    uint32_t c = 0;
    char *d;
    int r = s3c_buf_reserve(out, 3 * value.len);

    if (r < 0)
        return r;
    d = out->ptr + out->len;
    while (p < end) {
        size_t n = *p >= 0x80 && text ? character(p, &c) : 1;
        bool keep = n > 1 ? is_printed(c) : is_plain(*p) && !dots;

        if (keep) {
            memcpy(d, p, n);
            d += n;
        } else {
            d = put_encoded(d, p, n);
        }
        p += n;
    }
    out->len = (size_t)(d - out->ptr);
    return 0;
}

int s3c_template_encode(struct s3c_buf *out, struct s3c_view value)
{
    size_t plain = 0;

    if (value.len == 0)
        return s3c_buf_add_str(out, S3C_HIVE_NULL);
    while (plain < value.len && is_plain((unsigned char)value.ptr[plain]))
        plain++;
    if (plain == value.len && !is_dots(value))
        return s3c_buf_add_view(out, value);
    return encode_slowly(out, value);
}
