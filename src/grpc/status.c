/* SPDX-License-Identifier: Apache-2.0 */
#include "grpc/status.h"

#include <string.h>

#include "base/view.h"

int grpc_message_encode(struct s3c_buf *out, struct s3c_view text)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t i;
    int r = 0;

    for (i = 0; i < text.len && r == 0; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        const char escaped[3] = {'%', hex[c >> 4], hex[c & 15]};

        if (c >= 0x20 && c < 0x7f && c != '%')
            r = s3c_buf_add_char(out, (char)c);
        else
            r = s3c_buf_add(out, escaped, sizeof(escaped));
    }
    return r;
}

static int64_t unit_ns(char unit)
{
    switch (unit) {
    case 'H':
        return INT64_C(3600000000000);
    case 'M':
        return INT64_C(60000000000);
    case 'S':
        return INT64_C(1000000000);
    case 'm':
        return INT64_C(1000000);
    case 'u':
        return INT64_C(1000);
    case 'n':
        return 1;
    default:
        return 0;
    }
}

int grpc_timeout_parse(struct s3c_view v, int64_t *ret_ns)
{
    int64_t unit;
    uint64_t n;

    if (v.len < 2 || v.len > 9)
        return S3C_E_INVALID;
    unit = unit_ns(v.ptr[v.len - 1]);
    if (!unit || s3c_view_u64(s3c_view_first(v, v.len - 1), &n) < 0)
        return S3C_E_INVALID;
    if (__builtin_mul_overflow((int64_t)n, unit, ret_ns)) /* at most 8 digits */
        *ret_ns = INT64_MAX;
    return 0;
}
