/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thrift's compact protocol, as far as Parquet's metadata needs it: writing only. The first failure sticks (`error`: S3C_E_NOMEM or
 * S3C_E_TOO_LARGE) and everything after it does nothing, so that callers look once, at the end. Not thread-safe.
 */
#ifndef S3C_FORMAT_PARQUET_THRIFT_H
#define S3C_FORMAT_PARQUET_THRIFT_H

#include "base/buf.h"

#define S3C_THRIFT_DEPTH 8 /* structs inside structs; Parquet needs 5 */

/* Types of list elements. */
enum s3c_thrift_type {
    S3C_THRIFT_BOOL = 1,
    S3C_THRIFT_I32 = 5,
    S3C_THRIFT_I64 = 6,
    S3C_THRIFT_BINARY = 8,
    S3C_THRIFT_LIST = 9,
    S3C_THRIFT_STRUCT = 12,
};

struct s3c_thrift {
    struct s3c_buf *out; /* borrowed */
    int error;           /* 0 so far */
    unsigned depth;
    int last_id[S3C_THRIFT_DEPTH]; /* of the field before, in each open struct */
};
#define S3C_THRIFT_INIT(out_) \
    {                         \
        .out = (out_)         \
    }

/* Fields of the open struct, in rising order of id. */
void s3c_thrift_bool(struct s3c_thrift *t, int id, bool v);
void s3c_thrift_i8(struct s3c_thrift *t, int id, int8_t v);
void s3c_thrift_i16(struct s3c_thrift *t, int id, int16_t v);
void s3c_thrift_i32(struct s3c_thrift *t, int id, int32_t v);
void s3c_thrift_i64(struct s3c_thrift *t, int id, int64_t v);
void s3c_thrift_binary(struct s3c_thrift *t, int id, struct s3c_view v);
/* A struct as a field; its fields and s3c_thrift_close follow. */
void s3c_thrift_struct(struct s3c_thrift *t, int id);
/* A field that holds a struct without fields: how Parquet writes the members of its unions. */
void s3c_thrift_empty_struct(struct s3c_thrift *t, int id);
void s3c_thrift_list(struct s3c_thrift *t, int id, enum s3c_thrift_type element, size_t count);

/* Elements of a list. A struct: open, its fields, close. */
void s3c_thrift_open(struct s3c_thrift *t);
void s3c_thrift_close(struct s3c_thrift *t); /* also the end of the outermost struct */
void s3c_thrift_element_bool(struct s3c_thrift *t, bool v);
void s3c_thrift_element_i32(struct s3c_thrift *t, int32_t v);
void s3c_thrift_element_i64(struct s3c_thrift *t, int64_t v);
void s3c_thrift_element_binary(struct s3c_thrift *t, struct s3c_view v);

/* ULEB128, which the levels of Parquet use as well. 0, S3C_E_NOMEM, S3C_E_TOO_LARGE. */
S3C_MUST_USE int s3c_varint_add(struct s3c_buf *out, uint64_t v);

#endif
