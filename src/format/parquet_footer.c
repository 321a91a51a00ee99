/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Field numbers are those of parquet.thrift. Both the logical type and the converted type that older readers look at are written, the latter also for times that
 * are not UTC (LogicalTypes.md).
 */
#include "format/parquet_footer.h"

#include "base/mem.h"
#include "base/view.h"
#include "format/parquet_bytes.h"
#include "format/parquet_thrift.h"

enum { NO_CONVERTED = -1 };
enum { UNORDERED = 0, ASCENDING = 1, DESCENDING = 2 };

#define CREATED_BY "conduit-connector-s3 version " S3C_VERSION

/* ---- page index ---- */

static bool is_before(const struct s3c_layout *l, enum s3c_order order, const struct s3c_bound *a,
                      const struct s3c_bound *b, int direction)
{
    return s3c_order_compare(order, s3c_layout_bound(l, a), s3c_layout_bound(l, b)) * direction < 0;
}

static bool is_sorted(const struct s3c_layout *l, const struct s3c_chunk_info *c,
                      enum s3c_order order, int direction)
{
    const struct s3c_page_info *before = NULL;

    for (size_t i = 0; i < c->pages; i++) {
        const struct s3c_page_info *p = s3c_layout_page(l, c->first_page + i);

        if (p->all_null)
            continue;
        if (before && (is_before(l, order, &p->min, &before->min, direction) ||
                       is_before(l, order, &p->max, &before->max, direction)))
            return false;
        before = p;
    }
    return true;
}

static void write_bounds_list(struct s3c_thrift *t, int id, const struct s3c_layout *l,
                              const struct s3c_chunk_info *c, bool max)
{
    s3c_thrift_list(t, id, S3C_THRIFT_BINARY, c->pages);
    for (size_t i = 0; i < c->pages; i++) {
        const struct s3c_page_info *p = s3c_layout_page(l, c->first_page + i);

        s3c_thrift_element_binary(t, p->all_null ? S3C_VIEW("")
                                                 : s3c_layout_bound(l, max ? &p->max : &p->min));
    }
}

static void write_nan_counts(struct s3c_thrift *t, const struct s3c_layout *l,
                             const struct s3c_chunk_info *c)
{
    s3c_thrift_list(t, 8, S3C_THRIFT_I64, c->pages);
    for (size_t i = 0; i < c->pages; i++)
        s3c_thrift_element_i64(t, s3c_layout_page(l, c->first_page + i)->nans);
}

static int write_column_index(struct s3c_buf *out, const struct s3c_layout *l,
                              const struct s3c_chunk_info *c, enum s3c_order order)
{
    struct s3c_thrift t = S3C_THRIFT_INIT(out);

    s3c_thrift_list(&t, 1, S3C_THRIFT_BOOL, c->pages);
    for (size_t i = 0; i < c->pages; i++)
        s3c_thrift_element_bool(&t, s3c_layout_page(l, c->first_page + i)->all_null);
    write_bounds_list(&t, 2, l, c, false);
    write_bounds_list(&t, 3, l, c, true);
    s3c_thrift_i32(&t, 4,
                   is_sorted(l, c, order, 1)    ? ASCENDING
                   : is_sorted(l, c, order, -1) ? DESCENDING
                                                : UNORDERED);
    s3c_thrift_list(&t, 5, S3C_THRIFT_I64, c->pages);
    for (size_t i = 0; i < c->pages; i++)
        s3c_thrift_element_i64(&t, s3c_layout_page(l, c->first_page + i)->nulls);
    if (s3c_order_has_nan(order))
        write_nan_counts(&t, l, c);
    s3c_thrift_close(&t);
    return t.error;
}

static int write_offset_index(struct s3c_buf *out, const struct s3c_layout *l,
                              const struct s3c_chunk_info *c)
{
    struct s3c_thrift t = S3C_THRIFT_INIT(out);

    s3c_thrift_list(&t, 1, S3C_THRIFT_STRUCT, c->pages);
    for (size_t i = 0; i < c->pages; i++) {
        const struct s3c_page_info *p = s3c_layout_page(l, c->first_page + i);

        s3c_thrift_open(&t);
        s3c_thrift_i64(&t, 1, p->offset);
        s3c_thrift_i32(&t, 2, (int32_t)p->size);
        s3c_thrift_i64(&t, 3, p->first_row);
        s3c_thrift_close(&t);
    }
    s3c_thrift_close(&t);
    return t.error;
}

/* All column indexes, then all offset indexes (PageIndex.md). */
static int write_page_index(struct s3c_buf *out, const struct s3c_parquet_schema *schema,
                            struct s3c_layout *l)
{
    size_t chunks = l->chunks.len / sizeof(struct s3c_chunk_info);
    int r = 0;

    for (size_t i = 0; i < chunks && r == 0; i++) {
        struct s3c_chunk_info *c = s3c_layout_chunk(l, i);
        size_t start = out->len;

        if (c->has_bounds)
            r = write_column_index(out, l, c,
                                   s3c_order_of(s3c_parquet_leaf(schema, i % schema->leaf_count)));
        c->column_index_offset = l->start + (int64_t)start;
        c->column_index_size = (int32_t)(out->len - start);
    }
    for (size_t i = 0; i < chunks && r == 0; i++) {
        struct s3c_chunk_info *c = s3c_layout_chunk(l, i);
        size_t start = out->len;

        r = write_offset_index(out, l, c);
        c->offset_index_offset = l->start + (int64_t)start;
        c->offset_index_size = (int32_t)(out->len - start);
    }
    return r;
}

/* ---- schema ---- */

static int converted_type(const struct s3c_parquet_node *n)
{
    static const int fixed[] = {[S3C_PARQUET_PLAIN] = NO_CONVERTED,
                                [S3C_PARQUET_STRING] = 0,
                                [S3C_PARQUET_MAP] = 1,
                                [S3C_PARQUET_LIST] = 3,
                                [S3C_PARQUET_ENUM] = 4,
                                [S3C_PARQUET_DECIMAL] = 5,
                                [S3C_PARQUET_DATE] = 6,
                                [S3C_PARQUET_JSON] = 19,
                                [S3C_PARQUET_UUID] = NO_CONVERTED};
    enum { TIME_MILLIS = 7, TIMESTAMP_MILLIS = 9, INT_8 = 15 };

    switch (n->logical) {
    case S3C_PARQUET_TIME:
    case S3C_PARQUET_TIMESTAMP:
        if (n->unit == S3C_PARQUET_NANOS)
            return NO_CONVERTED;
        return (n->logical == S3C_PARQUET_TIME ? TIME_MILLIS : TIMESTAMP_MILLIS) +
               (n->unit == S3C_PARQUET_MICROS);
    case S3C_PARQUET_INTEGER:
        return INT_8 + (n->bits > 8) + (n->bits > 16) + (n->bits > 32);
    default:
        return fixed[n->logical];
    }
}

static void write_logical_type(struct s3c_thrift *t, const struct s3c_parquet_node *n)
{
    s3c_thrift_struct(t, 10);
    s3c_thrift_struct(t, (int)n->logical);
    switch (n->logical) {
    case S3C_PARQUET_DECIMAL:
        s3c_thrift_i32(t, 1, (int32_t)n->scale);
        s3c_thrift_i32(t, 2, (int32_t)n->precision);
        break;
    case S3C_PARQUET_TIME:
    case S3C_PARQUET_TIMESTAMP:
        s3c_thrift_bool(t, 1, n->utc);
        s3c_thrift_struct(t, 2);
        s3c_thrift_empty_struct(t, (int)n->unit);
        s3c_thrift_close(t);
        break;
    case S3C_PARQUET_INTEGER:
        s3c_thrift_i8(t, 1, (int8_t)n->bits);
        s3c_thrift_bool(t, 2, true);
        break;
    default:
        break;
    }
    s3c_thrift_close(t);
    s3c_thrift_close(t);
}

static void write_node(struct s3c_thrift *t, const struct s3c_parquet_node *n, bool root)
{
    s3c_thrift_open(t);
    if (n->type != S3C_PARQUET_GROUP)
        s3c_thrift_i32(t, 1, n->type);
    if (n->type == S3C_PARQUET_FIXED)
        s3c_thrift_i32(t, 2, (int32_t)n->length);
    if (!root)
        s3c_thrift_i32(t, 3, n->repetition);
    s3c_thrift_binary(t, 4, n->name);
    if (n->type == S3C_PARQUET_GROUP)
        s3c_thrift_i32(t, 5, (int32_t)n->children);
    if (converted_type(n) != NO_CONVERTED)
        s3c_thrift_i32(t, 6, converted_type(n));
    if (n->logical == S3C_PARQUET_DECIMAL) {
        s3c_thrift_i32(t, 7, (int32_t)n->scale);
        s3c_thrift_i32(t, 8, (int32_t)n->precision);
    }
    if (n->logical != S3C_PARQUET_PLAIN)
        write_logical_type(t, n);
    s3c_thrift_close(t);
}

static void write_schema(struct s3c_thrift *t, const struct s3c_parquet_schema *schema)
{
    s3c_thrift_list(t, 2, S3C_THRIFT_STRUCT, schema->count);
    for (size_t i = 0; i < schema->count; i++)
        write_node(t, &schema->nodes[i], i == 0);
}

/* ---- FileMetaData ---- */

static void write_statistics(struct s3c_thrift *t, const struct s3c_layout *l,
                             const struct s3c_chunk_info *c, enum s3c_order order)
{
    s3c_thrift_struct(t, 12);
    s3c_thrift_i64(t, 3, c->nulls);
    if (c->has_values && c->max.known) {
        s3c_thrift_binary(t, 5, s3c_layout_bound(l, &c->max));
        s3c_thrift_binary(t, 6, s3c_layout_bound(l, &c->min));
        s3c_thrift_bool(t, 7, c->max.exact);
        s3c_thrift_bool(t, 8, c->min.exact);
    }
    if (s3c_order_has_nan(
            order)) /* without the count a reader must take the bounds for unreliable */
        s3c_thrift_i64(t, 9, c->nans);
    s3c_thrift_close(t);
}

static void write_page_count(struct s3c_thrift *t, int type, int encoding, size_t pages)
{
    s3c_thrift_open(t);
    s3c_thrift_i32(t, 1, type);
    s3c_thrift_i32(t, 2, encoding);
    s3c_thrift_i32(t, 3, (int32_t)pages);
    s3c_thrift_close(t);
}

/* With it a reader knows that all pages of the chunk use the dictionary, and can look values up there first. */
static void write_encoding_counts(struct s3c_thrift *t, const struct s3c_chunk_info *c)
{
    bool dictionary = c->dictionary_offset >= 0;

    s3c_thrift_list(t, 13, S3C_THRIFT_STRUCT, dictionary ? 2 : 1);
    if (dictionary)
        write_page_count(t, S3C_PAGE_DICTIONARY, S3C_ENCODING_PLAIN, 1);
    write_page_count(t, S3C_PAGE_DATA,
                     dictionary ? S3C_ENCODING_RLE_DICTIONARY : S3C_ENCODING_PLAIN, c->pages);
}

static void write_encodings(struct s3c_thrift *t, const struct s3c_chunk_info *c)
{
    bool dictionary = c->dictionary_offset >= 0;

    s3c_thrift_list(t, 2, S3C_THRIFT_I32, dictionary ? 3 : 2);
    s3c_thrift_element_i32(t, S3C_ENCODING_PLAIN);
    s3c_thrift_element_i32(t, S3C_ENCODING_RLE);
    if (dictionary)
        s3c_thrift_element_i32(t, S3C_ENCODING_RLE_DICTIONARY);
}

static unsigned depth_of(const struct s3c_parquet_schema *schema, uint32_t node)
{
    unsigned depth = 0;

    for (; node != 0; node = schema->nodes[node].parent)
        depth++;
    return depth;
}

/* From the root, which is not part of it, down to the leaf. */
static void write_path(struct s3c_thrift *t, const struct s3c_parquet_schema *schema, uint32_t leaf)
{
    unsigned depth = depth_of(schema, leaf);

    s3c_thrift_list(t, 3, S3C_THRIFT_BINARY, depth);
    for (unsigned i = depth; i > 0; i--) {
        uint32_t node = leaf;

        for (unsigned up = 1; up < i; up++)
            node = schema->nodes[node].parent;
        s3c_thrift_element_binary(t, schema->nodes[node].name);
    }
}

static void write_chunk_metadata(struct s3c_thrift *t, const struct s3c_parquet_schema *schema,
                                 size_t leaf, const struct s3c_layout *l,
                                 const struct s3c_chunk_info *c)
{
    static const int codecs[] = {
        [S3C_CODEC_NONE] = 0, [S3C_CODEC_SNAPPY] = 1, [S3C_CODEC_GZIP] = 2, [S3C_CODEC_ZSTD] = 6};

    s3c_thrift_struct(t, 3);
    s3c_thrift_i32(t, 1, s3c_parquet_leaf(schema, leaf)->type);
    write_encodings(t, c);
    write_path(t, schema, schema->leaves[leaf]);
    s3c_thrift_i32(t, 4, codecs[c->codec]);
    s3c_thrift_i64(t, 5, c->entries);
    s3c_thrift_i64(t, 6, c->uncompressed);
    s3c_thrift_i64(t, 7, c->compressed);
    s3c_thrift_i64(t, 9, c->data_offset);
    if (c->dictionary_offset >= 0)
        s3c_thrift_i64(t, 11, c->dictionary_offset);
    write_statistics(t, l, c, s3c_order_of(s3c_parquet_leaf(schema, leaf)));
    write_encoding_counts(t, c);
    s3c_thrift_close(t);
}

static void write_chunk(struct s3c_thrift *t, const struct s3c_parquet_schema *schema, size_t leaf,
                        const struct s3c_layout *l, const struct s3c_chunk_info *c)
{
    s3c_thrift_open(t);
    s3c_thrift_i64(t, 2, 0); /* file_offset: deprecated, but required */
    write_chunk_metadata(t, schema, leaf, l, c);
    s3c_thrift_i64(t, 4, c->offset_index_offset);
    s3c_thrift_i32(t, 5, c->offset_index_size);
    if (c->column_index_size > 0) {
        s3c_thrift_i64(t, 6, c->column_index_offset);
        s3c_thrift_i32(t, 7, c->column_index_size);
    }
    s3c_thrift_close(t);
}

static void write_group(struct s3c_thrift *t, const struct s3c_parquet_schema *schema,
                        const struct s3c_layout *l, size_t group)
{
    const struct s3c_chunk_info *c = s3c_layout_chunk(l, group * schema->leaf_count);
    int64_t uncompressed = 0, compressed = 0;

    s3c_thrift_open(t);
    s3c_thrift_list(t, 1, S3C_THRIFT_STRUCT, schema->leaf_count);
    for (size_t i = 0; i < schema->leaf_count; i++) {
        write_chunk(t, schema, i, l, &c[i]);
        uncompressed += c[i].uncompressed;
        compressed += c[i].compressed;
    }
    s3c_thrift_i64(t, 2, uncompressed);
    s3c_thrift_i64(t, 3, ((const int64_t *)(const void *)l->groups.ptr)[group]);
    s3c_thrift_i64(t, 5, c->dictionary_offset >= 0 ? c->dictionary_offset : c->data_offset);
    s3c_thrift_i64(t, 6, compressed);
    if (group <= INT16_MAX)
        s3c_thrift_i16(t, 7, (int16_t)group);
    s3c_thrift_close(t);
}

static void write_properties(struct s3c_thrift *t, const struct s3c_parquet_shape *shape)
{
    if (shape->property_count == 0)
        return;
    s3c_thrift_list(t, 5, S3C_THRIFT_STRUCT, shape->property_count);
    for (size_t i = 0; i < shape->property_count; i++) {
        s3c_thrift_open(t);
        s3c_thrift_binary(t, 1, shape->properties[i].name);
        s3c_thrift_binary(t, 2, shape->properties[i].value);
        s3c_thrift_close(t);
    }
}

static int write_metadata(struct s3c_buf *out, const struct s3c_parquet_shape *shape,
                          const struct s3c_layout *l)
{
    const struct s3c_parquet_schema *schema = &shape->schema;
    struct s3c_thrift t = S3C_THRIFT_INIT(out);
    size_t groups = l->groups.len / sizeof(int64_t);

    s3c_thrift_i32(&t, 1, 1); /* version: that of v1 pages */
    write_schema(&t, schema);
    s3c_thrift_i64(&t, 3, l->rows);
    s3c_thrift_list(&t, 4, S3C_THRIFT_STRUCT, groups);
    for (size_t i = 0; i < groups; i++)
        write_group(&t, schema, l, i);
    write_properties(&t, shape);
    s3c_thrift_binary(&t, 6, S3C_VIEW(CREATED_BY));
    s3c_thrift_list(&t, 7, S3C_THRIFT_STRUCT, schema->leaf_count);
    for (size_t i = 0; i < schema->leaf_count; i++) { /* without ColumnOrder bounds mean nothing */
        s3c_thrift_open(&t);
        s3c_thrift_empty_struct(&t, 1);
        s3c_thrift_close(&t);
    }
    s3c_thrift_close(&t);
    return t.error;
}

int s3c_footer_write(struct s3c_buf *out, const struct s3c_parquet_shape *shape,
                     struct s3c_layout *layout)
{
    char length[4];
    size_t start;
    int r = write_page_index(out, &shape->schema, layout);

    start = out->len;
    if (r == 0)
        r = write_metadata(out, shape, layout);
    if (r == 0 && out->len - start > INT32_MAX)
        r = S3C_E_TOO_LARGE;
    if (r < 0)
        return r;
    s3c_put_le32(length, (uint32_t)(out->len - start));
    r = s3c_buf_add(out, length, sizeof(length));
    return r < 0 ? r : s3c_buf_add_str(out, S3C_PARQUET_MAGIC);
}
