/* SPDX-License-Identifier: Apache-2.0 */
/* connector.v2.SourcePlugin: the source as a stream of records (conduit-protocol.md 6). Loop's thread only. */
#ifndef S3C_PLUGIN_SOURCE_SERVICE_H
#define S3C_PLUGIN_SOURCE_SERVICE_H

#include "plugin/plugin_private.h"

S3C_MUST_USE int source_service_new(struct source_service **ret, struct plugin *p,
                                    struct s3c_error *err);
/* After the server and the worker have ended; NULL is fine. */
void source_service_free(struct source_service *s);

#endif
