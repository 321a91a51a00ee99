/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What go-plugin itself asks of a plugin: Shutdown, a broker for connections that nobody brokers here, and health. GRPCStdio is left
 * unimplemented on purpose: a host shows its lines without a level, standard error is better served.
 */
#include "base/banned.h"
#include "base/view.h"
#include "plugin/plugin_private.h"

#define SERVING 1

static void shut_down(struct grpc_call *c, struct s3c_view message)
{
    (void)message;
    plugin_reply_empty(c);
    grpc_server_stop(grpc_call_server(c));
}

/* The broker's stream is only kept open, for as long as the host does. */
static void ignore(struct grpc_call *c, struct s3c_view message)
{
    (void)c;
    (void)message;
}

static size_t pull_nothing(struct grpc_call *c, struct grpc_piece *pieces, size_t max)
{
    (void)c;
    (void)pieces;
    (void)max;
    return 0;
}

static void broker_closed(struct grpc_call *c)
{
    grpc_call_finish(c, GRPC_OK, NULL);
}

static void check_health(struct grpc_call *c, struct s3c_view message)
{
    static const char serving[] = {1 << 3 | PB_VARINT, SERVING};
    struct s3c_view service;

    if (plugin_bytes_field(message, 1, &service) < 0)
        plugin_fail_malformed(c);
    else if (service.len > 0 && !s3c_view_eq_str(service, "plugin"))
        grpc_call_finish(c, GRPC_NOT_FOUND, "unknown service");
    else
        grpc_call_reply(c, (struct s3c_view){serving, sizeof(serving)});
}

const struct grpc_method controller_methods[] = {
    {.path = "/plugin.GRPCController/Shutdown", .message = shut_down},
    {.path = "/plugin.GRPCBroker/StartStream",
     .message = ignore,
     .half_close = broker_closed,
     .pull = pull_nothing},
    {.path = "/grpc.health.v1.Health/Check", .message = check_health},
    {.path = NULL},
};
