/* SPDX-License-Identifier: Apache-2.0 */
#include "s3/uploads_page.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/view.h"
#include "base/xml.h"
#include "s3/reply.h"

struct reading {
    struct s3c_uploads_page *page;
    struct s3c_xml xml;
    bool url_encoded;
    const char *problem; /* static text; NULL: the parser's */
};

static int bad(struct reading *g, const char *problem)
{
    g->problem = problem;
    return S3C_E_PROTOCOL;
}

static int read_upload(struct reading *g)
{
    struct s3c_uploads_page *p = g->page;
    struct s3c_upload_entry e = {{NULL, 0}, {NULL, 0}};
    int depth = g->xml.depth, r;

    while ((r = s3c_xml_next(&g->xml)) > 0 && (r != S3C_XML_END || g->xml.depth > depth)) {
        if (r != S3C_XML_START)
            continue;
        if (s3c_view_eq_str(g->xml.name, "Key"))
            r = s3c_xml_text(&g->xml, &e.key);
        else if (s3c_view_eq_str(g->xml.name, "UploadId"))
            r = s3c_xml_text(&g->xml, &e.upload_id);
        else
            r = s3c_xml_skip(&g->xml);
        if (r < 0)
            return r;
    }
    if (r < 0)
        return r;
    if (e.key.len == 0 || e.upload_id.len == 0)
        return bad(g, "an upload has no key or no id");
    r = s3c_grow(&p->entries, &p->cap, p->count + 1, sizeof(*p->entries));
    if (r == 0)
        p->entries[p->count++] = e;
    return r;
}

static int read_flag(struct s3c_xml *x, const char *truth, bool *ret)
{
    struct s3c_view text;
    int r = s3c_xml_text(x, &text);

    if (r == 0)
        *ret = s3c_view_eq_nocase(text, s3c_view_str(truth));
    return r;
}

static int read_child(struct reading *g)
{
    if (s3c_view_eq_str(g->xml.name, "Upload"))
        return read_upload(g);
    if (s3c_view_eq_str(g->xml.name, "IsTruncated"))
        return read_flag(&g->xml, "true", &g->page->truncated);
    if (s3c_view_eq_str(g->xml.name, "EncodingType"))
        return read_flag(&g->xml, "url", &g->url_encoded);
    return s3c_xml_skip(&g->xml);
}

static int read_root(struct reading *g)
{
    int r = s3c_xml_next(&g->xml);

    if (r > 0 && !s3c_view_eq_str(g->xml.name, "ListMultipartUploadsResult"))
        return bad(g, "its root element is another one; is there an S3 server at this endpoint?");
    while (r >= 0 && (r = s3c_xml_next(&g->xml)) > 0) {
        if (r == S3C_XML_START)
            r = read_child(g);
    }
    return r;
}

int s3c_uploads_page_parse(struct s3c_uploads_page *page, char *body, size_t len,
                           struct s3c_error *err)
{
    struct reading g = {.page = page};
    struct s3c_view v = s3c_reply_trim((struct s3c_view){body, len});
    int r;

    page->count = 0;
    page->truncated = false;
    s3c_xml_init(&g.xml, body + (v.ptr - body), v.len);
    r = read_root(&g);
    if (r == S3C_E_NOMEM)
        return s3c_error_nomem(err);
    if (r < 0)
        return s3c_error_set(err, S3C_E_PROTOCOL, "the list of uploads cannot be read: %s",
                             g.problem       ? g.problem
                             : g.xml.problem ? g.xml.problem
                                             : "ill-formed XML");
    for (size_t i = 0; i < page->count && g.url_encoded; i++) {
        struct s3c_view *k = &page->entries[i].key;
        k->len = s3c_percent_decode((char *)(uintptr_t)k->ptr, *k, true);
    }
    page->truncated = page->truncated && page->count > 0;
    return 0;
}

void s3c_uploads_page_done(struct s3c_uploads_page *page)
{
    s3c_free(page->entries);
    *page = (struct s3c_uploads_page)S3C_UPLOADS_PAGE_INIT;
}
