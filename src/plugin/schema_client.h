/* SPDX-License-Identifier: Apache-2.0 */
/* connutils.v1.SchemaService of the host: one blocking call with its retries, for the worker. One thread at a time, cancel excepted. */
#ifndef S3C_PLUGIN_SCHEMA_CLIENT_H
#define S3C_PLUGIN_SCHEMA_CLIENT_H

#include <stdint.h>

#include "base/buf.h"

#define SCHEMA_CLIENT_TRY_NS   (3 * S3C_NS_PER_SEC)  /* one call */
#define SCHEMA_CLIENT_TOTAL_NS (10 * S3C_NS_PER_SEC) /* with retries */

struct schema_client;

/* target: host:port, may be empty or wrong: then every fetch says so. The token is copied and never shown. 0 or S3C_E_NOMEM. */
S3C_MUST_USE int schema_client_new(struct schema_client **ret, struct s3c_view target,
                                   struct s3c_view token, struct s3c_error *err);
void schema_client_free(struct schema_client *c); /* NULL is fine */
void schema_client_cancel(
    struct schema_client *c); /* any thread: fetches end at once with S3C_E_CANCELLED */

/*
 * ctx: a struct schema_client. Asks for a schema's text, again while the service cannot be reached or is busy, at most SCHEMA_CLIENT_TOTAL_NS.
 * 0; negative: what the service said (S3C_E_NOT_FOUND for its two "... not found", else S3C_E_PROTOCOL), or why it could not be asked.
 */
S3C_MUST_USE int schema_client_fetch(void *ctx, struct s3c_view subject, int32_t version,
                                     struct s3c_buf *ret_text, struct s3c_error *err);
/* The pure part: the text in a GetSchemaResponse is appended. 0; S3C_E_PROTOCOL (no schema, none of Avro), S3C_E_TOO_LARGE, S3C_E_NOMEM. */
S3C_MUST_USE int schema_client_read_reply(struct s3c_view message, struct s3c_buf *ret_text,
                                          struct s3c_error *err);

#endif
