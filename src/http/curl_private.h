/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the libcurl transport; nobody else includes this. Everything here belongs to the I/O thread, except the fields of
 * struct s3c_curl that say otherwise.
 *
 * Why shards: libcurl looks for an idle connection by walking all connections of a multi handle, so one multi with 256 of them
 * pays for the walk at every request. A few multis with a few connections each walk little, and share name cache and TLS sessions.
 */
#ifndef S3C_HTTP_CURL_PRIVATE_H
#define S3C_HTTP_CURL_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include <curl/curl.h>

#include "base/error.h"
#include "http/transport.h"

#define S3C_CURL_SHARD_SLOTS 16
#define S3C_CURL_HEAD_MAX    (256u << 10) /* header block of one response */
/* Our own fields in front of the caller's: what libcurl would add by itself and S3 has no use for. */
#define S3C_CURL_OWN_HEADERS 2

struct s3c_curl;

struct s3c_curl_shard {
    struct s3c_curl *t;
    CURLM *multi;
    int64_t timer_ns; /* when libcurl wants to be called; 0 = not at all */
    bool drain;       /* libcurl has run: finished transfers may wait in it */
};

/* One easy handle with its request. Handles live as long as the transport: setting one up costs more than a request. */
struct s3c_curl_slot {
    struct s3c_curl_shard *shard;
    CURL *easy;
    struct s3c_http_request *request; /* NULL: the slot is free */
    struct s3c_curl_slot *next_free;
    size_t active_index; /* in s3c_curl.active */

    /* What the easy handle is set to, so that only changes are set again. */
    enum s3c_http_method method;
    bool has_body;
    int connect_timeout_ms;
    CURLU *origin; /* parsed scheme://host:port/ ... */
    struct s3c_buf
        origin_text; /* ... and its text without the slash; empty: CURLOPT_URL has the whole */
    /* Relinked for each request; nothing is allocated. */
    struct curl_slist nodes[S3C_HTTP_MAX_HEADERS + S3C_CURL_OWN_HEADERS];

    /* The response. */
    struct s3c_buf head;
    int status;
    bool delivered;      /* sink->response was called */
    int callback_result; /* negative: a callback wants the request aborted with it */

    /* Watched by the sweep. */
    uint64_t received, progress;
    int64_t progress_ns;
    char detail[CURL_ERROR_SIZE];
};

/* A descriptor that libcurl gave us to watch, found by its number. */
struct s3c_curl_socket {
    struct s3c_curl_shard *shard;
    uint32_t registered; /* events that epoll has */
    uint32_t wanted;     /* events that libcurl wants now; 0 = an idle connection */
    bool ours;           /* opened by our callback: it will tell us when it closes */
};

struct s3c_curl {
    struct s3c_transport base;
    struct s3c_transport_handler handler;
    char *ca_bundle;
    int connect_timeout_ms, stall_timeout_ms;
    size_t max_connections;
    bool no_proxy; /* the environment names none */
    const struct s3c_clock *clock;
    CURLSH *share;
    int epoll_fd, wake_fd;
    pthread_t thread;
    bool started;

    /* Any thread. */
    atomic_bool wake_pending, sleeping, stopping;

    /* The I/O thread's. */
    int64_t now_ns; /* monotonic, as of the last return from epoll */
    int64_t timer_ns;
    int64_t sweep_ns; /* when stalls and deadlines must be looked at next; 0 = nothing under way */
    struct s3c_curl_shard **shards;
    size_t shard_count;
    size_t slot_count; /* ever made */
    struct s3c_curl_slot *free_slots;
    struct s3c_curl_slot **active;
    size_t active_count, active_cap;
    struct s3c_curl_socket *sockets;
    size_t socket_cap;
    int64_t window_ns, idle_ns; /* start of the measuring window, and time slept in it */
    int idle_percent;
};

/* curl_slot.c: one request on one easy handle */
struct s3c_curl_slot *s3c_curl_slot_take(struct s3c_curl *t); /* NULL: out of memory */
void s3c_curl_slot_free(struct s3c_curl_slot *s);
S3C_MUST_USE int s3c_curl_slot_send(struct s3c_curl *t, struct s3c_curl_slot *s,
                                    struct s3c_http_request *r, struct s3c_error *err);
/* Takes the request off the wire and calls done. err is what done gets when result < 0. */
void s3c_curl_slot_finish(struct s3c_curl *t, struct s3c_curl_slot *s, int result,
                          const struct s3c_error *err);
/* What libcurl's result means: 0 or a negative code with err filled. */
S3C_MUST_USE int s3c_curl_slot_result(struct s3c_curl_slot *s, CURLcode code,
                                      struct s3c_error *err);
/* Aborts the requests that are past their deadline or stall, and sets t->sweep_ns anew. */
void s3c_curl_sweep(struct s3c_curl *t);

/* curl_shard.c: multi handles and their descriptors in epoll */
struct s3c_curl_shard *s3c_curl_shard_new(struct s3c_curl *t); /* NULL: out of memory */
void s3c_curl_shard_free(struct s3c_curl_shard *s);
void s3c_curl_shard_run_timer(struct s3c_curl_shard *s);
void s3c_curl_socket_event(struct s3c_curl *t, int fd, uint32_t events);
void s3c_curl_drain(struct s3c_curl *t); /* finishes the transfers that libcurl says are done */
/* libcurl's callbacks for sockets, set on each easy handle */
curl_socket_t s3c_curl_open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address);
int s3c_curl_close_socket(void *ctx, curl_socket_t fd);

#endif
