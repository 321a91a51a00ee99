/* SPDX-License-Identifier: Apache-2.0 */
/* connector.v2.DestinationPlugin: records written to the bucket and acknowledged (conduit-protocol.md 6). Loop's thread only. */
#ifndef S3C_PLUGIN_DESTINATION_SERVICE_H
#define S3C_PLUGIN_DESTINATION_SERVICE_H

#include "plugin/plugin_private.h"

S3C_MUST_USE int destination_service_new(struct destination_service **ret, struct plugin *p,
                                         struct s3c_error *err);
/* After the server and the worker have ended; NULL is fine. */
void destination_service_free(struct destination_service *d);

#endif
