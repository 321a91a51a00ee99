/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an Avro schema to columns, worked out once: the nodes of a Parquet schema, and beside them a tree that says how a datum fills them.
 *
 * Avro                            Parquet
 * boolean, int, long, float, ...  BOOLEAN, INT32, INT64, FLOAT, DOUBLE; bytes: BYTE_ARRAY; string, uuid: STRING; enum: ENUM
 * fixed                           FIXED_LEN_BYTE_ARRAY; uuid on fixed(16): UUID; duration: FIXED(12), as it is
 * decimal                         DECIMAL on FIXED of the fewest bytes; beyond 38 digits without the annotation: DuckDB makes a double of it, Polars and Spark refuse
 *                                 the file
 * date, time-*, (local-)timestamp-*  DATE, TIME(utc), TIMESTAMP(utc; local: not utc)
 * record, array, map              group; LIST of three levels; MAP
 * [null, T]                       T, OPTIONAL
 * other unions                    group of OPTIONAL members named by their types (last part of a full name; the whole one where that is taken)
 * null in a record                no column: it has nothing to say. Elsewhere, as in arrays: a JSON column of nulls
 * record without columns          JSON column ("{}")
 * a record within itself          JSON column of that branch
 */
#ifndef S3C_FORMAT_PARQUET_TYPED_PLAN_H
#define S3C_FORMAT_PARQUET_TYPED_PLAN_H

#include "avro/schema.h"
#include "format/parquet_schema.h"

#define S3C_TYPED_COLUMNS_MAX 100000u /* groups included */
#define S3C_TYPED_DEPTH_MAX \
    90 /* groups within groups; pyarrow opens no file of more than 100 levels */
#define S3C_TYPED_DECIMAL_DIGITS 38u /* what all readers take; Arrow alone reads up to 76 */

enum s3c_typed_kind {
    S3C_TYPED_NOTHING, /* a null that has no column */
    S3C_TYPED_NULL,    /* one that has */
    S3C_TYPED_VALUE,
    S3C_TYPED_JSON,
    S3C_TYPED_RECORD,
    S3C_TYPED_LIST,
    S3C_TYPED_MAP, /* its keys are the leaf before the child's */
    S3C_TYPED_UNION,
};

struct s3c_typed_node {
    enum s3c_typed_kind kind;
    const struct avro_type *type; /* of the value: of [null, T] it is T */
    const struct avro_type
        *choice;      /* the union that is read first, or NULL; S3C_TYPED_UNION: type itself */
    uint8_t def, rep; /* levels of a value that is there; of a null: def - 1 */
    uint8_t item_rep; /* list, map: of all items but the first */
    uint32_t first_leaf, leaves;
    size_t width; /* decimal: bytes of a cell */
    struct s3c_typed_node **
        children; /* record: type->count, one for each field; union: one for each branch, NULL for null; list, map: one */
};

struct s3c_typed_plan {
    struct s3c_arena memory;
    struct s3c_typed_node *root;
};

/*
 * Adds a column `name` of the type, OPTIONAL, to the open group of the schema. 0, S3C_E_NOMEM, S3C_E_RECORD (no columns can be made of it: why, and for
 * what), S3C_E_TOO_LARGE. s3c_typed_plan_done is for either outcome.
 */
S3C_MUST_USE int s3c_typed_plan_init(struct s3c_typed_plan *p, struct s3c_parquet_schema *schema,
                                     const char *name, const struct avro_type *type,
                                     struct s3c_error *err);
void s3c_typed_plan_done(struct s3c_typed_plan *p);

#endif
