/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Field numbers are those of parquet.thrift. Both the logical type and the converted type that older readers look at are written; the inner
 * group of the map carries neither (MAP_KEY_VALUE is for reading only), and its key is required (Arrow refuses others).
 */
#include "format/parquet_footer.h"

#include "base/mem.h"
#include "base/view.h"
#include "format/parquet_bytes.h"
#include "format/parquet_thrift.h"

enum { BYTE_ARRAY = 6 };
enum { REQUIRED = 0, OPTIONAL = 1, REPEATED = 2 };
enum { CONVERTED_UTF8 = 0, CONVERTED_MAP = 1, NO_TYPE = -1 };
enum { LOGICAL_NONE = 0, LOGICAL_STRING = 1, LOGICAL_MAP = 2 }; /* fields of the union */
enum { UNORDERED = 0, ASCENDING = 1, DESCENDING = 2 };

#define CREATED_BY "conduit-connector-s3 version " S3C_VERSION

const struct s3c_leaf s3c_leaves[S3C_LEAVES] = {
    {{"operation"}, 1, 0, 0, true},
    {{"position"}, 1, 0, 0, false},
    {{"payload"}, 1, 1, 0, false},
    {{"key"}, 1, 1, 0, false},
    {{"metadata", "key_value", "key"}, 3, 2, 1, true},
    {{"metadata", "key_value", "value"}, 3, 2, 1, true},
};

static const struct element {
    const char *name;
    int repetition, children; /* children > 0: a group */
    int converted, logical;
} schema[] = {
    {"record", NO_TYPE, 5, NO_TYPE, LOGICAL_NONE},
    {"operation", REQUIRED, 0, CONVERTED_UTF8, LOGICAL_STRING},
    {"position", REQUIRED, 0, NO_TYPE, LOGICAL_NONE},
    {"payload", OPTIONAL, 0, NO_TYPE, LOGICAL_NONE},
    {"key", OPTIONAL, 0, NO_TYPE, LOGICAL_NONE},
    {"metadata", OPTIONAL, 1, CONVERTED_MAP, LOGICAL_MAP},
    {"key_value", REPEATED, 2, NO_TYPE, LOGICAL_NONE},
    {"key", REQUIRED, 0, CONVERTED_UTF8, LOGICAL_STRING},
    {"value", REQUIRED, 0, CONVERTED_UTF8, LOGICAL_STRING},
};

#define SCHEMA_ELEMENTS (sizeof(schema) / sizeof(schema[0]))

/* ---- page index ---- */

static bool is_sorted(const struct s3c_layout *l, const struct s3c_chunk_info *c, int direction)
{
    const struct s3c_page_info *before = NULL;

    for (size_t i = 0; i < c->pages; i++) {
        const struct s3c_page_info *p = s3c_layout_page(l, c->first_page + i);

        if (p->all_null)
            continue;
        if (before &&
            (s3c_view_cmp(s3c_layout_bound(l, &p->min), s3c_layout_bound(l, &before->min)) *
                     direction <
                 0 ||
             s3c_view_cmp(s3c_layout_bound(l, &p->max), s3c_layout_bound(l, &before->max)) *
                     direction <
                 0))
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

static int write_column_index(struct s3c_buf *out, const struct s3c_layout *l,
                              const struct s3c_chunk_info *c)
{
    struct s3c_thrift t = S3C_THRIFT_INIT(out);

    s3c_thrift_list(&t, 1, S3C_THRIFT_BOOL, c->pages);
    for (size_t i = 0; i < c->pages; i++)
        s3c_thrift_element_bool(&t, s3c_layout_page(l, c->first_page + i)->all_null);
    write_bounds_list(&t, 2, l, c, false);
    write_bounds_list(&t, 3, l, c, true);
    s3c_thrift_i32(&t, 4,
                   is_sorted(l, c, 1)    ? ASCENDING
                   : is_sorted(l, c, -1) ? DESCENDING
                                         : UNORDERED);
    s3c_thrift_list(&t, 5, S3C_THRIFT_I64, c->pages);
    for (size_t i = 0; i < c->pages; i++)
        s3c_thrift_element_i64(&t, s3c_layout_page(l, c->first_page + i)->nulls);
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
static int write_page_index(struct s3c_buf *out, struct s3c_layout *l)
{
    size_t chunks = l->chunks.len / sizeof(struct s3c_chunk_info);
    int r = 0;

    for (size_t i = 0; i < chunks && r == 0; i++) {
        struct s3c_chunk_info *c = s3c_layout_chunk(l, i);

        c->column_index_offset = (int64_t)out->len;
        if (c->has_bounds)
            r = write_column_index(out, l, c);
        c->column_index_size = (int32_t)(out->len - (size_t)c->column_index_offset);
    }
    for (size_t i = 0; i < chunks && r == 0; i++) {
        struct s3c_chunk_info *c = s3c_layout_chunk(l, i);

        c->offset_index_offset = (int64_t)out->len;
        r = write_offset_index(out, l, c);
        c->offset_index_size = (int32_t)(out->len - (size_t)c->offset_index_offset);
    }
    return r;
}

/* ---- FileMetaData ---- */

static void write_schema(struct s3c_thrift *t)
{
    s3c_thrift_list(t, 2, S3C_THRIFT_STRUCT, SCHEMA_ELEMENTS);
    for (size_t i = 0; i < SCHEMA_ELEMENTS; i++) {
        const struct element *e = &schema[i];

        s3c_thrift_open(t);
        if (e->children == 0)
            s3c_thrift_i32(t, 1, BYTE_ARRAY);
        if (e->repetition != NO_TYPE)
            s3c_thrift_i32(t, 3, e->repetition);
        s3c_thrift_binary(t, 4, s3c_view_str(e->name));
        if (e->children > 0)
            s3c_thrift_i32(t, 5, e->children);
        if (e->converted != NO_TYPE)
            s3c_thrift_i32(t, 6, e->converted);
        if (e->logical != LOGICAL_NONE) {
            s3c_thrift_struct(t, 10);
            s3c_thrift_empty_struct(t, e->logical);
            s3c_thrift_close(t);
        }
        s3c_thrift_close(t);
    }
}

static void write_statistics(struct s3c_thrift *t, const struct s3c_layout *l,
                             const struct s3c_chunk_info *c)
{
    s3c_thrift_struct(t, 12);
    s3c_thrift_i64(t, 3, c->nulls);
    if (c->has_values && c->max.known) {
        s3c_thrift_binary(t, 5, s3c_layout_bound(l, &c->max));
        s3c_thrift_binary(t, 6, s3c_layout_bound(l, &c->min));
        s3c_thrift_bool(t, 7, c->max.exact);
        s3c_thrift_bool(t, 8, c->min.exact);
    }
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

static void write_chunk_metadata(struct s3c_thrift *t, const struct s3c_layout *l,
                                 const struct s3c_chunk_info *c)
{
    static const int codecs[] = {
        [S3C_CODEC_NONE] = 0, [S3C_CODEC_SNAPPY] = 1, [S3C_CODEC_GZIP] = 2, [S3C_CODEC_ZSTD] = 6};

    s3c_thrift_struct(t, 3);
    s3c_thrift_i32(t, 1, BYTE_ARRAY);
    write_encodings(t, c);
    s3c_thrift_list(t, 3, S3C_THRIFT_BINARY, c->leaf->depth);
    for (unsigned i = 0; i < c->leaf->depth; i++)
        s3c_thrift_element_binary(t, s3c_view_str(c->leaf->path[i]));
    s3c_thrift_i32(t, 4, codecs[l->codec]);
    s3c_thrift_i64(t, 5, c->entries);
    s3c_thrift_i64(t, 6, c->uncompressed);
    s3c_thrift_i64(t, 7, c->compressed);
    s3c_thrift_i64(t, 9, c->data_offset);
    if (c->dictionary_offset >= 0)
        s3c_thrift_i64(t, 11, c->dictionary_offset);
    write_statistics(t, l, c);
    write_encoding_counts(t, c);
    s3c_thrift_close(t);
}

static void write_chunk(struct s3c_thrift *t, const struct s3c_layout *l,
                        const struct s3c_chunk_info *c)
{
    s3c_thrift_open(t);
    s3c_thrift_i64(t, 2, 0); /* file_offset: deprecated, but required */
    write_chunk_metadata(t, l, c);
    s3c_thrift_i64(t, 4, c->offset_index_offset);
    s3c_thrift_i32(t, 5, c->offset_index_size);
    if (c->column_index_size > 0) {
        s3c_thrift_i64(t, 6, c->column_index_offset);
        s3c_thrift_i32(t, 7, c->column_index_size);
    }
    s3c_thrift_close(t);
}

static void write_group(struct s3c_thrift *t, const struct s3c_layout *l, size_t group)
{
    const struct s3c_chunk_info *c = s3c_layout_chunk(l, group * S3C_LEAVES);
    int64_t uncompressed = 0, compressed = 0;

    s3c_thrift_open(t);
    s3c_thrift_list(t, 1, S3C_THRIFT_STRUCT, S3C_LEAVES);
    for (size_t i = 0; i < S3C_LEAVES; i++) {
        write_chunk(t, l, &c[i]);
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

static int write_metadata(struct s3c_buf *out, const struct s3c_layout *l)
{
    struct s3c_thrift t = S3C_THRIFT_INIT(out);
    size_t groups = l->groups.len / sizeof(int64_t);

    s3c_thrift_i32(&t, 1, 1); /* version: that of v1 pages */
    write_schema(&t);
    s3c_thrift_i64(&t, 3, l->rows);
    s3c_thrift_list(&t, 4, S3C_THRIFT_STRUCT, groups);
    for (size_t i = 0; i < groups; i++)
        write_group(&t, l, i);
    s3c_thrift_binary(&t, 6, S3C_VIEW(CREATED_BY));
    s3c_thrift_list(&t, 7, S3C_THRIFT_STRUCT, S3C_LEAVES);
    for (size_t i = 0; i < S3C_LEAVES; i++) { /* ColumnOrder: without it min and max mean nothing */
        s3c_thrift_open(&t);
        s3c_thrift_empty_struct(&t, 1);
        s3c_thrift_close(&t);
    }
    s3c_thrift_close(&t);
    return t.error;
}

int s3c_footer_write(struct s3c_buf *out, struct s3c_layout *layout)
{
    char length[4];
    size_t start;
    int r = write_page_index(out, layout);

    start = out->len;
    if (r == 0)
        r = write_metadata(out, layout);
    if (r == 0 && out->len - start > INT32_MAX)
        r = S3C_E_TOO_LARGE;
    if (r < 0)
        return r;
    s3c_put_le32(length, (uint32_t)(out->len - start));
    r = s3c_buf_add(out, length, sizeof(length));
    return r < 0 ? r : s3c_buf_add_str(out, S3C_PARQUET_MAGIC);
}
