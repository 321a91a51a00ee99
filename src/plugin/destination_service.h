/* SPDX-License-Identifier: Apache-2.0 */
/* connector.v2.DestinationPlugin: records written to the bucket and acknowledged (conduit-protocol.md 6). Loop's thread only. */
#ifndef S3C_PLUGIN_DESTINATION_SERVICE_H
#define S3C_PLUGIN_DESTINATION_SERVICE_H

#include <s3c/destination.h>

#include "plugin/plugin_private.h"

/* How the engine is come by: S3, or what a test puts there. Both are called on the worker. */
struct destination_backend {
    int (*check)(const struct s3c_config *c, const struct s3c_log *log, struct s3c_error *err);
    int (*open)(void **ret_destination, const struct s3c_config *c, const struct s3c_log *log,
                struct s3c_view position, struct s3c_error *err);
};
const struct destination_backend *destination_backend_s3(void);

/* `backend` must outlive the service. 0 or S3C_E_NOMEM. */
S3C_MUST_USE int destination_service_new(struct destination_service **ret, struct plugin *p,
                                         const struct destination_backend *backend,
                                         struct s3c_error *err);
/* After the server and the worker have ended; NULL is fine. */
void destination_service_free(struct destination_service *d);

#endif
