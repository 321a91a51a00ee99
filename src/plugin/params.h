/* SPDX-License-Identifier: Apache-2.0 */
/* The settings that a host sends, map<string, string>, as a configuration. */
#ifndef S3C_PLUGIN_PARAMS_H
#define S3C_PLUGIN_PARAMS_H

#include <s3c/config.h>

#include "base/buf.h"

#define PARAMS_PROBLEMS_MAX 8192 /* bytes of their text: it travels as an HTTP/2 header */

/*
 * Field 1 of a request: names and values trimmed, an empty value is one that is not set. `side` is S3C_SOURCE or S3C_DESTINATION.
 * 0; S3C_E_PROTOCOL: no protobuf; S3C_E_NOMEM; S3C_E_INVALID: *problems is "failed to parse configuration: config invalid: " and the
 * problems, one a line (if they are more than fit, the last line says so), NUL-terminated.
 */
S3C_MUST_USE int params_parse(struct s3c_config **ret, enum s3c_side side, struct s3c_view message,
                              struct s3c_buf *problems, struct s3c_error *err);

#endif
