/* SPDX-License-Identifier: Apache-2.0 */
/* Reading key.template, and everything that can be wrong about it without a record. */
#include "record/template_private.h"

#include <stdarg.h>

#include "base/banned.h"
#include "base/error.h"
#include "base/nearest.h"

#define ALL_FIELDS                                                                          \
    "{prefix}, {name}, {position}, {time:FORMAT}, {shard}, {record:FORMAT}, {collection}, " \
    "{metadata:NAME}, {payload:PATH}"

enum argument { NOTHING, A_FORMAT, A_NAME, A_PATH };

struct field {
    const char *name;
    const char *form; /* what a field with this name looks like */
    enum s3c_template_kind kind;
    enum argument argument;
    size_t longest; /* of the value; where it divides: what it needs at least, if it is missing */
};

static const struct field fields[] = {
    {"prefix", "{prefix}", S3C_PART_TEXT, NOTHING, 0},
    {"name", "{name}", S3C_PART_NAME, NOTHING, S3C_TEMPLATE_NAME_MAX},
    {"position", "{position}", S3C_PART_POSITION, NOTHING, 255},
    {"time", "{time:%Y-%m-%d}", S3C_PART_TIME, A_FORMAT, 0},
    {"shard", "{shard}", S3C_PART_SHARD, NOTHING, 20},
    {"record", "{record:%Y-%m-%d}", S3C_PART_RECORD, A_FORMAT, sizeof(S3C_HIVE_NULL) - 1},
    {"collection", "{collection}", S3C_PART_COLLECTION, NOTHING, sizeof(S3C_HIVE_NULL) - 1},
    {"metadata", "{metadata:NAME}", S3C_PART_METADATA, A_NAME, sizeof(S3C_HIVE_NULL) - 1},
    {"payload", "{payload:PATH}", S3C_PART_PAYLOAD, A_PATH, sizeof(S3C_HIVE_NULL) - 1},
};
#define FIELD_COUNT (sizeof(fields) / sizeof(fields[0]))

struct parser {
    struct s3c_template *t;
    struct s3c_view text, prefix;
    size_t at;            /* in text */
    char *next;           /* free room in t->texts */
    struct s3c_buf shape; /* the key with an x for each value, to judge its folders */
    size_t fixed, least;  /* longest text outside of what divides; what that needs at least */
    bool unique;
    struct s3c_error *err;
};

static int wrong(struct parser *p, size_t at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static int wrong(struct parser *p, size_t at, const char *fmt, ...)
{
    char text[512];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    return s3c_error_set(p->err, S3C_E_INVALID, "column %zu: %s", at + 1, text);
}

static int add_part(struct parser *p, const struct s3c_template_part *part)
{
    struct s3c_template *t = p->t;

    if (s3c_grow(&t->parts, &t->capacity, t->count + 1, sizeof(*t->parts)) < 0)
        return s3c_error_nomem(p->err);
    t->parts[t->count++] = *part;
    t->divides = t->divides || s3c_template_part_divides(part);
    t->reads_payload = t->reads_payload || part->kind == S3C_PART_PAYLOAD;
    p->unique = p->unique || part->kind == S3C_PART_NAME || part->kind == S3C_PART_POSITION;
    return 0;
}

static int add_text(struct parser *p, struct s3c_view text)
{
    struct s3c_template_part part = {.kind = S3C_PART_TEXT, .text = text};

    p->fixed += text.len;
    return text.len == 0 ? 0 : add_part(p, &part);
}

static int add_shape(struct parser *p, struct s3c_view text)
{
    return s3c_buf_add_view(&p->shape, text) < 0 ? s3c_error_nomem(p->err) : 0;
}

/* ---- text ---- */

static bool is_brace(char c)
{
    return c == '{' || c == '}';
}

/* Up to the next field; doubled braces are single ones. */
static int parse_text(struct parser *p)
{
    struct s3c_view text = {p->next, 0};
    int r;

    for (; p->at < p->text.len; p->at++) {
        char c = p->text.ptr[p->at];

        if (is_brace(c)) {
            bool doubled = p->at + 1 < p->text.len && p->text.ptr[p->at + 1] == c;

            if (!doubled && c == '{')
                break;
            if (!doubled)
                return wrong(p, p->at, "'}' without '{' before it; write }} for a brace");
            p->at++;
        }
        *p->next++ = c;
    }
    text.len = (size_t)(p->next - text.ptr);
    r = add_text(p, text);
    return r < 0 ? r : add_shape(p, text);
}

/* ---- fields ---- */

static const struct field *find_field(struct s3c_view name)
{
    for (size_t i = 0; i < FIELD_COUNT; i++)
        if (s3c_view_eq_str(name, fields[i].name))
            return &fields[i];
    return NULL;
}

static int unknown_field(struct parser *p, size_t at, struct s3c_view name)
{
    struct s3c_nearest near;
    const struct field *f;

    s3c_nearest_init(&near, name);
    for (size_t i = 0; i < FIELD_COUNT; i++)
        s3c_nearest_offer(&near, fields[i].name);
    f = near.best ? find_field(s3c_view_str(near.best)) : NULL;
    if (f)
        return wrong(p, at, "unknown field {%.*s}; did you mean %s?", (int)name.len, name.ptr,
                     f->form);
    return wrong(p, at, "unknown field {%.*s}; there are " ALL_FIELDS, (int)name.len, name.ptr);
}

/* In the key's shape each value of a format is an x; what stands between them may have slashes. */
static int add_format_shape(struct parser *p, struct s3c_view format)
{
    int r = 0;

    for (size_t i = 0; i < format.len && r == 0; i++) {
        bool value = format.ptr[i] == '%';

        r = s3c_buf_add_char(&p->shape, value ? 'x' : format.ptr[i]);
        i += value;
    }
    return r < 0 ? s3c_error_nomem(p->err) : 0;
}

static int parse_format(struct parser *p, size_t at, const struct field *f, struct s3c_view format)
{
    struct s3c_view bad;
    size_t width = s3c_template_time_width(format, &bad);

    if (format.len == 0)
        return wrong(p, at, "{%s} needs a format, like %s", f->name, f->form);
    if (width == 0)
        return wrong(p, at,
                     "{%s}: \"%.*s\" is no part of a time; there are %%Y %%m %%d %%H %%M %%S %%j "
                     "%%s %%F %%T %%%%",
                     f->name, (int)bad.len, bad.ptr);
    if (f->kind == S3C_PART_TIME)
        p->fixed += width;
    else
        p->least += width > f->longest ? width - f->longest : 0;
    return add_format_shape(p, format);
}

/* Names joined with dots become names with a NUL between them; an empty name is one as well in JSON, but here it is a mistake. */
static int parse_path(struct parser *p, size_t at, struct s3c_view path, struct s3c_view *ret)
{
    struct s3c_view names = {p->next, 0};
    bool empty = true;

    for (size_t i = 0; i < path.len; i++) {
        bool escaped = path.ptr[i] == '\\' && i + 1 < path.len &&
                       (path.ptr[i + 1] == '.' || path.ptr[i + 1] == '\\');

        if (path.ptr[i] == '.') {
            if (empty)
                break;
            *p->next++ = '\0';
            empty = true;
            continue;
        }
        i += escaped;
        *p->next++ = path.ptr[i];
        empty = false;
    }
    if (empty)
        return wrong(p, at,
                     "{payload:%.*s} needs names joined with dots, like {payload:order.country}",
                     (int)path.len, path.ptr);
    names.len = (size_t)(p->next - names.ptr);
    *ret = names;
    return 0;
}

static int parse_argument(struct parser *p, size_t at, const struct field *f,
                          struct s3c_view argument, struct s3c_template_part *part)
{
    part->text = argument;
    switch (f->argument) {
    case A_FORMAT:
        return parse_format(p, at, f, argument);
    case A_PATH:
        return parse_path(p, at, argument, &part->text);
    case A_NAME:
        if (argument.len == 0)
            return wrong(p, at, "{metadata} needs a name, like {metadata:opencdc.collection}");
        return 0;
    default:
        if (part->kind == S3C_PART_COLLECTION)
            part->text = S3C_VIEW("opencdc.collection");
        return 0;
    }
}

static int add_prefix(struct parser *p)
{
    struct s3c_view prefix = {p->next, p->prefix.len};
    int r;

    if (p->prefix.len > 0) {
        memcpy(p->next, p->prefix.ptr, p->prefix.len);
        if (!s3c_view_ends(p->prefix, S3C_VIEW("/")))
            p->next[prefix.len++] = '/';
        p->next += prefix.len;
    }
    if (p->at < p->text.len && p->text.ptr[p->at] == '/')
        return wrong(p, p->at, "'/' after {prefix}, which brings its own");
    r = add_text(p, prefix);
    return r < 0 ? r : add_shape(p, S3C_VIEW("x/"));
}

static int add_field(struct parser *p, size_t at, const struct field *f, struct s3c_view whole,
                     struct s3c_view argument)
{
    struct s3c_template_part part = {.kind = f->kind, .field = whole};
    int r;

    if (f->kind == S3C_PART_TEXT)
        return add_prefix(p);
    if (f->kind == S3C_PART_TIME && p->t->write_once)
        return wrong(p, at,
                     "{time} with write.once: when the records come again, their file would get "
                     "another name; use {record:FORMAT}");
    r = parse_argument(p, at, f, argument, &part);
    if (r == 0 && f->argument != A_FORMAT)
        r = add_shape(p, S3C_VIEW("x"));
    if (s3c_template_part_divides(&part))
        p->least += f->longest;
    else
        p->fixed += f->longest;
    return r < 0 ? r : add_part(p, &part);
}

/* p->at is at the opening brace. */
static int parse_field(struct parser *p)
{
    struct s3c_view rest = s3c_view_skip(p->text, p->at + 1), whole, name, argument, behind;
    size_t at = p->at;
    const struct field *f;

    if (!s3c_view_split(rest, '}', &whole, &behind))
        return wrong(p, at, "'{' without '}' after it; write {{ for a brace");
    if (!s3c_view_split(whole, ':', &name, &argument)) {
        name = whole;
        argument = (struct s3c_view){NULL, 0};
    }
    f = find_field(name);
    if (!f)
        return unknown_field(p, at, name);
    if (f->argument == NOTHING && name.len < whole.len)
        return wrong(p, at, "{%s} takes nothing behind a colon", f->name);
    p->at += whole.len + 2;
    return add_field(p, at, f, whole, argument);
}

/* ---- the whole ---- */

static int check_text(struct parser *p)
{
    if (p->text.len > S3C_KEY_MAX)
        return s3c_error_set(p->err, S3C_E_INVALID, "longer than %d bytes", S3C_KEY_MAX);
    if (!s3c_utf8_valid(p->text))
        return s3c_error_set(p->err, S3C_E_INVALID, "not valid UTF-8");
    for (size_t i = 0; i < p->text.len; i++)
        if ((unsigned char)p->text.ptr[i] < 0x20 || p->text.ptr[i] == 0x7f)
            return wrong(p, i, "a control character");
    return 0;
}

static int check_folders(struct parser *p)
{
    struct s3c_view rest = s3c_buf_view(&p->shape), folder;
    bool more = true;

    while (more) {
        more = s3c_view_split(rest, '/', &folder, &rest);
        if (!more)
            folder = rest;
        if (folder.len == 0)
            return s3c_error_set(
                p->err, S3C_E_INVALID,
                "a name would begin or end with '/' or have two beside each other");
        if (s3c_view_eq_str(folder, ".") || s3c_view_eq_str(folder, ".."))
            return s3c_error_set(p->err, S3C_E_INVALID,
                                 "\".\" and \"..\" are no folders that every tool can name");
    }
    return 0;
}

static int check_whole(struct parser *p)
{
    size_t most = S3C_KEY_MAX - 1 - S3C_TEMPLATE_EXTENSION_MAX;
    int r;

    if (!p->unique)
        return s3c_error_set(p->err, S3C_E_INVALID,
                             "nothing in it is different for each file: add {name} or {position}");
    r = check_folders(p);
    if (r < 0)
        return r;
    if (p->fixed + p->least > most)
        return s3c_error_set(p->err, S3C_E_INVALID,
                             "names could have %zu bytes with the prefix, and keys have %d at most",
                             p->fixed + p->least + 1 + S3C_TEMPLATE_EXTENSION_MAX, S3C_KEY_MAX);
    p->t->room = most - p->fixed;
    return 0;
}

static int parse(struct parser *p)
{
    int r = 0;

    while (r == 0 && p->at < p->text.len) {
        r = parse_text(p);
        if (r == 0 && p->at < p->text.len)
            r = parse_field(p);
    }
    return r < 0 ? r : check_whole(p);
}

/* Copies the text, which fields point into, with room behind it for what is made of it: the unescaped text and, for each {prefix}, the prefix. */
static int copy_text(struct parser *p)
{
    size_t prefixes = p->text.len / (sizeof("{prefix}") - 1);

    p->t->texts = s3c_alloc(2 * p->text.len + prefixes * (p->prefix.len + 1) + 1);
    if (!p->t->texts)
        return s3c_error_nomem(p->err);
    if (p->text.len)
        memcpy(p->t->texts, p->text.ptr, p->text.len);
    p->next = p->t->texts + p->text.len;
    p->text.ptr = p->t->texts;
    return 0;
}

int s3c_template_parse(struct s3c_template **ret, struct s3c_view text, struct s3c_view prefix,
                       bool write_once, struct s3c_error *err)
{
    struct parser p = {
        .text = text, .prefix = prefix, .shape = S3C_BUF_INIT(8 * S3C_KEY_MAX), .err = err};
    int r;

    p.t = s3c_zalloc(sizeof(*p.t));
    if (!p.t)
        return s3c_error_nomem(err);
    p.t->write_once = write_once;
    r = check_text(&p);
    if (r == 0)
        r = copy_text(&p);
    if (r == 0)
        r = parse(&p);
    s3c_buf_done(&p.shape);
    if (r < 0) {
        s3c_template_free(p.t);
        return r;
    }
    *ret = p.t;
    return 0;
}
