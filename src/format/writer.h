/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writers turn records into the bytes of one file: pure, no I/O, no clock. One writer makes one file after the other: add, add, ...,
 * finish, and again. Not thread-safe.
 */
#ifndef S3C_FORMAT_WRITER_H
#define S3C_FORMAT_WRITER_H

#include <s3c/record.h>

#include "base/buf.h"

struct s3c_writer;
struct s3c_writer_ops {
    const char *extension; /* "json", without the dot */
    const char *content_type;
    const char *content_encoding; /* "gzip", or NULL */
    /* Appends one record, whole or not at all. 0, S3C_E_NOMEM, S3C_E_TOO_LARGE, S3C_E_RECORD. */
    int (*add)(struct s3c_writer *w, const struct s3c_record *r, struct s3c_error *err);
    /* Bytes the file would have if it were finished now (an estimate where they are compressed). */
    size_t (*size)(const struct s3c_writer *w);
    /* Bytes it holds for that file now. */
    size_t (*memory)(const struct s3c_writer *w);
    /* Moves the finished file into *ret, which the caller owns (s3c_buf_done), and starts the next one empty, also on failure. */
    int (*finish)(struct s3c_writer *w, struct s3c_buf *ret, struct s3c_error *err);
    void (*release)(struct s3c_writer *w);
};
struct s3c_writer {
    const struct s3c_writer_ops *ops;
};

#endif
