/* SPDX-License-Identifier: Apache-2.0 */
/* A parsed schema, as the parser makes it and the decoder walks it. Types may be recursive; all lie in the schema's arena. */
#ifndef S3C_PLUGIN_AVRO_PRIVATE_H
#define S3C_PLUGIN_AVRO_PRIVATE_H

#include "plugin/avro.h"

enum avro_kind {
    AVRO_NULL,
    AVRO_BOOLEAN,
    AVRO_INT,
    AVRO_LONG,
    AVRO_FLOAT,
    AVRO_DOUBLE,
    AVRO_BYTES,
    AVRO_STRING, /* the primitive ones end here */
    AVRO_RECORD,
    AVRO_ENUM,
    AVRO_ARRAY,
    AVRO_MAP,
    AVRO_FIXED,
    AVRO_UNION,
};
#define AVRO_PRIMITIVES (AVRO_STRING + 1)

enum avro_logical {
    AVRO_PLAIN, /* none, or one that changes nothing */
    AVRO_DECIMAL,
    AVRO_DURATION,
    AVRO_UUID,
    AVRO_DATE,
    AVRO_TIME_MILLIS,
    AVRO_TIME_MICROS,
    AVRO_TIMESTAMP_MILLIS,
    AVRO_TIMESTAMP_MICROS,
    AVRO_LOCAL_TIMESTAMP_MILLIS,
    AVRO_LOCAL_TIMESTAMP_MICROS,
};

struct avro_field {
    struct s3c_view name;
    const struct avro_type *type;
};

struct avro_type {
    enum avro_kind kind;
    enum avro_logical logical;
    struct s3c_view name;           /* full name of record, enum, fixed */
    size_t size;                    /* fixed: bytes */
    unsigned scale;                 /* decimal */
    size_t count;                   /* of the next three */
    struct avro_field *fields;      /* record */
    struct s3c_view *symbols;       /* enum */
    const struct avro_type **types; /* union; array and map: the one of the items */
    struct avro_type *next_named;   /* while parsing */
};

struct avro_schema {
    struct s3c_arena memory;
    const struct avro_type *root;
};

/* "string", "long.timestamp-millis", "ns.Record": the name of a union's branch, without NUL. */
struct avro_name {
    struct s3c_view type, logical; /* logical: empty if there is none */
};
struct avro_name avro_type_name(const struct avro_type *t);
/* AVRO_PLAIN where the two do not belong together. */
enum avro_logical avro_logical_of(enum avro_kind kind, struct s3c_view name);

/* The texts of the primitive kinds; NULL for others. */
const char *avro_primitive_name(enum avro_kind kind);

#define AVRO_DECIMAL_BYTES_MAX 1024
#define AVRO_DECIMAL_SCALE_MAX 2000
/* A big-endian two's complement number / 10^scale as a reduced fraction in quotes. S3C_E_RECORD: more than AVRO_DECIMAL_BYTES_MAX bytes. */
S3C_MUST_USE int avro_add_decimal(struct json_out *out, struct s3c_view unscaled, unsigned scale);

#endif
