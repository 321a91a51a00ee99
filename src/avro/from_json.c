/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A walk along the schema and the text at once. Fields in the schema's order (as texts of this program are) are encoded as they come; from the first one that is not,
 * the object's members are collected as unread text. What may be read a second time, on trial for a union, is not read where it stands, because
 * strings are unescaped there. Trials of unions in unions multiply, so that there is a limit of what may be read on trial.
 */
#include "avro/from_json.h"

#include <stdarg.h>

#include "avro/from_json_private.h"
#include "base/banned.h"
#include "base/error.h"

#define BUDGET_FACTOR 16
#define BUDGET_LEAST  (1u << 20)
#define KEPT_MAX      (1u << 20) /* bytes of memory that are kept from one datum to the next */

static int encode_value(struct encode *e, const struct avro_type *t);

void avro_from_json_done(struct avro_from_json *f)
{
    s3c_buf_done(&f->datum);
    s3c_buf_done(&f->bytes);
    s3c_arena_done(&f->texts);
}

/* ---- what is wrong ---- */

int encode_fail(struct encode *e, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(e->why, sizeof(e->why), fmt, args);
    va_end(args);
    e->path.len = 0;
    return S3C_E_RECORD;
}

int encode_no_json(struct encode *e)
{
    return encode_fail(e, "it is no JSON: %s", e->in.problem);
}

static const char *kind_of(char c)
{
    switch (c) {
    case '{':
        return "an object";
    case '[':
        return "an array";
    case '"':
        return "a string";
    case 't':
    case 'f':
        return "a boolean";
    case 'n':
        return "null";
    case '-':
    case '0' ... '9':
        return "a number";
    default:
        return NULL;
    }
}

int encode_misfit(struct encode *e, const struct avro_type *t)
{
    char c = s3c_json_peek(&e->in);
    const char *found = kind_of(c);
    struct avro_name name = avro_type_name(t);
    bool long_one = c == '{' || c == '[' || c == '"';

    /* A first letter is no proof: "nope" is not null. */
    if (!long_one && s3c_json_skip(&e->in, NULL) < 0)
        return encode_no_json(e);
    if (!found)
        return S3C_E_RECORD;
    return encode_fail(e, "it is %s, but its type is %.*s%s%.*s", found, (int)name.type.len,
                       name.type.ptr, name.logical.len ? "." : "", (int)name.logical.len,
                       name.logical.ptr);
}

/* ---- writing ---- */

int encode_bytes(struct encode *e, struct s3c_view v)
{
    return s3c_buf_add_view(&e->f->datum, v);
}

int encode_long(struct encode *e, int64_t v)
{
    uint64_t left = (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
    char bytes[10];
    size_t n = 0;

    for (; left >= 0x80; left >>= 7)
        bytes[n++] = (char)(left | 0x80);
    bytes[n++] = (char)left;
    return s3c_buf_add(&e->f->datum, bytes, n);
}

/* ---- text that is read out of turn ---- */

/* Whether reading leaves the text as it is. */
static bool is_read_only(struct s3c_view text)
{
    return !memchr(text.ptr, '\\', text.len);
}

static int copy_of(struct encode *e, struct s3c_view text, struct s3c_view *ret)
{
    *ret = is_read_only(text) ? text : s3c_arena_copy(&e->f->texts, text);
    return ret->ptr ? 0 : S3C_E_NOMEM;
}

/* `text` is one value. */
static int encode_at(struct encode *e, const struct avro_type *t, struct s3c_view text)
{
    struct s3c_json_reader outer = e->in;
    int r;

    s3c_json_reader_init(&e->in, (char *)text.ptr, text.len);
    r = encode_value(e, t);
    e->in = outer;
    return r;
}

/* ---- records ---- */

static bool takes_null(const struct avro_type *t)
{
    if (t->kind != AVRO_UNION)
        return t->kind == AVRO_NULL;
    for (size_t i = 0; i < t->count; i++)
        if (t->types[i]->kind == AVRO_NULL)
            return true;
    return false;
}

static int encode_default(struct encode *e, const struct avro_field *f)
{
    bool was_default = e->is_default;
    struct s3c_view text;
    int r = copy_of(e, f->fallback, &text);

    if (r < 0)
        return r;
    e->is_default = true;
    r = encode_at(e, f->type, text);
    e->is_default = was_default;
    return r;
}

static int encode_absent(struct encode *e, const struct avro_field *f)
{
    if (f->fallback.ptr)
        return encode_default(e, f);
    if (takes_null(f->type))
        return encode_at(e, f->type, S3C_VIEW("null"));
    return encode_fail(e, "it is missing, and its type has neither a default nor null");
}

/* In path order: the field's name goes in front of what failed inside. */
static int in_field(struct encode *e, const struct avro_type *t, size_t i, int r)
{
    if (r == S3C_E_RECORD)
        avro_path_field(&e->path, t->fields[i].name);
    return r;
}

static int unknown_field(struct encode *e, struct s3c_view name)
{
    (void)encode_fail(e, "its schema does not have this field");
    avro_path_field(&e->path, name);
    return S3C_E_RECORD;
}

static int repeated_field(struct encode *e, struct s3c_view name)
{
    (void)encode_fail(e, "it is there twice");
    avro_path_field(&e->path, name);
    return S3C_E_RECORD;
}

/* The fields from `next` on; `texts` has those that the object had, ptr NULL for others. */
static int encode_collected(struct encode *e, const struct avro_type *t, size_t next,
                            const struct s3c_view *texts)
{
    int r = 0;

    for (size_t i = next; i < t->count && r == 0; i++) {
        r = texts[i].ptr ? encode_at(e, t->fields[i].type, texts[i])
                         : encode_absent(e, &t->fields[i]);
        r = in_field(e, t, i, r);
    }
    return r;
}

/* The object's other members, in any order; `name` is the first one, whose value is next. The fields before `next` are done. */
static int encode_unordered(struct encode *e, const struct avro_type *t, size_t next,
                            struct s3c_view name, bool *first)
{
    struct s3c_view *texts = s3c_arena_alloc(&e->f->texts, t->count * sizeof(*texts) + 1);
    size_t i;
    int r;

    if (!texts)
        return S3C_E_NOMEM;
    memset(texts, 0, t->count * sizeof(*texts));
    do {
        i = avro_find_field(t, name);
        if (i == t->count)
            return unknown_field(e, name);
        if (i < next || texts[i].ptr)
            return repeated_field(e, name);
        if (s3c_json_skip(&e->in, &texts[i]) < 0)
            return encode_no_json(e);
        r = s3c_json_object_member(&e->in, first, &name);
    } while (r == 0);
    return r == S3C_END ? encode_collected(e, t, next, texts) : encode_no_json(e);
}

static int encode_record(struct encode *e, const struct avro_type *t)
{
    struct s3c_view name;
    size_t next = 0;
    bool first;
    int r;

    if (s3c_json_peek(&e->in) != '{')
        return encode_misfit(e, t);
    r = s3c_json_object_begin(&e->in, &first);
    while (r == 0 && (r = s3c_json_object_member(&e->in, &first, &name)) == 0) {
        if (next == t->count || !s3c_view_eq(t->fields[next].name, name))
            return encode_unordered(e, t, next, name, &first);
        r = in_field(e, t, next, encode_value(e, t->fields[next].type));
        if (r < 0)
            return r;
        next++;
    }
    if (r != S3C_END)
        return encode_no_json(e);
    for (r = 0; next < t->count && r == 0; next++)
        r = in_field(e, t, next, encode_absent(e, &t->fields[next]));
    return r;
}

/* ---- arrays and maps: blocks of one item each, because how many there will be is not known ---- */

static int encode_array(struct encode *e, const struct avro_type *t)
{
    bool first;
    int r;

    if (s3c_json_peek(&e->in) != '[')
        return encode_misfit(e, t);
    r = s3c_json_array_begin(&e->in, &first);
    for (uint64_t i = 0; r == 0 && (r = s3c_json_array_item(&e->in, &first)) == 0; i++) {
        r = encode_long(e, 1);
        if (r == 0)
            r = encode_value(e, t->types[0]);
        if (r == S3C_E_RECORD)
            avro_path_item(&e->path, i);
        if (r < 0)
            return r;
    }
    return r == S3C_END ? encode_long(e, 0) : encode_no_json(e);
}

static int encode_map(struct encode *e, const struct avro_type *t)
{
    struct s3c_view name;
    bool first;
    int r;

    if (s3c_json_peek(&e->in) != '{')
        return encode_misfit(e, t);
    r = s3c_json_object_begin(&e->in, &first);
    while (r == 0 && (r = s3c_json_object_member(&e->in, &first, &name)) == 0) {
        r = encode_long(e, 1);
        if (r == 0)
            r = encode_long(e, (int64_t)name.len);
        if (r == 0)
            r = encode_bytes(e, name);
        if (r == 0)
            r = encode_value(e, t->types[0]);
        if (r == S3C_E_RECORD)
            avro_path_key(&e->path, name);
        if (r < 0)
            return r;
    }
    return r == S3C_END ? encode_long(e, 0) : encode_no_json(e);
}

/* ---- unions ---- */

static int encode_branch(struct encode *e, const struct avro_type *u, size_t i,
                         struct s3c_view text)
{
    int r = encode_long(e, (int64_t)i);

    return r < 0 ? r : encode_at(e, u->types[i], text);
}

/* As encode_branch; when the value does not fit, nothing was written. */
static int try_branch(struct encode *e, const struct avro_type *u, size_t i, struct s3c_view text)
{
    size_t before = e->f->datum.len;
    struct s3c_view copy;
    int r;

    e->tries += text.len + 1;
    if (e->tries > e->budget)
        return encode_fail(e, "there are too many ways to read its unions: name their types, "
                              "{\"TYPE\": value}");
    r = copy_of(e, text, &copy);
    if (r == 0)
        r = encode_branch(e, u, i, copy);
    if (r == S3C_E_RECORD)
        e->f->datum.len = before;
    return r;
}

static bool is_named(const struct avro_type *t, struct s3c_view name)
{
    struct avro_name n = avro_type_name(t);
    struct s3c_view space, last;

    if (n.logical.len > 0 && s3c_view_starts(name, n.type) && name.len > n.type.len &&
        name.ptr[n.type.len] == '.' && s3c_view_eq(s3c_view_skip(name, n.type.len + 1), n.logical))
        return true;
    if (s3c_view_eq(n.type, name))
        return true;
    return s3c_view_split_last(n.type, '.', &space, &last) && s3c_view_eq(last, name);
}

/* {"TYPE": value}: the number of the type, or u->count. */
static int read_tag(struct encode *e, const struct avro_type *u, struct s3c_view text, size_t *ret,
                    struct s3c_view *ret_value)
{
    struct s3c_json_reader in;
    struct s3c_view copy, name, other;
    bool first;
    int r = copy_of(e, text, &copy);

    *ret = u->count;
    if (r < 0)
        return r;
    s3c_json_reader_init(&in, (char *)copy.ptr, copy.len);
    if (s3c_json_object_begin(&in, &first) != 0 ||
        s3c_json_object_member(&in, &first, &name) != 0 || s3c_json_skip(&in, ret_value) != 0 ||
        s3c_json_object_member(&in, &first, &other) != S3C_END)
        return 0;
    for (size_t i = 0; i < u->count && *ret == u->count; i++)
        if (is_named(u->types[i], name))
            *ret = i;
    return 0;
}

/* Types that a JSON value means before all others. */
static bool is_meant(const struct avro_type *t, struct s3c_view text)
{
    switch (*text.ptr) {
    case '"':
        return t->kind == AVRO_STRING;
    case '-':
    case '0' ... '9':
        if (t->logical != AVRO_PLAIN)
            return false;
        if (memchr(text.ptr, '.', text.len) || memchr(text.ptr, 'e', text.len) ||
            memchr(text.ptr, 'E', text.len))
            return t->kind == AVRO_FLOAT || t->kind == AVRO_DOUBLE;
        return t->kind == AVRO_INT || t->kind == AVRO_LONG;
    default:
        return false;
    }
}

static int try_bare(struct encode *e, const struct avro_type *u, struct s3c_view text)
{
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < u->count; i++) {
            int r;

            if (is_meant(u->types[i], text) != (round == 0))
                continue;
            r = try_branch(e, u, i, text);
            if (r != S3C_E_RECORD || e->tries > e->budget)
                return r;
        }
    return encode_fail(e, "it fits none of the %zu types of its union", u->count);
}

static int try_tagged(struct encode *e, const struct avro_type *u, struct s3c_view text)
{
    struct s3c_view value;
    size_t i;
    int r = *text.ptr == '{' ? read_tag(e, u, text, &i, &value) : S3C_E_RECORD;

    if (r < 0)
        return r;
    return i < u->count ? try_branch(e, u, i, value) : S3C_E_RECORD;
}

/* null and one other type. */
static int encode_nullable(struct encode *e, const struct avro_type *u, size_t other,
                           struct s3c_view text)
{
    int r = try_branch(e, u, other, text), tagged;
    struct avro_path path = e->path;
    char why[sizeof(e->why)];

    if (r != S3C_E_RECORD || *text.ptr != '{')
        return r;
    memcpy(why, e->why, sizeof(why));
    tagged = try_tagged(e, u, text);
    if (tagged == S3C_E_RECORD) { /* the first try says more */
        memcpy(e->why, why, sizeof(why));
        e->path = path;
    }
    return tagged;
}

/* Nearly every union is one of these: no trial, so that the text need not be gone through twice. 1: it is not. */
static int encode_simple_union(struct encode *e, const struct avro_type *u)
{
    char c = s3c_json_peek(&e->in);
    size_t null = 0, other;
    int r;

    while (null < u->count && u->types[null]->kind != AVRO_NULL)
        null++;
    if (c == 'n') {
        r = null < u->count ? encode_long(e, (int64_t)null) : encode_misfit(e, u);
        return r < 0 ? r : encode_value(e, u->types[null]);
    }
    other = null == 0;
    if (c == '{' || u->count != 1 + (size_t)(null < u->count))
        return 1;
    if (other >= u->count)
        return encode_misfit(e, u);
    r = encode_long(e, (int64_t)other);
    return r < 0 ? r : encode_value(e, u->types[other]);
}

static int encode_union(struct encode *e, const struct avro_type *u)
{
    struct s3c_view text;
    int r = encode_simple_union(e, u);

    if (r <= 0)
        return r;
    if (s3c_json_skip(&e->in, &text) < 0)
        return encode_no_json(e);
    if (u->count == 2 && (u->types[0]->kind == AVRO_NULL || u->types[1]->kind == AVRO_NULL))
        return encode_nullable(e, u, u->types[0]->kind == AVRO_NULL, text);
    r = try_tagged(e, u, text);
    return r == S3C_E_RECORD && e->tries <= e->budget ? try_bare(e, u, text) : r;
}

/* ---- all of them ---- */

static int encode_by_kind(struct encode *e, const struct avro_type *t)
{
    switch (t->kind) {
    case AVRO_RECORD:
        return encode_record(e, t);
    case AVRO_ARRAY:
        return encode_array(e, t);
    case AVRO_MAP:
        return encode_map(e, t);
    case AVRO_UNION:
        return encode_union(e, t);
    default:
        return encode_scalar(e, t);
    }
}

static int encode_value(struct encode *e, const struct avro_type *t)
{
    int r;

    if (e->depth == AVRO_FROM_JSON_DEPTH_MAX)
        return encode_fail(e, "it is nested too deeply");
    e->depth++;
    r = encode_by_kind(e, t);
    e->depth--;
    return r;
}

static void begin_datum(struct avro_from_json *f)
{
    if (f->datum.cap > KEPT_MAX)
        s3c_buf_done(&f->datum);
    if (f->bytes.cap > KEPT_MAX)
        s3c_buf_done(&f->bytes);
    s3c_buf_clear(&f->datum);
    s3c_arena_reset(&f->texts);
}

static int encode_whole(struct encode *e, const struct avro_type *t, struct s3c_view text)
{
    int r;

    s3c_json_reader_init(&e->in, (char *)text.ptr, text.len);
    r = encode_value(e, t);
    if (r == 0 && s3c_json_finish(&e->in) < 0)
        r = encode_no_json(e);
    return r;
}

int avro_from_json(struct avro_from_json *f, const struct s3c_schema *s, const char *whole,
                   struct s3c_view text, struct s3c_error *err)
{
    struct encode e = {.f = f, .budget = BUDGET_FACTOR * (uint64_t)text.len + BUDGET_LEAST};
    struct s3c_view copy;
    int r;

    begin_datum(f);
    if (text.len == 0)
        text.ptr = "";
    r = copy_of(&e, text, &copy);
    if (r == 0)
        r = encode_whole(&e, s->root, copy);
    if (r == S3C_E_RECORD)
        return s3c_error_set(err, r, AVRO_PATH_FORMAT ": %s", AVRO_PATH_ARGS(whole, &e.path),
                             e.why);
    if (r == S3C_E_TOO_LARGE)
        return s3c_error_set(err, r, "%s: it has more than %zu bytes as Avro", whole, f->datum.max);
    return r < 0 ? s3c_error_nomem(err) : 0;
}
