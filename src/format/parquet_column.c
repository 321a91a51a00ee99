/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sample decides because it is cheap: looking up every value of a column whose values hardly repeat costs more than compressing it. What it got wrong is put
 * right while the column grows (too many values), or at the end (the file would be no smaller).
 */
#include "format/parquet_column.h"

#include "base/mem.h"
#include "format/parquet_bytes.h"
#include "format/parquet_levels.h"

#define RECORD_MAX ((size_t)1 << 30) /* pages count their bytes with 31 bits */

enum { SAMPLE_VALUES = 1024, REPEATS = 4 }; /* how often a value comes at least, for a dictionary */

static unsigned width_of(const struct s3c_parquet_node *leaf)
{
    switch (leaf->type) {
    case S3C_PARQUET_BOOLEAN:
        return 1;
    case S3C_PARQUET_INT32:
    case S3C_PARQUET_FLOAT:
        return sizeof(uint32_t);
    case S3C_PARQUET_INT64:
    case S3C_PARQUET_DOUBLE:
        return sizeof(uint64_t);
    case S3C_PARQUET_FIXED:
        return leaf->length;
    default:
        return 0;
    }
}

/* Two values of a boolean fit a bit anyway. */
static enum s3c_column_state first_state(const struct s3c_column *c)
{
    return c->type == S3C_PARQUET_BOOLEAN ? S3C_COLUMN_PLAIN : S3C_COLUMN_SAMPLE;
}

void s3c_column_init(struct s3c_column *c, const struct s3c_parquet_node *leaf)
{
    const struct s3c_buf empty = S3C_BUF_INIT(SIZE_MAX);

    *c = (struct s3c_column){.type = leaf->type,
                             .max_def = leaf->max_def,
                             .max_rep = leaf->max_rep,
                             .width = width_of(leaf),
                             .def = empty,
                             .rep = empty,
                             .numbers = empty,
                             .plain = empty};
    c->state = first_state(c);
    s3c_dictionary_init(&c->dictionary, c->width);
}

void s3c_column_done(struct s3c_column *c)
{
    s3c_buf_done(&c->def);
    s3c_buf_done(&c->rep);
    s3c_dictionary_done(&c->dictionary);
    s3c_buf_done(&c->numbers);
    s3c_buf_done(&c->plain);
}

void s3c_column_clear(struct s3c_column *c)
{
    s3c_buf_clear(&c->def);
    s3c_buf_clear(&c->rep);
    s3c_dictionary_clear(&c->dictionary);
    s3c_buf_clear(&c->numbers);
    s3c_buf_clear(&c->plain);
    c->state = first_state(c);
    c->values = 0;
}

static size_t prefix(const struct s3c_column *c)
{
    return c->width > 0 ? 0 : sizeof(uint32_t);
}

static int room_for(struct s3c_buf *b, size_t n)
{
    return b->cap - b->len >= n ? 0 : s3c_buf_reserve(b, n);
}

/* There is room. */
static void put_plain(struct s3c_column *c, struct s3c_view v)
{
    char *dst = c->plain.ptr + c->plain.len;

    if (c->width == 0)
        s3c_put_le32(dst, (uint32_t)v.len);
    if (v.len > 0)
        memcpy(dst + prefix(c), v.ptr, v.len);
    c->plain.len += prefix(c) + v.len;
}

/* ---- to the dictionary, and back ---- */

static const uint32_t *numbers_of(const struct s3c_column *c)
{
    return (const uint32_t *)(const void *)c->numbers.ptr;
}

static int number_values(struct s3c_column *c)
{
    int r = s3c_buf_reserve(&c->numbers, c->values * sizeof(uint32_t));

    for (size_t at = 0, i = 0; i < c->values && r == 0; i++) {
        const char *p = c->plain.ptr + at;
        struct s3c_view v = {p + prefix(c), c->width > 0 ? c->width : s3c_get_le32(p)};
        uint32_t *number = (uint32_t *)(void *)c->numbers.ptr + i;

        at += prefix(c) + v.len;
        r = s3c_dictionary_add(&c->dictionary, v, number);
    }
    if (r == 0)
        c->numbers.len = c->values * sizeof(uint32_t);
    return r;
}

static void drop_dictionary(struct s3c_column *c)
{
    s3c_dictionary_done(&c->dictionary);
    s3c_buf_done(&c->numbers);
}

static int try_dictionary(struct s3c_column *c, bool (*pays)(const struct s3c_column *c))
{
    int r = number_values(c);
    bool keep = r == 0 && pays(c);

    if (!keep)
        drop_dictionary(c);
    if (r < 0 && r != S3C_E_TOO_LARGE)
        return r;
    c->state = keep ? S3C_COLUMN_DICTIONARY : S3C_COLUMN_PLAIN;
    if (keep)
        s3c_buf_clear(&c->plain);
    return 0;
}

static size_t plain_size(const struct s3c_column *c)
{
    size_t n = c->values * prefix(c);

    if (c->width > 0)
        return c->values * c->width;
    for (size_t i = 0; i < c->values; i++)
        n += c->dictionary.entries[numbers_of(c)[i]].len;
    return n;
}

static int leave_dictionary(struct s3c_column *c)
{
    int r = s3c_buf_reserve(&c->plain, plain_size(c));

    if (r < 0)
        return r;
    for (size_t i = 0; i < c->values; i++) {
        if (i == c->mark.values)
            c->mark.plain = c->plain.len;
        put_plain(c, s3c_dictionary_value(&c->dictionary, numbers_of(c)[i]));
    }
    if (c->mark.values == c->values)
        c->mark.plain = c->plain.len;
    drop_dictionary(c);
    c->state = S3C_COLUMN_PLAIN;
    return 0;
}

static bool repeats(const struct s3c_column *c)
{
    return c->dictionary.count <= c->values / REPEATS;
}

static bool saves(const struct s3c_column *c)
{
    size_t packed = c->values * s3c_bit_width(c->dictionary.count) / 8 + c->dictionary.plain.len;

    return packed < plain_size(c);
}

/* ---- entries ---- */

static int judge(struct s3c_column *c)
{
    if (c->state == S3C_COLUMN_SAMPLE && c->values >= SAMPLE_VALUES)
        return try_dictionary(c, repeats);
    if (c->state == S3C_COLUMN_DICTIONARY && !repeats(c))
        return leave_dictionary(c);
    return 0;
}

static int begin_record(struct s3c_column *c)
{
    int r = 0;

    c->mark.values = c->values;
    c->mark.levels = c->def.len;
    c->mark.plain = c->plain.len;
    if (c->state != S3C_COLUMN_PLAIN)
        r = judge(c);
    c->mark.dictionary = c->dictionary.count;
    return r;
}

static int add_levels(struct s3c_column *c, const struct s3c_cell *cell)
{
    if (room_for(&c->def, 1) < 0)
        return S3C_E_NOMEM;
    if (c->max_rep > 0) {
        if (room_for(&c->rep, 1) < 0)
            return S3C_E_NOMEM;
        c->rep.ptr[c->rep.len++] = (char)cell->rep;
    }
    c->def.ptr[c->def.len++] = (char)cell->def;
    return 0;
}

static int add_number(struct s3c_column *c, struct s3c_view v)
{
    int r = room_for(&c->numbers, sizeof(uint32_t));

    if (r == 0)
        r = v.len > S3C_DICTIONARY_MAX
                ? S3C_E_TOO_LARGE
                : s3c_dictionary_add(&c->dictionary, v,
                                     (uint32_t *)(void *)(c->numbers.ptr + c->numbers.len));
    if (r == 0)
        c->numbers.len += sizeof(uint32_t);
    return r;
}

static int add_value(struct s3c_column *c, struct s3c_view v)
{
    int r;

    if (c->state == S3C_COLUMN_DICTIONARY) {
        r = add_number(c, v);
        if (r != S3C_E_TOO_LARGE)
            return r;
        r = leave_dictionary(c);
        if (r < 0)
            return r;
    }
    if (v.len > RECORD_MAX || c->plain.len - c->mark.plain > RECORD_MAX - v.len)
        return S3C_E_TOO_LARGE;
    r = room_for(&c->plain, prefix(c) + v.len);
    if (r == 0)
        put_plain(c, v);
    return r;
}

/* The cell's boolean or number in PLAIN encoding; `bytes` is room for it. */
static struct s3c_view number_of(const struct s3c_column *c, const struct s3c_cell *cell,
                                 char bytes[8])
{
    uint32_t narrow;
    uint64_t wide;

    if (c->width == sizeof(wide)) {
        memcpy(&wide, &cell->value, sizeof(wide));
        s3c_put_le64(bytes, wide);
    } else if (c->width == sizeof(narrow)) {
        memcpy(&narrow, &cell->value, sizeof(narrow));
        s3c_put_le32(bytes, narrow);
    } else {
        bytes[0] = cell->value.boolean;
    }
    return (struct s3c_view){bytes, c->width};
}

int s3c_column_add(struct s3c_column *c, const struct s3c_cell *cell)
{
    char number[8];
    int r = cell->rep == 0 ? begin_record(c) : 0;

    if (r == 0 && c->max_def > 0)
        r = add_levels(c, cell);
    if (r < 0 || cell->def < c->max_def)
        return r;
    r = add_value(c, c->type >= S3C_PARQUET_BYTES ? cell->value.bytes : number_of(c, cell, number));
    if (r == 0)
        c->values++;
    return r;
}

void s3c_column_undo(struct s3c_column *c)
{
    c->def.len = c->mark.levels;
    if (c->max_rep > 0)
        c->rep.len = c->mark.levels;
    if (c->state == S3C_COLUMN_DICTIONARY) {
        c->numbers.len = c->mark.values * sizeof(uint32_t);
        s3c_dictionary_cut(&c->dictionary, c->mark.dictionary);
    } else {
        c->plain.len = c->mark.plain;
    }
    c->values = c->mark.values;
}

int s3c_column_settle(struct s3c_column *c)
{
    if (c->state == S3C_COLUMN_SAMPLE)
        return try_dictionary(c, saves);
    if (c->state == S3C_COLUMN_DICTIONARY && !saves(c))
        return leave_dictionary(c);
    return 0;
}

size_t s3c_column_memory(const struct s3c_column *c)
{
    return c->def.cap + c->rep.cap + s3c_dictionary_memory(&c->dictionary) + c->numbers.cap +
           c->plain.cap;
}
