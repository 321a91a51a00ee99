/* SPDX-License-Identifier: Apache-2.0 */
/* The settings that a host sends, map<string, string>, as a configuration; and reading back the sdk.* ones, which no engine knows. */
#ifndef S3C_PLUGIN_PARAMS_H
#define S3C_PLUGIN_PARAMS_H

#include <stdint.h>

#include <s3c/config.h>

/*
 * Field 1 of a request, names and values trimmed, empty values as not set. 0; S3C_E_PROTOCOL: no protobuf; S3C_E_NOMEM; S3C_E_INVALID: err's
 * message is "failed to parse configuration: config invalid: " and all the problems that fit, one a line.
 */
S3C_MUST_USE int params_parse(struct s3c_config **ret, enum s3c_side side, struct s3c_view message,
                              struct s3c_error *err);

/* Effective values of options of a finished configuration; the name must be in the table with this type. */
const char *params_text(const struct s3c_config *c, const char *name);
int64_t params_int(const struct s3c_config *c, const char *name);
int64_t params_duration_ns(const struct s3c_config *c, const char *name);

#endif
