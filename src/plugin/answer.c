/* SPDX-License-Identifier: Apache-2.0 */
/* The answers that many methods give, and what they read of a request; plugin_private.h has the contracts. */
#include <stdio.h>

#include "base/banned.h"
#include "base/view.h"
#include "plugin/plugin_private.h"

struct plugin *plugin_of(const struct grpc_call *c)
{
    return grpc_server_user(grpc_call_server(c));
}

void plugin_fail(struct grpc_call *c, const char *context, const struct s3c_error *err)
{
    char text[sizeof(err->message) + 64];

    if (context)
        (void)snprintf(text, sizeof(text), "%s: %s", context, err->message);
    grpc_call_finish(c, GRPC_UNKNOWN, context ? text : err->message);
}

void plugin_fail_malformed(struct grpc_call *c)
{
    grpc_call_finish(c, GRPC_INTERNAL, "the request is not what this method takes");
}

void plugin_reply_empty(struct grpc_call *c)
{
    grpc_call_reply(c, S3C_VIEW(""));
}

int plugin_bytes_field(struct s3c_view message, unsigned field, struct s3c_view *ret)
{
    struct pb_reader r;
    int n;

    *ret = S3C_VIEW("");
    pb_read(&r, message);
    while ((n = pb_next(&r)) > 0)
        if (r.field == field && r.wire == PB_BYTES)
            *ret = r.bytes;
    return n;
}
