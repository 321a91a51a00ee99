/* SPDX-License-Identifier: Apache-2.0 */
/*
 * v1 pages with PLAIN and dictionary encoding only: every reader takes them (Spark before 3.3 and Iceberg's vectorised reader do not take
 * v2 or delta encodings). Page headers carry no statistics: the page index does (PageIndex.md).
 */
#include "format/parquet_page.h"

#include "base/mem.h"
#include "format/parquet_bytes.h"
#include "format/parquet_levels.h"
#include "format/parquet_thrift.h"

/* Where a chunk has been written up to. */
struct cursor {
    enum s3c_order order;
    const uint8_t *def, *rep; /* NULL: none */
    const struct s3c_column *column;
    const uint32_t *numbers;
    size_t entries;              /* in all */
    size_t entry, value, offset; /* offset: into the plain values */
    int64_t row;
    unsigned width; /* of a dictionary number */
};

/* A page: what of the chunk it holds. */
struct piece {
    size_t entries, values, nans, bytes, rows;
    struct s3c_bounds bounds;
};

int s3c_page_writer_init(struct s3c_page_writer *w, enum s3c_codec codec, struct s3c_error *err)
{
    *w = (struct s3c_page_writer){.codec = codec,
                                  .body = S3C_BUF_INIT(INT32_MAX),
                                  .packed = S3C_BUF_INIT(INT32_MAX),
                                  .seen = S3C_BUF_INIT(SIZE_MAX)};
    return s3c_compressor_new(&w->compressor, codec, err);
}

void s3c_page_writer_done(struct s3c_page_writer *w)
{
    s3c_compressor_free(w->compressor);
    s3c_buf_done(&w->body);
    s3c_buf_done(&w->packed);
    s3c_buf_done(&w->seen);
}

/* ---- cutting ---- */

static void take_number(struct s3c_page_writer *w, const struct cursor *c, uint32_t page,
                        struct piece *p)
{
    uint32_t number = c->numbers[c->value + p->values];
    uint32_t *seen = (uint32_t *)(void *)w->seen.ptr + number;

    p->values++;
    p->bytes = p->values * c->width / 8;
    if (s3c_order_has_nan(c->order))
        p->nans += s3c_is_nan(c->order, s3c_dictionary_value(&c->column->dictionary, number));
    if (*seen == page)
        return;
    *seen = page;
    s3c_bounds_add(&p->bounds, c->order, s3c_dictionary_value(&c->column->dictionary, number));
}

static void take_plain(const struct cursor *c, struct piece *p)
{
    const struct s3c_column *column = c->column;
    struct s3c_view v = {column->plain.ptr + c->offset + p->bytes, column->width};

    if (column->width == 0) {
        v.len = s3c_get_le32(v.ptr);
        v.ptr += sizeof(uint32_t);
        p->bytes += sizeof(uint32_t);
    }
    p->values++;
    p->bytes += v.len;
    if (s3c_order_has_nan(c->order))
        p->nans += s3c_is_nan(c->order, v);
    s3c_bounds_add(&p->bounds, c->order, v);
}

/* `page` numbers the chunk's pages from 1. A row is never divided. */
static struct piece cut(struct s3c_page_writer *w, const struct cursor *c, uint32_t page)
{
    struct piece p = {0};

    for (size_t i = c->entry; i < c->entries; i++) {
        if (!c->rep || c->rep[i] == 0) {
            if (p.rows == S3C_PAGE_ROWS || p.bytes >= S3C_PAGE_BYTES)
                break;
            p.rows++;
        }
        p.entries++;
        if (c->def && c->def[i] < c->column->max_def)
            continue;
        if (c->numbers)
            take_number(w, c, page, &p);
        else
            take_plain(c, &p);
    }
    return p;
}

/* ---- encoding ---- */

/* Eight booleans a byte, the first in the lowest bit. */
static int encode_booleans(struct s3c_buf *out, const char *values, size_t n)
{
    int r = s3c_buf_reserve(out, (n + 7) / 8);
    char *dst = out->ptr + out->len;

    if (r < 0)
        return r;
    out->len += (n + 7) / 8;
    memset(dst, 0, (n + 7) / 8);
    for (size_t i = 0; i < n; i++)
        dst[i / 8] = (char)(dst[i / 8] | values[i] << i % 8);
    return 0;
}

static int encode_values(struct s3c_page_writer *w, const struct cursor *c, const struct piece *p)
{
    int r;

    if (c->column->type == S3C_PARQUET_BOOLEAN)
        return encode_booleans(&w->body, c->column->plain.ptr + c->offset, p->values);
    if (!c->numbers)
        return s3c_buf_add(&w->body, c->column->plain.ptr + c->offset, p->bytes);
    r = s3c_buf_add_char(&w->body, (char)c->width);
    return r < 0 ? r : s3c_hybrid_add(&w->body, c->numbers + c->value, p->values, c->width);
}

/* The page before compression: of a required column that is a piece of what the column holds already. */
static int encode_piece(struct s3c_page_writer *w, const struct cursor *c, const struct piece *p,
                        struct s3c_view *ret)
{
    int r = 0;

    if (!c->def && !c->numbers && c->column->type != S3C_PARQUET_BOOLEAN) {
        *ret = (struct s3c_view){c->column->plain.ptr + c->offset, p->bytes};
        return 0;
    }
    s3c_buf_clear(&w->body);
    if (c->rep)
        r = s3c_levels_add(&w->body, c->rep + c->entry, p->entries, c->column->max_rep);
    if (r == 0 && c->def)
        r = s3c_levels_add(&w->body, c->def + c->entry, p->entries, c->column->max_def);
    if (r == 0)
        r = encode_values(w, c, p);
    *ret = s3c_buf_view(&w->body);
    return r;
}

/* ---- compression ---- */

static int sample_size(struct s3c_page_writer *w, struct s3c_view sample, enum s3c_effort effort,
                       size_t *ret)
{
    int r;

    s3c_compress_effort(w->compressor, effort);
    s3c_buf_clear(&w->packed);
    r = s3c_compress_block(w->compressor, sample, &w->packed);
    *ret = w->packed.len;
    return r;
}

/*
 * The least effort that costs (nearly) no bytes: random keys and fields that repeat at a fixed distance are compressed no better by looking at every position, but
 * take twice the time.
 */
static int choose_effort(struct s3c_page_writer *w, struct s3c_view sample)
{
    enum { PERCENT = 103 };
    size_t most = 0, less = 0, least = 0;
    int r = sample_size(w, sample, S3C_EFFORT_LEAST, &least);

    if (r == 0)
        r = sample_size(w, sample, S3C_EFFORT_LESS, &less);
    if (r == 0)
        r = sample_size(w, sample, S3C_EFFORT_MOST, &most);
    if (r < 0)
        return r;
    if (least <= most)
        s3c_compress_effort(w->compressor, S3C_EFFORT_LEAST);
    else if (less <= most / 100 * PERCENT)
        s3c_compress_effort(w->compressor, S3C_EFFORT_LESS);
    return 0;
}

/* Snappy only finds what repeats: random keys cost it more time than all else, for nothing. A chunk says by itself whether it is compressed. */
static int choose_snappy(struct s3c_page_writer *w, struct s3c_view sample,
                         struct s3c_chunk_info *chunk)
{
    enum { PERCENT = 90 };
    size_t packed = 0;
    int r = sample_size(w, sample, S3C_EFFORT_MOST, &packed);

    if (r == 0 && packed > sample.len / 100 * PERCENT)
        chunk->codec = S3C_CODEC_NONE;
    return r;
}

/* How a chunk is compressed, by the beginning of its first page; one that has begun with a dictionary goes on as that. */
static int choose(struct s3c_page_writer *w, struct s3c_view page, struct s3c_chunk_info *chunk)
{
    enum { SAMPLE = 32 << 10 };
    const struct s3c_view sample = {page.ptr, SAMPLE};

    if (page.len < SAMPLE) {
        s3c_compress_effort(w->compressor, S3C_EFFORT_MOST);
        return 0;
    }
    if (w->codec == S3C_CODEC_ZSTD)
        return choose_effort(w, sample);
    return w->codec == S3C_CODEC_SNAPPY && chunk->dictionary_offset < 0
               ? choose_snappy(w, sample, chunk)
               : 0;
}

struct header {
    int type, encoding;
    size_t values, uncompressed, compressed;
    uint32_t crc;
};

static int write_header(struct s3c_buf *out, const struct header *h)
{
    struct s3c_thrift t = S3C_THRIFT_INIT(out);

    s3c_thrift_i32(&t, 1, h->type);
    s3c_thrift_i32(&t, 2, (int32_t)h->uncompressed);
    s3c_thrift_i32(&t, 3, (int32_t)h->compressed);
    s3c_thrift_i32(&t, 4, (int32_t)h->crc);
    s3c_thrift_struct(&t, h->type == S3C_PAGE_DATA ? 5 : 7);
    s3c_thrift_i32(&t, 1, (int32_t)h->values);
    s3c_thrift_i32(&t, 2, h->encoding);
    if (h->type == S3C_PAGE_DATA) {
        s3c_thrift_i32(&t, 3, S3C_ENCODING_RLE);
        s3c_thrift_i32(&t, 4, S3C_ENCODING_RLE);
    }
    s3c_thrift_close(&t);
    s3c_thrift_close(&t);
    return t.error;
}

static int write_page(struct s3c_page_writer *w, struct s3c_view body, struct header h,
                      struct s3c_buf *out, struct s3c_chunk_info *chunk)
{
    size_t start = out->len;
    int r = 0;

    if (body.len > INT32_MAX)
        return S3C_E_TOO_LARGE;
    h.uncompressed = body.len;
    if (chunk->codec != S3C_CODEC_NONE) {
        s3c_buf_clear(&w->packed);
        r = s3c_compress_block(w->compressor, body, &w->packed);
        body = s3c_buf_view(&w->packed);
    }
    h.compressed = body.len;
    h.crc = s3c_crc32(body);
    if (r == 0)
        r = write_header(out, &h);
    if (r == 0) {
        chunk->uncompressed += (int64_t)(out->len - start + h.uncompressed);
        r = s3c_buf_add_view(out, body);
        chunk->compressed += (int64_t)(out->len - start);
    }
    return r;
}

/* ---- what is remembered ---- */

static int store_bounds(struct s3c_layout *l, enum s3c_order order, const struct s3c_bounds *b,
                        struct s3c_bound *ret_min, struct s3c_bound *ret_max)
{
    int r = s3c_bound_below(&l->bounds, order, b->min, ret_min);

    return r < 0 ? r : s3c_bound_above(&l->bounds, order, b->max, ret_max);
}

static int remember_page(struct s3c_layout *l, const struct cursor *c, const struct piece *p,
                         size_t start, size_t end, struct s3c_chunk_info *chunk)
{
    struct s3c_page_info info = {.offset = l->start + (int64_t)start,
                                 .size = (int64_t)(end - start),
                                 .first_row = c->row,
                                 .nulls = (int64_t)(p->entries - p->values),
                                 .nans = (int64_t)p->nans,
                                 .all_null = p->values == 0};
    int r = 0;

    if (p->bounds.any)
        r = store_bounds(l, c->order, &p->bounds, &info.min, &info.max);
    if (r == 0)
        r = s3c_buf_add(&l->pages, &info, sizeof(info));
    chunk->pages++;
    chunk->nulls += info.nulls;
    chunk->nans += info.nans;
    chunk->has_bounds = chunk->has_bounds && (info.all_null || info.max.known);
    return r;
}

/* ---- the chunk ---- */

static int write_dictionary(struct s3c_page_writer *w, const struct s3c_dictionary *d,
                            struct s3c_buf *out, const struct s3c_layout *layout,
                            struct s3c_chunk_info *chunk)
{
    struct header h = {
        .type = S3C_PAGE_DICTIONARY, .encoding = S3C_ENCODING_PLAIN, .values = d->count};
    size_t seen = (size_t)d->count * sizeof(uint32_t);
    int r;

    s3c_buf_clear(&w->seen);
    r = s3c_buf_reserve(&w->seen, seen);
    if (r < 0)
        return r;
    memset(w->seen.ptr, 0, seen);
    chunk->dictionary_offset = layout->start + (int64_t)out->len;
    s3c_compress_effort(w->compressor, S3C_EFFORT_MOST); /* not what the column before was worth */
    return write_page(w, s3c_buf_view(&d->plain), h, out, chunk);
}

static int write_data(struct s3c_page_writer *w, struct cursor *c, struct s3c_buf *out,
                      struct s3c_layout *layout, struct s3c_chunk_info *chunk)
{
    struct header h = {.type = S3C_PAGE_DATA,
                       .encoding = c->numbers ? S3C_ENCODING_RLE_DICTIONARY : S3C_ENCODING_PLAIN};
    struct s3c_bounds bounds = {.any = false};
    int r = 0;

    for (uint32_t page = 1; c->entry < c->entries && r == 0; page++) {
        struct piece p = cut(w, c, page);
        size_t start = out->len;
        struct s3c_view body;

        h.values = p.entries;
        r = encode_piece(w, c, &p, &body);
        if (r == 0 && page == 1)
            r = choose(w, body, chunk);
        if (r == 0)
            r = write_page(w, body, h, out, chunk);
        if (r == 0)
            r = remember_page(layout, c, &p, start, out->len, chunk);
        s3c_bounds_join(&bounds, c->order, &p.bounds);
        c->entry += p.entries;
        c->value += p.values;
        c->offset += p.bytes;
        c->row += (int64_t)p.rows;
    }
    chunk->has_values = bounds.any;
    if (r == 0 && bounds.any)
        r = store_bounds(layout, c->order, &bounds, &chunk->min, &chunk->max);
    return r;
}

static struct cursor start_of(const struct s3c_parquet_node *leaf, const struct s3c_column *column)
{
    struct cursor c = {
        .order = s3c_order_of(leaf), .column = column, .entries = s3c_column_entries(column)};

    if (column->max_def > 0)
        c.def = (const uint8_t *)column->def.ptr;
    if (column->max_rep > 0)
        c.rep = (const uint8_t *)column->rep.ptr;
    if (column->state == S3C_COLUMN_DICTIONARY) {
        c.numbers = (const uint32_t *)(const void *)column->numbers.ptr;
        c.width = s3c_bit_width(column->dictionary.count - 1);
    }
    return c;
}

int s3c_chunk_write(struct s3c_page_writer *w, const struct s3c_parquet_node *leaf,
                    const struct s3c_column *column, struct s3c_buf *out, struct s3c_layout *layout)
{
    struct cursor c = start_of(leaf, column);
    struct s3c_chunk_info chunk = {.codec = w->codec,
                                   .dictionary_offset = -1,
                                   .entries = (int64_t)c.entries,
                                   .first_page = layout->pages.len / sizeof(struct s3c_page_info),
                                   .has_bounds = true};
    int r = 0;

    if (c.numbers)
        r = write_dictionary(w, &column->dictionary, out, layout, &chunk);
    chunk.data_offset = layout->start + (int64_t)out->len;
    if (r == 0)
        r = write_data(w, &c, out, layout, &chunk);
    return r < 0 ? r : s3c_buf_add(&layout->chunks, &chunk, sizeof(chunk));
}
