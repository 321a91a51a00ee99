/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A parsed schema (s3c/schema.h), as the parser makes it and decoders walk it. Types may be recursive; all lie in the schema's arena and
 * never change, so that any thread may read them.
 */
#ifndef S3C_AVRO_SCHEMA_H
#define S3C_AVRO_SCHEMA_H

#include <stdatomic.h>
#include <stdbool.h>

#include <s3c/schema.h>

#include "base/digest.h"
#include "base/mem.h"

#define AVRO_MAX_TYPES 100000u /* of one schema, and fields of a record, symbols of an enum, ... */
#define AVRO_MAX_NAMED 10000u  /* of one schema */

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
    AVRO_UUID, /* on string, or fixed(16) */
    AVRO_DATE,
    AVRO_TIME_MILLIS,
    AVRO_TIME_MICROS,
    AVRO_TIMESTAMP_MILLIS,
    AVRO_TIMESTAMP_MICROS,
    AVRO_TIMESTAMP_NANOS,
    AVRO_LOCAL_TIMESTAMP_MILLIS,
    AVRO_LOCAL_TIMESTAMP_MICROS,
    AVRO_LOCAL_TIMESTAMP_NANOS,
};

struct avro_field {
    struct s3c_view name;
    const struct avro_type *type;
    struct s3c_view fallback; /* its default as JSON text; ptr NULL: it has none */
};

struct avro_type {
    enum avro_kind kind;
    enum avro_logical logical;
    struct s3c_view name;           /* full name of record, enum, fixed */
    size_t size;                    /* fixed: bytes */
    unsigned precision, scale;      /* decimal */
    size_t count;                   /* of the next three */
    struct avro_field *fields;      /* record */
    struct s3c_view *symbols;       /* enum */
    uint32_t *by_name;              /* record: its fields in byte order of their names */
    const struct avro_type **types; /* union; array and map: the one of the items */
    struct avro_type *next_named;   /* while parsing */
};

struct s3c_schema {
    atomic_size_t references;
    struct s3c_arena memory;
    const struct avro_type *root;
    struct s3c_view text;        /* as it was given */
    struct s3c_hash128 identity; /* of the text */
};

/* "string", "long.timestamp-millis", "ns.Record": the name of a union's branch in Go's library, without NUL. */
struct avro_name {
    struct s3c_view type, logical; /* logical: empty if there is none */
};
struct avro_name avro_type_name(const struct avro_type *t);
/* AVRO_PLAIN where the two do not belong together. */
enum avro_logical avro_logical_of(enum avro_kind kind, struct s3c_view name);

/* A record's field by its name: its number, or t->count. */
size_t avro_find_field(const struct avro_type *t, struct s3c_view name);
/* Fills t->by_name, for which there is room. The number of a field whose name another one has, or t->count. */
size_t avro_sort_fields(struct avro_type *t);

/* The texts of the primitive kinds; NULL for others. */
const char *avro_primitive_name(enum avro_kind kind);

#define AVRO_DECIMAL_SCALE_MAX 2000

#endif
