/* SPDX-License-Identifier: Apache-2.0 */
/* DeleteObjects and CopyObject. */
#include "object.h"
#include "text.h"

#include "base/xml.h"

struct doomed {
    struct s3c_view key, version_id;
};

static void put_deleted(const struct s3d_call *c, struct s3c_buf *b, const struct doomed *d,
                        bool marker, const struct s3d_version *made)
{
    char text[S3D_VERSION_ID_LEN];
    struct s3c_view id = d->version_id;

    if (made)
        id = (struct s3c_view){text, (size_t)(s3d_write_version_id(text, made) - text)};
    S3D_PUT(b, "<Deleted>");
    s3d_put_element(b, "Key", d->key);
    if (d->version_id.ptr)
        s3d_put_element(b, "VersionId", d->version_id);
    if (marker && c->bucket->versioning != S3D_UNVERSIONED) {
        S3D_PUT(b, "<DeleteMarker>true</DeleteMarker>");
        s3d_put_element(b, "DeleteMarkerVersionId", id);
    }
    S3D_PUT(b, "</Deleted>");
}

static void delete_one(const struct s3d_call *c, struct s3c_buf *b, const struct doomed *d)
{
    const struct s3d_version *made = NULL;
    bool marker = false;

    if (d->version_id.ptr)
        (void)s3d_store_delete_version(c->bucket, d->key, d->version_id, &marker);
    else
        made = s3d_mark_deleted(c, d->key);
    put_deleted(c, b, d, marker || made, made);
}

/* Reads <Delete>; calls delete_one at each </Object>. <Quiet> may come last. False: not what the schema says. */
static bool read_delete(const struct s3d_call *c, struct s3c_buf *out)
{
    struct doomed d = {{NULL, 0}, {NULL, 0}};
    struct s3c_view quiet = S3C_VIEW("");
    size_t start = out->len;
    struct s3c_xml x;
    int event;

    s3c_xml_init(&x, c->q->body->ptr, c->q->body->len);
    while ((event = s3c_xml_next(&x)) > 0) {
        struct s3c_view *slot = s3c_view_eq_str(x.name, "Key")         ? &d.key
                                : s3c_view_eq_str(x.name, "VersionId") ? &d.version_id
                                : s3c_view_eq_str(x.name, "Quiet")     ? &quiet
                                                                       : NULL;
        bool object = s3c_view_eq_str(x.name, "Object");

        if (event == S3C_XML_START && slot && s3c_xml_text(&x, slot) < 0)
            return false;
        if (event == S3C_XML_START && object)
            d = (struct doomed){{NULL, 0}, {NULL, 0}};
        if (event != S3C_XML_END || !object)
            continue;
        if (!d.key.len)
            return false;
        delete_one(c, out, &d);
    }
    if (s3c_view_eq_str(quiet, "true"))
        out->len = start;
    return event == 0;
}

void s3d_delete_objects(const struct s3d_call *c)
{
    struct s3c_buf *b = s3d_reply_xml(c->r);

    S3D_PUT(b, "<DeleteResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    if (read_delete(c, b))
        S3D_PUT(b, "</DeleteResult>");
    else
        s3d_fail(c, "MalformedXML");
}

/* "/bucket/key?versionId=id", percent-encoded. */
static bool parse_source(const struct s3d_call *c, struct s3c_view *ret_bucket,
                         struct s3c_view *ret_key, struct s3c_view *ret_id)
{
    struct s3c_view v = s3d_field(c->q, "x-amz-copy-source"), id = {NULL, 0};
    struct s3c_view mark = S3C_VIEW("?versionId=");
    const char *at = memmem(v.ptr, v.len, mark.ptr, mark.len);
    char *p;

    if (at) {
        id = s3c_view_skip(v, (size_t)(at - v.ptr) + mark.len);
        v = s3c_view_first(v, (size_t)(at - v.ptr));
    }
    if (v.len && v.ptr[0] == '/')
        v = s3c_view_skip(v, 1);
    p = s3d_arena(c->q->arena, v.len + id.len + 1);
    v = (struct s3c_view){p, s3c_percent_decode(p, v, false)};
    *ret_id = id.ptr ? (struct s3c_view){p + v.len, s3c_percent_decode(p + v.len, id, false)} : id;
    return s3c_view_split(v, '/', ret_bucket, ret_key) && ret_key->len;
}

static void put_copy_result(const struct s3d_call *c, const struct s3d_version *v)
{
    struct s3c_buf *b = s3d_reply_xml(c->r);
    char time[S3D_LIST_TIME_LEN];

    s3d_clock_write_list(&c->s->clock, time, v->modified_ns, c->s->opt.granularity);
    S3D_PUT(b, "<CopyObjectResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    s3d_put_element(b, "LastModified", (struct s3c_view){time, sizeof time});
    S3D_PUT(b, "<ETag>");
    s3d_put_quoted_etag(b, &v->etag);
    S3D_PUT(b, "</ETag></CopyObjectResult>");
}

void s3d_copy_object(const struct s3d_call *c)
{
    struct s3c_view bucket, key, id;
    struct s3d_bucket *from;
    struct s3d_version *source, *v;
    bool replace = s3c_view_eq_str(s3d_field(c->q, "x-amz-metadata-directive"), "REPLACE");

    if (!parse_source(c, &bucket, &key, &id)) {
        s3d_reply_error_as(c->r, c->q, 400, "InvalidArgument",
                           "x-amz-copy-source must be BUCKET/KEY");
        return;
    }
    from = s3d_store_bucket(&c->s->store, bucket);
    if (!from) {
        s3d_fail(c, "NoSuchBucket");
        return;
    }
    source = s3d_key_ok(c) ? s3d_find_readable(c, from, key, id) : NULL;
    if (!source)
        return;
    if (from == c->bucket && s3c_view_eq(key, c->q->key) && !id.ptr && !replace) {
        s3d_reply_error_as(
            c->r, c->q, 400, "InvalidRequest",
            "This copy request is illegal because it is trying to copy an object to itself without changing it");
        return;
    }
    v = s3d_version_new(&c->s->store, s3d_blob_ref(source->blob), NULL);
    v->etag = source->etag;
    v->fields = replace          ? s3d_stored_fields(c->q)
                : source->fields ? s3d_viewdup(s3c_view_str(source->fields))
                                 : NULL;
    s3d_put_version_field(&(struct s3d_call){.r = c->r, .bucket = from},
                          "x-amz-copy-source-version-id", source);
    s3d_store_add(c->bucket, c->q->key, v); /* may free the source */
    s3d_put_version_field(c, "x-amz-version-id", v);
    put_copy_result(c, v);
}
