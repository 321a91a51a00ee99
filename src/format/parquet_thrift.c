/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Written by hand (doc/specs/thrift-compact-protocol.md of Apache Thrift): the generated C code for Parquet's metadata is 22,000 lines
 * over GObject. Elements of a list of bools are 1 and 2, as Java and C++ write them; readers had to learn anything else.
 */
#include "format/parquet_thrift.h"

#include <assert.h>

#include "base/banned.h"

enum { BOOL_TRUE = 1, BOOL_FALSE = 2, TYPE_I8 = 3, TYPE_I16 = 4, SHORT_FORM_MAX = 15 };

int s3c_varint_add(struct s3c_buf *out, uint64_t v)
{
    char bytes[10];
    size_t n = 0;

    for (; v >= 0x80; v >>= 7)
        bytes[n++] = (char)(v | 0x80);
    bytes[n++] = (char)v;
    return s3c_buf_add(out, bytes, n);
}

static void put_byte(struct s3c_thrift *t, unsigned c)
{
    if (t->error == 0)
        t->error = s3c_buf_add_char(t->out, (char)c);
}

static void put_varint(struct s3c_thrift *t, uint64_t v)
{
    if (t->error == 0)
        t->error = s3c_varint_add(t->out, v);
}

static void put_zigzag(struct s3c_thrift *t, int64_t v)
{
    put_varint(t, ((uint64_t)v << 1) ^ (uint64_t)(v >> 63));
}

static void put_field(struct s3c_thrift *t, int id, unsigned type)
{
    int delta = id - t->last_id[t->depth];

    if (delta > 0 && delta <= SHORT_FORM_MAX) {
        put_byte(t, (unsigned)delta << 4 | type);
    } else {
        put_byte(t, type);
        put_zigzag(t, id);
    }
    t->last_id[t->depth] = id;
}

void s3c_thrift_bool(struct s3c_thrift *t, int id, bool v)
{
    put_field(t, id, v ? BOOL_TRUE : BOOL_FALSE);
}

void s3c_thrift_i8(struct s3c_thrift *t, int id, int8_t v)
{
    put_field(t, id, TYPE_I8);
    put_byte(t, (unsigned char)v);
}

void s3c_thrift_i16(struct s3c_thrift *t, int id, int16_t v)
{
    put_field(t, id, TYPE_I16);
    put_zigzag(t, v);
}

void s3c_thrift_i32(struct s3c_thrift *t, int id, int32_t v)
{
    put_field(t, id, S3C_THRIFT_I32);
    put_zigzag(t, v);
}

void s3c_thrift_i64(struct s3c_thrift *t, int id, int64_t v)
{
    put_field(t, id, S3C_THRIFT_I64);
    put_zigzag(t, v);
}

void s3c_thrift_binary(struct s3c_thrift *t, int id, struct s3c_view v)
{
    put_field(t, id, S3C_THRIFT_BINARY);
    s3c_thrift_element_binary(t, v);
}

void s3c_thrift_struct(struct s3c_thrift *t, int id)
{
    put_field(t, id, S3C_THRIFT_STRUCT);
    s3c_thrift_open(t);
}

void s3c_thrift_empty_struct(struct s3c_thrift *t, int id)
{
    s3c_thrift_struct(t, id);
    s3c_thrift_close(t);
}

void s3c_thrift_list(struct s3c_thrift *t, int id, enum s3c_thrift_type element, size_t count)
{
    put_field(t, id, S3C_THRIFT_LIST);
    if (count < SHORT_FORM_MAX) {
        put_byte(t, (unsigned)count << 4 | element);
    } else {
        put_byte(t, 0xf0u | element);
        put_varint(t, count);
    }
}

void s3c_thrift_open(struct s3c_thrift *t)
{
    assert(t->depth + 1 < S3C_THRIFT_DEPTH);
    t->last_id[++t->depth] = 0;
}

void s3c_thrift_close(struct s3c_thrift *t)
{
    put_byte(t, 0);
    if (t->depth > 0)
        t->depth--;
}

void s3c_thrift_element_bool(struct s3c_thrift *t, bool v)
{
    put_byte(t, v ? BOOL_TRUE : BOOL_FALSE);
}

void s3c_thrift_element_i32(struct s3c_thrift *t, int32_t v)
{
    put_zigzag(t, v);
}

void s3c_thrift_element_i64(struct s3c_thrift *t, int64_t v)
{
    put_zigzag(t, v);
}

void s3c_thrift_element_binary(struct s3c_thrift *t, struct s3c_view v)
{
    put_varint(t, v.len);
    if (t->error == 0)
        t->error = s3c_buf_add_view(t->out, v);
}
