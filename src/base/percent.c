/* SPDX-License-Identifier: Apache-2.0 */
#include "base/view.h"

#include "base/banned.h"

static bool is_unreserved(unsigned char c, bool keep_slash)
{
    /* One bit per ASCII character: A-Z a-z 0-9 - . _ ~ */
    static const uint32_t set[4] = {0, 0x03ff6000, 0x87fffffe, 0x47fffffe};

    return c < 128 && (((set[c / 32] >> (c % 32)) & 1) || (keep_slash && c == '/'));
}

int s3c_percent_encode(struct s3c_buf *out, struct s3c_view v, bool keep_slash)
{
    size_t reserved = 0;
    char *dst;
    int r;

    for (size_t i = 0; i < v.len; i++)
        reserved += !is_unreserved((unsigned char)v.ptr[i], keep_slash);
    if (reserved == 0)
        return s3c_buf_add_view(out, v);
    r = s3c_buf_reserve(out, v.len + 2 * reserved);
    if (r < 0)
        return r;
    dst = out->ptr + out->len;
    for (size_t i = 0; i < v.len; i++) {
        unsigned char c = (unsigned char)v.ptr[i];

        if (is_unreserved(c, keep_slash)) {
            *dst++ = (char)c;
        } else {
            *dst++ = '%';
            *dst++ = "0123456789ABCDEF"[c >> 4];
            *dst++ = "0123456789ABCDEF"[c & 15];
        }
    }
    out->len = (size_t)(dst - out->ptr);
    return 0;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

size_t s3c_percent_decode(char *dst, struct s3c_view v, bool plus_is_space)
{
    size_t n = 0;

    for (size_t i = 0; i < v.len; i++) {
        char c = v.ptr[i];

        if (c == '%' && v.len - i > 2) {
            int high = hex_value(v.ptr[i + 1]), low = hex_value(v.ptr[i + 2]);

            if (high >= 0 && low >= 0) {
                c = (char)(high << 4 | low);
                i += 2;
            }
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        dst[n++] = c;
    }
    return n;
}
