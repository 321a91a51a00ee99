/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A change record: what a source gives and a destination takes. It owns nothing: every view belongs to whoever handed the record
 * out, who says how long it lives. Contents as in OpenCDC; what the S3 source puts into it: docs of the project, "Records".
 */
#ifndef S3C_RECORD_H
#define S3C_RECORD_H

#include <stdbool.h>

#include <s3c/view.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The numbers of OpenCDC's protobuf. */
enum s3c_operation {
    S3C_OP_CREATE = 1,
    S3C_OP_UPDATE = 2,
    S3C_OP_DELETE = 3,
    S3C_OP_SNAPSHOT = 4,
};

enum s3c_data_kind {
    S3C_DATA_NIL = 0,        /* there is none; bytes is unused */
    S3C_DATA_RAW = 1,        /* any bytes */
    S3C_DATA_STRUCTURED = 2, /* the JSON text of one object, valid UTF-8 */
    S3C_DATA_AVRO =
        3, /* one Avro datum of the record's schema; only where s3c_destination_takes_avro says so */
};

struct s3c_data {
    enum s3c_data_kind kind;
    struct s3c_view bytes;
};

struct s3c_schema;

struct s3c_metadata {
    struct s3c_view name, value; /* valid UTF-8 */
};

struct s3c_record {
    enum s3c_operation operation;
    struct s3c_view position;            /* any bytes */
    const struct s3c_metadata *metadata; /* in byte order of name, each name once */
    size_t metadata_count;
    bool metadata_nil; /* no metadata at all (null), as opposed to none in it */
    struct s3c_data key, before, after;
    const struct s3c_schema
        *schema; /* of before and after, where it is known (s3c/schema.h); else NULL */
};

#ifdef __cplusplus
}
#endif
#endif
