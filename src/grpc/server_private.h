/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the server: loop.c (epoll, watches, time), server.c (accepting, stopping), conn.c (an HTTP/2 session on a socket),
 * request.c (what comes in), reply.c (what goes out), call.c (what methods may do with a call).
 *
 * Nothing is sent where it is caused: the connection is marked, and takes its turn (grpc_conn_turn) after the events of an
 * iteration, so that many messages leave in one system call and methods are never called from within their own calls.
 */
#ifndef S3C_GRPC_SERVER_PRIVATE_H
#define S3C_GRPC_SERVER_PRIVATE_H

#include "base/mem.h"
#include "grpc/deframe.h"
#include "grpc/h2.h"
#include "grpc/out.h"
#include "grpc/server.h"

#define GRPC_STREAM_WINDOW     (1 << 20) /* what a held call may have to keep */
#define GRPC_CONNECTION_WINDOW (8 << 20)
#define GRPC_MAX_STREAMS       128 /* of a connection at a time */
#define GRPC_MAX_HEADERS       ((size_t)32 * 1024)
#define GRPC_STAGE_SIZE        ((size_t)64 * 1024)

/* ---- a call ---- */

struct grpc_call_header {
    struct s3c_view name, value;
    struct grpc_call_header *next;
};

/* What comes in. */
struct grpc_request_side {
    struct s3c_arena arena; /* of headers */
    struct grpc_call_header *headers;
    size_t header_bytes;
    struct s3c_view http_method, path, content_type;
    struct grpc_deframer frames;
    struct s3c_buf backlog; /* came while held; at most a window */
    size_t backlog_at;
    size_t messages; /* delivered */
    bool ended;      /* the client has said all */
    bool ended_told;
    bool held;
};

/* What goes out: first the stage, then the pieces. */
struct grpc_reply_side {
    char *stage; /* small messages, each with its prefix, gathered into few frames; NULL: unary */
    size_t stage_len, stage_at;
    struct grpc_piece *pieces; /* one large message; [0] is its prefix */
    size_t piece_count, piece_at, piece_offset;
    uint8_t prefix[GRPC_PREFIX_SIZE];
    size_t left;          /* bytes of both that are not sent yet */
    size_t promised;      /* of those: nghttp2 has made a frame's header for them */
    uint64_t epoch;       /* of the connection's queue when it last referred to these bytes */
    bool started;         /* nghttp2 has the response's headers */
    bool idle;            /* nghttp2 has been told that there is nothing to send now */
    bool waits_for_drain; /* there is, as soon as what is queued has been written */
    bool kicked;
    bool sent; /* trailers */
};

struct grpc_call {
    struct grpc_conn *conn;
    struct grpc_call *next, **link;
    const struct grpc_method *method; /* NULL: none of ours */
    void *user;
    int32_t stream;
    bool opened;   /* end is owed */
    bool finished; /* status is set */
    bool aborted;  /* by the server: what the method still has to say is not sent */
    enum grpc_status status;
    char *text;               /* of the status; may be NULL */
    int64_t deadline_mono_ns; /* 0 = none */
    struct grpc_request_side in;
    struct grpc_reply_side out;
};

/* call.c */
struct grpc_call *grpc_call_new(struct grpc_conn *c, int32_t stream); /* NULL: out of memory */
void grpc_call_end(struct grpc_call *k); /* tells its method, frees it */
/* The server ends it, whatever the method does. */
void grpc_call_abort(struct grpc_call *k, enum grpc_status status, const char *text);
void grpc_call_mark(struct grpc_call *k); /* its connection gets a turn */

/* request.c: nghttp2's callbacks of incoming frames, and: */
void grpc_request_callbacks(nghttp2_session_callbacks *callbacks);
void grpc_request_release(struct grpc_call *k); /* delivers what was kept while it was held */

/* reply.c */
void grpc_reply_callbacks(nghttp2_session_callbacks *callbacks);
S3C_MUST_USE int grpc_reply_init(
    struct grpc_call *k); /* for a method that is pulled. 0, S3C_E_NOMEM */
void grpc_reply_done(struct grpc_call *k);
/* Hands nghttp2 what has become due: headers, another look at the data. 0 or an error of nghttp2. */
S3C_MUST_USE int grpc_reply_settle(struct grpc_call *k);
/* An answer that is HTTP only: the peer does not speak gRPC. */
S3C_MUST_USE int grpc_reply_http_error(struct grpc_call *k, const char *http_status);
/* A message that is there already. 0, S3C_E_NOMEM, S3C_E_TOO_LARGE. */
S3C_MUST_USE int grpc_reply_put(struct grpc_call *k, struct s3c_view message);

/* ---- a connection ---- */

struct grpc_conn {
    struct grpc_server *server;
    struct grpc_conn *next, **link;
    nghttp2_session *h2;
    struct grpc_call *calls;
    uint32_t events; /* what epoll looks for */
    bool marked;     /* in server->marked */
    struct grpc_conn *next_marked;
    bool broken;        /* to be closed */
    bool closing;       /* no more calls are taken */
    bool blocked;       /* a callback found no room */
    uint64_t turn_ends; /* out.total at which others come first */
    struct grpc_out out;
};

/* conn.c. fd is taken over, also on failure. 0, S3C_E_IO, S3C_E_NOMEM. */
S3C_MUST_USE int grpc_conn_new(struct grpc_server *s, int fd, struct s3c_error *err);
void grpc_conn_free(struct grpc_conn *c);
void grpc_conn_mark(struct grpc_conn *c);
void grpc_conn_event(struct grpc_conn *c, uint32_t events);
void grpc_conn_turn(struct grpc_conn *c); /* may free it */
void grpc_conn_close_gently(struct grpc_conn *c);
/* Room for a frame: 0, or what a sending callback must return. */
int grpc_conn_room(struct grpc_conn *c, size_t copy, size_t pieces);

/* ---- the server ---- */

struct grpc_server {
    struct grpc_server_options o;
    int epoll_fd, wake_fd, listen_fd;
    bool listening; /* epoll looks at listen_fd */
    int64_t listen_again_mono_ns;
    bool stop_asked, stopping;
    int64_t stop_by_mono_ns;
    int64_t next_deadline_mono_ns; /* no call's is earlier; 0 = none */
    void (*on_wake)(void *user);
    struct grpc_watch *watches, *watch_cursor;
    struct grpc_conn *conns, *marked;
    size_t conn_count;
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;
    char *input; /* what is read goes through here, one connection at a time */
};
#define GRPC_INPUT_SIZE ((size_t)256 * 1024)

/* What an epoll event points to: the kind in the low bits of a pointer. */
enum grpc_source { GRPC_SOURCE_CONN, GRPC_SOURCE_WATCH, GRPC_SOURCE_LISTEN, GRPC_SOURCE_WAKE };

/* loop.c. epoll_ctl: 0 or -errno. */
int grpc_loop_control(struct grpc_server *s, int op, int fd, uint32_t events, void *p,
                      enum grpc_source kind);
S3C_MUST_USE int grpc_loop_turn(struct grpc_server *s,
                                struct s3c_error *err); /* waits, and does what has come */
int64_t grpc_loop_now(void);

/* server.c */
void grpc_server_accept(struct grpc_server *s);
void grpc_server_tick(struct grpc_server *s,
                      int64_t now);                   /* deadlines, accepting again, stopping */
int64_t grpc_server_due(const struct grpc_server *s); /* when to tick; 0 = no time */
void grpc_server_note_deadline(struct grpc_server *s, int64_t at_mono_ns);

#endif
