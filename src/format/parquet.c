/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records are taken apart into columns as they come (their bytes are copied once, into the form that a page has); a full row group is
 * encoded when the next record comes, so that a record is in the file as a whole or not at all: whatever can fail comes before the
 * first column is touched.
 */
#include "format/parquet.h"

#include <s3c/opencdc.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/view.h"
#include "format/parquet_footer.h"
#include "format/parquet_page.h"

#define RECORD_MAX ((size_t)1 << 30) /* pages count their bytes with 31 bits */

enum { OPERATION, POSITION, PAYLOAD, KEY, NAMES, VALUES };
enum { DEF_MAP_NULL = 0, DEF_MAP_EMPTY = 1, DEF_MAP_ENTRY = 2 };

#define NO_HINT S3C_DICTIONARY_HINTS

struct parquet_writer {
    struct s3c_writer base;
    size_t group_max;
    int64_t group_rows;
    bool group_full;
    struct s3c_column columns[S3C_LEAVES];
    struct s3c_levels payload, key, metadata;
    struct s3c_page_writer pages;
    struct s3c_layout layout;
    struct s3c_buf out;
    size_t raw_bytes, packed_bytes; /* of the row group before: what to expect of this one */
};

static const struct s3c_levels *levels_of(const struct parquet_writer *w, size_t leaf)
{
    switch (leaf) {
    case PAYLOAD:
        return &w->payload;
    case KEY:
        return &w->key;
    case NAMES:
    case VALUES:
        return &w->metadata;
    default:
        return NULL;
    }
}

/* ---- row groups ---- */

static size_t group_bytes(const struct parquet_writer *w)
{
    size_t n = w->payload.def.len + w->key.def.len + w->metadata.def.len + w->metadata.rep.len;

    for (size_t i = 0; i < S3C_LEAVES; i++)
        n += s3c_column_bytes(&w->columns[i]);
    return n;
}

static void clear_group(struct parquet_writer *w)
{
    for (size_t i = 0; i < S3C_LEAVES; i++)
        s3c_column_clear(&w->columns[i]);
    s3c_buf_clear(&w->payload.def);
    s3c_buf_clear(&w->key.def);
    s3c_buf_clear(&w->metadata.def);
    s3c_buf_clear(&w->metadata.rep);
    w->group_rows = 0;
    w->group_full = false;
}

static int write_columns(struct parquet_writer *w)
{
    int r = 0;

    if (w->out.len == 0)
        r = s3c_buf_add_str(&w->out, S3C_PARQUET_MAGIC);
    for (size_t i = 0; i < S3C_LEAVES && r == 0; i++) {
        r = s3c_column_settle(&w->columns[i]);
        if (r == 0)
            r = s3c_chunk_write(&w->pages, &s3c_leaves[i], levels_of(w, i), &w->columns[i], &w->out,
                                &w->layout);
    }
    return r < 0 ? r : s3c_buf_add(&w->layout.groups, &w->group_rows, sizeof(w->group_rows));
}

/* After a failure the file is as before and the group still open. */
static int close_group(struct parquet_writer *w)
{
    struct s3c_layout *l = &w->layout;
    size_t out = w->out.len, groups = l->groups.len, chunks = l->chunks.len;
    size_t pages = l->pages.len, bounds = l->bounds.len, raw = group_bytes(w);
    int r = write_columns(w);

    if (r < 0) {
        w->out.len = out;
        l->groups.len = groups;
        l->chunks.len = chunks;
        l->pages.len = pages;
        l->bounds.len = bounds;
        return r;
    }
    l->rows += w->group_rows;
    w->raw_bytes = raw;
    w->packed_bytes = w->out.len - out;
    clear_group(w);
    return 0;
}

/* ---- records ---- */

static size_t metadata_bytes(const struct s3c_record *r)
{
    size_t n = 0;

    for (size_t i = 0; i < r->metadata_count; i++)
        n += r->metadata[i].name.len + r->metadata[i].value.len;
    return n;
}

static bool is_text(const struct s3c_record *r)
{
    for (size_t i = 0; i < r->metadata_count; i++)
        if (!s3c_utf8_valid(r->metadata[i].name) || !s3c_utf8_valid(r->metadata[i].value))
            return false;
    return true;
}

static int check_record(const struct s3c_record *r, struct s3c_error *err)
{
    if (!s3c_operation_name(r->operation) || !is_text(r))
        return s3c_error_set(err, S3C_E_RECORD,
                             "cannot write a record as Parquet: its operation is unknown (%d) or "
                             "its metadata is not valid UTF-8",
                             (int)r->operation);
    if (r->position.len > RECORD_MAX || r->after.bytes.len > RECORD_MAX ||
        r->key.bytes.len > RECORD_MAX || r->metadata_count > RECORD_MAX / 8 ||
        metadata_bytes(r) > RECORD_MAX)
        return s3c_error_set(err, S3C_E_TOO_LARGE,
                             "cannot write a record as Parquet: position, payload, key and "
                             "metadata may have 1 GiB each at most");
    return 0;
}

static size_t map_entries(const struct s3c_record *r)
{
    return r->metadata_nil || r->metadata_count == 0 ? 1 : r->metadata_count;
}

static int reserve_levels(struct parquet_writer *w, const struct s3c_record *r)
{
    size_t n = map_entries(r);
    int rc = s3c_buf_reserve(&w->payload.def, 1);

    if (rc == 0)
        rc = s3c_buf_reserve(&w->key.def, 1);
    if (rc == 0)
        rc = s3c_buf_reserve(&w->metadata.def, n);
    return rc < 0 ? rc : s3c_buf_reserve(&w->metadata.rep, n);
}

static int reserve_data(struct s3c_column *c, const struct s3c_data *d)
{
    return d->kind == S3C_DATA_NIL ? 0 : s3c_column_reserve(c, 1, d->bytes.len);
}

static int reserve_metadata(struct parquet_writer *w, const struct s3c_record *r)
{
    size_t names = 0, values = 0, n = r->metadata_nil ? 0 : r->metadata_count;
    int rc;

    for (size_t i = 0; i < n; i++) {
        names += r->metadata[i].name.len;
        values += r->metadata[i].value.len;
    }
    rc = s3c_column_reserve(&w->columns[NAMES], n, names);
    return rc < 0 ? rc : s3c_column_reserve(&w->columns[VALUES], n, values);
}

static int reserve(struct parquet_writer *w, const struct s3c_record *r)
{
    int rc = reserve_levels(w, r);

    if (rc == 0)
        rc =
            s3c_column_reserve(&w->columns[OPERATION], 1, strlen(s3c_operation_name(r->operation)));
    if (rc == 0)
        rc = s3c_column_reserve(&w->columns[POSITION], 1, r->position.len);
    if (rc == 0)
        rc = reserve_data(&w->columns[PAYLOAD], &r->after);
    if (rc == 0)
        rc = reserve_data(&w->columns[KEY], &r->key);
    return rc < 0 ? rc : reserve_metadata(w, r);
}

static void put_level(struct s3c_buf *levels, int level)
{
    levels->ptr[levels->len++] = (char)level;
}

static void put_data(struct s3c_column *c, struct s3c_levels *levels, const struct s3c_data *d)
{
    put_level(&levels->def, d->kind != S3C_DATA_NIL);
    if (d->kind != S3C_DATA_NIL)
        s3c_column_add(c, d->bytes, NO_HINT);
}

static void put_metadata(struct parquet_writer *w, const struct s3c_record *r)
{
    if (r->metadata_nil || r->metadata_count == 0) {
        put_level(&w->metadata.rep, 0);
        put_level(&w->metadata.def, r->metadata_nil ? DEF_MAP_NULL : DEF_MAP_EMPTY);
        return;
    }
    for (size_t i = 0; i < r->metadata_count; i++) {
        put_level(&w->metadata.rep, i > 0);
        put_level(&w->metadata.def, DEF_MAP_ENTRY);
        s3c_column_add(&w->columns[NAMES], r->metadata[i].name, i);
        s3c_column_add(&w->columns[VALUES], r->metadata[i].value, i);
    }
}

static void put(struct parquet_writer *w, const struct s3c_record *r)
{
    s3c_column_add(&w->columns[OPERATION], s3c_view_str(s3c_operation_name(r->operation)),
                   (size_t)r->operation);
    s3c_column_add(&w->columns[POSITION], r->position, NO_HINT);
    put_data(&w->columns[PAYLOAD], &w->payload, &r->after);
    put_data(&w->columns[KEY], &w->key, &r->key);
    put_metadata(w, r);
    w->group_rows++;
    w->group_full = group_bytes(w) >= w->group_max;
}

static int fail(struct s3c_error *err, int r)
{
    return r == S3C_E_NOMEM
               ? s3c_error_nomem(err)
               : s3c_error_set(err, r, "cannot write a Parquet file: it would be too large");
}

static int parquet_add(struct s3c_writer *base, const struct s3c_record *r, struct s3c_error *err)
{
    struct parquet_writer *w = (struct parquet_writer *)base;
    int rc = check_record(r, err);

    if (rc < 0)
        return rc;
    if (w->group_full)
        rc = close_group(w);
    if (rc == 0)
        rc = reserve(w, r);
    if (rc < 0)
        return fail(err, rc);
    put(w, r);
    return 0;
}

/* ---- the file ---- */

/* The open group is expected to shrink as the one before did. */
static size_t parquet_size(const struct s3c_writer *base)
{
    const struct parquet_writer *w = (const struct parquet_writer *)base;
    size_t raw = group_bytes(w);
    double ratio = w->raw_bytes > 0 ? (double)w->packed_bytes / (double)w->raw_bytes : 1;

    return w->out.len + (size_t)((double)raw * (ratio < 1 ? ratio : 1));
}

static size_t parquet_memory(const struct s3c_writer *base)
{
    const struct parquet_writer *w = (const struct parquet_writer *)base;
    const struct s3c_layout *l = &w->layout;

    return w->out.len + group_bytes(w) + l->chunks.len + l->pages.len + l->bounds.len;
}

static void clear_file(struct parquet_writer *w)
{
    clear_group(w);
    s3c_buf_clear(&w->layout.groups);
    s3c_buf_clear(&w->layout.chunks);
    s3c_buf_clear(&w->layout.pages);
    s3c_buf_clear(&w->layout.bounds);
    s3c_buf_clear(&w->out);
    w->layout.rows = 0;
}

static int parquet_finish(struct s3c_writer *base, struct s3c_buf *ret, struct s3c_error *err)
{
    struct parquet_writer *w = (struct parquet_writer *)base;
    int r = 0;

    if (w->group_rows > 0)
        r = close_group(w);
    else if (w->out.len == 0)
        r = s3c_buf_add_str(&w->out, S3C_PARQUET_MAGIC);
    if (r == 0)
        r = s3c_footer_write(&w->out, &w->layout);
    if (r == 0) {
        *ret = w->out;
        w->out = (struct s3c_buf)S3C_BUF_INIT(SIZE_MAX);
    }
    clear_file(w);
    return r < 0 ? fail(err, r) : 0;
}

static void parquet_release(struct s3c_writer *base)
{
    struct parquet_writer *w = (struct parquet_writer *)base;

    for (size_t i = 0; i < S3C_LEAVES; i++)
        s3c_column_done(&w->columns[i]);
    s3c_buf_done(&w->payload.def);
    s3c_buf_done(&w->key.def);
    s3c_buf_done(&w->metadata.def);
    s3c_buf_done(&w->metadata.rep);
    s3c_page_writer_done(&w->pages);
    s3c_buf_done(&w->layout.groups);
    s3c_buf_done(&w->layout.chunks);
    s3c_buf_done(&w->layout.pages);
    s3c_buf_done(&w->layout.bounds);
    s3c_buf_done(&w->out);
    s3c_free(w);
}

static void init(struct parquet_writer *w, const struct s3c_parquet_options *o)
{
    const struct s3c_buf empty = S3C_BUF_INIT(SIZE_MAX);

    w->group_max = o->group_bytes;
    for (size_t i = 0; i < S3C_LEAVES; i++)
        s3c_column_init(&w->columns[i]);
    w->payload = w->key = w->metadata = (struct s3c_levels){empty, empty};
    w->layout = (struct s3c_layout){empty, empty, empty, empty, 0, o->codec};
    w->out = empty;
}

int s3c_parquet_writer_new(struct s3c_writer **ret, const struct s3c_parquet_options *o,
                           struct s3c_error *err)
{
    static const struct s3c_writer_ops ops = {
        .extension = "parquet",
        .content_type = "application/vnd.apache.parquet",
        .add = parquet_add,
        .size = parquet_size,
        .memory = parquet_memory,
        .finish = parquet_finish,
        .release = parquet_release,
    };
    struct parquet_writer *w = s3c_zalloc(sizeof(*w));
    int r;

    if (!w)
        return s3c_error_nomem(err);
    w->base.ops = &ops;
    init(w, o);
    r = s3c_page_writer_init(&w->pages, o->codec, err);
    if (r < 0) {
        parquet_release(&w->base);
        return r;
    }
    *ret = &w->base;
    return 0;
}
