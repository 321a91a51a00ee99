/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schemas that records name, from the schema service: fetched by the worker, kept for 15 minutes, errors for a few seconds, so
 * that a service that is down costs one wait and not one a record. Loop's thread only.
 */
#ifndef S3C_PLUGIN_SCHEMA_H
#define S3C_PLUGIN_SCHEMA_H

#include <s3c/schema.h>

#include "base/buf.h"
#include "base/clock.h"
#include "plugin/job.h"

#define SCHEMA_KEEP_NS       (15 * 60 * S3C_NS_PER_SEC)
#define SCHEMA_KEEP_ERROR_NS (5 * S3C_NS_PER_SEC)
#define SCHEMAS_MAX          256        /* kept at once */
#define SCHEMA_TEXT_MAX      (4u << 20) /* bytes of one schema */

struct schemas;

struct schemas_options {
    struct jobs *jobs;
    const struct s3c_clock *clock;
    /* On the worker: the text of a schema. 0, or negative with err; it retries by itself. */
    int (*fetch)(void *ctx, struct s3c_view subject, int32_t version, struct s3c_buf *ret_text,
                 struct s3c_error *err);
    void (*ready)(void *ctx); /* on the loop: what was S3C_AGAIN may be there now */
    void *fetch_ctx, *ready_ctx;
};
S3C_MUST_USE int schemas_new(struct schemas **ret, const struct schemas_options *o,
                             struct s3c_error *err);
/* When no fetch is under way any more: after the worker has ended. NULL is fine. */
void schemas_free(struct schemas *s);

/*
 * *ret is valid until the next call. 0; S3C_AGAIN: it is being fetched, `ready` will be called; negative: why there is none, with the
 * subject and version in the message.
 */
S3C_MUST_USE int schemas_get(struct schemas *s, struct s3c_view subject, int32_t version,
                             const struct s3c_schema **ret, struct s3c_error *err);

#endif
