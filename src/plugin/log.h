/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of a plugin: one JSON object a line on standard error, as go-hclog writes them, which Conduit shows with level and fields
 * (conduit-protocol.md 5). "@level", "@message" and all other values are strings: a number panics the host. The host is never waited
 * for: a line that its pipe has no room for is dropped, and the next one that fits says how many were. Thread-safe.
 */
#ifndef S3C_PLUGIN_LOG_H
#define S3C_PLUGIN_LOG_H

#include <s3c/error.h>
#include <s3c/log.h>

struct plugin_log;

/* `level` as Conduit names them ("trace" to "error"; others, "" and NULL: info). 0 or S3C_E_NOMEM. */
S3C_MUST_USE int plugin_log_new(struct plugin_log **ret, int fd, const char *level,
                                struct s3c_error *err);
void plugin_log_free(struct plugin_log *l); /* NULL is fine */

/* What the engines and s3c_logf take; lives as long as the log. */
const struct s3c_log *plugin_log_sink(const struct plugin_log *l);

/* From now on each line carries "@module" (shown as component; static text) and "bucket" (copied, cut). Not while other threads log. */
void plugin_log_context(struct plugin_log *l, const char *module, const char *bucket);

#endif
