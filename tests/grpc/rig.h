/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server and a raw HTTP/2 client on a socket pair, both driven by the test's thread: rig_step lets each do what it can. So a
 * test decides when the client reads, and nothing depends on time. The client's memory is not traced.
 */
#ifndef S3C_TESTS_GRPC_RIG_H
#define S3C_TESTS_GRPC_RIG_H

#include "check.h"

#include <nghttp2/nghttp2.h>

#include "base/view.h"
#include "grpc/server.h"

#define RIG_MAX_RECEIVE ((size_t)4 << 20)

struct rig_stream {
    struct rig_stream *next;
    struct rig_peer *peer;
    int32_t id;
    char *request; /* bytes of DATA that are to be sent */
    size_t request_len, request_cap, request_at;
    bool request_ends;
    char *reply; /* bytes of DATA that came */
    size_t reply_len, reply_cap;
    char http_status[8], grpc_status[8], grpc_message[2048];
    bool closed;
    uint32_t close_code;
};

/* One client connection. */
struct rig_peer {
    int fd; /* -1: hung up */
    nghttp2_session *h2;
    struct rig_stream *streams;
    bool deaf;       /* does not read */
    bool keeps_shut; /* gives no window back */
    bool gone_away;  /* a GOAWAY came */
    size_t pings;    /* answered */
};

struct rig {
    struct grpc_server *server;
    const struct grpc_method *tables[2];
    struct rig_peer peer; /* the first */
};

/* A server with these methods and one client whose stream windows are `window` (0: 64 KiB). 0, or the server's error. */
int rig_start(struct rig *r, const struct grpc_method *methods, void *user, uint32_t window);
void rig_stop(struct rig *r);
int rig_connect(struct rig *r, struct rig_peer *p, uint32_t window);
void rig_hang_up(struct rig_peer *p); /* and free all of it */

struct rig_stream *rig_open(struct rig_peer *p, const char *path, const char *timeout);
/* Headers given one by one: name, value, ..., NULL. */
struct rig_stream *rig_open_with(struct rig_peer *p, const char *const *fields);
void rig_say(struct rig_stream *s, struct s3c_view message); /* with its prefix */
void rig_say_raw(struct rig_stream *s, struct s3c_view bytes);
void rig_say_end(struct rig_stream *s);
void rig_reset(struct rig_stream *s, uint32_t code);

/* Server and client act in turns until both have been idle for a while. */
void rig_run(struct rig *r);
void rig_step(struct rig *r, struct rig_peer *p);

/* The i-th message of what came; the test fails if there is none. */
struct s3c_view rig_message(const struct rig_stream *s, size_t i);
size_t rig_messages(const struct rig_stream *s); /* whole ones */
/* The stream is closed with this status and text (NULL: not looked at). */
void rig_expect(const struct rig_stream *s, enum grpc_status status, const char *text);

#endif
