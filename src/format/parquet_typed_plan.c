/* SPDX-License-Identifier: Apache-2.0 */
#include "format/parquet_typed_plan.h"

#include "avro/decimal_read.h"
#include "avro/path.h"
#include "base/banned.h"
#include "base/error.h"
#include "base/mem.h"

struct outer { /* the types that the one being added lies in */
    const struct avro_type *type;
    const struct outer *next;
};

struct builder {
    struct s3c_typed_plan *plan;
    struct s3c_parquet_schema *schema;
    const struct outer *outer;
    unsigned depth, columns;
    struct avro_path path;
    const char *why;
};

static int add_column(struct builder *b, const struct avro_type *t, struct s3c_view name,
                      bool optional, struct s3c_typed_node **ret);

static int refuse(struct builder *b, int code, const char *why)
{
    b->why = why;
    b->path.len = 0;
    return code;
}

/* ---- nodes ---- */

static int add_node(struct builder *b, const struct s3c_parquet_node *n, uint32_t *ret)
{
    int r;

    if (++b->columns > S3C_TYPED_COLUMNS_MAX)
        return refuse(b, S3C_E_TOO_LARGE, "there are more than 100,000 columns and groups");
    r = s3c_parquet_schema_add(b->schema, n, ret);
    return r == S3C_E_TOO_LARGE ? refuse(b, r, "what is optional or repeated is nested too deeply")
                                : r;
}

static enum s3c_parquet_repetition repetition(bool optional)
{
    return optional ? S3C_PARQUET_OPTIONAL : S3C_PARQUET_REQUIRED;
}

static void finish_node(const struct builder *b, struct s3c_typed_node *n, uint32_t number)
{
    const struct s3c_parquet_node *p = &b->schema->nodes[number];

    n->def = p->max_def;
    n->rep = p->max_rep;
    n->first_leaf = p->first_leaf;
    n->leaves = p->leaves;
}

static int add_leaf(struct builder *b, struct s3c_typed_node *n, struct s3c_parquet_node *leaf)
{
    uint32_t number;
    int r = add_node(b, leaf, &number);

    if (r == 0)
        finish_node(b, n, number);
    return r;
}

static int open_group(struct builder *b, struct s3c_view name, enum s3c_parquet_repetition rep,
                      enum s3c_parquet_logical logical, uint32_t *ret)
{
    const struct s3c_parquet_node group = {
        .name = name, .type = S3C_PARQUET_GROUP, .repetition = rep, .logical = logical};

    if (b->depth++ == S3C_TYPED_DEPTH_MAX)
        return refuse(b, S3C_E_TOO_LARGE, "types are nested too deeply");
    return add_node(b, &group, ret);
}

static void close_group(struct builder *b, struct s3c_typed_node *n, uint32_t number)
{
    b->depth--;
    s3c_parquet_schema_close(b->schema);
    finish_node(b, n, number);
}

static int new_children(struct builder *b, struct s3c_typed_node *n, size_t count)
{
    n->children = s3c_arena_alloc(&b->plan->memory, count * sizeof(*n->children) + 1);
    if (!n->children)
        return S3C_E_NOMEM;
    memset(n->children, 0, count * sizeof(*n->children));
    return 0;
}

/* ---- leaves ---- */

static void set_time(struct s3c_parquet_node *leaf, enum s3c_parquet_logical logical, bool utc,
                     enum s3c_parquet_unit unit)
{
    leaf->logical = logical;
    leaf->utc = utc;
    leaf->unit = unit;
}

static void set_logical(struct s3c_parquet_node *leaf, enum avro_logical l)
{
    switch (l) {
    case AVRO_DATE:
        leaf->logical = S3C_PARQUET_DATE;
        break;
    case AVRO_TIME_MILLIS:
        set_time(leaf, S3C_PARQUET_TIME, true, S3C_PARQUET_MILLIS);
        break;
    case AVRO_TIME_MICROS:
        set_time(leaf, S3C_PARQUET_TIME, true, S3C_PARQUET_MICROS);
        break;
    case AVRO_TIMESTAMP_MILLIS:
    case AVRO_LOCAL_TIMESTAMP_MILLIS:
        set_time(leaf, S3C_PARQUET_TIMESTAMP, l == AVRO_TIMESTAMP_MILLIS, S3C_PARQUET_MILLIS);
        break;
    case AVRO_TIMESTAMP_MICROS:
    case AVRO_LOCAL_TIMESTAMP_MICROS:
        set_time(leaf, S3C_PARQUET_TIMESTAMP, l == AVRO_TIMESTAMP_MICROS, S3C_PARQUET_MICROS);
        break;
    case AVRO_TIMESTAMP_NANOS:
    case AVRO_LOCAL_TIMESTAMP_NANOS:
        set_time(leaf, S3C_PARQUET_TIMESTAMP, l == AVRO_TIMESTAMP_NANOS, S3C_PARQUET_NANOS);
        break;
    default:
        break;
    }
}

static int set_decimal(struct builder *b, struct s3c_typed_node *n, struct s3c_parquet_node *leaf)
{
    if (n->type->precision > AVRO_BIG_DIGITS_MAX)
        return refuse(b, S3C_E_RECORD, "a decimal of more than 2,460 digits cannot be a column");
    n->width = avro_decimal_width(n->type->precision);
    leaf->type = S3C_PARQUET_FIXED;
    leaf->length = (uint32_t)n->width;
    if (n->type->precision <= S3C_TYPED_DECIMAL_DIGITS) {
        leaf->logical = S3C_PARQUET_DECIMAL;
        leaf->precision = n->type->precision;
        leaf->scale = n->type->scale;
    }
    return 0;
}

static int set_fixed(struct builder *b, const struct avro_type *t, struct s3c_parquet_node *leaf)
{
    leaf->type = S3C_PARQUET_FIXED;
    leaf->length = (uint32_t)t->size;
    if (t->logical == AVRO_UUID)
        leaf->logical = S3C_PARQUET_UUID;
    return t->size > 0 ? 0 : refuse(b, S3C_E_RECORD, "a fixed of no bytes cannot be a column");
}

static int add_value(struct builder *b, struct s3c_typed_node *n, struct s3c_view name,
                     bool optional)
{
    static const enum s3c_parquet_type types[] = {
        [AVRO_BOOLEAN] = S3C_PARQUET_BOOLEAN, [AVRO_INT] = S3C_PARQUET_INT32,
        [AVRO_LONG] = S3C_PARQUET_INT64,      [AVRO_FLOAT] = S3C_PARQUET_FLOAT,
        [AVRO_DOUBLE] = S3C_PARQUET_DOUBLE,   [AVRO_BYTES] = S3C_PARQUET_BYTES,
        [AVRO_STRING] = S3C_PARQUET_BYTES,    [AVRO_ENUM] = S3C_PARQUET_BYTES,
        [AVRO_FIXED] = S3C_PARQUET_FIXED};
    const struct avro_type *t = n->type;
    struct s3c_parquet_node leaf = {
        .name = name, .type = types[t->kind], .repetition = repetition(optional)};
    int r = 0;

    n->kind = S3C_TYPED_VALUE;
    if (t->logical == AVRO_DECIMAL)
        r = set_decimal(b, n, &leaf);
    else if (t->kind == AVRO_FIXED)
        r = set_fixed(b, t, &leaf);
    else if (t->kind == AVRO_STRING)
        leaf.logical = S3C_PARQUET_STRING;
    else if (t->kind == AVRO_ENUM)
        leaf.logical = S3C_PARQUET_ENUM;
    else
        set_logical(&leaf, t->logical);
    return r < 0 ? r : add_leaf(b, n, &leaf);
}

static int add_json(struct builder *b, struct s3c_typed_node *n, struct s3c_view name,
                    bool optional)
{
    struct s3c_parquet_node leaf = {.name = name,
                                    .type = S3C_PARQUET_BYTES,
                                    .repetition = repetition(optional),
                                    .logical = S3C_PARQUET_JSON};

    return add_leaf(b, n, &leaf);
}

/* ---- groups ---- */

static bool is_only_null(const struct avro_type *t)
{
    if (t->kind != AVRO_UNION)
        return t->kind == AVRO_NULL;
    for (size_t i = 0; i < t->count; i++)
        if (t->types[i]->kind != AVRO_NULL)
            return false;
    return t->count > 0;
}

static bool has_columns(const struct avro_type *record)
{
    for (size_t i = 0; i < record->count; i++)
        if (!is_only_null(record->fields[i].type))
            return true;
    return false;
}

static bool is_within_itself(const struct builder *b, const struct avro_type *t)
{
    for (const struct outer *o = b->outer; o; o = o->next)
        if (o->type == t)
            return true;
    return false;
}

static int add_nothing(struct builder *b, const struct avro_type *t, struct s3c_typed_node **ret)
{
    struct s3c_typed_node *n = s3c_arena_alloc(&b->plan->memory, sizeof(*n));

    if (!n)
        return S3C_E_NOMEM;
    *n = (struct s3c_typed_node){
        .kind = S3C_TYPED_NOTHING, .type = t, .choice = t->kind == AVRO_UNION ? t : NULL};
    *ret = n;
    return 0;
}

/* Readers in C end a name at a NUL, others give up. */
static int add_field(struct builder *b, const struct avro_field *f, struct s3c_typed_node **ret)
{
    if (is_only_null(f->type))
        return add_nothing(b, f->type, ret);
    if (memchr(f->name.ptr, '\0', f->name.len))
        return refuse(b, S3C_E_RECORD, "a name with a NUL cannot be a column's");
    return add_column(b, f->type, f->name, false, ret);
}

static int add_fields(struct builder *b, struct s3c_typed_node *n)
{
    const struct avro_type *t = n->type;
    int r = new_children(b, n, t->count);

    for (size_t i = 0; i < t->count && r == 0; i++) {
        const struct avro_field *f = &t->fields[i];

        r = add_field(b, f, &n->children[i]);
        if (r < 0)
            avro_path_field(&b->path, f->name);
    }
    return r;
}

static int add_record(struct builder *b, struct s3c_typed_node *n, struct s3c_view name,
                      bool optional)
{
    struct outer self = {n->type, b->outer};
    uint32_t number;
    int r;

    if (is_within_itself(b, n->type) || !has_columns(n->type)) {
        n->kind = S3C_TYPED_JSON;
        return add_json(b, n, name, optional);
    }
    n->kind = S3C_TYPED_RECORD;
    r = open_group(b, name, repetition(optional), S3C_PARQUET_PLAIN, &number);
    if (r < 0)
        return r;
    b->outer = &self;
    r = add_fields(b, n);
    b->outer = self.next;
    if (r == 0)
        close_group(b, n, number);
    return r;
}

static int add_list(struct builder *b, struct s3c_typed_node *n, struct s3c_view name,
                    bool optional)
{
    uint32_t outer, repeated;
    int r = new_children(b, n, 1);

    n->kind = S3C_TYPED_LIST;
    if (r == 0)
        r = open_group(b, name, repetition(optional), S3C_PARQUET_LIST, &outer);
    if (r == 0)
        r = open_group(b, S3C_VIEW("list"), S3C_PARQUET_REPEATED, S3C_PARQUET_PLAIN, &repeated);
    if (r == 0)
        r = add_column(b, n->type->types[0], S3C_VIEW("element"), false, &n->children[0]);
    if (r < 0)
        return r;
    close_group(b, n, repeated);
    n->item_rep = n->rep;
    close_group(b, n, outer);
    return 0;
}

static int add_map(struct builder *b, struct s3c_typed_node *n, struct s3c_view name, bool optional)
{
    const struct s3c_parquet_node key = {.name = S3C_VIEW("key"),
                                         .type = S3C_PARQUET_BYTES,
                                         .repetition = S3C_PARQUET_REQUIRED,
                                         .logical = S3C_PARQUET_STRING};
    uint32_t outer, repeated;
    int r = new_children(b, n, 1);

    n->kind = S3C_TYPED_MAP;
    if (r == 0)
        r = open_group(b, name, repetition(optional), S3C_PARQUET_MAP, &outer);
    if (r == 0)
        r = open_group(b, S3C_VIEW("key_value"), S3C_PARQUET_REPEATED, S3C_PARQUET_PLAIN,
                       &repeated);
    if (r == 0)
        r = add_node(b, &key, NULL);
    if (r == 0)
        r = add_column(b, n->type->types[0], S3C_VIEW("value"), false, &n->children[0]);
    if (r < 0)
        return r;
    close_group(b, n, repeated);
    n->item_rep = n->rep;
    close_group(b, n, outer);
    return 0;
}

/* ---- unions ---- */

static struct s3c_view short_name(const struct avro_type *t)
{
    struct s3c_view full = avro_type_name(t).type, space, last;

    return s3c_view_split_last(full, '.', &space, &last) ? last : full;
}

/* The last part of a branch's name, unless another branch's ends so too. */
static int branch_name(struct builder *b, const struct avro_type *u, size_t i, struct s3c_view *ret)
{
    struct s3c_view full = avro_type_name(u->types[i]).type;
    bool taken = false;

    *ret = short_name(u->types[i]);
    for (size_t k = 0; k < u->count; k++) {
        if (k == i)
            continue;
        taken = taken || s3c_view_eq(short_name(u->types[k]), *ret);
        if (s3c_view_eq(avro_type_name(u->types[k]).type, full))
            return refuse(b, S3C_E_RECORD, "a union has two types of one name");
    }
    if (taken)
        *ret = full;
    return 0;
}

static int add_branches(struct builder *b, struct s3c_typed_node *n)
{
    const struct avro_type *u = n->type;
    struct s3c_view name;
    int r = new_children(b, n, u->count);

    for (size_t i = 0; i < u->count && r == 0; i++) {
        if (u->types[i]->kind == AVRO_NULL)
            continue;
        r = branch_name(b, u, i, &name);
        if (r == 0)
            r = add_column(b, u->types[i], name, true, &n->children[i]);
    }
    return r;
}

static int add_union(struct builder *b, struct s3c_typed_node *n, struct s3c_view name,
                     bool optional)
{
    uint32_t number;
    int r = open_group(b, name, repetition(optional), S3C_PARQUET_PLAIN, &number);

    n->kind = S3C_TYPED_UNION;
    if (r == 0)
        r = add_branches(b, n);
    if (r == 0)
        close_group(b, n, number);
    return r;
}

/* ---- all of them ---- */

/* What a union comes down to: whether null is among its types, and how many others are. *ret is the last of them, or null where there are none. */
static size_t look_at_union(const struct avro_type *u, bool *null, const struct avro_type **ret)
{
    size_t others = 0;

    for (size_t i = 0; i < u->count; i++) {
        bool is_null = u->types[i]->kind == AVRO_NULL;

        *null = *null || is_null;
        if (!is_null || others == 0)
            *ret = u->types[i];
        others += !is_null;
    }
    return others;
}

static int add_by_kind(struct builder *b, struct s3c_typed_node *n, struct s3c_view name,
                       bool optional)
{
    switch (n->type->kind) {
    case AVRO_NULL:
        n->kind = S3C_TYPED_NULL;
        return add_json(b, n, name, true);
    case AVRO_RECORD:
        return add_record(b, n, name, optional);
    case AVRO_ARRAY:
        return add_list(b, n, name, optional);
    case AVRO_MAP:
        return add_map(b, n, name, optional);
    case AVRO_UNION:
        return add_union(b, n, name, optional);
    default:
        return add_value(b, n, name, optional);
    }
}

static int add_column(struct builder *b, const struct avro_type *t, struct s3c_view name,
                      bool optional, struct s3c_typed_node **ret)
{
    struct s3c_typed_node *n = s3c_arena_alloc(&b->plan->memory, sizeof(*n));
    size_t others;
    int r;

    if (!n)
        return S3C_E_NOMEM;
    *n = (struct s3c_typed_node){.type = t};
    if (t->kind == AVRO_UNION) {
        others = look_at_union(t, &optional, &n->type);
        n->choice = t;
        if (others > 1)
            n->type = t;
        else if (t->count == 0)
            return refuse(b, S3C_E_RECORD, "a union of no types can have no value");
    }
    r = add_by_kind(b, n, name, optional);
    *ret = n;
    return r;
}

void s3c_typed_plan_done(struct s3c_typed_plan *p)
{
    s3c_arena_done(&p->memory);
    p->root = NULL;
}

int s3c_typed_plan_init(struct s3c_typed_plan *p, struct s3c_parquet_schema *schema,
                        const char *name, const struct avro_type *type, struct s3c_error *err)
{
    struct builder b = {.plan = p, .schema = schema};
    int r;

    *p = (struct s3c_typed_plan){.memory = S3C_ARENA_INIT(0)};
    r = add_column(&b, type, s3c_view_str(name), true, &p->root);
    if (r == 0 || r == S3C_E_NOMEM)
        return r == 0 ? 0 : s3c_error_nomem(err);
    return s3c_error_set(err, r, "cannot make columns of the schema: " AVRO_PATH_FORMAT ": %s",
                         AVRO_PATH_ARGS(name, &b.path), b.why);
}
