/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A string is first scanned (grammar, UTF-8), then unescaped where it lies: no escape is shorter than what it stands for. Skipped
 * values are only scanned, so their text stays as it was. A lone surrogate (\ud800) is correct by the grammar and may pass in
 * skipped text, but has no UTF-8 and is refused where the string is read: nothing is ever replaced silently.
 */
#include "base/json_read.h"

#include <stdint.h>

#include "base/view.h"

void s3c_json_reader_init(struct s3c_json_reader *r, char *text, size_t len)
{
    *r = (struct s3c_json_reader){.start = text, .p = text, .end = text + len};
}

size_t s3c_json_column(const struct s3c_json_reader *r)
{
    return r->problem ? (size_t)(r->problem_at - r->start) + 1 : 0;
}

int s3c_json_fail(struct s3c_json_reader *r, const char *at, const char *problem)
{
    r->problem = problem;
    r->problem_at = at;
    return S3C_E_RECORD;
}

char s3c_json_peek(struct s3c_json_reader *r)
{
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r'))
        r->p++;
    return r->p < r->end ? *r->p : '\0';
}

/* ---- strings ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four hex digits at p, or -1. */
static int32_t hex4(const char *p, const char *end)
{
    int32_t v = 0;

    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int d = hex_digit(p[i]);

        if (d < 0)
            return -1;
        v = v << 4 | d;
    }
    return v;
}

/* Eight bytes at once: true if all are plain ASCII characters of a string (no quote, backslash or control character). */
static bool all_plain(const char *p)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), high = UINT64_C(0x8080808080808080);
    uint64_t v, quote, backslash, control;

    memcpy(&v, p, sizeof(v));
    quote = v ^ ones * '"';
    backslash = v ^ ones * '\\';
    control = v - ones * 0x20;
    return ((v | control | (quote - ones) | (backslash - ones)) & high) == 0;
}

/* r->p is at the backslash. */
static int scan_escape(struct s3c_json_reader *r)
{
    char c = r->end - r->p > 1 ? r->p[1] : '\0';

    if (c != '\0' && strchr("\"\\/bfnrt", c)) {
        r->p += 2;
        return 0;
    }
    if (c != 'u' || hex4(r->p + 2, r->end) < 0)
        return s3c_json_fail(r, r->p, "wrong escape sequence");
    r->p += 6;
    return 0;
}

/* *ret is what stands between the quotes. */
static int scan_string(struct s3c_json_reader *r, struct s3c_view *ret, bool *ret_escapes)
{
    const char *quote = r->p, *text = quote + 1;
    bool escapes = false, ascii = true;

    if (s3c_json_peek(r) != '"')
        return s3c_json_fail(r, r->p, "expected a string");
    quote = r->p;
    text = ++r->p;
    for (;;) {
        while (r->end - r->p >= 8 && all_plain(r->p))
            r->p += 8;
        if (r->p == r->end)
            return s3c_json_fail(r, quote, "the string does not end");
        if (*r->p == '"')
            break;
        if ((unsigned char)*r->p < 0x20)
            return s3c_json_fail(r, r->p, "control character in a string");
        if (*r->p == '\\') {
            escapes = true;
            if (scan_escape(r) < 0)
                return S3C_E_RECORD;
            continue;
        }
        ascii = ascii && (unsigned char)*r->p < 0x80;
        r->p++;
    }
    *ret = (struct s3c_view){text, (size_t)(r->p - text)};
    *ret_escapes = escapes;
    r->p++;
    if (!ascii && !s3c_utf8_valid(*ret))
        return s3c_json_fail(r, quote, "the string is not valid UTF-8");
    return 0;
}

static char *put_utf8(char *d, uint32_t c)
{
    if (c < 0x80) {
        *d++ = (char)c;
    } else if (c < 0x800) {
        *d++ = (char)(0xc0 | c >> 6);
        *d++ = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *d++ = (char)(0xe0 | c >> 12);
        *d++ = (char)(0x80 | (c >> 6 & 0x3f));
        *d++ = (char)(0x80 | (c & 0x3f));
    } else {
        *d++ = (char)(0xf0 | c >> 18);
        *d++ = (char)(0x80 | (c >> 12 & 0x3f));
        *d++ = (char)(0x80 | (c >> 6 & 0x3f));
        *d++ = (char)(0x80 | (c & 0x3f));
    }
    return d;
}

/* *p is at the backslash of a \uXXXX that was scanned. Gives the character and moves *p behind it; -1 for half a pair. */
static int32_t unescape_unicode(const char **p, const char *end)
{
    int32_t high = hex4(*p + 2, end), low;

    *p += 6;
    if (high < 0xd800 || high > 0xdfff)
        return high;
    if (high > 0xdbff || end - *p < 6 || (*p)[0] != '\\' || (*p)[1] != 'u')
        return -1;
    low = hex4(*p + 2, end);
    if (low < 0xdc00 || low > 0xdfff)
        return -1;
    *p += 6;
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

static char unescape_letter(char c)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    const char *at = strchr(from, c);

    return at ? to[at - from] : c;
}

static int unescape(struct s3c_json_reader *r, struct s3c_view *v)
{
    char *d = r->start + (v->ptr - r->start), *start = d;
    const char *p = v->ptr, *end = p + v->len;

    while (p < end) {
        const char *backslash = memchr(p, '\\', (size_t)(end - p));
        size_t run = (size_t)((backslash ? backslash : end) - p);
        int32_t c;

        memmove(d, p, run);
        d += run;
        p += run;
        if (p == end)
            break;
        if (p[1] != 'u') {
            *d++ = unescape_letter(p[1]);
            p += 2;
            continue;
        }
        c = unescape_unicode(&p, end);
        if (c < 0)
            return s3c_json_fail(r, backslash, "half a surrogate pair");
        d = put_utf8(d, (uint32_t)c);
    }
    v->len = (size_t)(d - start);
    return 0;
}

int s3c_json_read_string(struct s3c_json_reader *r, struct s3c_view *ret)
{
    struct s3c_view v;
    bool escapes;

    if (scan_string(r, &v, &escapes) < 0 || (escapes && unescape(r, &v) < 0))
        return S3C_E_RECORD;
    *ret = v;
    return 0;
}

/* ---- numbers and literals ---- */

static bool skip_digits(struct s3c_json_reader *r)
{
    const char *from = r->p;

    while (r->p < r->end && *r->p >= '0' && *r->p <= '9')
        r->p++;
    return r->p > from;
}

static bool skip_char(struct s3c_json_reader *r, const char *set)
{
    if (r->p == r->end || *r->p == '\0' || !strchr(set, *r->p))
        return false;
    r->p++;
    return true;
}

static int skip_number(struct s3c_json_reader *r)
{
    const char *start = r->p;
    bool ok;

    (void)skip_char(r, "-");
    ok = skip_char(r, "0") || skip_digits(r);
    if (ok && skip_char(r, "."))
        ok = skip_digits(r);
    if (ok && skip_char(r, "eE")) {
        (void)skip_char(r, "+-");
        ok = skip_digits(r);
    }
    return ok ? 0 : s3c_json_fail(r, start, "wrong number");
}

static int skip_literal(struct s3c_json_reader *r, const char *literal)
{
    size_t n = strlen(literal);

    if ((size_t)(r->end - r->p) < n || memcmp(r->p, literal, n) != 0)
        return s3c_json_fail(r, r->p, "expected a value");
    r->p += n;
    return 0;
}

int s3c_json_read_null(struct s3c_json_reader *r)
{
    (void)s3c_json_peek(r);
    return skip_literal(r, "null");
}

/* ---- objects and arrays ---- */

static int open_bracket(struct s3c_json_reader *r, char bracket, const char *problem)
{
    if (s3c_json_peek(r) != bracket)
        return s3c_json_fail(r, r->p, problem);
    if (r->depth == S3C_JSON_MAX_DEPTH)
        return s3c_json_fail(r, r->p, "nested too deeply");
    r->depth++;
    r->p++;
    return 0;
}

/* In front of a member or element: takes the comma that must be there except before the first. S3C_END: the bracket closed. */
static int next_item(struct s3c_json_reader *r, bool *first, char bracket, const char *problem)
{
    char c = s3c_json_peek(r);

    if (c == bracket) {
        r->depth--;
        r->p++;
        return S3C_END;
    }
    if (!*first) {
        if (c != ',')
            return s3c_json_fail(r, r->p, problem);
        r->p++;
    }
    *first = false;
    return 0;
}

static int take_colon(struct s3c_json_reader *r)
{
    if (s3c_json_peek(r) != ':')
        return s3c_json_fail(r, r->p, "expected ':'");
    r->p++;
    return 0;
}

int s3c_json_object_begin(struct s3c_json_reader *r, bool *first)
{
    *first = true;
    return open_bracket(r, '{', "expected an object");
}

int s3c_json_object_member(struct s3c_json_reader *r, bool *first, struct s3c_view *name)
{
    int rc = next_item(r, first, '}', "expected ',' or '}'");

    if (rc == 0)
        rc = s3c_json_read_string(r, name);
    return rc == 0 ? take_colon(r) : rc;
}

int s3c_json_object_member_text(struct s3c_json_reader *r, bool *first, struct s3c_view *name)
{
    int rc = next_item(r, first, '}', "expected ',' or '}'");
    bool escapes;

    if (rc == 0)
        rc = scan_string(r, name, &escapes);
    return rc == 0 ? take_colon(r) : rc;
}

int s3c_json_array_begin(struct s3c_json_reader *r, bool *first)
{
    *first = true;
    return open_bracket(r, '[', "expected an array");
}

int s3c_json_array_item(struct s3c_json_reader *r, bool *first)
{
    return next_item(r, first, ']', "expected ',' or ']'");
}

static int skip_value(struct s3c_json_reader *r);

static int skip_object(struct s3c_json_reader *r)
{
    struct s3c_view name;
    bool first;
    int rc = s3c_json_object_begin(r, &first);

    while (rc == 0) {
        rc = s3c_json_object_member_text(r, &first, &name);
        if (rc == 0)
            rc = skip_value(r);
    }
    return rc == S3C_END ? 0 : rc;
}

static int skip_array(struct s3c_json_reader *r)
{
    bool first;
    int rc = s3c_json_array_begin(r, &first);

    while (rc == 0) {
        rc = s3c_json_array_item(r, &first);
        if (rc == 0)
            rc = skip_value(r);
    }
    return rc == S3C_END ? 0 : rc;
}

static int skip_value(struct s3c_json_reader *r)
{
    struct s3c_view text;
    bool escapes;

    switch (s3c_json_peek(r)) {
    case '{':
        return skip_object(r);
    case '[':
        return skip_array(r);
    case '"':
        return scan_string(r, &text, &escapes);
    case 't':
        return skip_literal(r, "true");
    case 'f':
        return skip_literal(r, "false");
    case 'n':
        return skip_literal(r, "null");
    case '-':
    case '0' ... '9':
        return skip_number(r);
    default:
        return s3c_json_fail(r, r->p, "expected a value");
    }
}

int s3c_json_skip(struct s3c_json_reader *r, struct s3c_view *ret)
{
    const char *start;
    int rc;

    (void)s3c_json_peek(r);
    start = r->p;
    rc = skip_value(r);
    if (rc == 0 && ret)
        *ret = (struct s3c_view){start, (size_t)(r->p - start)};
    return rc;
}

int s3c_json_finish(struct s3c_json_reader *r)
{
    (void)s3c_json_peek(r);
    return r->p == r->end ? 0 : s3c_json_fail(r, r->p, "text after the end of the object");
}
