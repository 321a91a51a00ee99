/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the S3 client; nobody else includes this.
 *
 *     submit -> [incoming] -> waiting -> (client_request.c: sign, send) -> on the wire -> (client_response.c: header, body)
 *            -> (client_outcome.c: what does it mean) -> delayed -> on the wire again, or finished -> inbox
 *
 * Everything runs on the transport's I/O thread, except what client.c marks. An attempt is the state of a call from its first
 * sending to its end; there are never more of them than max_connections, and their memory is reused.
 */
#ifndef S3C_S3_CLIENT_PRIVATE_H
#define S3C_S3_CLIENT_PRIVATE_H

#include <pthread.h>

#include "base/digest.h"
#include "base/error.h"
#include "http/transport.h"
#include "s3/call.h"
#include "s3/creds.h"
#include "s3/endpoint.h"
#include "s3/growth.h"
#include "s3/reply.h"
#include "s3/retry.h"
#include "s3/sigv4.h"
#include "s3/spare.h"

struct s3c_call_private { /* "attempt" below */
    struct s3c_http_request request;
    struct s3c_client *client;
    struct s3c_call *call;
    struct s3c_call_private *next; /* of the free list, or of the delayed ones */
    size_t wire_index;             /* in s3c_client.wire */
    struct s3c_buf signed_text;    /* what request.url and .headers point into */
    struct s3c_buf path;
    struct s3c_buf error_body; /* of an answer that is not the one wanted */

    /* Of the call as a whole. */
    int failures;        /* attempts that count against max_attempts */
    unsigned retry_cost; /* taken from the quota */
    bool skew_tried, region_tried, refresh_tried;
    bool hashed;
    bool verifying; /* this attempt is the HEAD of client_verify.c */
    char payload_hash[S3C_SHA256_HEX];
    /* GET without a pin: the ETag of the first piece, quoted as sent, to pin the others. Verifying: the one expected. */
    char etag[128];
    uint64_t offset; /* GET: where this attempt's range begins; reply.len bytes are there already */

    /* Of the attempt under way. */
    int64_t due_ns;    /* delayed: when to try again */
    int64_t sent_ns;   /* monotonic */
    int64_t signed_ns; /* wall, corrected */
    unsigned endpoint_generation, clock_generation;
    bool answered;                      /* the header has come */
    bool keep_body;                     /* the body goes to call->reply */
    const char *broken;                 /* why the answer cannot be it; NULL = it can */
    struct s3c_error_reply reply_error; /* of an <Error> body */
};

struct s3c_client {
    /* Set once. */
    struct s3c_transport *transport;
    struct s3c_creds_provider *creds;
    const struct s3c_clock *clock;
    const struct s3c_log *log;
    size_t max_connections;
    struct s3c_spare *spare; /* large buffers; thread-safe */

    /* Any thread. */
    pthread_mutex_t lock;
    struct s3c_call *incoming, **incoming_end; /* guarded by lock */
    atomic_bool closing;
    atomic_bool cancels; /* some call has its cancelled flag set */
    atomic_uint_fast64_t requests, retries, bytes_in, bytes_out, by_op[S3C_S3_OPS];
    atomic_uint on_wire;

    /* The I/O thread's. */
    struct s3c_signer *signer;
    struct s3c_endpoint endpoint;
    unsigned
        endpoint_generation; /* counts region changes, so that a call that was under way meanwhile is simply signed anew */
    int64_t clock_offset_ns; /* server's clock minus ours */
    unsigned clock_generation;
    struct s3c_retry_quota quota;
    uint64_t random;
    struct s3c_call *waiting, **waiting_end;
    int64_t deadline_ns; /* earliest of the calls that wait or are delayed, or earlier; 0 = none */
    struct s3c_call_private *delayed; /* by due_ns */
    size_t delayed_count;
    struct s3c_call_private **wire; /* max_connections */
    size_t wire_count;
    struct s3c_call_private *free_attempts;
    struct s3c_call *finished,
        **finished_end; /* to be put into their inboxes at the end of the round */
    int64_t timer_ns;   /* as last given to the transport */

    struct s3c_growth growth; /* how many requests to have on the wire */
    int64_t growth_ns;        /* when to think about it next; 0 = not thinking */
};

/* client_queue.c */
void s3c_client_enqueue(struct s3c_client *c, struct s3c_call *list);
void s3c_client_pump(struct s3c_client *c);   /* starts what can be started, sets the timer */
void s3c_client_expire(struct s3c_client *c); /* finishes what waited past its deadline */
void s3c_client_drop_cancelled(struct s3c_client *c);
void s3c_client_delay(struct s3c_call_private *a, int64_t due_ns);
void s3c_client_attempt_free(struct s3c_call_private *a);

/* client_request.c */
/* Signs and sends. Failures end the call. */
void s3c_client_send(struct s3c_call_private *a);
bool s3c_client_op_is_object(enum s3c_s3_op op);

/* client_response.c */
extern const struct s3c_http_sink s3c_client_sink;

/* client_outcome.c */
void s3c_client_conclude(struct s3c_call_private *a, int result, const struct s3c_error *err);
/* Ends a call. result < 0: err (not NULL) is copied, with operation and object in front of its message. `a` is NULL for a call that has not
 * been started. The call is the consumer's from the next s3c_client_hand_over on. */
void s3c_client_finish(struct s3c_client *c, struct s3c_call *call, struct s3c_call_private *a,
                       int result, const struct s3c_error *err);

void s3c_client_hand_over(struct s3c_client *c);

/* client_verify.c: a completed upload whose answer was lost */
/* true: the next attempt asks with a HEAD whether the object is there. */
bool s3c_client_verify_begin(struct s3c_call_private *a);
/* Of the HEAD's answer: it is there; call->reply is then what the lost answer would have been. */
bool s3c_client_verify_end(struct s3c_call_private *a);

/* client_error.c: messages */
void s3c_client_describe(const struct s3c_client *c, const struct s3c_call *call, int attempts,
                         struct s3c_error *err);
int s3c_client_http_error(const struct s3c_call_private *a, const struct s3c_verdict *v,
                          struct s3c_error *err);

#endif
