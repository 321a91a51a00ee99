/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema of a Parquet file: a tree of groups and leaves (parquet.thrift, SchemaElement; LogicalTypes.md), built once from the root down,
 * read by any number of files. Every leaf knows its levels. Not thread-safe while it is built.
 */
#ifndef S3C_FORMAT_PARQUET_SCHEMA_H
#define S3C_FORMAT_PARQUET_SCHEMA_H

#include "base/buf.h"

/* Numbers of the format, but for groups, which have none. */
enum s3c_parquet_type {
    S3C_PARQUET_GROUP = -1,
    S3C_PARQUET_BOOLEAN = 0,
    S3C_PARQUET_INT32 = 1,
    S3C_PARQUET_INT64 = 2,
    S3C_PARQUET_FLOAT = 4,
    S3C_PARQUET_DOUBLE = 5,
    S3C_PARQUET_BYTES = 6, /* BYTE_ARRAY */
    S3C_PARQUET_FIXED = 7, /* FIXED_LEN_BYTE_ARRAY */
};
enum s3c_parquet_repetition {
    S3C_PARQUET_REQUIRED = 0,
    S3C_PARQUET_OPTIONAL = 1,
    S3C_PARQUET_REPEATED = 2
};
/* Fields of the union LogicalType. */
enum s3c_parquet_logical {
    S3C_PARQUET_PLAIN = 0, /* none */
    S3C_PARQUET_STRING = 1,
    S3C_PARQUET_MAP = 2,
    S3C_PARQUET_LIST = 3,
    S3C_PARQUET_ENUM = 4,
    S3C_PARQUET_DECIMAL = 5, /* on INT32, INT64 and FIXED (big-endian two's complement) */
    S3C_PARQUET_DATE = 6,
    S3C_PARQUET_TIME = 7,      /* INT32 for milliseconds, else INT64 */
    S3C_PARQUET_TIMESTAMP = 8, /* INT64 */
    S3C_PARQUET_INTEGER = 10,  /* signed, `bits` of 8, 16, 32, 64 */
    S3C_PARQUET_JSON = 12,
    S3C_PARQUET_UUID = 14, /* FIXED of 16 */
};
enum s3c_parquet_unit { S3C_PARQUET_MILLIS = 1, S3C_PARQUET_MICROS = 2, S3C_PARQUET_NANOS = 3 };

#define S3C_PARQUET_LEVEL_MAX 255 /* a byte for each level of an entry */

/* What is said of a node when it is added; what does not concern its type is 0. */
struct s3c_parquet_node {
    struct s3c_view name; /* valid UTF-8; copied */
    enum s3c_parquet_type type;
    enum s3c_parquet_repetition repetition;
    enum s3c_parquet_logical logical;
    uint32_t length;            /* of FIXED */
    uint32_t precision, scale;  /* DECIMAL */
    enum s3c_parquet_unit unit; /* TIME, TIMESTAMP */
    bool utc;
    uint8_t bits; /* INTEGER */

    /* the schema's */
    uint32_t children, parent;   /* direct children of a group; the root is its own parent */
    uint32_t first_leaf, leaves; /* at or below it: they are numbered from left to right */
    uint8_t max_def, max_rep;    /* here: what an entry has that is there */
};

struct s3c_parquet_schema {
    struct s3c_parquet_node *nodes; /* depth first; [0] is the root */
    size_t count, capacity;
    uint32_t *leaves; /* their nodes */
    size_t leaf_count, leaf_capacity;
    uint32_t open; /* the group that takes the next node */
    struct s3c_arena names;
};

/* With a root and nothing below it. 0, S3C_E_NOMEM. s3c_parquet_schema_done is for either outcome, and idempotent. */
S3C_MUST_USE int s3c_parquet_schema_init(struct s3c_parquet_schema *s);
void s3c_parquet_schema_done(struct s3c_parquet_schema *s);

/*
 * Adds a node to the open group; a group is open then, until s3c_parquet_schema_close. *ret (may be NULL) is the node's number in `nodes`. Every group must get a
 * child. 0, S3C_E_NOMEM, S3C_E_TOO_LARGE (more levels than S3C_PARQUET_LEVEL_MAX, or 2^20 nodes); after a failure the schema is good for nothing but _done.
 */
S3C_MUST_USE int s3c_parquet_schema_add(struct s3c_parquet_schema *s,
                                        const struct s3c_parquet_node *node, uint32_t *ret);
void s3c_parquet_schema_close(struct s3c_parquet_schema *s);

static inline const struct s3c_parquet_node *s3c_parquet_leaf(const struct s3c_parquet_schema *s,
                                                              size_t leaf)
{
    return &s->nodes[s->leaves[leaf]];
}

#endif
