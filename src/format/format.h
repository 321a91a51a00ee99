/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A format: what all files of one destination have in common. It makes writers, one for each open file (format/writer.h), and owns what they
 * share: compressors, scratch memory. A writer must be released before its format. Not thread-safe; one thread uses a format and
 * all its writers.
 */
#ifndef S3C_FORMAT_FORMAT_H
#define S3C_FORMAT_FORMAT_H

#include "format/writer.h"

struct s3c_format;
struct s3c_format_ops {
    const char *extension; /* "json.gz", without the first dot */
    const char *content_type;
    const char *content_encoding; /* "gzip", or NULL */
    bool takes_avro;              /* S3C_DATA_AVRO may come, see s3c/record.h */
    /*
     * Appends what of a record decides which files it may be in (the identity of its schema); nothing where all records may be in one file. Records with different
     * variants are never in one file. 0, S3C_E_NOMEM, S3C_E_RECORD (it can be in no file: it names no schema, ...).
     */
    int (*variant)(struct s3c_format *f, const struct s3c_record *r, struct s3c_buf *out,
                   struct s3c_error *err);
    /* A writer for a new file whose first record will be `first` (which is not added yet): 0, S3C_E_NOMEM, S3C_E_RECORD. */
    int (*open)(struct s3c_format *f, const struct s3c_record *first, struct s3c_writer **ret,
                struct s3c_error *err);
    void (*release)(struct s3c_format *f);
};
struct s3c_format {
    const struct s3c_format_ops *ops;
};

#endif
