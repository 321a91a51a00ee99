/* SPDX-License-Identifier: Apache-2.0 */
/* Protobuf messages of a destination, written field by field. */
#ifndef S3C_TESTS_PLUGIN_RECORD_TEXT_H
#define S3C_TESTS_PLUGIN_RECORD_TEXT_H

#include "base/view.h"
#include "check.h"
#include "grpc/pb.h"

/* Adds a field of bytes; the view of a C string. */
static inline void put_text(struct s3c_buf *b, unsigned field, const char *text)
{
    CHECK_OK(pb_add_bytes(b, field, s3c_view_str(text)), NULL);
}

static inline size_t put_begin(struct s3c_buf *b, unsigned field)
{
    size_t mark;

    CHECK_OK(pb_begin(b, field, &mark), NULL);
    return mark;
}

static inline void put_end(struct s3c_buf *b, size_t mark)
{
    CHECK_OK(pb_end(b, mark), NULL);
}

static inline void put_metadata(struct s3c_buf *b, const char *name, const char *value)
{
    size_t mark = put_begin(b, 3);

    put_text(b, 1, name);
    put_text(b, 2, value);
    put_end(b, mark);
}

/* payload.after with raw data */
static inline void put_after(struct s3c_buf *b, struct s3c_view data)
{
    size_t payload = put_begin(b, 5), after = put_begin(b, 2);

    CHECK_OK(pb_add_bytes(b, 1, data), NULL);
    put_end(b, after);
    put_end(b, payload);
}

/* The inside of a record that is fine: position, create, raw payload. */
static inline void put_record(struct s3c_buf *b, const char *position, const char *payload)
{
    put_text(b, 1, position);
    CHECK_OK(pb_add_varint(b, 2, 1), NULL);
    put_after(b, s3c_view_str(payload));
}

#endif
