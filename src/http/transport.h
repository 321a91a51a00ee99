/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP transport: the seam between the S3 client and whatever moves bytes (libcurl today, a native client later, a fake in tests).
 *
 * A transport owns one I/O thread that drives all its connections. Everything marked [io] happens on that thread only: the
 * callbacks run there, and send, abort and set_timer may be called only from woken, timer and done (not from response and body,
 * which run inside the machinery that moves the bytes). wake is the one door from outside.
 */
#ifndef S3C_HTTP_TRANSPORT_H
#define S3C_HTTP_TRANSPORT_H

#include "base/buf.h"
#include "base/clock.h"

enum s3c_http_method { S3C_HTTP_GET, S3C_HTTP_HEAD, S3C_HTTP_PUT, S3C_HTTP_POST, S3C_HTTP_DELETE };

struct s3c_http_request;

struct s3c_http_sink {
    /*
     * [io] Status line and header fields of the final response (1xx are swallowed). `headers` is the raw
     * block without the status line, lines ended by CRLF or LF, folded lines not joined; valid during the call. content_length
     * is -1 when unknown.
     * Return 0 to go on, negative to abort the request (done is called with that code).
     */
    int (*response)(struct s3c_http_request *r, int status, struct s3c_view headers,
                    int64_t content_length);
    /* [io] A run of the body, in order. 0 to go on, negative to abort. */
    int (*body)(struct s3c_http_request *r, const char *p, size_t n);
    /* [io] Exactly once per send that returned 0; the request is the caller's again. result: 0 = a complete response was
     * received; else S3C_E_RESOLVE, CONNECT, TLS, TIMEOUT, PROTOCOL, CANCELLED, NOMEM or what a callback returned, with err. */
    void (*done)(struct s3c_http_request *r, int result, const struct s3c_error *err);
};

#define S3C_HTTP_MAX_HEADERS 24

struct s3c_http_request {
    /* Set by the caller; everything pointed to stays valid and unchanged until done. */
    enum s3c_http_method method;
    const char *url; /* NUL-terminated, already encoded; goes on the wire byte for byte */
    /* "Name: value" each, NUL-terminated; Host and Content-Length come by themselves. */
    const char *headers[S3C_HTTP_MAX_HEADERS];
    size_t header_count;
    /* PUT and POST; re-read from its start when a kept-alive connection had gone stale. */
    struct s3c_view body;
    int connect_timeout_ms; /* 0 = the transport's */
    /* 0 = none. Passed (of the system's clock, within 10 ms or so): S3C_E_RESOLVE, CONNECT or TLS where that was waited for, else
     * S3C_E_TIMEOUT. */
    int64_t deadline_mono_ns;
    const struct s3c_http_sink *sink;
    void *user;

    void *transport_data; /* the transport's, while it is under way */
};

struct s3c_transport;

struct s3c_transport_handler {
    void (*woken)(void *ctx); /* [io] after one or more wakes */
    void (*timer)(void *ctx); /* [io] the time given to set_timer has come */
    /* [io] The callbacks of this round have been made: hand on what they produced in one go. Also once after the last one. */
    void (*settled)(void *ctx);
    void *ctx;
};

struct s3c_transport_ops {
    /* Starts the I/O thread. Once. 0, S3C_E_NOMEM, S3C_E_IO. */
    int (*start)(struct s3c_transport *t, const struct s3c_transport_handler *h,
                 struct s3c_error *err);
    /* Any thread; cheap when the I/O thread is awake; not async-signal-safe. */
    void (*wake)(struct s3c_transport *t);
    /* [io] 0, S3C_E_NOMEM, S3C_E_INVALID; S3C_E_CANCELLED during release. */
    int (*send)(struct s3c_transport *t, struct s3c_http_request *r, struct s3c_error *err);
    /* [io] done(S3C_E_CANCELLED) comes before it returns. */
    void (*abort)(struct s3c_transport *t, struct s3c_http_request *r);
    void (*set_timer)(struct s3c_transport *t, int64_t mono_ns); /* [io] one timer; 0 = off */
    /* [io] Share of the last moments in which the I/O thread had nothing to do, 0 to 100: more connections only help when it idles. */
    int (*idle_percent)(struct s3c_transport *t);
    /* Ends the I/O thread (aborting what is under way; done callbacks come) and frees. Not from the I/O thread. */
    void (*release)(struct s3c_transport *t);
};

struct s3c_transport { /* first member of every implementation */
    const struct s3c_transport_ops *ops;
};

struct s3c_transport_curl_options {
    const char *ca_bundle;  /* path, or NULL = the system's; verification is never off */
    int connect_timeout_ms; /* 0 = 5,000 */
    int stall_timeout_ms;   /* 0 = 30,000: no byte moved for that long is S3C_E_TIMEOUT */
    size_t
        max_connections; /* kept alive at most, rounded up to what suits the transport; 0 = 256 */
};
/* The only transport so far: libcurl multi with epoll. Proxies as libcurl reads them from the environment; HTTP/1.1. */
S3C_MUST_USE int s3c_transport_curl_new(struct s3c_transport **ret,
                                        const struct s3c_transport_curl_options *o,
                                        struct s3c_error *err);

#endif
