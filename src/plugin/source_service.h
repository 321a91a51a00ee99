/* SPDX-License-Identifier: Apache-2.0 */
/* connector.v2.SourcePlugin: the source as a stream of records (conduit-protocol.md 6). Loop's thread only. */
#ifndef S3C_PLUGIN_SOURCE_SERVICE_H
#define S3C_PLUGIN_SOURCE_SERVICE_H

#include "plugin/plugin_private.h"
#include "plugin/source_stream.h"

/* What the service works on: S3, or a fake of a test. `check` and `open` are called on the worker. */
struct source_backend {
    int (*check)(const struct s3c_config *c, const struct s3c_log *log, struct s3c_error *err);
    int (*open)(void **ret, const struct s3c_config *c, const struct s3c_log *log,
                struct s3c_view position, struct s3c_error *err);
    struct source_reader reader; /* of what open gave */
};
const struct source_backend *source_backend_s3(void);

/* `backend` must outlive the service. 0 or S3C_E_NOMEM. */
S3C_MUST_USE int source_service_new(struct source_service **ret, struct plugin *p,
                                    const struct source_backend *backend, struct s3c_error *err);
/* After the server and the worker have ended; NULL is fine. */
void source_service_free(struct source_service *s);

#endif
