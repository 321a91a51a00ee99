/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One S3 call, from its parameters to its outcome, and the client that carries it out.
 *
 * A client serves one bucket. submit never blocks: it hands the call to the I/O thread, which signs, sends, retries and, exactly
 * once, puts the finished call into the inbox that the call names. While it is under way the call and everything its inputs point
 * to belong to the client. Signing, region redirects, clock skew, broken bodies and the retry classes of s3/retry.h are the
 * client's business; what comes out is final for this call (the source's and destination's outer loops decide about more).
 */
#ifndef S3C_S3_CALL_H
#define S3C_S3_CALL_H

#include <stdatomic.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "s3/inbox.h"

enum s3c_s3_op {
    S3C_LIST_OBJECTS_V2,
    S3C_LIST_VERSIONS,
    S3C_GET_OBJECT,
    S3C_PUT_OBJECT,
    S3C_CREATE_MULTIPART,
    S3C_UPLOAD_PART,
    S3C_COMPLETE_MULTIPART,
    S3C_ABORT_MULTIPART,
    S3C_HEAD_BUCKET,
    S3C_GET_VERSIONING,
    S3C_HEAD_OBJECT,
    S3C_DELETE_OBJECT,
    S3C_LIST_UPLOADS,
    S3C_S3_OPS,
};
const char *s3c_s3_op_name(enum s3c_s3_op op); /* "ListObjectsV2", ... */

#define S3C_LIST_BODY_MAX (16u << 20) /* a list page or any XML answer; larger: S3C_E_TOO_LARGE */
#define S3C_SIZE_UNKNOWN  UINT64_MAX

/* User metadata of an object: the header field x-amz-meta-NAME. */
struct s3c_call_meta {
    const char *name;      /* lower case; at most 32 characters */
    struct s3c_view value; /* printable ASCII */
};
#define S3C_CALL_META_MAX 4

struct s3c_spare;
struct s3c_call_private; /* the client's, see s3/client_private.h */

struct s3c_call {
    /* ---- inputs; views stay valid until the call is finished ---- */
    enum s3c_s3_op op;
    struct s3c_view key;        /* object calls: raw bytes */
    struct s3c_view version_id; /* GET, DELETE: empty = none */
    struct s3c_view if_match;   /* GET: ETag as listed, without quotes; empty = none */
    /* GET: the listed size; another length of the body is an error (retried). S3C_SIZE_UNKNOWN: any */
    uint64_t expected_size;
    uint64_t max_size; /* GET: a longer body is S3C_E_TOO_LARGE; 0 = no limit */
    /* lists; key_marker is start-after in V2; of uploads: upload_id is the upload-id-marker */
    struct s3c_view prefix, key_marker, version_id_marker, continuation;
    unsigned max_keys;                              /* lists; 0 = the server's default (1,000) */
    struct s3c_view content_type, content_encoding; /* PUT, CREATE_MULTIPART; empty = none */
    const struct s3c_call_meta *meta;               /* PUT, CREATE_MULTIPART: meta_count of them */
    size_t meta_count;                              /* at most S3C_CALL_META_MAX */
    bool if_absent;       /* PUT: If-None-Match: *; S3C_E_CHANGED (412) where the key is taken */
    struct s3c_view body; /* PUT, UPLOAD_PART, COMPLETE_MULTIPART (the XML, see s3/multipart.h) */
    struct s3c_view upload_id; /* multipart */
    unsigned part_number;      /* 1 to 10,000 */
    /* 0 = the client's default, 3; 1 = no retry. Attempts that moved a GET's body forward do not count. */
    int max_attempts;
    /* Failures that may pass are tried again for ever (until the deadline or a cancel), whatever max_attempts and the quota of
     * retries say: for bytes that are nowhere else. */
    bool patient;
    int64_t deadline_mono_ns; /* over all attempts, waiting included; 0 = none */
    struct s3c_inbox *inbox;  /* where it goes when it is finished */
    void *user;               /* untouched */

    /* ---- outcome ---- */
    int result;             /* 0 or negative */
    struct s3c_error error; /* set when result < 0 */
    /* The whole body (GET: resumed pieces joined); the call's, reused by s3c_call_reset. */
    struct s3c_buf reply;
    /* Raw header block of the answer (of a resumed body: of its first piece), see s3c_call_header. */
    struct s3c_buf headers;
    int http_status;    /* of the last attempt; 0 = no answer came */
    int64_t date_ns;    /* the server's Date, whole seconds; 0 = it sent none */
    int64_t attempt_ns; /* of the last attempt: from sending to the end of the response's header */
    int attempts;

    struct s3c_call *next; /* inbox link */
    struct s3c_call_private *priv;
    struct s3c_spare *spare; /* where a large reply's memory goes back to, see s3/spare.h */
    atomic_bool cancelled;   /* s3c_client_cancel was called */
};

S3C_MUST_USE struct s3c_call *s3c_call_new(void); /* NULL: out of memory */
/* Back to all-zero inputs; keeps buffers of up to 64 KiB for the next use, gives larger ones back to its client. */
void s3c_call_reset(struct s3c_call *c);
void s3c_call_free(struct s3c_call *c); /* not while it is under way */

/* First header field of that name (ASCII case-insensitive), trimmed; {NULL, 0} if there is none. */
struct s3c_view s3c_call_header(const struct s3c_call *c, const char *name);
/* Walks all fields: *cursor starts at 0; false at the end. */
bool s3c_call_next_header(const struct s3c_call *c, size_t *cursor, struct s3c_view *name,
                          struct s3c_view *value);

struct s3c_creds_provider; /* s3/creds.h */
struct s3c_transport;

enum s3c_path_style { S3C_PATH_STYLE_AUTO, S3C_PATH_STYLE_ON, S3C_PATH_STYLE_OFF };

struct s3c_client_options {
    struct s3c_view bucket;
    struct s3c_view region;
    struct s3c_view endpoint; /* URL with optional port and base path; empty = AWS */
    enum s3c_path_style path_style;
    struct s3c_creds_provider *creds; /* borrowed; must outlive the client */
    struct s3c_transport *transport;  /* taken over, also on failure */
    /* Requests on the wire at once; more calls wait in order of submission. Opened as needed. */
    size_t max_connections;
    /* Large buffers that are kept for the next large object, in bytes at most; 0 = S3C_SPARE_MAX_BYTES. */
    size_t max_spare_bytes;
    const struct s3c_clock *clock; /* borrowed */
    const struct s3c_log *log;     /* borrowed, or NULL */
};

struct s3c_client;

S3C_MUST_USE int s3c_client_new(struct s3c_client **ret, const struct s3c_client_options *o,
                                struct s3c_error *err);
/* Cancels what is under way (those calls still arrive in their inboxes, S3C_E_CANCELLED, before this returns). NULL is fine. */
void s3c_client_free(struct s3c_client *c);

/* Any thread. Cannot fail: every problem arrives with the finished call. */
void s3c_client_submit(struct s3c_client *c, struct s3c_call *call);
/* Several calls linked by ->next, in order, with one lock and one wake-up: what the hot path uses. */
void s3c_client_submit_list(struct s3c_client *c, struct s3c_call *first);
/* Asks for an early end of a call under way; it still arrives in its inbox, soon. Any thread; harmless if it has just finished but
 * not yet been freed. */
void s3c_client_cancel(struct s3c_client *c, struct s3c_call *call);
/* Submits and waits. Uses an inbox of its own; call->inbox is overwritten. Returns call->result; err gets call->error. */
S3C_MUST_USE int s3c_client_perform(struct s3c_client *c, struct s3c_call *call,
                                    struct s3c_error *err);

struct s3c_client_stats {
    uint64_t requests, retries, bytes_in, bytes_out;
    uint64_t by_op[S3C_S3_OPS];
    unsigned connections; /* on the wire now */
};
/* Any thread. */
void s3c_client_get_stats(const struct s3c_client *c, struct s3c_client_stats *ret);

#endif
