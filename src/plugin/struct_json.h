/* SPDX-License-Identifier: Apache-2.0 */
/* google.protobuf.Struct as JSON text. Pure. */
#ifndef S3C_PLUGIN_STRUCT_JSON_H
#define S3C_PLUGIN_STRUCT_JSON_H

#include "avro/json_out.h"

/*
 * Appends. A value without a kind is null, as in Go. 0, S3C_E_NOMEM, S3C_E_TOO_LARGE (the text), S3C_E_PROTOCOL (no protobuf), S3C_E_RECORD: *ret_why
 * says in static text what JSON has no form for.
 */
S3C_MUST_USE int struct_to_json(struct json_out *out, struct s3c_view message,
                                const char **ret_why);

#endif
