/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gRPC server over h2c (nghttp2), one thread, on an event loop of its own (epoll). It knows HTTP/2 and gRPC framing, nothing of
 * what the messages say.
 *
 * A method has callbacks; a call lives from `open` to `end`. Requests are delivered one whole message at a time. Replies are
 * pulled: when the stream's window and the socket have room the server asks the call for its next message, so a slow reader holds
 * the call back by itself. Everything happens on the thread that runs grpc_server_run, except grpc_server_wake. No function here
 * calls back: what it causes (end included) happens later, from the loop; so a call may be finished, kicked or held
 * anywhere, its own callbacks included.
 *
 * Wire rules kept here (conduit-protocol.md 3, 4, 10): PING and SETTINGS are answered at once, messages above max_receive are
 * RESOURCE_EXHAUSTED, unknown methods UNIMPLEMENTED, compressed messages UNIMPLEMENTED, grpc-message is percent-encoded,
 * grpc-timeout is kept, a cancelled call is ended at once whatever its method does, a broken or hostile peer costs its own
 * connection only.
 */
#ifndef S3C_GRPC_SERVER_H
#define S3C_GRPC_SERVER_H

#include "grpc/status.h"

struct grpc_server;
struct grpc_call;

/* A run of bytes of a reply message. */
struct grpc_piece {
    const void *ptr;
    size_t len;
};
#define GRPC_MAX_PIECES 1024 /* what pull gets as max, at least */

struct grpc_method {
    const char *path; /* "/connector.v2.SourcePlugin/Run"; NULL ends a table */
    /* The call begins. 0, or negative: it is ended with UNKNOWN and err's message, and no `end` follows. May be NULL. */
    int (*open)(struct grpc_call *c, struct s3c_error *err);
    /* One request message; valid during the call of message. Not called after reply or finish. A method without pull gets one. */
    void (*message)(struct grpc_call *c, struct s3c_view m);
    void (*half_close)(struct grpc_call *c); /* the client will send no more; may be NULL */
    /*
     * The next reply message as up to max pieces, which stay valid until the next pull or end; returns how many, 0 = none now
     * (grpc_call_kick asks again). A message that is empty is one piece of length 0. NULL for unary methods.
     */
    size_t (*pull)(struct grpc_call *c, struct grpc_piece *pieces, size_t max);
    /*
     * Exactly once, last; may be NULL. cancelled: the client did not get the status that the method gave (it gave up, its
     * deadline passed, the connection broke, the message was too large, the server was stopped), or the method gave none.
     */
    void (*end)(struct grpc_call *c, bool cancelled);
};

struct grpc_server_options {
    const struct grpc_method *const
        *tables;        /* NULL-terminated list of tables, which outlive the server */
    size_t max_receive; /* bytes of one request message */
    int listen_fd; /* taken over, also on failure; made non-blocking. -1: connections come from grpc_server_adopt alone */
    void *user;
};
/* 0, S3C_E_IO, S3C_E_NOMEM. */
S3C_MUST_USE int grpc_server_new(struct grpc_server **ret, const struct grpc_server_options *o,
                                 struct s3c_error *err);
void grpc_server_free(struct grpc_server *s); /* ends the calls there are; NULL is fine */
/* Until grpc_server_stop. 0 or S3C_E_IO, S3C_E_NOMEM. */
S3C_MUST_USE int grpc_server_run(struct grpc_server *s, struct s3c_error *err);
/* After what is queued for sending has been flushed (at most 1 s); calls that are not finished end with UNAVAILABLE. */
void grpc_server_stop(struct grpc_server *s);
void grpc_server_wake(
    struct grpc_server *s); /* any thread, async-signal-safe: the on_wake of the loop is called */
void *grpc_server_user(const struct grpc_server *s);
size_t grpc_server_connections(const struct grpc_server *s);
/* Serves one more connected socket: taken over, also on failure. 0, S3C_E_IO, S3C_E_NOMEM. */
S3C_MUST_USE int grpc_server_adopt(struct grpc_server *s, int fd, struct s3c_error *err);

/* The loop is shared with the engines: descriptors and one timer each. The struct stays where it is until it is unwatched. */
struct grpc_watch {
    int fd; /* -1: timer only */
    void (*ready)(
        struct grpc_watch *
            w); /* readable, or its time has come (due is then 0 again); may unwatch itself and others */
    int64_t
        due_mono_ns; /* CLOCK_MONOTONIC, 0 = none; may be changed any time on the loop's thread */
    void *user;
    struct grpc_watch *next; /* private */
};
/* 0, S3C_E_IO, S3C_E_NOMEM. */
S3C_MUST_USE int grpc_server_watch(struct grpc_server *s, struct grpc_watch *w,
                                   struct s3c_error *err);
/* Before its descriptor is closed. `ready` is not called any more. What is not watched is left alone. */
void grpc_server_unwatch(struct grpc_server *s, struct grpc_watch *w);
/* After one or more wakes, on the loop's thread; user is grpc_server_user. */
void grpc_server_on_wake(struct grpc_server *s, void (*fn)(void *user));

void *grpc_call_user(const struct grpc_call *c);
void grpc_call_set_user(struct grpc_call *c, void *user);
struct grpc_server *grpc_call_server(const struct grpc_call *c);
/* Request header, {NULL, 0} if absent; valid until end. Names are lower case. */
struct s3c_view grpc_call_metadata(const struct grpc_call *c, const char *name);
/* Unary: reply message (copied) and status OK. A second one, or one after finish, is ignored. Out of memory: RESOURCE_EXHAUSTED. */
void grpc_call_reply(struct grpc_call *c, struct s3c_view message);
/* Ends the call with trailers once pulled messages are sent (pull is not called again). message may be NULL for OK. */
void grpc_call_finish(struct grpc_call *c, enum grpc_status status, const char *message);
void grpc_call_kick(struct grpc_call *c); /* pull has something again */
/*
 * Back-pressure on the client. Held: no message is delivered and the stream's window stays shut, so that the client stops after
 * 1 MiB; half_close waits as well. Released: delivery goes on, from the loop. Holding inside `message` stops before the next one.
 */
void grpc_call_hold(struct grpc_call *c, bool hold);

#endif
