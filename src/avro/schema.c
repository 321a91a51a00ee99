/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Schema texts. Attributes of an object come in any order, "fields" before "name" as well, so an object's members are first taken as they
 * stand, each with its unread text, and read in the order that they are needed in. Aliases and docs mean nothing here; a default is kept as the text that it is.
 */
#include "avro/schema.h"

#include "base/banned.h"
#include "base/error.h"
#include "base/json_read.h"
#include "base/view.h"

#define DEPTH_MAX 100 /* of a schema's text: an object's text is gone through once for each level */

struct parser {
    struct s3c_schema *schema;
    struct avro_type *named; /* all that were defined so far */
    struct s3c_view namespace;
    unsigned depth;
    size_t types, named_count;
    struct s3c_error *err;
};

static int parse_type(struct parser *p, struct s3c_view text, const struct avro_type **ret);

static int bad(struct parser *p, const char *what, struct s3c_view of)
{
    return s3c_error_set(p->err, S3C_E_RECORD, "could not parse avro schema: %s%s%.*s", what,
                         of.len ? ": " : "", (int)(of.len < 100 ? of.len : 100),
                         of.len ? of.ptr : "");
}

static void *allocate(struct parser *p, size_t n, size_t size)
{
    void *memory =
        s3c_arena_alloc(&p->schema->memory, n * size); /* counts are of the text's size */

    if (memory)
        memset(memory, 0, n * size);
    else
        (void)s3c_error_nomem(p->err);
    return memory;
}

static struct avro_type *new_type(struct parser *p, enum avro_kind kind)
{
    struct avro_type *t;

    if (++p->types > AVRO_MAX_TYPES) {
        (void)s3c_error_set(p->err, S3C_E_TOO_LARGE,
                            "could not parse avro schema: it has more than %u types",
                            AVRO_MAX_TYPES);
        return NULL;
    }
    t = allocate(p, 1, sizeof(*t));
    if (t)
        t->kind = kind;
    return t;
}

/* ---- reading JSON ---- */

/* The text is the parser's own copy: strings are unescaped where they stand. */
static void read_text(struct s3c_json_reader *j, struct s3c_view text)
{
    s3c_json_reader_init(j, (char *)text.ptr, text.len);
}

/* A string that must be there, and must not be empty. */
static int read_name(struct parser *p, struct s3c_view text, const char *what, struct s3c_view *ret)
{
    struct s3c_json_reader j;

    if (!text.ptr)
        return bad(p, "missing", s3c_view_str(what));
    read_text(&j, text);
    if (s3c_json_peek(&j) != '"' || s3c_json_read_string(&j, ret) < 0 || ret->len == 0)
        return bad(p, "not a name", text);
    return 0;
}

/* A number that does not count unless it is a whole one within the limit. */
static bool read_number(struct s3c_view text, uint64_t max, uint64_t *ret)
{
    return text.ptr && s3c_view_u64(s3c_view_trim(text), ret) == 0 && *ret <= max;
}

/* How many elements an array has. */
static int count_items(struct parser *p, struct s3c_view text, const char *what, size_t *ret)
{
    struct s3c_json_reader j;
    bool first;
    int r;

    *ret = 0;
    if (!text.ptr)
        return bad(p, "missing", s3c_view_str(what));
    read_text(&j, text);
    if (s3c_json_array_begin(&j, &first) < 0)
        return bad(p, "not an array", s3c_view_str(what));
    while ((r = s3c_json_array_item(&j, &first)) == 0) {
        if (s3c_json_skip(&j, NULL) < 0)
            return bad(p, "wrong JSON", text);
        ++*ret;
    }
    if (*ret > AVRO_MAX_TYPES)
        return s3c_error_set(p->err, S3C_E_TOO_LARGE,
                             "could not parse avro schema: more than %u %s", AVRO_MAX_TYPES, what);
    return r == S3C_END ? 0 : bad(p, "wrong JSON", text);
}

/* Calls `item` for each element; the array was counted before, so it is well-formed. */
static int each_item(struct parser *p, struct s3c_view text, void *ctx,
                     int (*item)(struct parser *p, void *ctx, size_t i, struct s3c_view text))
{
    struct s3c_json_reader j;
    struct s3c_view element;
    bool first;
    int r;

    read_text(&j, text);
    r = s3c_json_array_begin(&j, &first);
    for (size_t i = 0; r == 0 && s3c_json_array_item(&j, &first) == 0; i++) {
        r = s3c_json_skip(&j, &element);
        if (r == 0)
            r = item(p, ctx, i, element);
    }
    return r;
}

/* The members that mean something, as unread text; NULL = absent. */
struct attributes {
    struct s3c_view type, name, namespace, fields, symbols, items, values, size;
    struct s3c_view logical, precision, scale, fallback;
};

static struct s3c_view *attribute(struct attributes *a, struct s3c_view name)
{
    const struct {
        const char *name;
        struct s3c_view *at;
    } known[] = {
        {"type", &a->type},     {"name", &a->name},           {"namespace", &a->namespace},
        {"fields", &a->fields}, {"symbols", &a->symbols},     {"items", &a->items},
        {"values", &a->values}, {"size", &a->size},           {"logicalType", &a->logical},
        {"scale", &a->scale},   {"precision", &a->precision}, {"default", &a->fallback},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (s3c_view_eq_str(name, known[i].name))
            return known[i].at;
    return NULL;
}

static int read_attributes(struct parser *p, struct s3c_view text, struct attributes *ret)
{
    struct s3c_json_reader j;
    struct s3c_view name, value, *at;
    bool first;
    int r;

    *ret = (struct attributes){0};
    read_text(&j, text);
    r = s3c_json_object_begin(&j, &first);
    while (r == 0 && (r = s3c_json_object_member(&j, &first, &name)) == 0) {
        r = s3c_json_skip(&j, &value);
        at = r == 0 ? attribute(ret, name) : NULL;
        if (at)
            *at = value;
    }
    if (r != S3C_END)
        return bad(p, j.problem ? j.problem : "wrong JSON", text);
    return ret->type.ptr ? 0 : bad(p, "an object without \"type\"", text);
}

/* ---- names ---- */

static struct s3c_view namespace_of(struct s3c_view full_name)
{
    struct s3c_view space, last;

    if (s3c_view_split_last(full_name, '.', &space, &last))
        return space;
    return (struct s3c_view){"", 0};
}

static int qualify(struct parser *p, struct s3c_view space, struct s3c_view name,
                   struct s3c_view *ret)
{
    char *full;

    *ret = name;
    if (space.len == 0 || memchr(name.ptr, '.', name.len))
        return 0;
    full = s3c_arena_bytes(&p->schema->memory, space.len + 1 + name.len);
    if (!full)
        return s3c_error_nomem(p->err);
    memcpy(full, space.ptr, space.len);
    full[space.len] = '.';
    memcpy(full + space.len + 1, name.ptr, name.len);
    *ret = (struct s3c_view){full, space.len + 1 + name.len};
    return 0;
}

static const struct avro_type *find_named(const struct parser *p, struct s3c_view full_name)
{
    for (const struct avro_type *t = p->named; t; t = t->next_named)
        if (s3c_view_eq(t->name, full_name))
            return t;
    return NULL;
}

/* Letters, digits and underscores, with dots between: what goes into a union's member unescaped. */
static bool is_type_name(struct s3c_view name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            c != '_' && c != '.')
            return false;
    }
    return true;
}

/* From here on the type can be named, by itself too. */
static int define(struct parser *p, struct avro_type *t, const struct attributes *a)
{
    struct s3c_view name, space = p->namespace;
    int r = read_name(p, a->name, "name", &name);

    if (r == 0 && a->namespace.ptr && a->namespace.len > 2)
        r = read_name(p, a->namespace, "namespace", &space);
    if (r == 0)
        r = qualify(p, space, name, &t->name);
    if (r < 0)
        return r;
    if (!is_type_name(t->name))
        return bad(p, "invalid name", t->name);
    if (find_named(p, t->name))
        return bad(p, "defined twice", t->name);
    if (++p->named_count > AVRO_MAX_NAMED)
        return s3c_error_set(p->err, S3C_E_TOO_LARGE,
                             "could not parse avro schema: more than %u named types",
                             AVRO_MAX_NAMED);
    t->next_named = p->named;
    p->named = t;
    return 0;
}

static int parse_name(struct parser *p, struct s3c_view name, const struct avro_type **ret)
{
    struct s3c_view full;
    int r;

    for (enum avro_kind k = 0; k < AVRO_PRIMITIVES; k++)
        if (s3c_view_eq_str(name, avro_primitive_name(k))) {
            *ret = new_type(p, k);
            return *ret ? 0 : p->err->code;
        }
    r = qualify(p, p->namespace, name, &full);
    if (r < 0)
        return r;
    *ret = find_named(p, full);
    if (!*ret)
        *ret = find_named(p, name);
    return *ret ? 0 : bad(p, "unknown type", name);
}

/* ---- the complex types ---- */

static int parse_field(struct parser *p, void *ctx, size_t i, struct s3c_view text)
{
    struct avro_type *record = ctx;
    struct avro_field *f = &record->fields[i];
    struct attributes a;
    int r = read_attributes(p, text, &a);

    f->fallback = a.fallback;
    if (r == 0)
        r = read_name(p, a.name, "name of a field", &f->name);
    return r < 0 ? r : parse_type(p, a.type, &f->type);
}

static int parse_record(struct parser *p, struct avro_type *t, const struct attributes *a)
{
    struct s3c_view outer = p->namespace;
    size_t twice;
    int r = define(p, t, a);

    if (r == 0)
        r = count_items(p, a->fields, "fields", &t->count);
    if (r < 0)
        return r;
    t->fields = allocate(p, t->count, sizeof(*t->fields));
    t->by_name = allocate(p, t->count, sizeof(*t->by_name));
    if (!t->fields || !t->by_name)
        return S3C_E_NOMEM;
    p->namespace = namespace_of(t->name);
    r = each_item(p, a->fields, t, parse_field);
    p->namespace = outer;
    twice = r == 0 ? avro_sort_fields(t) : t->count;
    return twice < t->count ? bad(p, "two fields of one name", t->fields[twice].name) : r;
}

static int parse_symbol(struct parser *p, void *ctx, size_t i, struct s3c_view text)
{
    struct avro_type *t = ctx;

    return read_name(p, text, "symbol", &t->symbols[i]);
}

static int parse_enum(struct parser *p, struct avro_type *t, const struct attributes *a)
{
    int r = define(p, t, a);

    if (r == 0)
        r = count_items(p, a->symbols, "symbols", &t->count);
    if (r < 0)
        return r;
    t->symbols = allocate(p, t->count, sizeof(*t->symbols));
    return t->symbols ? each_item(p, a->symbols, t, parse_symbol) : S3C_E_NOMEM;
}

static int parse_fixed(struct parser *p, struct avro_type *t, const struct attributes *a)
{
    uint64_t size;
    int r = define(p, t, a);

    if (r < 0)
        return r;
    if (!read_number(a->size, INT32_MAX, &size))
        return bad(p, "no size of a fixed", t->name);
    t->size = (size_t)size;
    return 0;
}

static int parse_items(struct parser *p, struct avro_type *t, struct s3c_view text)
{
    if (!text.ptr)
        return bad(p, "missing",
                   t->kind == AVRO_MAP ? S3C_VIEW("values of a map")
                                       : S3C_VIEW("items of an array"));
    t->count = 1;
    t->types = allocate(p, 1, sizeof(*t->types));
    return t->types ? parse_type(p, text, &t->types[0]) : S3C_E_NOMEM;
}

static int parse_branch(struct parser *p, void *ctx, size_t i, struct s3c_view text)
{
    struct avro_type *t = ctx;
    int r = parse_type(p, text, &t->types[i]);

    if (r == 0 && t->types[i]->kind == AVRO_UNION)
        return bad(p, "a union in a union", text);
    return r;
}

static int parse_union(struct parser *p, struct s3c_view text, const struct avro_type **ret)
{
    struct avro_type *t = new_type(p, AVRO_UNION);
    int r;

    if (!t)
        return p->err->code;
    r = count_items(p, text, "union", &t->count);
    if (r < 0)
        return r;
    t->types = allocate(p, t->count, sizeof(*t->types));
    *ret = t;
    return t->types ? each_item(p, text, t, parse_branch) : S3C_E_NOMEM;
}

static void read_decimal(struct avro_type *t, const struct attributes *a)
{
    uint64_t precision = 0, scale = 0;

    if (!read_number(a->precision, INT32_MAX, &precision) || precision == 0 ||
        (a->scale.ptr && !read_number(a->scale, AVRO_DECIMAL_SCALE_MAX, &scale)) ||
        scale > precision ||
        /* what fits n bytes: log10(2^(8n - 1)) digits */
        (t->kind == AVRO_FIXED && (double)precision > 0.30103 * (8 * (double)t->size - 1)))
        t->logical = AVRO_PLAIN;
    t->precision = (unsigned)precision;
    t->scale = (unsigned)scale;
}

/* What does not fit its type is ignored, as the specification wants it. */
static void read_logical(struct avro_type *t, const struct attributes *a)
{
    struct s3c_json_reader j;
    struct s3c_view name;

    if (!a->logical.ptr)
        return;
    read_text(&j, a->logical);
    if (s3c_json_peek(&j) != '"' || s3c_json_read_string(&j, &name) < 0)
        return;
    t->logical = avro_logical_of(t->kind, name);
    if ((t->logical == AVRO_DURATION && t->size != 12) ||
        (t->logical == AVRO_UUID && t->kind == AVRO_FIXED && t->size != 16))
        t->logical = AVRO_PLAIN;
    if (t->logical == AVRO_DECIMAL)
        read_decimal(t, a);
}

static int parse_kind(struct parser *p, enum avro_kind kind, const struct attributes *a,
                      const struct avro_type **ret)
{
    struct avro_type *t = new_type(p, kind);
    int r = 0;

    if (!t)
        return p->err->code;
    *ret = t;
    switch (kind) {
    case AVRO_RECORD:
        return parse_record(p, t, a);
    case AVRO_ENUM:
        return parse_enum(p, t, a);
    case AVRO_ARRAY:
        return parse_items(p, t, a->items);
    case AVRO_MAP:
        return parse_items(p, t, a->values);
    case AVRO_FIXED:
        r = parse_fixed(p, t, a);
        break;
    default:
        break;
    }
    if (r == 0)
        read_logical(t, a);
    return r;
}

static int parse_object(struct parser *p, struct s3c_view text, const struct avro_type **ret)
{
    static const struct {
        const char *word;
        enum avro_kind kind;
    } complex[] = {{"record", AVRO_RECORD}, {"error", AVRO_RECORD}, {"enum", AVRO_ENUM},
                   {"array", AVRO_ARRAY},   {"map", AVRO_MAP},      {"fixed", AVRO_FIXED}};
    struct s3c_view word;
    struct attributes a;
    int r = read_attributes(p, text, &a);

    if (r < 0)
        return r;
    if (*a.type.ptr != '"') /* not in the specification, but Go's library takes unions there */
        return parse_type(p, a.type, ret);
    r = read_name(p, a.type, "type", &word);
    if (r < 0)
        return r;
    for (size_t i = 0; i < sizeof(complex) / sizeof(complex[0]); i++)
        if (s3c_view_eq_str(word, complex[i].word))
            return parse_kind(p, complex[i].kind, &a, ret);
    for (enum avro_kind k = 0; k < AVRO_PRIMITIVES; k++)
        if (s3c_view_eq_str(word, avro_primitive_name(k)))
            return parse_kind(p, k, &a, ret);
    return parse_name(p, word, ret);
}

static int parse_type(struct parser *p, struct s3c_view text, const struct avro_type **ret)
{
    struct s3c_json_reader j;
    struct s3c_view name;
    int r;

    if (++p->depth > DEPTH_MAX)
        return bad(p, "nested too deeply", S3C_VIEW(""));
    read_text(&j, text);
    switch (s3c_json_peek(&j)) {
    case '{':
        r = parse_object(p, text, ret);
        break;
    case '[':
        r = parse_union(p, text, ret);
        break;
    case 'n': /* JSON's null is the type null */
        *ret = new_type(p, AVRO_NULL);
        r = *ret ? 0 : p->err->code;
        break;
    default:
        r = read_name(p, text, "type", &name);
        if (r == 0)
            r = parse_name(p, name, ret);
    }
    p->depth--;
    return r;
}

/* A text that is no JSON at all is a type's name, as in Go: int, not "int". */
static int parse_root(struct parser *p, struct s3c_view text)
{
    struct s3c_json_reader j;
    struct s3c_view value;

    read_text(&j, text);
    if (s3c_json_skip(&j, &value) < 0 || s3c_json_finish(&j) < 0) {
        for (enum avro_kind k = 0; k < AVRO_PRIMITIVES; k++)
            if (s3c_view_eq_str(s3c_view_trim(text), avro_primitive_name(k)))
                return parse_name(p, s3c_view_trim(text), &p->schema->root);
        return bad(p, j.problem, text);
    }
    return parse_type(p, value, &p->schema->root);
}

static int parse_schema(struct s3c_schema *s, struct s3c_view text, struct s3c_error *err)
{
    struct s3c_error own;
    struct parser p = {.schema = s, .namespace = {"", 0}, .err = err ? err : &own};
    struct s3c_view copy = s3c_arena_copy(&s->memory, text);

    s->text = s3c_arena_copy(&s->memory, text);
    if (!copy.ptr || !s->text.ptr)
        return s3c_error_nomem(err);
    s->identity = s3c_hash128(text.ptr, text.len, 0);
    return parse_root(&p, copy);
}

int s3c_schema_parse(struct s3c_schema **ret, struct s3c_view text, struct s3c_error *err)
{
    struct s3c_schema *s = s3c_zalloc(sizeof(*s));
    int r;

    if (!s)
        return s3c_error_nomem(err);
    atomic_init(&s->references, 1);
    s->memory = S3C_ARENA_INIT(0);
    r = parse_schema(s, text, err);
    if (r < 0) {
        s3c_schema_unref(s);
        return r;
    }
    *ret = s;
    return 0;
}

/* Schemas are const for all but the count. */
static struct s3c_schema *mutable(const struct s3c_schema *s)
{
    return (struct s3c_schema *)s;
}

const struct s3c_schema *s3c_schema_ref(const struct s3c_schema *s)
{
    (void)atomic_fetch_add_explicit(&mutable(s)->references, 1, memory_order_relaxed);
    return s;
}

void s3c_schema_unref(const struct s3c_schema *s)
{
    if (!s || atomic_fetch_sub_explicit(&mutable(s)->references, 1, memory_order_acq_rel) > 1)
        return;
    s3c_arena_done(&mutable(s)->memory);
    s3c_free(mutable(s));
}
