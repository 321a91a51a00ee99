/* SPDX-License-Identifier: Apache-2.0 */
/* What the services of the plugin share. Everything runs on the loop's thread, except what a job (plugin/job.h) runs. */
#ifndef S3C_PLUGIN_PLUGIN_PRIVATE_H
#define S3C_PLUGIN_PLUGIN_PRIVATE_H

#include "grpc/pb.h"
#include "grpc/server.h"
#include "plugin/job.h"
#include "plugin/log.h"
#include "plugin/process.h"

struct source_service;
struct destination_service;

struct plugin {
    struct process process;     /* environment, socket */
    struct plugin_log *log;     /* plugin_log_sink(p->log) is the engine's log */
    struct jobs *jobs;          /* the worker */
    struct grpc_server *server; /* its user is the plugin */
    struct source_service *source;
    struct destination_service *destination;
};

/* The tables of methods; one file each. */
extern const struct grpc_method controller_methods[];
extern const struct grpc_method specifier_methods[];
extern const struct grpc_method source_methods[];
extern const struct grpc_method destination_methods[];

struct plugin *plugin_of(const struct grpc_call *c);

/* Ends a call as a Go plugin does: code UNKNOWN, the message as it is; `context` (or NULL) and ": " before it. */
void plugin_fail(struct grpc_call *c, const char *context, const struct s3c_error *err);
/* Ends a call whose request is no protobuf of its method, as grpc-go does: INTERNAL. */
void plugin_fail_malformed(struct grpc_call *c);
/* The empty message, which most methods answer. */
void plugin_reply_empty(struct grpc_call *c);

/* The first bytes field with this number ("" if absent), e.g. the position of Open. 0 or S3C_E_PROTOCOL. */
S3C_MUST_USE int plugin_bytes_field(struct s3c_view message, unsigned field, struct s3c_view *ret);

#endif
