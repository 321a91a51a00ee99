/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parser is a cursor over the body: no tree, no allocation, no callbacks. expat was measured and left: it stops a page at the
 * first &#x01; that a real server prints, and costs five times as much. Names are compared as they were written, prefix included;
 * only what is reported loses the prefix.
 */
#include "base/xml.h"

#include <stdbool.h>

#include "base/banned.h"
#include "base/xml_text.h"

enum state {
    BEFORE_ROOT,
    INSIDE,
    OWES_END,  /* "<a/>": START was given, END was not */
    AFTER_END, /* END was given; depth still counts the element that ended */
    AFTER_ROOT,
};

static int problem(struct s3c_xml *x, const char *text)
{
    x->problem = text;
    return S3C_E_PROTOCOL;
}

void s3c_xml_init(struct s3c_xml *x, char *body, size_t len)
{
    *x = (struct s3c_xml){.p = body, .end = body + len, .state = BEFORE_ROOT};
    if (len >= 3 && memcmp(body, "\xef\xbb\xbf", 3) == 0)
        x->p += 3; /* byte order mark */
}

static bool at(const struct s3c_xml *x, const char *text, size_t n)
{
    return (size_t)(x->end - x->p) >= n && memcmp(x->p, text, n) == 0;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static void skip_space(struct s3c_xml *x)
{
    while (x->p < x->end && is_space(*x->p))
        x->p++;
}

static bool is_blank(struct s3c_view v)
{
    for (size_t i = 0; i < v.len; i++) {
        if (!is_space(v.ptr[i]))
            return false;
    }
    return true;
}

/* The part after the prefix, if there is one. */
static struct s3c_view local_name(struct s3c_view raw)
{
    const char *colon = memrchr(raw.ptr, ':', raw.len);

    if (!colon)
        return raw;
    colon++;
    return (struct s3c_view){colon, raw.len - (size_t)(colon - raw.ptr)};
}

/* Moves past the next occurrence of `close`, counted from `skip` bytes ahead; *ret_at (may be NULL) is where it began. */
static int skip_past(struct s3c_xml *x, size_t skip, const char *close, char **ret_at,
                     const char *otherwise)
{
    char *from = x->p + skip, *found = memmem(from, (size_t)(x->end - from), close, strlen(close));

    if (!found)
        return problem(x, otherwise);
    if (ret_at)
        *ret_at = found;
    x->p = found + strlen(close);
    return 0;
}

/* "<!DOCTYPE ...>" with its internal subset, of which nothing is read. */
static int skip_doctype(struct s3c_xml *x)
{
    bool subset = false;

    for (char *p = x->p + 2; p < x->end; p++) {
        if (*p == '"' || *p == '\'') {
            p = memchr(p + 1, *p, (size_t)(x->end - p - 1));
            if (!p)
                break;
        } else if (*p == '[' || *p == ']') {
            subset = *p == '[';
        } else if (*p == '>' && !subset) {
            x->p = p + 1;
            return 0;
        }
    }
    return problem(x, "a declaration is not closed");
}

/* A comment or processing instruction at the cursor: 1 = skipped, 0 = there is none. */
static int skip_unseen(struct s3c_xml *x)
{
    int r = 0;

    if (at(x, "<?", 2))
        r = skip_past(x, 2, "?>", NULL, "a processing instruction is not closed");
    else if (at(x, "<!--", 4))
        r = skip_past(x, 4, "-->", NULL, "a comment is not closed");
    else
        return 0;
    return r < 0 ? r : 1;
}

/* A CDATA section at the cursor, moved to *dst: 1 = taken, 0 = there is none. */
static int take_cdata(struct s3c_xml *x, char **dst)
{
    char *from, *close;
    int r;

    if (!at(x, "<![CDATA[", 9))
        return 0;
    from = x->p + 9;
    r = skip_past(x, 9, "]]>", &close, "a CDATA section is not closed");
    if (r < 0)
        return r;
    memmove(*dst, from, (size_t)(close - from));
    *dst += close - from;
    return 1;
}

/* Everything up to the next tag, joined in place: text, CDATA, nothing of comments and instructions. */
static int take_run(struct s3c_xml *x, struct s3c_view *ret)
{
    char *start = x->p, *dst = start;
    int r;

    do {
        char *close = memchr(x->p, '<', (size_t)(x->end - x->p));

        if (!close)
            return problem(x, "the document ends inside an element");
        dst = s3c_xml_unescape(dst, x->p, close);
        x->p = close;
        r = take_cdata(x, &dst);
        if (r == 0)
            r = skip_unseen(x);
    } while (r > 0);
    *ret = (struct s3c_view){start, (size_t)(dst - start)};
    return r;
}

/* The rest of a start tag from behind its name; an attribute's value may hold '>'. */
static int skip_attributes(struct s3c_xml *x)
{
    for (char *p = x->p; p < x->end; p++) {
        if (*p == '"' || *p == '\'') {
            p = memchr(p + 1, *p, (size_t)(x->end - p - 1));
            if (!p)
                break;
        } else if (*p == '>') {
            x->state = p[-1] == '/' ? OWES_END : INSIDE;
            x->p = p + 1;
            return 0;
        }
    }
    return problem(x, "a start tag is not closed");
}

static int start_element(struct s3c_xml *x)
{
    char *name = x->p + 1, *stop = s3c_xml_name_end(name, x->end);
    bool prefixed = false;
    int r;

    while (stop < x->end && *stop == ':') {
        prefixed = true;
        stop = s3c_xml_name_end(stop + 1, x->end);
    }
    if (stop == x->end)
        return problem(x, "a start tag is not closed");
    if (stop == name || *name == '!')
        return problem(x, "a tag has no name");
    if (x->depth == S3C_XML_MAX_DEPTH)
        return problem(x, "elements are nested too deeply");
    x->name = (struct s3c_view){name, (size_t)(stop - name)};
    x->stack[x->depth++] = x->name;
    if (prefixed)
        x->name = local_name(x->name);
    x->p = stop;
    if (*stop == '>') {
        x->p++;
        x->state = INSIDE;
        return S3C_XML_START;
    }
    r = skip_attributes(x);
    return r < 0 ? r : S3C_XML_START;
}

/* Consumes "</name>" at the cursor, which must be the innermost element's. */
static int end_element(struct s3c_xml *x)
{
    struct s3c_view open = x->stack[x->depth - 1];

    x->p += 2;
    if (!at(x, open.ptr, open.len))
        return problem(x, "an end tag does not match its start");
    x->p += open.len;
    skip_space(x);
    if (x->p == x->end || *x->p != '>')
        return problem(x, "an end tag does not match its start");
    x->p++;
    x->state = AFTER_END;
    return S3C_XML_END;
}

static int next_outside(struct s3c_xml *x)
{
    int r;

    do {
        skip_space(x);
        r = skip_unseen(x);
        if (r == 0 && x->state == BEFORE_ROOT && at(x, "<!DOCTYPE", 9))
            r = skip_doctype(x) < 0 ? S3C_E_PROTOCOL : 1;
    } while (r > 0);
    if (r < 0)
        return r;
    if (x->p == x->end)
        return x->state == AFTER_ROOT ? 0 : problem(x, "there is no element");
    if (x->state == AFTER_ROOT)
        return problem(x, "something follows the root element");
    return *x->p == '<' ? start_element(x) : problem(x, "it does not begin like XML");
}

/* A tag right at the cursor, as behind every element of a list page: no run to take. */
static bool at_tag(const struct s3c_xml *x)
{
    return x->end - x->p >= 2 && x->p[0] == '<' && x->p[1] != '!' && x->p[1] != '?';
}

static int next_inside(struct s3c_xml *x)
{
    struct s3c_view run = {x->p, 0};
    int r = at_tag(x) ? 0 : take_run(x, &run);

    if (r < 0)
        return r;
    if (!is_blank(run)) {
        x->text = run;
        return S3C_XML_TEXT;
    }
    if (!at(x, "</", 2))
        return start_element(x);
    r = end_element(x);
    if (r > 0)
        x->name = local_name(x->stack[x->depth - 1]);
    return r;
}

int s3c_xml_next(struct s3c_xml *x)
{
    if (x->state == AFTER_END)
        x->state = --x->depth ? INSIDE : AFTER_ROOT;
    switch ((enum state)x->state) {
    case OWES_END:
        x->state = AFTER_END;
        x->name = local_name(x->stack[x->depth - 1]);
        return S3C_XML_END;
    case INSIDE:
        return next_inside(x);
    case BEFORE_ROOT:
    case AFTER_ROOT:
    case AFTER_END:
        break;
    }
    return next_outside(x);
}

int s3c_xml_text(struct s3c_xml *x, struct s3c_view *ret)
{
    struct s3c_view text = {x->p, 0};
    char *stop;
    int r;

    if (x->state == OWES_END) {
        x->state = AFTER_END;
        *ret = text;
        return 0;
    }
    stop = s3c_xml_text_end(x->p, x->end);
    if (x->end - stop >= 2 && stop[0] == '<' && stop[1] == '/') {
        text.len = (size_t)(stop - x->p);
        x->p = stop;
    } else {
        r = take_run(x, &text);
        if (r < 0)
            return r;
        if (!at(x, "</", 2))
            return problem(x, "an element stands where text should");
    }
    r = end_element(x);
    if (r < 0)
        return r;
    *ret = text;
    return 0;
}

int s3c_xml_skip(struct s3c_xml *x)
{
    int depth = x->depth, r;

    do {
        r = s3c_xml_next(x);
        if (r <= 0)
            return r < 0 ? r : problem(x, "there is no element to skip");
    } while (r != S3C_XML_END || x->depth != depth);
    return 0;
}
