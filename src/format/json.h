/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON lines (DESIGN 5): one object a line, LF at each end; fields Operation, Position, Payload, Key, Metadata, then PositionEncoding,
 * PayloadEncoding, KeyEncoding = "base64" only where that field's bytes are not valid UTF-8. Payload is `after`.
 */
#ifndef S3C_FORMAT_JSON_H
#define S3C_FORMAT_JSON_H

#include "format/format.h"

/* Appends the line of one record, whole or not at all. 0, S3C_E_NOMEM, S3C_E_TOO_LARGE, S3C_E_RECORD. */
S3C_MUST_USE int s3c_json_add(struct s3c_buf *out, const struct s3c_record *r,
                              struct s3c_error *err);
/* The `variant` of a format whose files take all records: none. */
int s3c_json_any_variant(struct s3c_format *f, const struct s3c_record *r, struct s3c_buf *out,
                         struct s3c_error *err);
S3C_MUST_USE int s3c_json_format_new(struct s3c_format **ret, struct s3c_error *err);

#endif
