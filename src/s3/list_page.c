/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page is one pass of the pull parser; names are told apart by length and first letter before they are compared. Keys are decoded
 * in a second pass over the entries, because <EncodingType> may come after them. Times of one page are mostly of a few days: the
 * day is parsed once and remembered (list_time).
 */
#include "s3/list_page.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/view.h"
#include "base/xml.h"
#include "s3/list_time.h"
#include "s3/reply.h"

#define FIRST_ENTRIES 1024 /* a page has 1,000 by default */
#define MAX_ENTRIES   (1u << 20)

enum field {
    FIELD_OTHER,
    FIELD_KEY,
    FIELD_ETAG,
    FIELD_SIZE,
    FIELD_LAST_MODIFIED,
    FIELD_VERSION_ID,
    FIELD_IS_LATEST,
};

struct reading {
    struct s3c_list_page *page;
    struct s3c_xml xml;
    struct s3c_list_day day;
    bool versions;
    const char *problem;
};

static bool name_is(struct s3c_view name, const char *text, size_t n)
{
    return name.len == n && !memcmp(name.ptr, text, n);
}
#define NAME_IS(name, lit) name_is(name, "" lit, sizeof(lit) - 1)

static enum field field_of(struct s3c_view name)
{
    switch (name.len) {
    case 3:
        return NAME_IS(name, "Key") ? FIELD_KEY : FIELD_OTHER;
    case 4:
        if (name.ptr[0] == 'E')
            return NAME_IS(name, "ETag") ? FIELD_ETAG : FIELD_OTHER;
        return NAME_IS(name, "Size") ? FIELD_SIZE : FIELD_OTHER;
    case 8:
        return NAME_IS(name, "IsLatest") ? FIELD_IS_LATEST : FIELD_OTHER;
    case 9:
        return NAME_IS(name, "VersionId") ? FIELD_VERSION_ID : FIELD_OTHER;
    case 12:
        return NAME_IS(name, "LastModified") ? FIELD_LAST_MODIFIED : FIELD_OTHER;
    default:
        return FIELD_OTHER;
    }
}

static int bad(struct reading *g, const char *why)
{
    g->problem = why;
    return S3C_E_PROTOCOL;
}

static int set_field(struct reading *g, struct s3c_list_entry *e, enum field f,
                     struct s3c_view text)
{
    switch (f) {
    case FIELD_KEY:
        e->key = text;
        return 0;
    case FIELD_ETAG:
        e->etag = s3c_etag_trim(text);
        return 0;
    case FIELD_SIZE:
        return s3c_view_u64(text, &e->size) < 0 ? bad(g, "an entry's <Size> is no number") : 0;
    case FIELD_LAST_MODIFIED:
        return s3c_list_time(&g->day, text, &e->last_modified_ns) < 0
                   ? bad(g, "an entry's <LastModified> is no time")
                   : 0;
    case FIELD_VERSION_ID:
        e->version_id = text;
        return 0;
    default:
        e->is_latest = s3c_view_eq_str(text, "true");
        return 0;
    }
}

static int check_entry(struct reading *g, const struct s3c_list_entry *e, unsigned seen)
{
    if (!e->key.len)
        return bad(g, "an entry has no <Key>");
    if (!(seen & 1u << FIELD_LAST_MODIFIED))
        return bad(g, "an entry has no <LastModified>");
    if (g->versions && !e->version_id.len)
        return bad(g, "an entry has no <VersionId>");
    return 0;
}

/* Reads up to the end of the entry just started. */
static int read_fields(struct reading *g, struct s3c_list_entry *e)
{
    struct s3c_xml *x = &g->xml;
    struct s3c_view text;
    unsigned seen = 0;
    enum field f;
    int r;

    for (;;) {
        r = s3c_xml_next(x);
        if (r < 0)
            return r;
        if (r == S3C_XML_END)
            return check_entry(g, e, seen);
        if (r != S3C_XML_START)
            continue;
        f = field_of(x->name);
        if (f == FIELD_OTHER) {
            r = s3c_xml_skip(x);
        } else {
            seen |= 1u << f;
            r = s3c_xml_text(x, &text);
            if (r == 0)
                r = set_field(g, e, f, text);
        }
        if (r < 0)
            return r;
    }
}

static int grow(struct s3c_list_page *p)
{
    size_t cap = p->cap ? 2 * p->cap : FIRST_ENTRIES;
    struct s3c_list_entry *entries;

    if (cap > MAX_ENTRIES)
        return S3C_E_TOO_LARGE;
    entries = s3c_reallocarray(p->entries, cap, sizeof *entries);
    if (!entries)
        return S3C_E_NOMEM;
    p->entries = entries;
    p->cap = cap;
    return 0;
}

static int read_entry(struct reading *g, bool is_marker)
{
    struct s3c_list_page *p = g->page;
    struct s3c_list_entry *e;
    int r;

    if (p->count == p->cap) {
        r = grow(p);
        if (r < 0)
            return r;
    }
    e = &p->entries[p->count];
    *e = (struct s3c_list_entry){
        .etag = S3C_VIEW(""), .is_marker = is_marker, .is_latest = !g->versions};
    e->version_id = g->versions ? S3C_VIEW("") : S3C_VIEW("null");
    r = read_fields(g, e);
    if (r < 0)
        return r;
    if (!g->versions) { /* whatever a server adds there: a V2 listing knows no versions */
        e->version_id = S3C_VIEW("null");
        e->is_latest = true;
    }
    p->count++;
    return 0;
}

/* A child of the root that is no entry. */
static int read_property(struct reading *g)
{
    struct s3c_list_page *p = g->page;
    struct s3c_xml *x = &g->xml;
    struct s3c_view text,
        *markers[] = {&p->next_key_marker, &p->next_version_id_marker, &p->continuation};
    const char *const names[] = {"NextKeyMarker", "NextVersionIdMarker", "NextContinuationToken"};
    int r;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (s3c_view_eq_str(x->name, names[i]))
            return s3c_xml_text(x, markers[i]);
    }
    if (s3c_view_eq_str(x->name, "IsTruncated")) {
        r = s3c_xml_text(x, &text);
        if (r == 0)
            p->truncated = s3c_view_eq_nocase(text, S3C_VIEW("true"));
        return r;
    }
    if (s3c_view_eq_str(x->name, "EncodingType")) {
        r = s3c_xml_text(x, &text);
        if (r == 0)
            p->url_encoded = s3c_view_eq_nocase(text, S3C_VIEW("url"));
        return r;
    }
    return s3c_xml_skip(x);
}

static int read_children(struct reading *g)
{
    struct s3c_view name;
    int r;

    while ((r = s3c_xml_next(&g->xml)) > 0) {
        if (r != S3C_XML_START)
            continue;
        name = g->xml.name;
        if (g->versions ? NAME_IS(name, "Version") : NAME_IS(name, "Contents"))
            r = read_entry(g, false);
        else if (g->versions && NAME_IS(name, "DeleteMarker"))
            r = read_entry(g, true);
        else
            r = read_property(g);
        if (r < 0)
            return r;
    }
    return r;
}

static int read_root(struct reading *g)
{
    const char *root = g->versions ? "ListVersionsResult" : "ListBucketResult";
    int r = s3c_xml_next(&g->xml);

    if (r < 0)
        return r;
    if (r != S3C_XML_START || !s3c_view_eq_str(g->xml.name, root))
        return bad(g, "its root element is another one; is there an S3 server at this endpoint?");
    return read_children(g);
}

static void decode_keys(struct s3c_list_page *p)
{
    for (size_t i = 0; i < p->count; i++) {
        struct s3c_view *k = &p->entries[i].key;

        k->len = s3c_percent_decode((char *)(uintptr_t)k->ptr, *k, true);
    }
}

int s3c_list_page_parse(struct s3c_list_page *page, char *body, size_t len, bool versions,
                        struct s3c_error *err)
{
    struct reading g = {.page = page, .versions = versions};
    struct s3c_view v;
    int r;

    page->count = 0;
    page->truncated = page->url_encoded = false;
    page->next_key_marker = page->next_version_id_marker = page->continuation =
        (struct s3c_view){NULL, 0};
    v = s3c_reply_trim((struct s3c_view){body, len});
    s3c_xml_init(&g.xml, body + (v.ptr - body), v.len);
    r = read_root(&g);
    if (r == S3C_E_NOMEM)
        return s3c_error_nomem(err);
    if (r == S3C_E_TOO_LARGE)
        return s3c_error_set(err, S3C_E_PROTOCOL, "a page of the listing has more than %u entries",
                             MAX_ENTRIES);
    if (r < 0)
        return s3c_error_set(err, S3C_E_PROTOCOL, "a page of the listing cannot be read: %s",
                             g.problem       ? g.problem
                             : g.xml.problem ? g.xml.problem
                                             : "ill-formed XML");
    if (page->url_encoded)
        decode_keys(page);
    return s3c_list_page_order(page, err);
}

void s3c_list_page_done(struct s3c_list_page *page)
{
    s3c_free(page->entries);
    *page = (struct s3c_list_page)S3C_LIST_PAGE_INIT;
}
