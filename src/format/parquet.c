/* SPDX-License-Identifier: Apache-2.0 */
#include "format/parquet.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/view.h"
#include "format/parquet_file.h"

enum { PAYLOAD = 2, KEY = 3 }; /* leaves */

struct parquet_format {
    struct s3c_format base;
    struct s3c_parquet_shared shared;
    struct s3c_parquet_shape *shape;
};

/* ---- the shape ---- */

static int shred(const struct s3c_parquet_shape *s, const struct s3c_record *r,
                 struct s3c_cells *out, struct s3c_error *err)
{
    int rc = s3c_parquet_shape_shred(KEY, r, out, err);

    (void)s;
    if (rc < 0)
        return rc;
    rc = s3c_cells_add(out, (struct s3c_cell){.leaf = PAYLOAD,
                                              .def = r->after.kind != S3C_DATA_NIL,
                                              .value.bytes = r->after.bytes});
    return rc < 0 ? s3c_error_nomem(err) : 0;
}

static void release_shape(struct s3c_parquet_shape *s)
{
    s3c_parquet_schema_done(&s->schema);
    s3c_free(s);
}

static int build(struct s3c_parquet_schema *s)
{
    static const struct s3c_parquet_node payload = {
        .name = {"payload", 7}, .type = S3C_PARQUET_BYTES, .repetition = S3C_PARQUET_OPTIONAL};
    int r = s3c_parquet_schema_init(s);

    if (r == 0)
        r = s3c_parquet_shape_begin(s);
    if (r == 0)
        r = s3c_parquet_schema_add(s, &payload, NULL);
    return r < 0 ? r : s3c_parquet_shape_end(s);
}

static struct s3c_parquet_shape *new_shape(void)
{
    struct s3c_parquet_shape *s = s3c_zalloc(sizeof(*s));

    if (!s)
        return NULL;
    *s = (struct s3c_parquet_shape){.refs = 1, .shred = shred, .release = release_shape};
    if (build(&s->schema) < 0) {
        release_shape(s);
        return NULL;
    }
    return s;
}

/* ---- the format ---- */

static int format_variant(struct s3c_format *f, const struct s3c_record *r, struct s3c_buf *out,
                          struct s3c_error *err)
{
    (void)f, (void)r, (void)out, (void)err;
    return 0;
}

static int format_open(struct s3c_format *base, const struct s3c_record *first,
                       struct s3c_writer **ret, struct s3c_error *err)
{
    struct parquet_format *f = (struct parquet_format *)base;

    (void)first;
    return s3c_parquet_file_new(ret, &f->shared, f->shape, err);
}

static void format_release(struct s3c_format *base)
{
    struct parquet_format *f = (struct parquet_format *)base;

    s3c_parquet_shared_done(&f->shared);
    s3c_parquet_shape_unref(f->shape);
    s3c_free(f);
}

int s3c_parquet_format_new(struct s3c_format **ret, const struct s3c_parquet_options *o,
                           struct s3c_error *err)
{
    static const struct s3c_format_ops ops = {
        .extension = S3C_PARQUET_EXTENSION,
        .content_type = S3C_PARQUET_CONTENT_TYPE,
        .variant = format_variant,
        .open = format_open,
        .release = format_release,
    };
    struct parquet_format *f = s3c_zalloc(sizeof(*f));
    int r;

    if (!f)
        return s3c_error_nomem(err);
    f->base.ops = &ops;
    f->shape = new_shape();
    r = s3c_parquet_shared_init(&f->shared, o, err);
    if (r == 0 && !f->shape)
        r = s3c_error_nomem(err);
    if (r < 0) {
        format_release(&f->base);
        return r;
    }
    *ret = &f->base;
    return 0;
}
