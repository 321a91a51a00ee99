/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A blocking gRPC client over h2c: one unary call at a time, for the connector utilities of the host, from a worker thread.
 *
 * It connects with the first call, keeps the connection for the next ones, and connects again when the host has closed it. An
 * object is used by one thread at a time, grpc_client_cancel excepted.
 */
#ifndef S3C_GRPC_CLIENT_H
#define S3C_GRPC_CLIENT_H

#include "grpc/status.h"

struct grpc_client;

/*
 * target: "host:port", "[v6]:port", "unix:/path". Unspecified addresses ("[::]", "0.0.0.0", "") mean this machine: a host that
 * listens everywhere prints them. Nothing is resolved yet. 0, S3C_E_INVALID, S3C_E_IO, S3C_E_NOMEM.
 */
S3C_MUST_USE int grpc_client_new(struct grpc_client **ret, struct s3c_view target,
                                 struct s3c_error *err);
void grpc_client_free(struct grpc_client *c); /* NULL is fine */
/*
 * Any thread, async-signal-safe: the call that is running, and every later one, returns S3C_E_CANCELLED. (The resolving of a
 * host's name, which Conduit's target does not need, is not interrupted.)
 */
void grpc_client_cancel(struct grpc_client *c);

struct grpc_header {
    const char *name; /* lower case */
    struct s3c_view value;
};

struct grpc_request {
    const char *path;                   /* "/connutils.v1.SchemaService/GetSchema" */
    const struct grpc_header *metadata; /* of the request; values are never shown in messages */
    size_t metadata_count;
    struct s3c_view message;
    int64_t timeout_ns; /* > 0: for connecting and all; sent to the server as well */
};

struct grpc_response {
    enum grpc_status status; /* the server's answer, GRPC_OK and others */
    struct s3c_buf message;  /* status GRPC_OK: the reply; max is the limit */
    char text[512]; /* other status: what the server said of it, one line of UTF-8, maybe empty */
};
#define GRPC_RESPONSE_INIT(max_) ((struct grpc_response){.message = S3C_BUF_INIT(max_)})
void grpc_response_done(struct grpc_response *r); /* idempotent; usable with _cleanup_ */

/*
 * One unary call. 0: the server answered, whatever its status; *out holds the answer. Negative, retryable set where another try
 * may help: S3C_E_RESOLVE, S3C_E_CONNECT, S3C_E_TIMEOUT (DEADLINE_EXCEEDED is that, too), S3C_E_PROTOCOL (no gRPC there), S3C_E_TOO_LARGE (the reply),
 * S3C_E_CANCELLED, S3C_E_NOMEM. A call that a kept connection lost before a byte of the answer came is tried once more.
 */
S3C_MUST_USE int grpc_client_call(struct grpc_client *c, const struct grpc_request *q,
                                  struct grpc_response *out, struct s3c_error *err);

#endif
