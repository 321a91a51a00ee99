/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records are taken apart into columns as they come (their bytes are copied once, into the form that a page has); a full row group is encoded
 * when the next record comes, so that a record is in the file as a whole or not at all: whatever can fail comes before the first column is
 * touched.
 */
#include "format/parquet_file.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/view.h"
#include "format/parquet_footer.h"
#include "format/parquet_group.h"

struct parquet_file {
    struct s3c_writer base;
    struct s3c_parquet_shared *shared;
    struct s3c_parquet_shape *shape;
    struct s3c_group group;
    struct s3c_layout layout;
    struct s3c_buf out;
    size_t raw_bytes, packed_bytes; /* of the row group before: what to expect of this one */
};

int s3c_parquet_shared_init(struct s3c_parquet_shared *s, const struct s3c_parquet_options *o,
                            struct s3c_error *err)
{
    *s = (struct s3c_parquet_shared){.options = *o, .cells = S3C_CELLS_INIT};
    return s3c_page_writer_init(&s->pages, o->codec, err);
}

void s3c_parquet_shared_done(struct s3c_parquet_shared *s)
{
    s3c_page_writer_done(&s->pages);
    s3c_cells_done(&s->cells);
}

/* ---- row groups ---- */

static int begin_file(struct parquet_file *f)
{
    bool begun = f->layout.start > 0 || f->out.len > 0;

    return begun ? 0 : s3c_buf_add_str(&f->out, S3C_PARQUET_MAGIC);
}

static int write_columns(struct parquet_file *f)
{
    const struct s3c_parquet_schema *schema = &f->shape->schema;
    int r = begin_file(f);

    for (size_t i = 0; i < schema->leaf_count && r == 0; i++) {
        struct s3c_column *c = &f->group.columns[i];

        r = s3c_column_settle(c);
        if (r == 0)
            r = s3c_chunk_write(&f->shared->pages, s3c_parquet_leaf(schema, i), c, &f->out,
                                &f->layout);
    }
    return r < 0 ? r : s3c_buf_add(&f->layout.groups, &f->group.rows, sizeof(f->group.rows));
}

/* After a failure the file is as before and the group still open. */
static int close_group(struct parquet_file *f)
{
    struct s3c_layout *l = &f->layout;
    size_t out = f->out.len, groups = l->groups.len, chunks = l->chunks.len;
    size_t pages = l->pages.len, bounds = l->bounds.len;
    int r = write_columns(f);

    if (r < 0) {
        f->out.len = out;
        l->groups.len = groups;
        l->chunks.len = chunks;
        l->pages.len = pages;
        l->bounds.len = bounds;
        return r;
    }
    l->rows += f->group.rows;
    f->raw_bytes = f->group.bytes;
    f->packed_bytes = f->out.len - out;
    s3c_group_clear(&f->group);
    return 0;
}

/* ---- the writer ---- */

static int fail(struct s3c_error *err, int r)
{
    if (r == S3C_E_NOMEM)
        return s3c_error_nomem(err);
    return s3c_error_set(err, r,
                         "cannot write a record as Parquet: it would have more than 1 GiB in one "
                         "column, or the file would be too large");
}

static int file_add(struct s3c_writer *base, const struct s3c_record *r, struct s3c_error *err)
{
    struct parquet_file *f = (struct parquet_file *)base;
    struct s3c_cells *cells = &f->shared->cells;
    int rc;

    s3c_cells_clear(cells);
    rc = f->shape->shred(f->shape, r, cells, err);
    if (rc < 0)
        return rc;
    if (f->group.bytes >= f->shared->options.group_bytes)
        rc = close_group(f);
    if (rc == 0)
        rc = s3c_group_add(&f->group, cells);
    return rc < 0 ? fail(err, rc) : 0;
}

/* The open group is expected to shrink as the one before did. */
static size_t file_size(const struct s3c_writer *base)
{
    const struct parquet_file *f = (const struct parquet_file *)base;
    double ratio = f->raw_bytes > 0 ? (double)f->packed_bytes / (double)f->raw_bytes : 1;

    return (size_t)f->layout.start + f->out.len +
           (size_t)((double)f->group.bytes * (ratio < 1 ? ratio : 1));
}

static size_t file_memory(const struct s3c_writer *base)
{
    const struct parquet_file *f = (const struct parquet_file *)base;
    const struct s3c_layout *l = &f->layout;

    return sizeof(*f) + f->out.cap + s3c_group_memory(&f->group) + l->groups.cap + l->chunks.cap +
           l->pages.cap + l->bounds.cap;
}

static size_t file_ready(const struct s3c_writer *base)
{
    return ((const struct parquet_file *)base)->out.len;
}

static void move_out(struct parquet_file *f, struct s3c_buf *ret)
{
    *ret = f->out;
    f->out = (struct s3c_buf)S3C_BUF_INIT(SIZE_MAX);
}

static int file_take(struct s3c_writer *base, struct s3c_buf *ret, struct s3c_error *err)
{
    struct parquet_file *f = (struct parquet_file *)base;

    (void)err;
    f->layout.start += (int64_t)f->out.len;
    move_out(f, ret);
    return 0;
}

static void clear_file(struct parquet_file *f)
{
    s3c_group_clear(&f->group);
    s3c_buf_clear(&f->layout.groups);
    s3c_buf_clear(&f->layout.chunks);
    s3c_buf_clear(&f->layout.pages);
    s3c_buf_clear(&f->layout.bounds);
    s3c_buf_clear(&f->out);
    f->layout.rows = f->layout.start = 0;
}

static int file_finish(struct s3c_writer *base, struct s3c_buf *ret, struct s3c_error *err)
{
    struct parquet_file *f = (struct parquet_file *)base;
    int r = f->group.rows > 0 ? close_group(f) : begin_file(f);

    if (r == 0)
        r = s3c_footer_write(&f->out, f->shape, &f->layout);
    if (r == 0)
        move_out(f, ret);
    clear_file(f);
    return r < 0 ? fail(err, r) : 0;
}

static void file_release(struct s3c_writer *base)
{
    struct parquet_file *f = (struct parquet_file *)base;

    s3c_group_done(&f->group);
    s3c_buf_done(&f->layout.groups);
    s3c_buf_done(&f->layout.chunks);
    s3c_buf_done(&f->layout.pages);
    s3c_buf_done(&f->layout.bounds);
    s3c_buf_done(&f->out);
    s3c_parquet_shape_unref(f->shape);
    s3c_free(f);
}

int s3c_parquet_file_new(struct s3c_writer **ret, struct s3c_parquet_shared *shared,
                         struct s3c_parquet_shape *shape, struct s3c_error *err)
{
    static const struct s3c_writer_ops ops = {
        .add = file_add,
        .size = file_size,
        .memory = file_memory,
        .ready = file_ready,
        .take = file_take,
        .finish = file_finish,
        .release = file_release,
    };
    const struct s3c_buf empty = S3C_BUF_INIT(SIZE_MAX);
    struct parquet_file *f = s3c_zalloc(sizeof(*f));
    int r;

    if (!f)
        return s3c_error_nomem(err);
    f->base.ops = &ops;
    f->shared = shared;
    f->shape = s3c_parquet_shape_ref(shape);
    f->layout = (struct s3c_layout){empty, empty, empty, empty, 0, 0};
    f->out = empty;
    r = s3c_group_init(&f->group, &shape->schema);
    if (r < 0) {
        file_release(&f->base);
        return s3c_error_nomem(err);
    }
    *ret = &f->base;
    return 0;
}
