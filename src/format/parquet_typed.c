/* SPDX-License-Identifier: Apache-2.0 */
#include "format/parquet_typed.h"

#include "avro/from_json.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/view.h"
#include "format/parquet_file.h"
#include "format/parquet_typed_shred.h"

#define SHAPES_KEPT 16 /* of schemas that may come again */
#define DATUM_MAX   ((size_t)1 << 28)

/* What all shapes of a format use, one record after the other. */
struct typed_shared {
    struct s3c_typed_scratch scratch;
    struct avro_from_json from_json;
};

struct typed_shape {
    struct s3c_parquet_shape base;
    const struct s3c_schema *schema; /* NULL: there is no payload */
    struct s3c_typed_plan plan;
    uint32_t key; /* its leaf */
    struct typed_shared *shared;
    struct s3c_parquet_property property;
};

struct typed_format {
    struct s3c_format base;
    struct s3c_parquet_shared shared;
    struct typed_shared typed;
    const struct s3c_schema *fallback;
    struct typed_shape *shapes[SHAPES_KEPT]; /* latest used first */
};

/* ---- shapes ---- */

static void shape_release(struct s3c_parquet_shape *base)
{
    struct typed_shape *s = (struct typed_shape *)base;

    s3c_parquet_schema_done(&s->base.schema);
    s3c_typed_plan_done(&s->plan);
    s3c_schema_unref(s->schema);
    s3c_free(s);
}

static int shred_payload(const struct typed_shape *s, const struct s3c_data *payload,
                         struct s3c_cells *out, struct s3c_error *err)
{
    struct typed_shared *t = s->shared;
    struct s3c_view datum = payload->bytes;
    int r = 0;

    if (!s->schema)
        return 0;
    if (payload->kind == S3C_DATA_NIL)
        return s3c_typed_shred_null(&s->plan, out) < 0 ? s3c_error_nomem(err) : 0;
    s3c_arena_reset(&t->scratch.values);
    if (payload->kind != S3C_DATA_AVRO) {
        r = avro_from_json(&t->from_json, s->schema, "payload", payload->bytes, err);
        datum = s3c_buf_view(&t->from_json.datum);
    }
    return r < 0 ? r : s3c_typed_shred(&s->plan, &t->scratch, "payload", datum, out, err);
}

static int shape_shred(const struct s3c_parquet_shape *base, const struct s3c_record *r,
                       struct s3c_cells *out, struct s3c_error *err)
{
    const struct typed_shape *s = (const struct typed_shape *)base;
    int rc = shred_payload(s, &r->after, out, err);

    return rc < 0 ? rc : s3c_parquet_shape_shred(s->key, r, out, err);
}

static int build_shape(struct typed_shape *s, struct s3c_error *err)
{
    struct s3c_parquet_schema *p = &s->base.schema;
    int r = s3c_parquet_schema_init(p);

    if (r == 0)
        r = s3c_parquet_shape_begin(p);
    if (r < 0)
        return s3c_error_nomem(err);
    if (s->schema) {
        r = s3c_typed_plan_init(&s->plan, p, "payload", s->schema->root, err);
        if (r < 0)
            return r;
    }
    s->key = (uint32_t)p->leaf_count;
    return s3c_parquet_shape_end(p) < 0 ? s3c_error_nomem(err) : 0;
}

static int new_shape(struct typed_shape **ret, struct typed_shared *shared,
                     const struct s3c_schema *schema, struct s3c_error *err)
{
    struct typed_shape *s = s3c_zalloc(sizeof(*s));
    int r;

    if (!s)
        return s3c_error_nomem(err);
    s->base.refs = 1;
    s->base.shred = shape_shred;
    s->base.release = shape_release;
    s->shared = shared;
    if (schema) {
        s->schema = s3c_schema_ref(schema);
        s->property =
            (struct s3c_parquet_property){S3C_VIEW("opencdc.payload.schema"), schema->text};
        s->base.properties = &s->property;
        s->base.property_count = 1;
    }
    r = build_shape(s, err);
    if (r < 0) {
        s3c_parquet_shape_unref(&s->base);
        return r;
    }
    *ret = s;
    return 0;
}

/* ---- the schema of a record ---- */

static const struct s3c_schema *schema_of(const struct typed_format *f, const struct s3c_record *r)
{
    return r->schema ? r->schema : f->fallback;
}

static bool is_same(const struct s3c_schema *a, const struct s3c_schema *b)
{
    if (a == b || !a || !b)
        return a == b;
    return a->identity.lo == b->identity.lo && a->identity.hi == b->identity.hi;
}

static int format_variant(struct s3c_format *base, const struct s3c_record *r, struct s3c_buf *out,
                          struct s3c_error *err)
{
    const struct s3c_schema *schema = schema_of((const struct typed_format *)base, r);

    if (r->after.kind == S3C_DATA_AVRO && !r->schema)
        return s3c_error_set(err, S3C_E_RECORD, "the record's payload is Avro without its schema");
    if (schema)
        return s3c_buf_add(out, &schema->identity, sizeof(schema->identity)) < 0
                   ? s3c_error_nomem(err)
                   : 0;
    if (r->after.kind == S3C_DATA_NIL)
        return 0;
    return s3c_error_set(err, S3C_E_RECORD,
                         "the record's payload has no schema to make columns from: give one with "
                         "the option schema, or set parquet.columns to raw");
}

/* The shape with the schema, made or kept, moved to the front. */
static int find_shape(struct typed_format *f, const struct s3c_schema *schema,
                      struct typed_shape **ret, struct s3c_error *err)
{
    size_t i = 0;
    int r = 0;

    while (i < SHAPES_KEPT && f->shapes[i] && !is_same(f->shapes[i]->schema, schema))
        i++;
    if (i < SHAPES_KEPT && f->shapes[i])
        *ret = f->shapes[i];
    else
        r = new_shape(ret, &f->typed, schema, err);
    if (r < 0)
        return r;
    if (i == SHAPES_KEPT)
        s3c_parquet_shape_unref(&f->shapes[--i]->base);
    memmove(f->shapes + 1, f->shapes, i * sizeof(f->shapes[0]));
    f->shapes[0] = *ret;
    return 0;
}

/* ---- the format ---- */

static int format_open(struct s3c_format *base, const struct s3c_record *first,
                       struct s3c_writer **ret, struct s3c_error *err)
{
    struct typed_format *f = (struct typed_format *)base;
    struct typed_shape *shape;
    int r = find_shape(f, schema_of(f, first), &shape, err);

    return r < 0 ? r : s3c_parquet_file_new(ret, &f->shared, &shape->base, err);
}

static void format_release(struct s3c_format *base)
{
    struct typed_format *f = (struct typed_format *)base;

    for (size_t i = 0; i < SHAPES_KEPT; i++)
        if (f->shapes[i])
            s3c_parquet_shape_unref(&f->shapes[i]->base);
    s3c_schema_unref(f->fallback);
    s3c_typed_scratch_done(&f->typed.scratch);
    avro_from_json_done(&f->typed.from_json);
    s3c_parquet_shared_done(&f->shared);
    s3c_free(f);
}

int s3c_parquet_typed_format_new(struct s3c_format **ret, const struct s3c_parquet_options *o,
                                 const struct s3c_schema *schema, struct s3c_error *err)
{
    static const struct s3c_format_ops ops = {
        .extension = S3C_PARQUET_EXTENSION,
        .content_type = S3C_PARQUET_CONTENT_TYPE,
        .takes_avro = true,
        .variant = format_variant,
        .open = format_open,
        .release = format_release,
    };
    struct typed_format *f = s3c_zalloc(sizeof(*f));
    struct typed_shape *shape;
    int r;

    if (!f)
        return s3c_error_nomem(err);
    f->base.ops = &ops;
    f->typed.scratch = S3C_TYPED_SCRATCH_INIT;
    f->typed.from_json = AVRO_FROM_JSON_INIT(DATUM_MAX);
    r = s3c_parquet_shared_init(&f->shared, o, err);
    if (r == 0 && schema) {
        f->fallback = s3c_schema_ref(schema);
        r = find_shape(f, schema, &shape, err);
    }
    if (r < 0) {
        format_release(&f->base);
        return r;
    }
    *ret = &f->base;
    return 0;
}
