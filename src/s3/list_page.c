/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page is one pass of the pull parser, with a fast path for entries that look like the one before (list_shape). Keys are decoded in a
 * second pass, because <EncodingType> may come after them. Times of one page are mostly of a few days: the day is parsed once and
 * remembered (list_time).
 */
#include "s3/list_page.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/view.h"
#include "base/xml.h"
#include "base/xml_text.h"
#include "s3/list_shape.h"
#include "s3/list_time.h"
#include "s3/reply.h"

#define FIRST_ENTRIES 1024 /* a page has 1,000 by default */
#define MAX_ENTRIES   (1u << 20)

struct reading {
    struct s3c_list_page *page;
    struct s3c_xml xml;
    struct s3c_list_day day;
    struct s3c_list_shape shapes[2]; /* of versions or objects, and of delete markers */
    bool versions;
    const char *problem;
};

static int bad(struct reading *g, const char *why)
{
    g->problem = why;
    return S3C_E_PROTOCOL;
}

static int set_field(struct reading *g, struct s3c_list_entry *e, enum s3c_list_field f,
                     struct s3c_view text)
{
    switch (f) {
    case S3C_LIST_KEY:
        e->key = text;
        return 0;
    case S3C_LIST_ETAG:
        e->etag = s3c_etag_trim(text);
        return 0;
    case S3C_LIST_SIZE:
        return s3c_view_u64(text, &e->size) < 0 ? bad(g, "an entry's <Size> is no number") : 0;
    case S3C_LIST_LAST_MODIFIED:
        return s3c_list_time(&g->day, text, &e->last_modified_ns) < 0
                   ? bad(g, "an entry's <LastModified> is no time")
                   : 0;
    case S3C_LIST_VERSION_ID:
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
    if (!(seen & 1u << S3C_LIST_LAST_MODIFIED))
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
    enum s3c_list_field f;
    int r;

    for (;;) {
        r = s3c_xml_next(x);
        if (r < 0)
            return r;
        if (r == S3C_XML_END)
            return check_entry(g, e, seen);
        if (r != S3C_XML_START)
            continue;
        f = s3c_list_field_of(x->name);
        if (f == S3C_LIST_OTHER) {
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

/* An ETag's quotes are nearly always escaped: cutting them off as they stand saves moving its text. */
static bool cut_quotes(struct s3c_view *v)
{
    const struct s3c_view quote = S3C_VIEW("&quot;");
    struct s3c_view inner;

    if (v->len < 2 * quote.len || !s3c_view_starts(*v, quote) || !s3c_view_ends(*v, quote))
        return false;
    inner = s3c_view_first(s3c_view_skip(*v, quote.len), v->len - 2 * quote.len);
    if (memchr(inner.ptr, '&', inner.len))
        return false;
    *v = inner;
    return true;
}

static struct s3c_view unescape(struct s3c_view v)
{
    char *p = (char *)(uintptr_t)v.ptr;

    return (struct s3c_view){p, (size_t)(s3c_xml_unescape(p, p, p + v.len) - p)};
}

/* The fast path: 0; S3C_AGAIN: this entry looks otherwise, nothing was touched. */
static int read_alike(struct reading *g, struct s3c_list_entry *e)
{
    const struct s3c_list_shape *s = &g->shapes[e->is_marker];
    struct s3c_view texts[S3C_LIST_SHAPE_TEXTS];
    unsigned seen = 0;
    uint32_t escaped;
    char *end;
    int r = 0;

    if (!s3c_list_shape_match(s, g->xml.p, g->xml.end, texts, &escaped, &end))
        return S3C_AGAIN;
    for (unsigned i = 0; i < s->texts && r == 0; i++) {
        enum s3c_list_field f = s->field[i];

        if (f == S3C_LIST_OTHER)
            continue;
        seen |= 1u << f;
        if (f == S3C_LIST_ETAG && (escaped & 1u << i) && cut_quotes(&texts[i])) {
            e->etag = texts[i];
            continue;
        }
        r = set_field(g, e, f, escaped & 1u << i ? unescape(texts[i]) : texts[i]);
    }
    if (r < 0)
        return r;
    g->xml.p = end;
    r = s3c_xml_next(&g->xml); /* the entry's end tag: keeps the parser's books right */
    return r < 0 ? r : check_entry(g, e, seen);
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
    r = read_alike(g, e);
    if (r == S3C_AGAIN) {
        s3c_list_shape_learn(&g->shapes[is_marker], g->xml.p, g->xml.end);
        r = read_fields(g, e);
    }
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
        if (g->versions ? s3c_view_eq_str(name, "Version") : s3c_view_eq_str(name, "Contents"))
            r = read_entry(g, false);
        else if (g->versions && s3c_view_eq_str(name, "DeleteMarker"))
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

        if (memchr(k->ptr, '%', k->len) || memchr(k->ptr, '+', k->len))
            k->len = s3c_percent_decode((char *)(uintptr_t)k->ptr, *k, true);
    }
}

int s3c_list_page_parse(struct s3c_list_page *page, char *body, size_t len, bool versions,
                        struct s3c_error *err)
{
    struct reading g;
    struct s3c_view v;
    int r;

    g.page = page;
    g.versions = versions;
    g.problem = NULL;
    g.day = (struct s3c_list_day){0};
    for (size_t i = 0; i < 2; i++) /* their tables need no clearing */
        g.shapes[i].texts = g.shapes[i].learned = 0;
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
