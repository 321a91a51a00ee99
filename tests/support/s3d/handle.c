/* SPDX-License-Identifier: Apache-2.0 */
/* From a request to its reply: faults first, then the signature, the body, the operation; and how the reply goes out. */
#include "server.h"

#include <math.h>
#include <stdlib.h>

#include "auth.h"
#include "chunked.h"
#include "base/digest.h"
#include "text.h"

/* Where the bucket really is: in the body, and in a field because HEAD has no body. */
static void put_region(const struct s3d_call *c, const char *region)
{
    s3d_reply_error_add(c->r, "Region", s3c_view_str(region));
    s3d_reply_field(c->r, "x-amz-bucket-region", s3c_view_str(region));
}

static void redirect(const struct s3d_call *c, const struct s3d_fault *f)
{
    const char *region = f->region ? f->region : "eu-central-1";
    bool temporary = f->status == 307;

    s3d_reply_error(c->r, c->q, temporary ? "TemporaryRedirect" : "PermanentRedirect");
    put_region(c, region);
}

static void garbage(const struct s3d_call *c)
{
    static const char text[] = "<?xml version=\"1.0\"?><ListBucketResult><Contents><Key>half a pa";

    s3d_reply_field(c->r, "Content-Type", S3C_VIEW("application/xml"));
    s3d_put_str(&c->r->body, text);
}

static void status_fault(const struct s3d_call *c, const struct s3d_fault *f)
{
    int status = f->status ? f->status : 503;

    s3d_reply_error_as(c->r, c->q, status,
                       f->code         ? f->code
                       : status == 503 ? "ServiceUnavailable"
                                       : "InternalError",
                       f->message ? f->message : "Injected by a fault");
}

/* A fault that takes the operation's place. False: the operation goes on. */
static bool answer_fault(const struct s3d_call *c, const struct s3d_fault *f)
{
    switch (f->kind) {
    case S3D_FAULT_STATUS:
        status_fault(c, f);
        return true;
    case S3D_FAULT_SLOW_DOWN:
        s3d_fail(c, "SlowDown");
        return true;
    case S3D_FAULT_ERROR_200:
        s3d_reply_error_as(c->r, c->q, 200, f->code ? f->code : "InternalError", f->message);
        return true;
    case S3D_FAULT_GARBAGE_XML:
        garbage(c);
        return true;
    case S3D_FAULT_REDIRECT:
        redirect(c, f);
        return true;
    case S3D_FAULT_VANISH:
        s3d_fail(c, s3d_has_param(c->q, "versionId") ? "NoSuchVersion" : "NoSuchKey");
        return true;
    case S3D_FAULT_PRECONDITION:
        s3d_fail(c, "PreconditionFailed");
        return true;
    case S3D_FAULT_EXPIRED_TOKEN:
        s3d_fail(c, "ExpiredToken");
        return true;
    default:
        return false;
    }
}

/* What a fault changes about the way the reply goes out. */
static void plan_fault(struct s3d_plan *plan, const struct s3d_fault *f, const struct s3d_reply *r)
{
    size_t half = s3d_reply_length(r) / 2, limit = f->bytes >= 0 ? (size_t)f->bytes : half;

    if (f->kind == S3D_FAULT_RESET_BEFORE)
        plan->reset_before = true;
    if (f->kind == S3D_FAULT_DELAY)
        plan->delay_ns += f->ms * S3C_NS_PER_MS;
    if (f->kind != S3D_FAULT_RESET_INSIDE && f->kind != S3D_FAULT_TRUNCATE &&
        f->kind != S3D_FAULT_STALL)
        return;
    plan->limit = limit;
    if (f->kind == S3D_FAULT_STALL) {
        plan->stall_ns = f->ms * S3C_NS_PER_MS;
        return;
    }
    plan->then = f->kind == S3D_FAULT_TRUNCATE ? S3D_THEN_CLOSE : S3D_THEN_RESET;
    plan->stall_ns =
        10 * S3C_NS_PER_MS; /* an RST that overtakes the data would drop it at the other end */
}

static uint64_t next_random(struct s3d *s)
{
    s->random ^= s->random << 13;
    s->random ^= s->random >> 7;
    return s->random ^= s->random << 17;
}

static double uniform(struct s3d *s)
{
    return ((double)(next_random(s) >> 11) + 0.5) / 9007199254740992.0;
}

/* Box-Muller; the 99th percentile of a normal distribution is 2.3263 deviations above its middle. */
static int64_t draw_latency(struct s3d *s)
{
    const struct s3d_latency *l = &s->opt.latency;
    double normal, deviation;

    if (l->p99_ns <= l->p50_ns || !l->p50_ns)
        return l->p50_ns;
    normal = sqrt(-2 * log(uniform(s))) * cos(2 * M_PI * uniform(s));
    deviation = log((double)l->p99_ns / (double)l->p50_ns) / 2.3263;
    return (int64_t)((double)l->p50_ns * exp(deviation * normal));
}

static bool sha256_ok(struct s3d *s, const struct s3d_request *q, struct s3c_view promised)
{
    char hex[S3C_SHA256_HEX];

    if (s->opt.no_auth || promised.len != sizeof hex)
        return true;
    s3d_auth_sha256(s->auth, s3c_buf_view(q->body), hex);
    return s3c_view_eq(promised, (struct s3c_view){hex, sizeof hex});
}

static bool md5_ok(const struct s3d_request *q, struct s3c_view promised)
{
    uint8_t digest[16];
    char text[24];

    if (!promised.ptr)
        return true;
    s3c_md5(s3c_buf_view(q->body), digest);
    return s3c_view_eq(promised,
                       (struct s3c_view){text, s3c_base64_encode(text, digest, sizeof digest)});
}

bool s3d_body_ok(struct s3d *s, struct s3d_request *q, struct s3d_reply *r)
{
    struct s3c_view promised = s3d_field(q, "x-amz-content-sha256"),
                    length = s3d_field(q, "x-amz-decoded-content-length");
    uint64_t n = 0;

    if (s3c_view_starts(promised, S3C_VIEW("STREAMING-"))) {
        if (s3d_chunked_decode(q->body) &&
            (!length.ptr || (s3c_view_u64(length, &n) == 0 && n == q->body->len)))
            return true;
        s3d_reply_error(r, q, "IncompleteBody");
        return false;
    }
    if (!sha256_ok(s, q, promised)) {
        s3d_reply_error(r, q, "XAmzContentSHA256Mismatch");
        return false;
    }
    if (!md5_ok(q, s3d_field(q, "content-md5"))) {
        s3d_reply_error(r, q, "BadDigest");
        return false;
    }
    return true;
}

static bool needs_bucket(enum s3d_op op)
{
    return op != S3D_OP_ListBuckets && op != S3D_OP_CreateBucket && op != S3D_OP_NotImplemented;
}

static void run(struct s3d_call *c)
{
    static void (*const by_op[])(const struct s3d_call *) = {
        [S3D_OP_ListObjects] = s3d_list_ops,
        [S3D_OP_ListObjectsV2] = s3d_list_ops,
        [S3D_OP_ListObjectVersions] = s3d_list_ops,
        [S3D_OP_GetObject] = s3d_object_ops,
        [S3D_OP_HeadObject] = s3d_object_ops,
        [S3D_OP_PutObject] = s3d_object_ops,
        [S3D_OP_DeleteObject] = s3d_object_ops,
        [S3D_OP_CopyObject] = s3d_copy_object,
        [S3D_OP_DeleteObjects] = s3d_delete_objects,
        [S3D_OP_CreateMultipartUpload] = s3d_upload_ops,
        [S3D_OP_UploadPart] = s3d_upload_ops,
        [S3D_OP_CompleteMultipartUpload] = s3d_upload_ops,
        [S3D_OP_AbortMultipartUpload] = s3d_upload_ops,
        [S3D_OP_ListParts] = s3d_upload_ops,
        [S3D_OP_ListMultipartUploads] = s3d_upload_ops,
        [S3D_OP_NotImplemented] = NULL,
    };

    c->bucket = c->q->bucket.ptr ? s3d_store_bucket(&c->s->store, c->q->bucket) : NULL;
    if (c->op == S3D_OP_NotImplemented)
        s3d_fail(c, "NotImplemented");
    else if (needs_bucket(c->op) && !c->bucket)
        s3d_fail(c, "NoSuchBucket");
    else
        (by_op[c->op] ? by_op[c->op] : s3d_bucket_ops)(c);
}

static void check_and_run(struct s3d_call *c, struct s3d_request *q, int64_t now_ns)
{
    const char *message = NULL,
               *code = c->s->opt.no_auth ? NULL : s3d_auth_check(c->s->auth, q, now_ns, &message);

    if (code) {
        s3d_reply_error_as(c->r, q, s3d_error_status(code), code, message);
        if (strcmp(code, "AuthorizationHeaderMalformed") == 0)
            put_region(c, c->s->opt.region);
        return;
    }
    if (s3d_body_ok(c->s, q, c->r))
        run(c);
}

void s3d_handle(struct s3d *s, struct s3d_request *q, struct s3d_reply *r,
                struct s3d_plan *ret_plan)
{
    struct s3d_call c = {.s = s, .q = q, .r = r};
    const struct s3d_fault *fault;

    *ret_plan = (struct s3d_plan){.limit = SIZE_MAX};
    r->id = ++s->request_id;
    r->date_ns = s3d_clock_now(&s->clock);
    r->no_body = q->method == S3D_HEAD;
    if (!s3d_request_address(q, s->opt.domain)) {
        s3d_fail(&c, "InvalidRequest");
        return;
    }
    if (s3c_view_eq_str(q->bucket, "_s3d")) {
        s3d_admin(s, q, r);
        return;
    }
    c.op = s3d_op_of(q);
    s->stats.requests[c.op]++;
    ret_plan->delay_ns = draw_latency(s);
    fault = s3d_faults_take(&s->faults, c.op, q);
    if (fault) {
        s->stats.faults++;
        r->date_ns += fault->kind == S3D_FAULT_SKEW_DATE ? fault->seconds * S3C_NS_PER_SEC : 0;
        c.lie = fault->kind == S3D_FAULT_LYING_MARKERS ? (fault->lie ? fault->lie : S3D_LIE_REPEAT)
                                                       : S3D_LIE_NONE;
    }
    if (!fault || !answer_fault(&c, fault))
        check_and_run(&c, q, r->date_ns);
    if (fault)
        plan_fault(ret_plan, fault, r);
}

void s3d_fill_synth(struct s3d *s)
{
    for (unsigned i = 0; i < s->opt.nsynth; i++) {
        const struct s3d_synth *one = &s->opt.synth[i];
        struct s3c_view name = s3c_view_str(one->bucket);
        struct s3d_bucket *b = s3d_store_bucket(&s->store, name);

        s3d_store_synth(&s->store, b ? b : s3d_store_add_bucket(&s->store, name), one->count,
                        one->size);
    }
}
