/* SPDX-License-Identifier: Apache-2.0 */
/* Reading, writing and deleting one object. */
#include "server.h"
#include "text.h"

#include <stdio.h>

#include "base/digest.h"
#include "object.h"

char *s3d_stored_fields(const struct s3d_request *q)
{
    static const char *const kept[] = {"content-type", "content-disposition", "content-language",
                                       "cache-control", "expires"};
    struct s3c_buf b = S3C_BUF_INIT(64 << 10);
    struct s3c_view encoding = s3d_field(q, "content-encoding"), rest = S3C_VIEW("");

    if (!s3d_field(q, "content-type").ptr)
        S3D_PUT(&b, "content-type: binary/octet-stream\r\n");
    for (unsigned i = 0; i < q->nfields; i++) {
        const struct s3d_pair *f = &q->field[i];
        bool keep = f->name.len > 11 &&
                    s3c_view_eq_nocase(s3c_view_first(f->name, 11), S3C_VIEW("x-amz-meta-"));

        for (size_t k = 0; !keep && k < sizeof kept / sizeof *kept; k++)
            keep = s3c_view_eq_nocase(f->name, s3c_view_str(kept[k]));
        if (!keep)
            continue;
        for (size_t k = 0; k < f->name.len; k++) {
            char c = f->name.ptr[k];

            s3d_put(&b, (char[]){c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c}, 1);
        }
        S3D_PUT(&b, ": ");
        s3d_put_view(&b, f->value);
        S3D_PUT(&b, "\r\n");
    }
    (void)s3c_view_split(encoding, ',', &encoding, &rest);
    if (s3c_view_eq_str(encoding, "aws-chunked")) /* a coding of the transfer only */
        encoding = s3c_view_trim(rest);
    if (encoding.len) {
        S3D_PUT(&b, "content-encoding: ");
        s3d_put_view(&b, encoding);
        S3D_PUT(&b, "\r\n");
    }
    s3d_must(s3c_buf_terminate(&b));
    return S3C_TAKE(b.ptr);
}

void s3d_put_etag_field(struct s3d_reply *r, const struct s3d_etag *e)
{
    char text[S3D_ETAG_MAX + 2], *p = text;

    *p++ = '"';
    p = s3d_write_etag(p, e);
    *p++ = '"';
    s3d_reply_field(r, "ETag", (struct s3c_view){text, (size_t)(p - text)});
}

void s3d_put_quoted_etag(struct s3c_buf *b, const struct s3d_etag *e)
{
    char text[S3D_ETAG_MAX];

    S3D_PUT(b, "&quot;");
    s3d_put(b, text, (size_t)(s3d_write_etag(text, e) - text));
    S3D_PUT(b, "&quot;");
}

void s3d_put_version_field(const struct s3d_call *c, const char *name, const struct s3d_version *v)
{
    char text[S3D_VERSION_ID_LEN];

    if (c->bucket->versioning != S3D_UNVERSIONED)
        s3d_reply_field(c->r, name,
                        (struct s3c_view){text, (size_t)(s3d_write_version_id(text, v) - text)});
}

static bool etag_in(struct s3c_view list, const struct s3d_etag *e)
{
    char text[S3D_ETAG_MAX];
    struct s3c_view want = {text, (size_t)(s3d_write_etag(text, e) - text)};
    bool more = true;

    while (more) {
        struct s3c_view one = list, rest = S3C_VIEW("");

        more = s3c_view_split(list, ',', &one, &rest);
        list = rest;
        one = s3c_view_trim(one);
        if (one.len >= 2 && one.ptr[0] == '"' && one.ptr[one.len - 1] == '"')
            one = (struct s3c_view){one.ptr + 1, one.len - 2};
        if (s3c_view_eq_str(one, "*") || s3c_view_eq(one, want))
            return true;
    }
    return false;
}

/* 0, or the status of the precondition that fails. */
static int read_condition(const struct s3d_request *q, const struct s3d_version *v,
                          const char *match, const char *none_match)
{
    struct s3c_view m = s3d_field(q, match), n = s3d_field(q, none_match);

    if (m.ptr && !etag_in(m, &v->etag))
        return 412;
    return n.ptr && etag_in(n, &v->etag) ? 304 : 0;
}

static bool parse_range(struct s3c_view text, size_t size, size_t *ret_from, size_t *ret_len,
                        bool *ret_bad)
{
    struct s3c_view first, last;
    uint64_t from = 0, to = size ? size - 1 : 0;

    *ret_bad = false;
    if (!s3c_view_starts(text, S3C_VIEW("bytes=")) ||
        !s3c_view_split(s3c_view_skip(text, 6), '-', &first, &last))
        return false;
    if ((first.len && s3c_view_u64(first, &from) < 0) ||
        (last.len && s3c_view_u64(last, &to) < 0) || !(first.len + last.len))
        return false; /* a range that makes no sense is ignored: RFC 9110 14.2 */
    if (!first.len) {
        *ret_bad = !to || !size;
        from = to < size ? size - to : 0;
        to = size - 1;
    } else if (last.len && to < from) {
        return false;
    }
    *ret_bad |= from >= size;
    if (*ret_bad)
        return true;
    if (to >= size)
        to = size - 1;
    *ret_from = (size_t)from;
    *ret_len = (size_t)(to - from + 1);
    return true;
}

/* The object, or the part of it that Range names. */
static void give_body(const struct s3d_call *c, struct s3d_version *v)
{
    struct s3c_view range = s3d_field(c->q, "range");
    size_t from = 0, len = v->blob->len;
    char text[80];
    bool bad;

    if (range.ptr && parse_range(range, v->blob->len, &from, &len, &bad)) {
        if (bad) {
            s3d_fail(c, "InvalidRange");
            return;
        }
        snprintf(text, sizeof text, "bytes %zu-%zu/%zu", from, from + len - 1, v->blob->len);
        s3d_reply_field(c->r, "Content-Range", s3c_view_str(text));
        c->r->status = 206;
    }
    c->r->blob = s3d_blob_ref(v->blob);
    c->r->blob_from = from;
    c->r->blob_len = len;
}

static void missing(const struct s3d_call *c, const struct s3d_version *marker, bool by_id)
{
    by_id = by_id && !s3d_quirk(c->s, S3D_QUIRK_MARKER_IS_404);
    s3d_fail(c, by_id ? "MethodNotAllowed" : "NoSuchKey");
    if (s3d_quirk(c->s, S3D_QUIRK_NO_MARKER_FIELD))
        return;
    s3d_reply_field(c->r, "x-amz-delete-marker", S3C_VIEW("true"));
    s3d_put_version_field(c, "x-amz-version-id", marker);
    if (by_id)
        s3d_reply_field(c->r, "Allow", S3C_VIEW("DELETE"));
}

struct s3d_version *s3d_find_readable(const struct s3d_call *c, const struct s3d_bucket *b,
                                      struct s3c_view key, struct s3c_view id)
{
    struct s3d_version *v;
    uint64_t order;

    if (id.ptr && !s3c_view_eq_str(id, "null") && !s3d_version_id_order(id, &order) &&
        !s3d_quirk(c->s, S3D_QUIRK_UNKNOWN_ID_IS_404)) {
        s3d_reply_error_as(c->r, c->q, 400, "InvalidArgument", "Invalid version id specified");
        return NULL;
    }
    v = id.ptr ? s3d_store_find(b, key, id) : s3d_store_newest(b, key);
    if (v && v->blob)
        return v;
    if (v)
        missing(c, v, id.ptr != NULL);
    else
        s3d_fail(c, id.ptr ? "NoSuchVersion" : "NoSuchKey");
    return NULL;
}

static void put_read_fields(const struct s3d_call *c, const struct s3d_version *v)
{
    struct s3c_buf *f = &c->r->fields;

    s3d_reply_field(c->r, "Last-Modified", s3d_clock_http(&c->s->clock, v->modified_ns));
    s3d_put_etag_field(c->r, &v->etag);
    S3D_PUT(f, "Accept-Ranges: bytes\r\n");
    s3d_put_version_field(c, "x-amz-version-id", v);
    if (v->storage_class)
        s3d_reply_field(c->r, "x-amz-storage-class",
                        s3c_view_str(s3d_storage_class(v->storage_class)));
    s3d_put_str(f, v->fields ? v->fields : "content-type: binary/octet-stream\r\n");
}

static void get_object(const struct s3d_call *c)
{
    struct s3d_version *v =
        s3d_find_readable(c, c->bucket, c->q->key, s3d_param(c->q, "versionId"));
    int condition = v ? read_condition(c->q, v, "if-match", "if-none-match") : 0;

    if (!v)
        return;
    if (condition == 412) {
        s3d_fail(c, "PreconditionFailed");
        return;
    }
    if (c->op == S3D_OP_GetObject && s3d_storage_class_archived(v->storage_class)) {
        s3d_reply_error_as(c->r, c->q, 403, "InvalidObjectState",
                           "The operation is not valid for the object's storage class");
        return;
    }
    put_read_fields(c, v);
    c->r->status = condition ? condition : 200;
    if (!condition)
        give_body(c, v);
}

bool s3d_may_write(const struct s3d_call *c)
{
    const struct s3d_version *v = s3d_store_newest(c->bucket, c->q->key);
    bool exists = v && v->blob, wants = s3d_field(c->q, "if-match").ptr != NULL;

    if (s3d_quirk(c->s, S3D_QUIRK_NO_IF_NONE_MATCH))
        return true;
    if (s3d_quirk(c->s, S3D_QUIRK_IF_NONE_MATCH_501) && s3d_field(c->q, "if-none-match").ptr) {
        s3d_fail(c, "NotImplemented");
        return false;
    }
    if (wants && !exists) {
        s3d_fail(c, "NoSuchKey");
        return false;
    }
    if (!exists || !read_condition(c->q, v, "if-match", "if-none-match"))
        return true;
    s3d_fail(c, "PreconditionFailed");
    return false;
}

bool s3d_key_ok(const struct s3d_call *c)
{
    if (c->q->key.len <= 1024)
        return true;
    s3d_fail(c, "KeyTooLongError");
    return false;
}

/* The class a write asks for; false: none that exists, and the reply says so. */
static bool wanted_class(const struct s3d_call *c, uint8_t *ret)
{
    struct s3c_view name = s3d_field(c->q, "x-amz-storage-class");
    int number = name.ptr ? s3d_storage_class_by_name(name) : 0;

    if (number < 0)
        s3d_reply_error_as(c->r, c->q, 400, "InvalidStorageClass",
                           "The storage class you specified is not valid");
    *ret = (uint8_t)number;
    return number >= 0;
}

static void put_object(const struct s3d_call *c)
{
    struct s3d_version *v;
    uint8_t storage_class;

    if (!s3d_key_ok(c) || !wanted_class(c, &storage_class) || !s3d_may_write(c))
        return;
    v = s3d_version_new(&c->s->store, s3d_blob_steal(c->q->body), s3d_stored_fields(c->q));
    v->storage_class = storage_class;
    s3c_md5((struct s3c_view){v->blob->data, v->blob->len}, v->etag.md5);
    s3d_store_add(c->bucket, c->q->key, v);
    s3d_put_etag_field(c->r, &v->etag);
    s3d_put_version_field(c, "x-amz-version-id", v);
}

struct s3d_version *s3d_mark_deleted(const struct s3d_call *c, struct s3c_view key)
{
    const struct s3d_version *v = s3d_store_newest(c->bucket, key);

    if (v && !v->blob && c->bucket->versioning == S3D_ENABLED &&
        s3d_quirk(c->s, S3D_QUIRK_MARKS_ONCE))
        return NULL;
    return s3d_store_delete(&c->s->store, c->bucket, key);
}

static void delete_object(const struct s3d_call *c)
{
    struct s3c_view id = s3d_param(c->q, "versionId");
    bool marker = false;
    const struct s3d_version *made;

    c->r->status = 204;
    if (id.ptr) {
        (void)s3d_store_delete_version(c->bucket, c->q->key, id, &marker);
        s3d_reply_field(c->r, "x-amz-version-id", id);
    } else if ((made = s3d_mark_deleted(c, c->q->key)) != NULL) {
        marker = true;
        s3d_put_version_field(c, "x-amz-version-id", made);
    }
    if (marker)
        s3d_reply_field(c->r, "x-amz-delete-marker", S3C_VIEW("true"));
}

void s3d_object_ops(const struct s3d_call *c)
{
    if (c->op == S3D_OP_PutObject)
        put_object(c);
    else if (c->op == S3D_OP_DeleteObject)
        delete_object(c);
    else
        get_object(c);
}
