/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plugin as a process of go-plugin (conduit-protocol.md 1, 2, 4): what its environment says, the socket it listens on, the line that
 * it shakes hands with, and whether its host is still there. Nothing here knows of gRPC. Not thread-safe.
 */
#ifndef S3C_PLUGIN_PROCESS_H
#define S3C_PLUGIN_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/un.h>

#include <s3c/error.h>

/* As getenv. */
typedef const char *process_getenv_fn(void *ctx, const char *name);

/* Strings are the environment's own, never NULL: "" when unset. */
struct process_env {
    const char
        *utilities_target; /* host:port of the schema service; empty in some hosts' Specify */
    const char *token;     /* opaque; a secret */
    const char *connector_id;
    const char *log_level;
    size_t max_receive; /* bytes of one request message */
    const char *socket_dir, *socket_group;
    unsigned min_port, max_port;
    bool mux_asked; /* the host expects one more field in the handshake */
};

struct process {
    struct process_env env;
    char socket_path[sizeof(((struct sockaddr_un *)0)->sun_path)]; /* empty with TCP */
    unsigned port;                                                 /* of 127.0.0.1 with TCP */
    int listen_fd;                                                 /* -1: none, or given away */
    pid_t parent;                                                  /* at the start */
};

/*
 * Reads and judges the environment: the cookie, the protocol versions offered (ours is 2), what the host demands that this plugin
 * has not (TLS between the two). 0 or S3C_E_INVALID with a message for people.
 */
S3C_MUST_USE int process_init(struct process *p, process_getenv_fn *get, void *ctx,
                              struct s3c_error *err);
/*
 * Listens on a unix socket in PLUGIN_UNIX_SOCKET_DIR, TMPDIR or /tmp that only its user may open; where that cannot be (no such
 * folder, a path beyond the 108 bytes of sockaddr_un) on a TCP port of 127.0.0.1 within PLUGIN_MIN_PORT to PLUGIN_MAX_PORT.
 * Close-on-exec. The process must have one thread (umask). 0 or S3C_E_IO.
 */
S3C_MUST_USE int process_listen(struct process *p, struct s3c_error *err);
/* Writes the one line that standard output (fd) ever gets. 0 or S3C_E_IO: the host has gone. */
S3C_MUST_USE int process_shake_hands(const struct process *p, int fd, struct s3c_error *err);
/* True: whoever started this process has ended since process_init. */
bool process_is_orphan(const struct process *p);
/* Closes the listener unless it was given away, and removes the socket from its folder. Idempotent. */
void process_done(struct process *p);

#endif
