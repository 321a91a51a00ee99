/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writers turn records into the bytes of one file: pure, no I/O, no clock. A writer makes one file: add, add, ..., finish; then it is released, or makes
 * another file of the same variant (format/format.h). Made by a format. Not thread-safe.
 */
#ifndef S3C_FORMAT_WRITER_H
#define S3C_FORMAT_WRITER_H

#include <s3c/record.h>

#include "base/buf.h"

struct s3c_writer;
struct s3c_writer_ops {
    /* Appends one record, whole or not at all. 0, S3C_E_NOMEM, S3C_E_TOO_LARGE, S3C_E_RECORD. */
    int (*add)(struct s3c_writer *w, const struct s3c_record *r, struct s3c_error *err);
    /* Bytes the whole file would have if it were finished now, those taken included (an estimate where they are compressed). */
    size_t (*size)(const struct s3c_writer *w);
    /* Bytes of memory it has allocated for its file now (capacities, not lengths), what it shares with others not counted. Cheap: asked for each record. */
    size_t (*memory)(const struct s3c_writer *w);
    /* How many bytes at the file's beginning are final and not taken yet; cheap. */
    size_t (*ready)(const struct s3c_writer *w);
    /* Moves those bytes into *ret, which the caller owns (s3c_buf_done): how a file is sent while it is written. 0, S3C_E_NOMEM (nothing was taken). */
    int (*take)(struct s3c_writer *w, struct s3c_buf *ret, struct s3c_error *err);
    /* Moves what is left of the finished file into *ret, which the caller owns, and starts the next one empty, also on failure. */
    int (*finish)(struct s3c_writer *w, struct s3c_buf *ret, struct s3c_error *err);
    /* May be NULL. Takes over the memory of *spare, which is empty afterwards, for the next file: fresh memory costs more than filling it. Before the file's first record. */
    void (*give)(struct s3c_writer *w, struct s3c_buf *spare);
    void (*release)(struct s3c_writer *w);
};
struct s3c_writer {
    const struct s3c_writer_ops *ops;
};

#endif
