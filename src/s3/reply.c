/* SPDX-License-Identifier: Apache-2.0 */
#include "s3/reply.h"

#include "base/error.h"
#include "base/view.h"
#include "base/xml.h"

/* ---- a look at the outside ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* White space that keeps a connection alive may come before the declaration, which no XML parser has to accept. */
struct s3c_view s3c_reply_trim(struct s3c_view body)
{
    body = s3c_view_trim(body);
    if (s3c_view_starts(body, S3C_VIEW("\xef\xbb\xbf")))
        body = s3c_view_trim(s3c_view_skip(body, 3));
    return body;
}

/* Behind "-->" or the like; an empty view when it never ends. */
static struct s3c_view behind(struct s3c_view v, struct s3c_view mark)
{
    const char *at = memmem(v.ptr, v.len, mark.ptr, mark.len);

    if (!at)
        return S3C_VIEW("");
    return s3c_view_trim(s3c_view_skip(v, (size_t)(at - v.ptr) + mark.len));
}

static struct s3c_view skip_prolog(struct s3c_view v)
{
    for (;;) {
        if (s3c_view_starts(v, S3C_VIEW("<?")))
            v = behind(v, S3C_VIEW("?>"));
        else if (s3c_view_starts(v, S3C_VIEW("<!--")))
            v = behind(v, S3C_VIEW("-->"));
        else if (s3c_view_starts(v, S3C_VIEW("<!")))
            v = behind(v, S3C_VIEW(">"));
        else
            return v;
    }
}

/* The name at the start of a tag's inside, with its namespace prefix. */
static struct s3c_view tag_name(struct s3c_view inside)
{
    size_t n = 0;

    while (n < inside.len && !is_blank(inside.ptr[n]) && inside.ptr[n] != '>' &&
           inside.ptr[n] != '/')
        n++;
    return s3c_view_first(inside, n);
}

/* Does the document end in the closing tag of `name`? */
static bool closed_by(struct s3c_view doc, struct s3c_view name)
{
    if (!s3c_view_ends(doc, S3C_VIEW(">")))
        return false;
    doc = s3c_view_trim(s3c_view_first(doc, doc.len - 1));
    if (!s3c_view_ends(doc, name))
        return false;
    return s3c_view_ends(s3c_view_first(doc, doc.len - name.len), S3C_VIEW("</"));
}

enum s3c_reply_kind s3c_reply_look(struct s3c_view body)
{
    struct s3c_view doc = s3c_reply_trim(body), name, prefix, local;
    const char *gt;

    if (!doc.len)
        return S3C_REPLY_EMPTY;
    doc = skip_prolog(doc);
    if (doc.len < 2 || doc.ptr[0] != '<')
        return S3C_REPLY_BROKEN;
    name = tag_name(s3c_view_skip(doc, 1));
    gt = memchr(doc.ptr, '>', doc.len);
    if (!name.len || !gt)
        return S3C_REPLY_BROKEN;
    if (!(gt[-1] == '/' && gt == doc.ptr + doc.len - 1) && !closed_by(doc, name))
        return S3C_REPLY_BROKEN;
    if (!s3c_view_split(name, ':', &prefix, &local))
        local = name;
    return s3c_view_eq_str(local, "Error") ? S3C_REPLY_ERROR : S3C_REPLY_XML;
}

bool s3c_reply_acceptable(enum s3c_s3_op op, struct s3c_view body, enum s3c_reply_kind *ret_kind)
{
    switch (op) {
    case S3C_GET_OBJECT:
    case S3C_HEAD_BUCKET:
    case S3C_HEAD_OBJECT:
        *ret_kind = S3C_REPLY_XML;
        return true;
    case S3C_PUT_OBJECT:
    case S3C_UPLOAD_PART:
    case S3C_ABORT_MULTIPART:
    case S3C_DELETE_OBJECT:
        *ret_kind = s3c_reply_look(body);
        return *ret_kind != S3C_REPLY_ERROR;
    default:
        *ret_kind = s3c_reply_look(body);
        return *ret_kind == S3C_REPLY_XML;
    }
}

/* ---- the inside ---- */

static void open_body(struct s3c_xml *x, char *body, size_t len)
{
    struct s3c_view v = s3c_reply_trim((struct s3c_view){body, len});

    s3c_xml_init(x, body + (v.ptr - body), v.len);
}

static int open_root(struct s3c_xml *x, char *body, size_t len, struct s3c_view root)
{
    open_body(x, body, len);
    if (s3c_xml_next(x) != S3C_XML_START || !s3c_view_eq(x->name, root))
        return S3C_E_PROTOCOL;
    return 0;
}

/* Goes to the next child of the root: 1 (x->name), 0 at the end of the document, S3C_E_PROTOCOL. The child before was read or skipped. */
static int next_child(struct s3c_xml *x)
{
    int r;

    while ((r = s3c_xml_next(x)) > 0) {
        if (r == S3C_XML_START)
            return 1;
    }
    return r;
}

static void copy_clean(char *dst, size_t size, struct s3c_view v)
{
    s3c_view_copy(dst, size, v);
    for (; *dst; dst++) {
        if ((unsigned char)*dst < ' ' || *dst == 0x7f)
            *dst = '?';
    }
}

int s3c_reply_error(char *body, size_t len, struct s3c_error_reply *ret)
{
    const struct {
        const char *name;
        char *dst;
        size_t size;
    } fields[] = {
        {"Code", ret->code, sizeof ret->code},
        {"Message", ret->message, sizeof ret->message},
        {"RequestId", ret->request_id, sizeof ret->request_id},
        {"Region", ret->region, sizeof ret->region},
    };
    struct s3c_view text;
    struct s3c_xml x;
    int r;

    *ret = (struct s3c_error_reply){0};
    r = open_root(&x, body, len, S3C_VIEW("Error"));
    while (r == 0 && (r = next_child(&x)) > 0) {
        size_t i = 0;

        while (i < sizeof fields / sizeof *fields && !s3c_view_eq_str(x.name, fields[i].name))
            i++;
        if (i == sizeof fields / sizeof *fields) {
            r = s3c_xml_skip(&x);
            continue;
        }
        r = s3c_xml_text(&x, &text);
        if (r == 0)
            copy_clean(fields[i].dst, fields[i].size, text);
    }
    return r;
}

/* The text of the child `name` of `root`; the last one wins; ptr NULL when there is none. */
static int child_text(char *body, size_t len, struct s3c_view root, struct s3c_view name,
                      struct s3c_view *ret, struct s3c_error *err)
{
    struct s3c_view found = {NULL, 0};
    struct s3c_xml x;
    int r;

    r = open_root(&x, body, len, root);
    if (r < 0)
        return s3c_error_set(
            err, r, "the answer is no <%s>; is there an S3 server at this endpoint?", root.ptr);
    while (r == 0 && (r = next_child(&x)) > 0)
        r = s3c_view_eq(x.name, name) ? s3c_xml_text(&x, &found) : s3c_xml_skip(&x);
    if (r < 0)
        return s3c_error_set(err, S3C_E_PROTOCOL, "the answer <%s> does not parse: %s", root.ptr,
                             x.problem ? x.problem : "ill-formed");
    *ret = found;
    return 0;
}

int s3c_reply_versioning(char *body, size_t len, enum s3c_versioning_status *ret,
                         struct s3c_error *err)
{
    struct s3c_view root = S3C_VIEW("GetBucketVersioningResponse"), status; /* moto's name for it */
    struct s3c_xml x;
    int r;

    if (open_root(&x, body, len, root) < 0)
        root = S3C_VIEW("VersioningConfiguration");
    r = child_text(body, len, root, S3C_VIEW("Status"), &status, err);
    if (r < 0)
        return r;
    if (s3c_view_eq_nocase(status, S3C_VIEW("Enabled")))
        *ret = S3C_VERSIONING_STATUS_ENABLED;
    else if (s3c_view_eq_nocase(status, S3C_VIEW("Suspended")))
        *ret = S3C_VERSIONING_STATUS_SUSPENDED;
    else if (!status.len)
        *ret = S3C_VERSIONING_STATUS_NEVER;
    else
        return s3c_error_set(err, S3C_E_PROTOCOL,
                             "the bucket's versioning status is neither Enabled nor Suspended");
    return 0;
}

int s3c_reply_upload_id(char *body, size_t len, struct s3c_view *ret, struct s3c_error *err)
{
    struct s3c_view id;
    int r;

    r = child_text(body, len, S3C_VIEW("InitiateMultipartUploadResult"), S3C_VIEW("UploadId"), &id,
                   err);
    if (r < 0)
        return r;
    if (!id.len)
        return s3c_error_set(err, S3C_E_PROTOCOL,
                             "the answer to CreateMultipartUpload has no <UploadId>");
    *ret = id;
    return 0;
}

int s3c_reply_complete(char *body, size_t len, struct s3c_error *err)
{
    struct s3c_view etag; /* some servers send none, and nobody needs it */

    return child_text(body, len, S3C_VIEW("CompleteMultipartUploadResult"), S3C_VIEW("ETag"), &etag,
                      err);
}

struct s3c_view s3c_etag_trim(struct s3c_view etag)
{
    if (etag.len >= 2 && etag.ptr[0] == '"' && etag.ptr[etag.len - 1] == '"')
        return s3c_view_first(s3c_view_skip(etag, 1), etag.len - 2);
    return etag;
}
