/* SPDX-License-Identifier: Apache-2.0 */
/* Operations on buckets. */
#include "server.h"
#include "text.h"

#include "base/xml.h"

static void put_time(struct s3d *s, struct s3c_buf *b, const char *name, int64_t ns)
{
    char text[S3D_LIST_TIME_LEN];

    s3d_clock_write_list(&s->clock, text, ns, S3D_GRANULARITY_1S);
    s3d_put_element(b, name, (struct s3c_view){text, sizeof text});
}

static void list_buckets(const struct s3d_call *c)
{
    struct s3c_buf *b = s3d_reply_xml(c->r);

    S3D_PUT(b, "<ListAllMyBucketsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
               "<Owner><ID>s3d</ID><DisplayName>s3d</DisplayName></Owner><Buckets>");
    for (struct s3d_bucket *one = c->s->store.buckets; one; one = one->next) {
        S3D_PUT(b, "<Bucket>");
        s3d_put_element(b, "Name", s3c_view_str(one->name));
        put_time(c->s, b, "CreationDate", one->created_ns);
        S3D_PUT(b, "</Bucket>");
    }
    S3D_PUT(b, "</Buckets></ListAllMyBucketsResult>");
}

static bool name_ok(struct s3c_view name)
{
    if (name.len < 3 || name.len > 63)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'))
            return false;
    }
    return true;
}

static void create_bucket(const struct s3d_call *c)
{
    if (!name_ok(c->q->bucket)) {
        s3d_fail(c, "InvalidBucketName");
        return;
    }
    if (s3d_store_bucket(&c->s->store, c->q->bucket)) {
        s3d_fail(c, "BucketAlreadyOwnedByYou");
        return;
    }
    (void)s3d_store_add_bucket(&c->s->store, c->q->bucket);
    s3d_reply_field(c->r, "Location", c->q->path);
}

static void delete_bucket(const struct s3d_call *c)
{
    if (c->bucket->keys.count) {
        s3d_fail(c, "BucketNotEmpty");
        return;
    }
    s3d_store_drop_bucket(&c->s->store, c->bucket);
    c->r->status = 204;
}

static void get_location(const struct s3d_call *c)
{
    struct s3c_buf *b = s3d_reply_xml(c->r);
    bool home = strcmp(c->s->opt.region, "us-east-1") == 0; /* has no name of its own there */

    S3D_PUT(b, "<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    if (!home)
        s3d_put_str(b, c->s->opt.region);
    S3D_PUT(b, "</LocationConstraint>");
}

static void get_versioning(const struct s3d_call *c)
{
    static const char *const texts[] = {"", "<Status>Enabled</Status>",
                                        "<Status>Suspended</Status>"};
    struct s3c_buf *b = s3d_reply_xml(c->r);

    s3d_putf(
        b,
        "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">%s</VersioningConfiguration>",
        texts[c->bucket->versioning]);
}

static void put_versioning(const struct s3d_call *c)
{
    struct s3c_view status = S3C_VIEW("");
    struct s3c_xml x;
    int event;

    s3c_xml_init(&x, c->q->body->ptr, c->q->body->len);
    while ((event = s3c_xml_next(&x)) > 0) {
        if (event == S3C_XML_START && s3c_view_eq_str(x.name, "Status") &&
            s3c_xml_text(&x, &status) < 0)
            break;
    }
    if (s3c_view_eq_str(status, "Enabled"))
        c->bucket->versioning = S3D_ENABLED;
    else if (s3c_view_eq_str(status, "Suspended"))
        c->bucket->versioning = S3D_SUSPENDED;
    else
        s3d_fail(c, "MalformedXML");
}

void s3d_bucket_ops(const struct s3d_call *c)
{
    bool versioning = c->op == S3D_OP_GetBucketVersioning || c->op == S3D_OP_PutBucketVersioning;

    if (versioning && s3d_quirk(c->s, S3D_QUIRK_NO_VERSIONS))
        s3d_fail(c, "NotImplemented");
    else if (c->op == S3D_OP_ListBuckets)
        list_buckets(c);
    else if (c->op == S3D_OP_CreateBucket)
        create_bucket(c);
    else if (c->op == S3D_OP_DeleteBucket)
        delete_bucket(c);
    else if (c->op == S3D_OP_GetBucketLocation)
        get_location(c);
    else if (c->op == S3D_OP_GetBucketVersioning)
        get_versioning(c);
    else if (c->op == S3D_OP_PutBucketVersioning)
        put_versioning(c);
    else if (c->op == S3D_OP_HeadBucket)
        s3d_reply_field(c->r, "x-amz-bucket-region", s3c_view_str(c->s->opt.region));
}
