/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Schemas of structured data, in Avro's JSON form (Avro 1.11, "Schema Declaration"). Immutable after parsing; counted references, which may be taken and
 * given back by any thread.
 */
#ifndef S3C_SCHEMA_H
#define S3C_SCHEMA_H

#include <s3c/error.h>
#include <s3c/view.h>

#ifdef __cplusplus
extern "C" {
#endif

struct s3c_schema;

/* *ret has one reference. 0, S3C_E_NOMEM, S3C_E_RECORD: what is wrong with the text (it may be anything), S3C_E_TOO_LARGE. */
S3C_PUBLIC S3C_MUST_USE int s3c_schema_parse(struct s3c_schema **ret, struct s3c_view text,
                                             struct s3c_error *err);
/* One reference more; gives back its argument. */
S3C_PUBLIC const struct s3c_schema *s3c_schema_ref(const struct s3c_schema *s);
S3C_PUBLIC void s3c_schema_unref(const struct s3c_schema *s); /* NULL is fine */

#ifdef __cplusplus
}
#endif
#endif
