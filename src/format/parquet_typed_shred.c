/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All levels but the repetition of a first item are known to the plan: who is here knows that everything around it is there. Counts are claims of
 * the datum; what they make is bounded by the number of cells.
 */
#include "format/parquet_typed_shred.h"

#include "avro/decimal_read.h"
#include "avro/path.h"
#include "avro/reader.h"
#include "avro/to_json.h"
#include "base/banned.h"
#include "base/error.h"
#include "base/view.h"

struct shred {
    struct avro_reader in;
    struct s3c_cells *out;
    struct s3c_typed_scratch *scratch;
    struct avro_path path;
    size_t cells_max;
};

void s3c_typed_scratch_done(struct s3c_typed_scratch *s)
{
    s3c_arena_done(&s->values);
    json_out_done(&s->json);
}

static int bad(struct shred *s, const char *why)
{
    return avro_fail(&s->in, why);
}

/* ---- cells ---- */

static int room_for(struct shred *s, size_t n)
{
    if (s->out->count + n > s->cells_max)
        return S3C_E_TOO_LARGE;
    return s3c_cells_reserve(s->out, n);
}

static struct s3c_cell *new_cell(struct shred *s, uint32_t leaf, unsigned rep, unsigned def)
{
    struct s3c_cell *c = &s->out->ptr[s->out->count++];

    c->leaf = leaf;
    c->rep = (uint8_t)rep;
    c->def = (uint8_t)def;
    return c;
}

static int add_nulls(struct shred *s, const struct s3c_typed_node *n, unsigned rep, unsigned def)
{
    int r = room_for(s, n->leaves);

    for (uint32_t i = 0; i < n->leaves && r == 0; i++)
        (void)new_cell(s, n->first_leaf + i, rep, def);
    return r;
}

/* ---- values ---- */

static int keep_bytes(struct shred *s, struct s3c_view v, struct s3c_view *ret)
{
    *ret = s3c_arena_copy(&s->scratch->values, v);
    return ret->ptr ? 0 : S3C_E_NOMEM;
}

/* In n->width bytes. */
static int read_decimal(struct shred *s, const struct s3c_typed_node *n, struct s3c_view *ret)
{
    struct s3c_view v;
    size_t needless = 0;
    char *wide;
    unsigned char sign;
    int r = n->type->kind == AVRO_FIXED ? avro_take(&s->in, n->type->size, &v)
                                        : avro_take_bytes(&s->in, &v);

    if (r < 0)
        return r;
    sign = v.len > 0 && ((unsigned char)v.ptr[0] & 0x80) ? 0xff : 0;
    while (needless + 1 < v.len && (unsigned char)v.ptr[needless] == sign &&
           ((unsigned char)v.ptr[needless + 1] & 0x80) == (sign & 0x80))
        needless++;
    v = s3c_view_skip(v, needless);
    /* fewer bytes than the widest number has always fit */
    if (v.len > n->width || (v.len == n->width && !avro_decimal_fits(v, n->type->precision)))
        return bad(s, "a decimal has more digits than its precision");
    wide = s3c_arena_bytes(&s->scratch->values, n->width);
    if (!wide)
        return S3C_E_NOMEM;
    memset(wide, sign, n->width - v.len);
    if (v.len > 0)
        memcpy(wide + n->width - v.len, v.ptr, v.len);
    *ret = (struct s3c_view){wide, n->width};
    return 0;
}

/* A time of the day must be one: readers fail at others, and lose the whole file. */
static int check_time(struct shred *s, enum avro_logical l, int64_t v)
{
    int64_t day = l == AVRO_TIME_MILLIS ? 86400000 : INT64_C(86400000000);

    if (l != AVRO_TIME_MILLIS && l != AVRO_TIME_MICROS)
        return 0;
    return v >= 0 && v < day ? 0 : bad(s, "a time of the day is not within a day");
}

static int read_whole(struct shred *s, const struct avro_type *t, struct s3c_cell *c)
{
    int64_t v;
    int r =
        t->kind == AVRO_INT ? avro_take_number(&s->in, 32, &v) : avro_take_number(&s->in, 64, &v);

    if (r == 0)
        r = check_time(s, t->logical, v);
    if (r < 0)
        return r;
    if (t->kind == AVRO_INT)
        c->value.i32 = (int32_t)v;
    else
        c->value.i64 = v;
    return 0;
}

static int read_real(struct shred *s, enum avro_kind kind, struct s3c_cell *c)
{
    uint64_t bits;
    int r = kind == AVRO_FLOAT ? avro_take_little_endian(&s->in, 4, &bits)
                               : avro_take_little_endian(&s->in, 8, &bits);
    uint32_t half = (uint32_t)bits;

    if (r == 0 && kind == AVRO_FLOAT)
        memcpy(&c->value.f32, &half, sizeof(half));
    else if (r == 0)
        memcpy(&c->value.f64, &bits, sizeof(bits));
    return r;
}

static int read_string(struct shred *s, struct s3c_cell *c)
{
    int r = avro_take_bytes(&s->in, &c->value.bytes);

    if (r < 0)
        return r;
    return s3c_utf8_valid(c->value.bytes) ? 0 : bad(s, "a string is not valid UTF-8");
}

static int read_symbol(struct shred *s, const struct avro_type *t, struct s3c_cell *c)
{
    size_t i;
    int r = avro_take_index(&s->in, t->count, "there is no such symbol of an enum", &i);

    if (r == 0)
        c->value.bytes = t->symbols[i];
    return r;
}

static int read_boolean(struct shred *s, struct s3c_cell *c)
{
    int v;
    int r = avro_take_boolean(&s->in, &v);

    if (r == 0)
        c->value.boolean = v != 0;
    return r;
}

static int read_value(struct shred *s, const struct s3c_typed_node *n, struct s3c_cell *c)
{
    const struct avro_type *t = n->type;

    if (t->logical == AVRO_DECIMAL)
        return read_decimal(s, n, &c->value.bytes);
    switch (t->kind) {
    case AVRO_BOOLEAN:
        return read_boolean(s, c);
    case AVRO_INT:
    case AVRO_LONG:
        return read_whole(s, t, c);
    case AVRO_FLOAT:
    case AVRO_DOUBLE:
        return read_real(s, t->kind, c);
    case AVRO_STRING:
        return read_string(s, c);
    case AVRO_BYTES:
        return avro_take_bytes(&s->in, &c->value.bytes);
    case AVRO_FIXED:
        return avro_take(&s->in, t->size, &c->value.bytes);
    default:
        return read_symbol(s, t, c);
    }
}

/* ---- nodes ---- */

static int shred_value(struct shred *s, const struct s3c_typed_node *n, unsigned rep)
{
    int r = room_for(s, 1);

    return r < 0 ? r : read_value(s, n, new_cell(s, n->first_leaf, rep, n->def));
}

static int shred_group(struct shred *s, const struct s3c_typed_node *n, size_t chosen,
                       unsigned rep);

/* Any node. Values, which are nearly all, take no further call. */
static inline int shred_node(struct shred *s, const struct s3c_typed_node *n, unsigned rep)
{
    size_t chosen = 0;

    if (n->choice) {
        int r =
            avro_take_index(&s->in, n->choice->count, "there is no such type in a union", &chosen);
        if (r < 0)
            return r;
        if (n->choice->types[chosen]->kind == AVRO_NULL)
            return n->leaves > 0 ? add_nulls(s, n, rep, n->def - 1u) : 0;
    }
    return n->kind == S3C_TYPED_VALUE ? shred_value(s, n, rep) : shred_group(s, n, chosen, rep);
}

static int shred_json(struct shred *s, const struct s3c_typed_node *n, unsigned rep)
{
    struct s3c_view text;
    int r = room_for(s, 1);

    if (r < 0)
        return r;
    json_out_reset(&s->scratch->json);
    r = avro_type_to_json(&s->scratch->json, n->type, &s->in);
    if (r == S3C_E_TOO_LARGE)
        return bad(s, "its JSON would have more than 64 MiB");
    if (r == 0)
        r = keep_bytes(s, s3c_buf_view(&s->scratch->json.text), &text);
    if (r == 0)
        new_cell(s, n->first_leaf, rep, n->def)->value.bytes = text;
    return r;
}

static int shred_record(struct shred *s, const struct s3c_typed_node *n, unsigned rep)
{
    const struct avro_type *t = n->type;

    for (size_t i = 0; i < t->count; i++) {
        int r = shred_node(s, n->children[i], rep);

        if (r == S3C_E_RECORD)
            avro_path_field(&s->path, t->fields[i].name);
        if (r < 0)
            return r;
    }
    return 0;
}

static int shred_list(struct shred *s, const struct s3c_typed_node *n, unsigned rep)
{
    uint64_t left = 0, i = 0;

    for (;; left--, i++) {
        int r = left > 0 ? 0 : avro_take_block(&s->in, &left);

        if (r < 0)
            return r;
        if (left == 0)
            return i > 0 ? 0 : add_nulls(s, n, rep, n->def);
        r = shred_node(s, n->children[0], i > 0 ? n->item_rep : rep);
        if (r == S3C_E_RECORD)
            avro_path_item(&s->path, i);
        if (r < 0)
            return r;
    }
}

static int shred_entry(struct shred *s, const struct s3c_typed_node *n, unsigned rep)
{
    struct s3c_view key = {"", 0};
    int r = room_for(s, 1);

    if (r == 0)
        r = avro_take_bytes(&s->in, &key);
    if (r == 0 && !s3c_utf8_valid(key))
        r = bad(s, "a map's key is not valid UTF-8");
    if (r < 0)
        return r;
    /* an entry is one level below the map */
    new_cell(s, n->first_leaf, rep, n->def + 1u)->value.bytes = key;
    r = shred_node(s, n->children[0], rep);
    if (r == S3C_E_RECORD)
        avro_path_key(&s->path, key);
    return r;
}

static int shred_map(struct shred *s, const struct s3c_typed_node *n, unsigned rep)
{
    uint64_t left = 0, i = 0;

    for (;; left--, i++) {
        int r = left > 0 ? 0 : avro_take_block(&s->in, &left);

        if (r < 0)
            return r;
        if (left == 0)
            return i > 0 ? 0 : add_nulls(s, n, rep, n->def);
        r = shred_entry(s, n, i > 0 ? n->item_rep : rep);
        if (r < 0)
            return r;
    }
}

static int shred_branches(struct shred *s, const struct s3c_typed_node *n, size_t chosen,
                          unsigned rep)
{
    int r = 0;

    for (size_t i = 0; i < n->type->count && r == 0; i++) {
        if (i == chosen)
            r = shred_node(s, n->children[i], rep);
        else if (n->children[i])
            r = add_nulls(s, n->children[i], rep, n->children[i]->def - 1u);
    }
    return r;
}

/* ---- all of them ---- */

/* Not inline: what its branches need would have to be saved for each value, too. */
static __attribute__((noinline)) int shred_group(struct shred *s, const struct s3c_typed_node *n,
                                                 size_t chosen, unsigned rep)
{
    switch (n->kind) {
    case S3C_TYPED_NOTHING:
        return 0;
    case S3C_TYPED_NULL:
        return add_nulls(s, n, rep, n->def - 1u);
    case S3C_TYPED_VALUE:
        return shred_value(s, n, rep);
    case S3C_TYPED_JSON:
        return shred_json(s, n, rep);
    case S3C_TYPED_RECORD:
        return shred_record(s, n, rep);
    case S3C_TYPED_LIST:
        return shred_list(s, n, rep);
    case S3C_TYPED_MAP:
        return shred_map(s, n, rep);
    case S3C_TYPED_UNION:
        return shred_branches(s, n, chosen, rep);
    }
    return S3C_E_RECORD; /* not reached */
}

int s3c_typed_shred(const struct s3c_typed_plan *p, struct s3c_typed_scratch *scratch,
                    const char *whole, struct s3c_view datum, struct s3c_cells *out,
                    struct s3c_error *err)
{
    struct shred s = {.in = avro_reader_of(datum),
                      .out = out,
                      .scratch = scratch,
                      .cells_max = out->count + scratch->cells_max};
    int r = shred_node(&s, p->root, 0);

    if (r == 0 && s.in.p < s.in.end)
        r = bad(&s, "there is data behind its end");
    if (r == S3C_E_RECORD)
        return s3c_error_set(err, r, AVRO_PATH_FORMAT ": %s (Avro, at byte %zu of %zu)",
                             AVRO_PATH_ARGS(whole, &s.path), s.in.why,
                             (size_t)(s.in.p - s.in.start), datum.len);
    if (r == S3C_E_TOO_LARGE)
        return s3c_error_set(err, r, "%s: it has more than %zu values in its columns", whole,
                             scratch->cells_max);
    return r < 0 ? s3c_error_nomem(err) : 0;
}

int s3c_typed_shred_null(const struct s3c_typed_plan *p, struct s3c_cells *out)
{
    int r = s3c_cells_reserve(out, p->root->leaves);

    for (uint32_t i = 0; i < p->root->leaves && r == 0; i++)
        s3c_cells_put(out, (struct s3c_cell){.leaf = p->root->first_leaf + i});
    return r;
}
