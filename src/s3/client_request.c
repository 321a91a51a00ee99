/* SPDX-License-Identifier: Apache-2.0 */
/* From a call to a signed request on the wire. */
#include "s3/client_private.h"

#include <assert.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/view.h"

/* What distinguishes the operations on the wire. */
static const struct {
    const char *name;
    enum s3c_http_method method;
    bool on_object;
} wire_form[S3C_S3_OPS] = {
    [S3C_LIST_OBJECTS_V2] = {"GET", S3C_HTTP_GET, false},
    [S3C_LIST_VERSIONS] = {"GET", S3C_HTTP_GET, false},
    [S3C_GET_OBJECT] = {"GET", S3C_HTTP_GET, true},
    [S3C_PUT_OBJECT] = {"PUT", S3C_HTTP_PUT, true},
    [S3C_CREATE_MULTIPART] = {"POST", S3C_HTTP_POST, true},
    [S3C_UPLOAD_PART] = {"PUT", S3C_HTTP_PUT, true},
    [S3C_COMPLETE_MULTIPART] = {"POST", S3C_HTTP_POST, true},
    [S3C_ABORT_MULTIPART] = {"DELETE", S3C_HTTP_DELETE, true},
    [S3C_HEAD_BUCKET] = {"HEAD", S3C_HTTP_HEAD, false},
    [S3C_GET_VERSIONING] = {"GET", S3C_HTTP_GET, false},
    [S3C_HEAD_OBJECT] = {"HEAD", S3C_HTTP_HEAD, true},
    [S3C_DELETE_OBJECT] = {"DELETE", S3C_HTTP_DELETE, true},
    [S3C_LIST_UPLOADS] = {"GET", S3C_HTTP_GET, false},
};

#define MAX_PAIRS 8

struct draft { /* query and header fields of one request, with room for the texts made here */
    struct s3c_pair query[MAX_PAIRS], headers[MAX_PAIRS];
    size_t query_count, header_count;
    char number[24], range[40], if_match[160];
    char meta[S3C_CALL_META_MAX][48]; /* names of header fields */
};

bool s3c_client_op_is_object(enum s3c_s3_op op)
{
    return wire_form[op].on_object;
}

static void add_query(struct draft *d, const char *name, struct s3c_view value)
{
    d->query[d->query_count++] = (struct s3c_pair){s3c_view_str(name), value};
}

static void add_query_if(struct draft *d, const char *name, struct s3c_view value)
{
    if (value.len > 0)
        add_query(d, name, value);
}

static void add_header(struct draft *d, const char *name, struct s3c_view value)
{
    d->headers[d->header_count++] = (struct s3c_pair){s3c_view_str(name), value};
}

static void add_number(struct draft *d, const char *name, unsigned n)
{
    int len = snprintf(d->number, sizeof(d->number), "%u", n);

    add_query(d, name, (struct s3c_view){d->number, (size_t)len});
}

static void draft_list(struct draft *d, const struct s3c_call *call)
{
    bool v2 = call->op == S3C_LIST_OBJECTS_V2;

    if (v2)
        add_query(d, "list-type", S3C_VIEW("2"));
    else
        add_query(d, "versions", S3C_VIEW(""));
    add_query(d, "encoding-type", S3C_VIEW("url")); /* control characters are no XML 1.0 */
    add_query_if(d, "prefix", call->prefix);
    add_query_if(d, v2 ? "start-after" : "key-marker", call->key_marker);
    add_query_if(d, "version-id-marker", call->version_id_marker);
    add_query_if(d, "continuation-token", call->continuation);
    if (call->max_keys > 0)
        add_number(d, "max-keys", call->max_keys);
}

/* A body that broke off is continued only where it cannot be mixed with another version of the object. */
static void draft_get(struct draft *d, struct s3c_call_private *a)
{
    const struct s3c_call *call = a->call;
    int n;

    add_query_if(d, "versionId", call->version_id);
    if (call->if_match.len > 0) {
        n = snprintf(d->if_match, sizeof(d->if_match), "\"%.*s\"", (int)call->if_match.len,
                     call->if_match.ptr);
        add_header(d, "if-match", (struct s3c_view){d->if_match, (size_t)n});
    } else if (a->offset > 0 && a->etag[0] != '\0') {
        add_header(d, "if-match", s3c_view_str(a->etag));
    }
    if (a->offset > 0) {
        n = snprintf(d->range, sizeof(d->range), "bytes=%llu-", (unsigned long long)a->offset);
        add_header(d, "range", (struct s3c_view){d->range, (size_t)n});
    }
}

static void draft_list_uploads(struct draft *d, const struct s3c_call *call)
{
    add_query(d, "uploads", S3C_VIEW(""));
    add_query(d, "encoding-type", S3C_VIEW("url"));
    add_query_if(d, "prefix", call->prefix);
    add_query_if(d, "key-marker", call->key_marker);
    add_query_if(d, "upload-id-marker", call->upload_id);
    if (call->max_keys > 0)
        add_number(d, "max-uploads", call->max_keys);
}

/* What an object is to be stored with. */
static void draft_store(struct draft *d, const struct s3c_call *call)
{
    if (call->content_encoding.len > 0)
        add_header(d, "content-encoding", call->content_encoding);
    if (call->content_type.len > 0)
        add_header(d, "content-type", call->content_type);
    if (call->if_absent)
        add_header(d, "if-none-match", S3C_VIEW("*"));
    assert(call->meta_count <= S3C_CALL_META_MAX);
    for (size_t i = 0; i < call->meta_count; i++) {
        (void)snprintf(d->meta[i], sizeof(d->meta[i]), "x-amz-meta-%s", call->meta[i].name);
        add_header(d, d->meta[i], call->meta[i].value);
    }
}

static void draft_request(struct draft *d, struct s3c_call_private *a)
{
    const struct s3c_call *call = a->call;

    if (a->verifying)
        return; /* the object as it is */
    switch (call->op) {
    case S3C_LIST_OBJECTS_V2:
    case S3C_LIST_VERSIONS:
        draft_list(d, call);
        break;
    case S3C_GET_OBJECT:
        draft_get(d, a);
        break;
    case S3C_DELETE_OBJECT:
        add_query_if(d, "versionId", call->version_id);
        break;
    case S3C_LIST_UPLOADS:
        draft_list_uploads(d, call);
        break;
    case S3C_PUT_OBJECT:
        draft_store(d, call);
        break;
    case S3C_CREATE_MULTIPART:
        add_query(d, "uploads", S3C_VIEW(""));
        draft_store(d, call);
        break;
    case S3C_UPLOAD_PART:
        add_number(d, "partNumber", call->part_number);
        add_query(d, "uploadId", call->upload_id);
        break;
    case S3C_COMPLETE_MULTIPART:
    case S3C_ABORT_MULTIPART:
        add_query(d, "uploadId", call->upload_id);
        break;
    case S3C_GET_VERSIONING:
        add_query(d, "versioning", S3C_VIEW(""));
        break;
    default:
        break;
    }
}

/* DESIGN 5: a real hash where nothing else protects the bytes; TLS does it by itself, and hashing costs more than sending. */
static struct s3c_view payload_hash(struct s3c_call_private *a)
{
    struct s3c_client *c = a->client;

    if (a->verifying || a->call->body.len == 0)
        return S3C_VIEW(S3C_EMPTY_SHA256);
    if (c->endpoint.tls)
        return S3C_VIEW(S3C_UNSIGNED_PAYLOAD);
    if (!a->hashed) {
        s3c_signer_hash(c->signer, a->call->body, a->payload_hash);
        a->hashed = true;
    }
    return (struct s3c_view){a->payload_hash, sizeof(a->payload_hash)};
}

static int sign(struct s3c_call_private *a, struct s3c_error *err)
{
    struct s3c_client *c = a->client;
    const struct s3c_call *call = a->call;
    struct draft d;
    struct s3c_creds creds;
    struct s3c_signed out;
    struct s3c_sign_request s;
    size_t i;
    int r;

    d.query_count = d.header_count = 0;
    draft_request(&d, a);
    a->signed_ns = s3c_wall_ns(c->clock) + c->clock_offset_ns;
    r = c->creds->ops->get(c->creds, a->signed_ns, &creds, err);
    if (r < 0)
        return r;
    s3c_buf_clear(&a->path);
    r = s3c_endpoint_path(&c->endpoint, wire_form[call->op].on_object ? call->key : S3C_VIEW(""),
                          &a->path);
    if (r < 0)
        return s3c_error_set(err, r, "the path of the request cannot be built: %s",
                             s3c_code_text(r));
    s = (struct s3c_sign_request){
        .method = s3c_view_str(a->verifying ? "HEAD" : wire_form[call->op].name),
        .url_prefix = s3c_view_str(c->endpoint.url_prefix),
        .host = s3c_view_str(c->endpoint.host),
        .path = s3c_buf_view(&a->path),
        .query = d.query,
        .query_count = d.query_count,
        .headers = d.headers,
        .header_count = d.header_count,
        .payload_hash = payload_hash(a),
        .region = s3c_view_str(c->endpoint.region),
        .time_ns = a->signed_ns,
        .creds = &creds,
        .form = S3C_SIGN_S3,
    };
    r = s3c_sign(c->signer, &s, &a->signed_text, &out, err);
    if (r < 0)
        return r;
    a->request.url = out.url;
    a->request.header_count = out.header_count;
    for (i = 0; i < out.header_count; i++)
        a->request.headers[i] = out.headers[i];
    return 0;
}

/* Begins an attempt with a clean slate, keeping what a GET already has of its body if that can be continued. */
static void prepare(struct s3c_call_private *a)
{
    struct s3c_call *call = a->call;
    bool resume = call->op == S3C_GET_OBJECT && call->reply.len > 0 && a->broken == NULL &&
                  (call->version_id.len > 0 || call->if_match.len > 0 || a->etag[0] != '\0');

    if (!resume) {
        s3c_buf_clear(&call->reply);
        s3c_buf_clear(&call->headers);
    }
    a->offset = call->reply.len;
    s3c_buf_clear(&a->error_body);
    a->answered = a->keep_body = false;
    a->broken = NULL;
    a->reply_error = (struct s3c_error_reply){0};
    a->endpoint_generation = a->client->endpoint_generation;
    a->clock_generation = a->client->clock_generation;
    call->http_status = 0;
    call->date_ns = 0;
    call->attempt_ns = 0;
    call->attempts++;
    a->request.method = a->verifying ? S3C_HTTP_HEAD : wire_form[call->op].method;
    a->request.body = a->verifying ? S3C_VIEW("") : call->body;
    a->request.deadline_mono_ns = call->deadline_mono_ns;
    a->request.sink = &s3c_client_sink;
    a->request.user = a;
}

void s3c_client_send(struct s3c_call_private *a)
{
    struct s3c_client *c = a->client;
    struct s3c_error err;
    int r;

    prepare(a);
    r = sign(a, &err);
    a->sent_ns = s3c_mono_ns(c->clock);
    if (r == 0)
        r = c->transport->ops->send(c->transport, &a->request, &err);
    if (r < 0) {
        s3c_client_finish(c, a->call, a, r, &err);
        return;
    }
    a->wire_index = c->wire_count;
    c->wire[c->wire_count++] = a;
    atomic_store_explicit(&c->on_wire, (unsigned)c->wire_count, memory_order_relaxed);
    atomic_fetch_add_explicit(&c->requests, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&c->by_op[a->call->op], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&c->bytes_out, a->call->body.len, memory_order_relaxed);
}
