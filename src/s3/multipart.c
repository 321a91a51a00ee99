/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small machine: CREATING -> SENDING -> COMPLETING -> DONE; any failure goes through DRAINING (parts under way are cancelled and
 * waited for, because a part that arrives after the abort would stay and cost money) and ABORTING to DONE. A failed create whose
 * fate is unknown leaves nothing that could be named, hence nothing to abort. A stream may be SENDING with nothing under way.
 */
#include "s3/multipart.h"

#include <assert.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/view.h"
#include "s3/reclaim.h"
#include "s3/reply.h"

#define DEFAULT_PARALLEL 4u
#define MAX_PARALLEL     64u
#define ABORT_BUDGET_NS  (5 * S3C_NS_PER_SEC)
#define XML_MAX          (16u << 20)

enum state { CREATING, SENDING, COMPLETING, DRAINING, ABORTING, DONE };

struct slot {
    struct s3c_call *call;
    struct s3c_part part; /* while it is under way */
    bool busy;
};

struct s3c_multipart {
    struct s3c_client *client;
    struct s3c_multipart_options options; /* key and content headers are copies */
    enum state state;
    struct s3c_arena arena; /* key, content type, upload id, ETags */
    struct s3c_view upload_id;
    struct s3c_parts parts;
    struct s3c_view *etags; /* by part */
    size_t etags_cap, done;
    struct slot *slots; /* `parallel` of them; [0] also creates, completes and aborts */
    size_t parallel, under_way;
    struct s3c_buf xml;
    int result;
    struct s3c_error error; /* of the first failure */
};

static void fail(struct s3c_multipart *m, int code, const struct s3c_error *error);
static void fail_nomem(struct s3c_multipart *m);
static void complete(struct s3c_multipart *m);

static int allocate(struct s3c_multipart *m)
{
    m->options.key = s3c_arena_copy(&m->arena, m->options.key);
    m->options.content_type = s3c_arena_copy(&m->arena, m->options.content_type);
    m->options.content_encoding = s3c_arena_copy(&m->arena, m->options.content_encoding);
    m->slots = s3c_zalloc(m->parallel * sizeof *m->slots);
    if (!m->options.key.ptr || !m->options.content_type.ptr || !m->options.content_encoding.ptr ||
        !m->slots)
        return S3C_E_NOMEM;
    for (size_t i = 0; i < m->parallel; i++) {
        m->slots[i].call = s3c_call_new();
        if (!m->slots[i].call)
            return S3C_E_NOMEM;
    }
    return 0;
}

/* ---- sending ---- */

static void submit(struct s3c_multipart *m, size_t slot, enum s3c_s3_op op, unsigned part,
                   struct s3c_view body)
{
    struct s3c_call *c = m->slots[slot].call;

    assert(!m->slots[slot].busy);
    s3c_call_reset(c);
    c->op = op;
    c->key = m->options.key;
    if (op == S3C_CREATE_MULTIPART) {
        c->content_type = m->options.content_type;
        c->content_encoding = m->options.content_encoding;
        c->meta = m->options.meta;
        c->meta_count = m->options.meta_count;
    }
    c->upload_id = m->upload_id;
    c->part_number = part;
    c->body = body;
    c->max_attempts = m->options.max_attempts;
    c->patient = m->options.stream && op != S3C_ABORT_MULTIPART;
    c->deadline_mono_ns = m->options.deadline_mono_ns;
    c->inbox = m->options.inbox;
    c->user = m;
    m->slots[slot].busy = true;
    m->under_way++;
    s3c_client_submit(m->client, c);
}

/* As s3c_parts_next. */
static int send_part(struct s3c_multipart *m, size_t slot)
{
    int r = s3c_grow(&m->etags, &m->etags_cap, m->parts.given + 1, sizeof *m->etags);

    if (r == 0)
        r = s3c_parts_next(&m->parts, &m->slots[slot].part);
    if (r > 0)
        submit(m, slot, S3C_UPLOAD_PART, m->parts.given, m->slots[slot].part.body);
    return r;
}

static void send_parts(struct s3c_multipart *m)
{
    struct s3c_error e;
    int r = 1;

    for (size_t i = 0; i < m->parallel && r > 0; i++) {
        if (!m->slots[i].busy)
            r = send_part(m, i);
    }
    if (r == S3C_E_TOO_LARGE)
        fail(m, s3c_error_set(&e, r, "the object needs more than %u parts", S3C_PARTS_MAX), &e);
    else if (r < 0)
        fail_nomem(m);
    else if (s3c_parts_at_end(&m->parts) && m->done == m->parts.given)
        complete(m);
}

static void send_abort(struct s3c_multipart *m)
{
    int64_t now = s3c_mono_ns(m->options.clock);

    m->state = ABORTING;
    /* Its own few seconds: the deadline of the upload may be what has just passed. */
    if (m->options.deadline_mono_ns && m->options.deadline_mono_ns < now + ABORT_BUDGET_NS)
        m->options.deadline_mono_ns = now + ABORT_BUDGET_NS;
    submit(m, 0, S3C_ABORT_MULTIPART, 0, (struct s3c_view){NULL, 0});
}

/* ---- failing ---- */

static void cancel_busy(struct s3c_multipart *m)
{
    for (size_t i = 0; i < m->parallel; i++) {
        if (m->slots[i].busy)
            s3c_client_cancel(m->client, m->slots[i].call);
    }
}

/* Goes on with the way out once nothing is under way any more. */
static void drained(struct s3c_multipart *m)
{
    if (m->under_way)
        return;
    if (m->upload_id.len)
        send_abort(m);
    else
        m->state = DONE;
}

static void fail(struct s3c_multipart *m, int code, const struct s3c_error *error)
{
    if (m->state == DRAINING) /* the first failure is the one that says why */
        return;
    m->result = code;
    m->error = *error;
    m->state = DRAINING;
    s3c_parts_done(&m->parts); /* what was not sent is of no use any more */
    cancel_busy(m);
}

static void fail_nomem(struct s3c_multipart *m)
{
    struct s3c_error e;

    fail(m, s3c_error_nomem(&e), &e);
}

/* ---- the list of parts ---- */

static int add_escaped(struct s3c_buf *out, struct s3c_view v)
{
    int r = 0;

    for (size_t i = 0; i < v.len && r == 0; i++) {
        switch (v.ptr[i]) {
        case '&':
            r = s3c_buf_add_str(out, "&amp;");
            break;
        case '<':
            r = s3c_buf_add_str(out, "&lt;");
            break;
        case '>':
            r = s3c_buf_add_str(out, "&gt;");
            break;
        default:
            r = s3c_buf_add_char(out, v.ptr[i]);
        }
    }
    return r;
}

/* The body of CompleteMultipartUpload. ETags as the server sent them, escaped here; part i has number i + 1. */
static int list_parts(struct s3c_buf *out, const struct s3c_view *etags, size_t count)
{
    int r = s3c_buf_add_str(
        out, "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");

    for (size_t i = 0; i < count && r == 0; i++) {
        r = s3c_buf_addf(out, "<Part><PartNumber>%zu</PartNumber><ETag>", i + 1);
        if (r == 0)
            r = add_escaped(out, etags[i]);
        if (r == 0)
            r = s3c_buf_add_str(out, "</ETag></Part>");
    }
    return r == 0 ? s3c_buf_add_str(out, "</CompleteMultipartUpload>") : r;
}

/* ---- answers ---- */

static void created(struct s3c_multipart *m, struct s3c_call *c)
{
    struct s3c_error e;
    struct s3c_view id;
    int r;

    r = s3c_reply_upload_id(c->reply.ptr, c->reply.len, &id, &e);
    if (r < 0) {
        fail(m, r, &e);
        return;
    }
    id = s3c_arena_copy(&m->arena, id);
    if (!id.ptr) {
        fail_nomem(m);
        return;
    }
    m->upload_id = id;
    if (m->state == CREATING) {
        m->state = SENDING;
        send_parts(m);
    }
}

static void complete(struct s3c_multipart *m)
{
    int r = list_parts(&m->xml, m->etags, m->done);

    if (r < 0) {
        fail_nomem(m);
        return;
    }
    m->state = COMPLETING;
    submit(m, 0, S3C_COMPLETE_MULTIPART, 0, s3c_buf_view(&m->xml));
}

static void part_done(struct s3c_multipart *m, struct s3c_call *c)
{
    struct s3c_view etag = s3c_call_header(c, "ETag");
    struct s3c_error e;

    if (m->state != SENDING)
        return;
    if (!etag.len) {
        fail(m,
             s3c_error_set(
                 &e, S3C_E_PROTOCOL,
                 "UploadPart: the answer has no ETag; is there an S3 server at this endpoint?"),
             &e);
        return;
    }
    etag = s3c_arena_copy(&m->arena, etag);
    if (!etag.ptr) {
        fail_nomem(m);
        return;
    }
    m->etags[c->part_number - 1] = etag;
    m->done++;
    send_parts(m);
}

/* A cancel that came too late changes nothing: the object is there. */
static void completed(struct s3c_multipart *m, struct s3c_call *c)
{
    struct s3c_error e;
    int r = s3c_reply_complete(c->reply.ptr, c->reply.len, &e);

    if (r < 0) {
        fail(m, r, &e);
        return;
    }
    m->state = DONE;
    m->result = 0;
}

static void aborted(struct s3c_multipart *m, const struct s3c_call *c)
{
    m->state = DONE;
    if (c->result < 0 && c->result != S3C_E_NOT_FOUND)
        (void)s3c_error_wrap(
            &m->error, m->result,
            "the upload could not be aborted, its parts stay until a lifecycle rule removes them");
}

static void succeeded(struct s3c_multipart *m, struct s3c_call *c)
{
    switch (c->op) {
    case S3C_CREATE_MULTIPART:
        created(m, c);
        break;
    case S3C_UPLOAD_PART:
        part_done(m, c);
        break;
    default:
        completed(m, c);
        break;
    }
}

int s3c_multipart_feed(struct s3c_multipart *m, struct s3c_call *call, struct s3c_error *err)
{
    size_t slot = 0;

    while (m->slots[slot].call != call)
        slot++;
    s3c_buf_done(&m->slots[slot].part.owned);
    m->slots[slot].busy = false;
    m->under_way--;
    if (call->op == S3C_ABORT_MULTIPART)
        aborted(m, call);
    else if (call->result < 0)
        fail(m, call->result, &call->error);
    else
        succeeded(m, call);
    if (m->state == DRAINING)
        drained(m);
    return s3c_multipart_result(m, err);
}

int s3c_multipart_result(const struct s3c_multipart *m, struct s3c_error *err)
{
    if (m->state != DONE)
        return S3C_AGAIN;
    if (m->result < 0 && err)
        *err = m->error;
    return m->result;
}

/* ---- lifetime ---- */

int s3c_multipart_new(struct s3c_multipart **ret, struct s3c_client *c,
                      const struct s3c_multipart_options *o, struct s3c_error *err)
{
    struct s3c_multipart *m;

    if ((!o->body.len && !o->stream) || !o->part_size)
        return s3c_error_set(err, S3C_E_INVALID, "a multipart upload needs a body and a part size");
    m = s3c_zalloc(sizeof *m);
    if (!m)
        return s3c_error_nomem(err);
    m->client = c;
    m->options = *o;
    m->arena = S3C_ARENA_INIT(0);
    m->xml = (struct s3c_buf)S3C_BUF_INIT(XML_MAX);
    if (o->stream)
        s3c_parts_init_stream(&m->parts, o->part_size);
    else
        s3c_parts_init_body(&m->parts, o->body, o->part_size);
    m->parallel = o->parallel ? o->parallel : DEFAULT_PARALLEL;
    if (m->parallel > MAX_PARALLEL)
        m->parallel = MAX_PARALLEL;
    if (allocate(m) < 0) {
        s3c_multipart_free(m);
        return s3c_error_nomem(err);
    }
    submit(m, 0, S3C_CREATE_MULTIPART, 0, (struct s3c_view){NULL, 0});
    *ret = m;
    return 0;
}

void s3c_multipart_cancel(struct s3c_multipart *m)
{
    struct s3c_error e;

    if (m->state == CREATING || m->state == SENDING || m->state == COMPLETING)
        fail(m, s3c_error_set(&e, S3C_E_CANCELLED, "the upload was given up"), &e);
    if (m->state == DRAINING) /* a stream may have had nothing under way */
        drained(m);
}

/* ---- streams ---- */

static bool takes_bytes(const struct s3c_multipart *m)
{
    return m->state == CREATING || m->state == SENDING;
}

/* Sends what has become a part. A failure here has no answer under way that would lead on. */
static void go_on(struct s3c_multipart *m)
{
    if (m->state == SENDING)
        send_parts(m);
    if (m->state == DRAINING)
        drained(m);
}

int s3c_multipart_append(struct s3c_multipart *m, struct s3c_buf *bytes, struct s3c_error *err)
{
    if (!takes_bytes(m)) {
        s3c_buf_done(bytes);
        return 0;
    }
    if (s3c_parts_append(&m->parts, bytes) < 0)
        return s3c_error_nomem(err);
    go_on(m);
    return 0;
}

void s3c_multipart_end(struct s3c_multipart *m)
{
    if (!takes_bytes(m))
        return;
    s3c_parts_end(&m->parts);
    go_on(m);
}

size_t s3c_multipart_unsent(const struct s3c_multipart *m)
{
    size_t n = m->options.stream ? m->parts.held : 0;

    for (size_t i = 0; i < m->parallel; i++)
        n += m->slots[i].part.owned.len;
    return n;
}

void *s3c_multipart_user(const struct s3c_multipart *m)
{
    return m->options.user;
}

void s3c_multipart_free(struct s3c_multipart *m)
{
    if (!m)
        return;
    if (m->under_way) {
        cancel_busy(m);
        (void)s3c_reclaim(m->options.inbox, m, m->under_way);
    }
    for (size_t i = 0; m->slots && i < m->parallel; i++) {
        s3c_call_free(m->slots[i].call);
        s3c_buf_done(&m->slots[i].part.owned);
    }
    s3c_free(m->slots);
    s3c_parts_done(&m->parts);
    s3c_free(m->etags);
    s3c_buf_done(&m->xml);
    s3c_arena_done(&m->arena);
    s3c_free(m);
}
