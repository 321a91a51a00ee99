/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the server share: the server itself, one call of an operation, and how its reply is to be sent. */
#ifndef S3D_SERVER_H
#define S3D_SERVER_H

#include "fault.h"
#include "options.h"
#include "reply.h"
#include "store.h"
#include "wheel.h"

struct s3d_auth;

struct s3d_stats {
    uint64_t requests[S3D_OP_COUNT];
    uint64_t faults, bytes_in, bytes_out, connections;
};

struct s3d {
    struct s3d_options opt,
        initial; /* initial: what the command line said; opt changes at run time */
    struct s3d_clock clock;
    struct s3d_store store;
    struct s3d_faults faults;
    struct s3d_stats stats;
    struct s3d_wheel wheel;
    struct s3d_auth *auth;
    uint64_t random; /* of latencies: the same run gives the same ones */
    uint64_t request_id;
    struct s3c_buf entries, late_entries; /* scratch of a listing */
};

static inline bool s3d_quirk(const struct s3d *s, enum s3d_quirk q)
{
    return s->opt.quirks >> q & 1;
}

/* How a reply goes out: the normal one is all zeroes but `limit`. */
struct s3d_plan {
    int64_t delay_ns;
    size_t limit; /* of the body's bytes; SIZE_MAX: none. What happens then: */
    enum { S3D_THEN_GO_ON, S3D_THEN_CLOSE, S3D_THEN_RESET } then;
    int64_t stall_ns; /* waited at the limit before that */
    bool reset_before;
};

struct s3d_call {
    struct s3d *s;
    const struct s3d_request *q;
    struct s3d_reply *r;
    enum s3d_op op;
    struct s3d_bucket *bucket; /* NULL only in operations that need none */
    enum s3d_lie lie;
};

/* Answers a request: faults, signature, operation or administration. */
void s3d_handle(struct s3d *s, struct s3d_request *q, struct s3d_reply *r,
                struct s3d_plan *ret_plan);
/* Fills the buckets that --synth names. */
void s3d_fill_synth(struct s3d *s);

static inline int s3d_fail(const struct s3d_call *c, const char *code)
{
    return s3d_reply_error(c->r, c->q, code);
}

/* The operations, by file. Each leaves a complete reply. */
void s3d_bucket_ops(const struct s3d_call *c);
void s3d_list_ops(const struct s3d_call *c);
void s3d_object_ops(const struct s3d_call *c);
void s3d_upload_ops(const struct s3d_call *c);
void s3d_delete_objects(const struct s3d_call *c);
void s3d_copy_object(const struct s3d_call *c);

/* Checks that the request's body is what its fields promise (x-amz-content-sha256, Content-MD5); undoes aws-chunked. */
bool s3d_body_ok(struct s3d *s, struct s3d_request *q, struct s3d_reply *r);

/* "/_s3d/..." */
void s3d_admin(struct s3d *s, struct s3d_request *q, struct s3d_reply *r);

#endif
