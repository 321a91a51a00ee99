/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parquet files whose payload has columns of its own: operation, position, payload (a group of the record's fields, see format/parquet_typed_plan.h; null
 * where there is none), key, metadata; the others as in format/parquet.h. The columns are made from the schema that the record has, else from the
 * default one. Payloads are Avro data of that schema (S3C_DATA_AVRO), or JSON texts (avro/from_json.h). Records of different schemas are never in one
 * file; those without payload and schema are in files without that column. The payload's schema is in the file's key_value_metadata,
 * opencdc.payload.schema (not parquet.avro.schema: parquet-avro takes that as the schema of all columns).
 */
#ifndef S3C_FORMAT_PARQUET_TYPED_H
#define S3C_FORMAT_PARQUET_TYPED_H

#include <s3c/schema.h>

#include "format/parquet.h"

/* `schema`: of records that have none of their own, or NULL; a reference is taken. 0, S3C_E_NOMEM, S3C_E_RECORD (no columns can be made of it). */
S3C_MUST_USE int s3c_parquet_typed_format_new(struct s3c_format **ret,
                                              const struct s3c_parquet_options *o,
                                              const struct s3c_schema *schema,
                                              struct s3c_error *err);

#endif
