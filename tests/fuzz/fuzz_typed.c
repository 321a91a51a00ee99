/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A letter, a schema, a NUL and a payload: as Avro data (a) or as JSON (anything else) into a typed Parquet file. What is taken gives the same file twice; what is
 * refused says why and leaves the file as it was; every leaf gets its cells. JSON that was taken is, decoded and encoded again, the same data.
 */
#include "fuzz.h"

#include <string.h>

#include "avro/from_json.h"
#include "avro/to_json.h"
#include "base/view.h"
#include "format/parquet_typed.h"
#include "format/parquet_typed_shred.h"

#define TEXT_MAX  (1u << 16)
#define CELLS_MAX 10000 /* nulls cost no bytes: what makes more of them is only slow */

static int write_file(const struct s3c_schema *s, struct s3c_data payload, struct s3c_buf *ret)
{
    static const struct s3c_parquet_options options = {S3C_CODEC_NONE, 1 << 20};
    struct s3c_record r = {.operation = S3C_OP_UPDATE,
                           .position = {"p", 1},
                           .metadata_nil = true,
                           .after = payload,
                           .schema = s};
    struct s3c_format *f;
    struct s3c_writer *w;
    struct s3c_error err = {0};
    int rc;

    require(s3c_parquet_typed_format_new(&f, &options, NULL, &err) == 0);
    rc = f->ops->open(f, &r, &w, &err);
    if (rc == 0) {
        rc = w->ops->add(w, &r, &err);
        require(rc == 0 || err.message[0] != '\0');
        require(w->ops->finish(w, ret, &err) == 0);
        w->ops->release(w);
    }
    require(rc == 0 || rc == S3C_E_RECORD || rc == S3C_E_TOO_LARGE);
    f->ops->release(f);
    return rc;
}

static void write_twice(const struct s3c_schema *s, struct s3c_data payload)
{
    struct s3c_buf one = S3C_BUF_INIT(SIZE_MAX), two = S3C_BUF_INIT(SIZE_MAX);
    int r = write_file(s, payload, &one);

    require(write_file(s, payload, &two) == r);
    require(s3c_view_eq(s3c_buf_view(&one), s3c_buf_view(&two)));
    s3c_buf_done(&one);
    s3c_buf_done(&two);
}

/* Each leaf has its cells, the first with repetition 0, all within their levels. */
static void require_cells(const struct s3c_parquet_schema *columns, const struct s3c_cells *cells)
{
    bool *seen = calloc(columns->leaf_count, 1);

    require(seen != NULL);
    for (size_t i = 0; i < cells->count; i++) {
        const struct s3c_cell *c = &cells->ptr[i];

        require(c->leaf < columns->leaf_count);
        require(c->def <= s3c_parquet_leaf(columns, c->leaf)->max_def);
        require(c->rep <= s3c_parquet_leaf(columns, c->leaf)->max_rep);
        require((c->rep == 0) == !seen[c->leaf]);
        seen[c->leaf] = true;
    }
    for (size_t i = 0; i < columns->leaf_count; i++)
        require(seen[i]);
    free(seen);
}

/* Whether the datum is of a size to go on with. */
static bool shred(const struct s3c_schema *s, struct s3c_view datum)
{
    struct s3c_typed_scratch scratch = S3C_TYPED_SCRATCH_INIT;
    struct s3c_parquet_schema columns;
    struct s3c_cells cells = S3C_CELLS_INIT;
    struct s3c_typed_plan plan;
    struct s3c_error err;
    int r;

    scratch.cells_max = CELLS_MAX;
    require(s3c_parquet_schema_init(&columns) == 0);
    r = s3c_typed_plan_init(&plan, &columns, "p", s->root, &err);
    if (r == 0)
        r = s3c_typed_shred(&plan, &scratch, "p", datum, &cells, &err);
    if (r == 0)
        require_cells(&columns, &cells);
    s3c_cells_done(&cells);
    s3c_typed_plan_done(&plan);
    s3c_typed_scratch_done(&scratch);
    s3c_parquet_schema_done(&columns);
    return r != S3C_E_TOO_LARGE;
}

static bool encode(const struct s3c_schema *s, struct s3c_view json)
{
    struct avro_from_json f = AVRO_FROM_JSON_INIT(TEXT_MAX);
    struct s3c_error err;
    int r = avro_from_json(&f, s, "p", json, &err);
    bool go_on = r != S3C_E_TOO_LARGE;

    require(r == 0 || r == S3C_E_RECORD || r == S3C_E_TOO_LARGE);
    if (r == 0) {
        struct json_out out = JSON_OUT_INIT(TEXT_MAX);
        struct avro_reader in = avro_reader_of(s3c_buf_view(&f.datum));

        r = avro_type_to_json(&out, s->root,
                              &in); /* NaN, and times beyond the year 9999, have no text */
        require(r == 0 ? in.p == in.end : r == S3C_E_RECORD || r == S3C_E_TOO_LARGE);
        go_on = shred(s, s3c_buf_view(&f.datum));
        json_out_done(&out);
    }
    avro_from_json_done(&f);
    return go_on;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *nul = size > 1 ? memchr(data + 1, '\0', size - 1) : NULL;
    size_t schema_len, len;
    struct s3c_schema *s = NULL;
    struct s3c_error err;
    char *payload;

    if (!nul)
        return 0;
    schema_len = (size_t)(nul - data) - 1;
    len = size - schema_len - 2;
    payload = malloc(len ? len : 1); /* of exactly this size */
    require(payload != NULL);
    memcpy(payload, nul + 1, len);
    if (s3c_schema_parse(&s, (struct s3c_view){(const char *)data + 1, schema_len}, &err) == 0) {
        struct s3c_view v = {payload, len};

        if (data[0] == 'a' ? shred(s, v) : encode(s, v))
            write_twice(s, (struct s3c_data){data[0] == 'a' ? S3C_DATA_AVRO : S3C_DATA_RAW, v});
    }
    s3c_schema_unref(s);
    free(payload);
    return 0;
}
