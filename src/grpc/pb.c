/* SPDX-License-Identifier: Apache-2.0 */
#include "grpc/pb.h"

#include <string.h>

#define VARINT_MAX_BYTES 10
#define FIELD_MAX        ((1u << 29) - 1)

void pb_read(struct pb_reader *r, struct s3c_view message)
{
    memset(r, 0, sizeof(*r));
    r->p = message.ptr ? message.ptr : ""; /* nil and empty are the same message */
    r->end = r->p + message.len;
}

/* Bits above the 64th, which only a tenth byte can hold, are an error: no writer makes them. */
static bool read_varint(struct pb_reader *r, uint64_t *ret)
{
    uint64_t v = 0;

    for (unsigned shift = 0; shift < 7 * VARINT_MAX_BYTES && r->p < r->end; shift += 7) {
        uint8_t byte = (uint8_t)*r->p++;

        if (shift == 63 && byte > 1)
            return false;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *ret = v;
            return true;
        }
    }
    return false;
}

/* Little-endian, whatever the machine. */
static bool read_fixed(struct pb_reader *r, size_t n, uint64_t *ret)
{
    uint64_t v = 0;

    if ((size_t)(r->end - r->p) < n)
        return false;
    for (size_t i = 0; i < n; i++)
        v |= (uint64_t)(uint8_t)r->p[i] << (8 * i);
    r->p += n;
    *ret = v;
    return true;
}

static bool read_bytes(struct pb_reader *r)
{
    uint64_t n;

    if (!read_varint(r, &n) || n > (uint64_t)(r->end - r->p))
        return false;
    r->bytes = (struct s3c_view){r->p, (size_t)n};
    r->p += n;
    return true;
}

static bool read_value(struct pb_reader *r)
{
    r->number = 0;
    r->bytes = (struct s3c_view){NULL, 0};
    switch (r->wire) {
    case PB_VARINT:
        return read_varint(r, &r->number);
    case PB_FIXED64:
        return read_fixed(r, 8, &r->number);
    case PB_BYTES:
        return read_bytes(r);
    case PB_FIXED32:
        return read_fixed(r, 4, &r->number);
    default:
        return false; /* groups, and the two wire types that do not exist */
    }
}

/* The short way for nearly all fields there are: a tag and a length of one byte each. False: whatever it is, it is read the long way. */
static bool next_short_bytes(struct pb_reader *r)
{
    uint8_t tag = (uint8_t)r->p[0], len;

    if (r->end - r->p < 2 || (tag & 0x87) != PB_BYTES || tag < 8)
        return false;
    len = (uint8_t)r->p[1];
    if (len >= 0x80 || len > r->end - r->p - 2)
        return false;
    r->field = tag >> 3;
    r->wire = PB_BYTES;
    r->number = 0;
    r->bytes = (struct s3c_view){r->p + 2, len};
    r->p += 2 + len;
    return true;
}

int pb_next(struct pb_reader *r)
{
    uint64_t tag;

    if (r->p == r->end)
        return 0;
    if (next_short_bytes(r))
        return 1;
    if (!read_varint(r, &tag) || tag >> 3 == 0 || tag >> 3 > FIELD_MAX)
        return S3C_E_PROTOCOL;
    r->field = (unsigned)(tag >> 3);
    r->wire = (enum pb_wire)(tag & 7);
    return read_value(r) ? 1 : S3C_E_PROTOCOL;
}

size_t pb_varint_size(uint64_t v)
{
    unsigned bits = 64 - (unsigned)__builtin_clzll(v | 1);

    return (bits + 6) / 7;
}

char *pb_put_varint(char *p, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        *p++ = (char)(v | 0x80);
    *p++ = (char)v;
    return p;
}

/* The tag into dst, which has 5 bytes. */
static char *put_tag(char *dst, unsigned field, enum pb_wire wire)
{
    return pb_put_varint(dst, (uint64_t)field << 3 | wire);
}

int pb_add_varint(struct s3c_buf *b, unsigned field, uint64_t v)
{
    char bytes[2 * VARINT_MAX_BYTES];
    char *end = pb_put_varint(put_tag(bytes, field, PB_VARINT), v);

    return s3c_buf_add(b, bytes, (size_t)(end - bytes));
}

int pb_add_double(struct s3c_buf *b, unsigned field, double v)
{
    char bytes[VARINT_MAX_BYTES + 8];
    char *p = put_tag(bytes, field, PB_FIXED64);
    uint64_t bits;

    memcpy(&bits, &v, sizeof(bits));
    for (unsigned i = 0; i < 8; i++)
        *p++ = (char)(bits >> (8 * i));
    return s3c_buf_add(b, bytes, (size_t)(p - bytes));
}

int pb_add_bytes(struct s3c_buf *b, unsigned field, struct s3c_view v)
{
    char bytes[2 * VARINT_MAX_BYTES];
    char *end = pb_put_varint(put_tag(bytes, field, PB_BYTES), v.len);
    size_t n = (size_t)(end - bytes);
    int r;

    if (v.len > SIZE_MAX - n)
        return S3C_E_TOO_LARGE;
    r = s3c_buf_reserve(b, n + v.len); /* all or nothing */
    if (r < 0)
        return r;
    memcpy(b->ptr + b->len, bytes, n);
    if (v.len)
        memcpy(b->ptr + b->len + n, v.ptr, v.len);
    b->len += n + v.len;
    return 0;
}

int pb_begin(struct s3c_buf *b, unsigned field, size_t *ret_mark)
{
    char bytes[VARINT_MAX_BYTES];
    char *end = put_tag(bytes, field, PB_BYTES);
    int r;

    *end++ = 0; /* the length's first byte; most nested messages need no more */
    r = s3c_buf_add(b, bytes, (size_t)(end - bytes));
    if (r == 0)
        *ret_mark = b->len;
    return r;
}

int pb_end(struct s3c_buf *b, size_t mark)
{
    size_t n = b->len - mark, more = pb_varint_size(n) - 1;
    int r;

    if (more) {
        r = s3c_buf_reserve(b, more);
        if (r < 0)
            return r;
        memmove(b->ptr + mark + more, b->ptr + mark, n);
        b->len += more;
    }
    pb_put_varint(b->ptr + mark - 1, n);
    return 0;
}
