/* SPDX-License-Identifier: Apache-2.0 */
/* Multipart uploads: create, part, complete, abort, and the two listings. */
#include "object.h"
#include "text.h"
#include "upload.h"

#include "base/xml.h"

#define MAX_UPLOADS 1000 /* of a page */

static struct s3d_upload *find_upload(const struct s3d_call *c)
{
    struct s3d_upload *u = s3d_upload_find(c->bucket, c->q->key, s3d_param(c->q, "uploadId"));

    if (!u)
        s3d_fail(c, "NoSuchUpload");
    return u;
}

static void create_upload(const struct s3d_call *c)
{
    struct s3d_upload *u;
    struct s3c_buf *b;

    if (!s3d_key_ok(c))
        return;
    u = s3d_upload_new(&c->s->store, c->bucket, c->q->key, s3d_stored_fields(c->q));
    b = s3d_reply_xml(c->r);
    S3D_PUT(b, "<InitiateMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    s3d_put_element(b, "Bucket", c->q->bucket);
    s3d_put_element(b, "Key", c->q->key);
    s3d_put_element(b, "UploadId", s3c_view_str(u->id));
    S3D_PUT(b, "</InitiateMultipartUploadResult>");
}

static void put_part(const struct s3d_call *c)
{
    struct s3d_upload *u = find_upload(c);
    uint64_t number;

    if (!u)
        return;
    if (s3c_view_u64(s3d_param(c->q, "partNumber"), &number) < 0 || number < 1 ||
        number > S3D_PARTS_MAX) {
        s3d_reply_error_as(c->r, c->q, 400, "InvalidArgument",
                           "Part number must be an integer between 1 and 10000, inclusive");
        return;
    }
    s3d_put_etag_field(
        c->r, &s3d_upload_put(&c->s->store, u, (unsigned)number, s3d_blob_steal(c->q->body))->etag);
}

struct parts {
    struct s3d_part **part;
    size_t n;
};

/* Adds the part that <Part> names. Returns NULL or the code of what is wrong. */
static const char *add_part(const struct s3d_upload *u, struct parts *p, struct s3c_view number,
                            struct s3c_view etag)
{
    char text[S3D_ETAG_MAX];
    struct s3d_part *part;
    uint64_t n;

    if (s3c_view_u64(number, &n) < 0 || p->n == S3D_PARTS_MAX)
        return "MalformedXML";
    if (p->n && n <= p->part[p->n - 1]->number)
        return "InvalidPartOrder";
    part = s3d_upload_part(u, n > S3D_PARTS_MAX ? 0 : (unsigned)n);
    if (etag.len >= 2 && etag.ptr[0] == '"')
        etag = (struct s3c_view){etag.ptr + 1, etag.len - 2};
    if (!part || !s3c_view_eq(etag, (struct s3c_view){
                                        text, (size_t)(s3d_write_etag(text, &part->etag) - text)}))
        return "InvalidPart";
    if (p->n && p->part[p->n - 1]->blob->len < S3D_PART_MIN)
        return "EntityTooSmall";
    p->part[p->n++] = part;
    return NULL;
}

static const char *read_parts(const struct s3d_call *c, const struct s3d_upload *u, struct parts *p)
{
    struct s3c_view number = S3C_VIEW(""), etag = S3C_VIEW("");
    const char *problem = NULL;
    struct s3c_xml x;
    int event = 0;

    s3c_xml_init(&x, c->q->body->ptr, c->q->body->len);
    while (!problem && (event = s3c_xml_next(&x)) > 0) {
        struct s3c_view *slot = s3c_view_eq_str(x.name, "PartNumber") ? &number
                                : s3c_view_eq_str(x.name, "ETag")     ? &etag
                                                                      : NULL;

        if (event == S3C_XML_START && slot && s3c_xml_text(&x, slot) < 0)
            problem = "MalformedXML";
        else if (event == S3C_XML_END && s3c_view_eq_str(x.name, "Part"))
            problem = add_part(u, p, number, etag);
    }
    if (!problem && (event < 0 || !p->n))
        problem = "MalformedXML";
    return problem;
}

static void complete_upload(const struct s3d_call *c)
{
    struct s3d_upload *u = find_upload(c);
    struct parts p = {0};
    struct s3d_version *v;
    const char *problem;
    struct s3c_buf *b;

    if (!u || !s3d_may_write(c))
        return;
    p.part = s3d_arena(c->q->arena, S3D_PARTS_MAX * sizeof *p.part);
    problem = read_parts(c, u, &p);
    if (problem) {
        s3d_fail(c, problem);
        return;
    }
    v = s3d_upload_join(&c->s->store, u, p.part, p.n, c->s->opt.upload_time_initiation);
    s3d_upload_drop(c->bucket, u);
    s3d_store_add(c->bucket, c->q->key, v);
    s3d_put_version_field(c, "x-amz-version-id", v);
    b = s3d_reply_xml(c->r);
    S3D_PUT(b, "<CompleteMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    s3d_put_element(b, "Location", c->q->path);
    s3d_put_element(b, "Bucket", c->q->bucket);
    s3d_put_element(b, "Key", c->q->key);
    S3D_PUT(b, "<ETag>");
    if (!s3d_quirk(c->s, S3D_QUIRK_NO_COMPLETE_ETAG))
        s3d_put_quoted_etag(b, &v->etag);
    S3D_PUT(b, "</ETag></CompleteMultipartUploadResult>");
}

static void abort_upload(const struct s3d_call *c)
{
    struct s3d_upload *u = find_upload(c);

    if (!u)
        return;
    s3d_upload_drop(c->bucket, u);
    c->r->status = 204;
}

static void put_time(const struct s3d_call *c, struct s3c_buf *b, const char *name, int64_t ns)
{
    char text[S3D_LIST_TIME_LEN];

    s3d_clock_write_list(&c->s->clock, text, ns, c->s->opt.granularity);
    s3d_put_element(b, name, (struct s3c_view){text, sizeof text});
}

static void list_parts(const struct s3d_call *c)
{
    const struct s3d_upload *u = find_upload(c);
    struct s3c_buf *b;

    if (!u)
        return;
    b = s3d_reply_xml(c->r);
    S3D_PUT(b, "<ListPartsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    s3d_put_element(b, "Bucket", c->q->bucket);
    s3d_put_element(b, "Key", c->q->key);
    s3d_put_element(b, "UploadId", s3c_view_str(u->id));
    S3D_PUT(b, "<MaxParts>10000</MaxParts><IsTruncated>false</IsTruncated>");
    for (const struct s3d_part *p = u->parts; p; p = p->next) {
        s3d_putf(b, "<Part><PartNumber>%u</PartNumber>", p->number);
        put_time(c, b, "LastModified", p->modified_ns);
        S3D_PUT(b, "<ETag>");
        s3d_put_quoted_etag(b, &p->etag);
        s3d_putf(b, "</ETag><Size>%zu</Size></Part>", p->blob->len);
    }
    S3D_PUT(b, "</ListPartsResult>");
}

/* Whether it comes behind the markers. Uploads of one key are in the order in which they were begun. */
static bool behind_markers(const struct s3d_call *c, const struct s3d_upload *u)
{
    struct s3c_view key = s3d_param(c->q, "key-marker"), id = s3d_param(c->q, "upload-id-marker");
    int order = s3c_view_cmp(s3c_view_str(u->key), key);
    const struct s3d_upload *marked = order == 0 ? s3d_upload_find(c->bucket, key, id) : NULL;

    return order > 0 || (marked && u->order > marked->order);
}

static void put_upload(const struct s3d_call *c, const struct s3d_upload *u, bool url)
{
    struct s3c_buf *b = &c->r->body;

    S3D_PUT(b, "<Upload><Key>");
    s3d_put_key(b, s3c_view_str(u->key), url ? S3D_KEY_URL : S3D_KEY_XML);
    S3D_PUT(b, "</Key>");
    s3d_put_element(b, "UploadId", s3c_view_str(u->id));
    put_time(c, b, "Initiated", u->initiated_ns);
    S3D_PUT(b, "<StorageClass>STANDARD</StorageClass></Upload>");
}

static void list_uploads(const struct s3d_call *c)
{
    struct s3c_view prefix = s3d_param(c->q, "prefix");
    bool url = s3c_view_eq_str(s3d_param(c->q, "encoding-type"), "url"), truncated = false;
    struct s3c_buf *b = s3d_reply_xml(c->r);
    const struct s3d_upload *last = NULL;
    uint64_t max, n = 0;

    if (s3c_view_u64(s3d_param(c->q, "max-uploads"), &max) < 0 || max > MAX_UPLOADS)
        max = MAX_UPLOADS;

    S3D_PUT(b, "<ListMultipartUploadsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    s3d_put_element(b, "Bucket", c->q->bucket);
    if (url)
        S3D_PUT(b, "<EncodingType>url</EncodingType>");
    s3d_putf(b, "<MaxUploads>%llu</MaxUploads>", (unsigned long long)max);
    for (const struct s3d_upload *u = c->bucket->uploads; u; u = u->next) {
        if (!s3c_view_starts(s3c_view_str(u->key), prefix) || !behind_markers(c, u))
            continue;
        truncated = n++ == max;
        if (truncated)
            break;
        put_upload(c, u, url);
        last = u;
    }
    s3d_putf(b, "<IsTruncated>%s</IsTruncated>", truncated ? "true" : "false");
    if (truncated && last) {
        S3D_PUT(b, "<NextKeyMarker>");
        s3d_put_key(b, s3c_view_str(last->key), url ? S3D_KEY_URL : S3D_KEY_XML);
        S3D_PUT(b, "</NextKeyMarker>");
        s3d_put_element(b, "NextUploadIdMarker", s3c_view_str(last->id));
    }
    S3D_PUT(b, "</ListMultipartUploadsResult>");
}

void s3d_upload_ops(const struct s3d_call *c)
{
    if (c->op == S3D_OP_CreateMultipartUpload)
        create_upload(c);
    else if (c->op == S3D_OP_UploadPart)
        put_part(c);
    else if (c->op == S3D_OP_CompleteMultipartUpload)
        complete_upload(c);
    else if (c->op == S3D_OP_AbortMultipartUpload)
        abort_upload(c);
    else if (c->op == S3D_OP_ListParts)
        list_parts(c);
    else
        list_uploads(c);
}
