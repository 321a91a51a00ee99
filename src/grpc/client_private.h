/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the client: dial.c (a connection), client.c (a call on it). */
#ifndef S3C_GRPC_CLIENT_PRIVATE_H
#define S3C_GRPC_CLIENT_PRIVATE_H

#include "grpc/client.h"

struct grpc_patience {
    int64_t due_mono_ns;
    int cancel_fd; /* readable = give up */
};
/* Waits for events on fd. 0, S3C_E_TIMEOUT, S3C_E_CANCELLED, S3C_E_IO; the message begins with `what`. */
S3C_MUST_USE int grpc_wait(const struct grpc_patience *p, int fd, short events, const char *what,
                           struct s3c_error *err);

int grpc_timed_out(const char *what, struct s3c_error *err); /* S3C_E_TIMEOUT */

struct grpc_target {
    char *text; /* as given */
    char *host; /* a path if is_unix */
    char *port;
    bool is_unix, is_local; /* local: an unspecified address, which means this machine */
};
S3C_MUST_USE int grpc_target_parse(struct grpc_target *t, struct s3c_view text,
                                   struct s3c_error *err);
void grpc_target_done(struct grpc_target *t);
/* A connected non-blocking socket. 0, S3C_E_RESOLVE, S3C_E_CONNECT, S3C_E_NOMEM, and what grpc_wait gives. */
S3C_MUST_USE int grpc_dial(const struct grpc_target *t, const struct grpc_patience *p, int *ret_fd,
                           struct s3c_error *err);

#endif
