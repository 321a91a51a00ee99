/* SPDX-License-Identifier: Apache-2.0 */
#include "format/parquet_shape.h"

#include <s3c/opencdc.h>

#include "base/error.h"
#include "base/view.h"

enum { OPERATION = 0, POSITION = 1 };
enum { MAP_NULL = 0, MAP_EMPTY = 1, MAP_ENTRY = 2 }; /* definition levels */

void s3c_parquet_shape_unref(struct s3c_parquet_shape *s)
{
    if (s && --s->refs == 0)
        s->release(s);
}

static int add_node(struct s3c_parquet_schema *s, const char *name, enum s3c_parquet_type type,
                    enum s3c_parquet_repetition repetition, enum s3c_parquet_logical logical)
{
    struct s3c_parquet_node n = {
        .name = s3c_view_str(name), .type = type, .repetition = repetition, .logical = logical};

    return s3c_parquet_schema_add(s, &n, NULL);
}

int s3c_parquet_shape_begin(struct s3c_parquet_schema *s)
{
    int r = add_node(s, "operation", S3C_PARQUET_BYTES, S3C_PARQUET_REQUIRED, S3C_PARQUET_STRING);

    return r < 0 ? r
                 : add_node(s, "position", S3C_PARQUET_BYTES, S3C_PARQUET_REQUIRED,
                            S3C_PARQUET_PLAIN);
}

/* The inner group of the map is not annotated (MAP_KEY_VALUE is for reading only), and its key is required: Arrow refuses others. */
int s3c_parquet_shape_end(struct s3c_parquet_schema *s)
{
    int r = add_node(s, "key", S3C_PARQUET_BYTES, S3C_PARQUET_OPTIONAL, S3C_PARQUET_PLAIN);

    if (r == 0)
        r = add_node(s, "metadata", S3C_PARQUET_GROUP, S3C_PARQUET_OPTIONAL, S3C_PARQUET_MAP);
    if (r == 0)
        r = add_node(s, "key_value", S3C_PARQUET_GROUP, S3C_PARQUET_REPEATED, S3C_PARQUET_PLAIN);
    if (r == 0)
        r = add_node(s, "key", S3C_PARQUET_BYTES, S3C_PARQUET_REQUIRED, S3C_PARQUET_STRING);
    if (r == 0)
        r = add_node(s, "value", S3C_PARQUET_BYTES, S3C_PARQUET_REQUIRED, S3C_PARQUET_STRING);
    if (r < 0)
        return r;
    s3c_parquet_schema_close(s);
    s3c_parquet_schema_close(s);
    return 0;
}

static bool is_text(const struct s3c_record *r)
{
    for (size_t i = 0; i < r->metadata_count; i++)
        if (!s3c_utf8_valid(r->metadata[i].name) || !s3c_utf8_valid(r->metadata[i].value))
            return false;
    return true;
}

static void put_bytes(struct s3c_cells *out, uint32_t leaf, unsigned rep, unsigned def,
                      struct s3c_view bytes)
{
    s3c_cells_put(
        out, (struct s3c_cell){
                 .leaf = leaf, .rep = (uint8_t)rep, .def = (uint8_t)def, .value.bytes = bytes});
}

static void put_metadata(uint32_t names, const struct s3c_record *r, struct s3c_cells *out)
{
    if (r->metadata_nil || r->metadata_count == 0) {
        unsigned def = r->metadata_nil ? MAP_NULL : MAP_EMPTY;

        put_bytes(out, names, 0, def, S3C_VIEW(""));
        put_bytes(out, names + 1, 0, def, S3C_VIEW(""));
        return;
    }
    for (size_t i = 0; i < r->metadata_count; i++) {
        put_bytes(out, names, i > 0, MAP_ENTRY, r->metadata[i].name);
        put_bytes(out, names + 1, i > 0, MAP_ENTRY, r->metadata[i].value);
    }
}

int s3c_parquet_shape_shred(uint32_t key, const struct s3c_record *r, struct s3c_cells *out,
                            struct s3c_error *err)
{
    const char *operation = s3c_operation_name(r->operation);

    if (!operation || !is_text(r))
        return s3c_error_set(err, S3C_E_RECORD,
                             "cannot write a record as Parquet: its operation is unknown (%d) or "
                             "its metadata is not valid UTF-8",
                             (int)r->operation);
    if (s3c_cells_reserve(out, 5 + 2 * r->metadata_count) < 0)
        return s3c_error_nomem(err);
    put_bytes(out, OPERATION, 0, 0, s3c_view_str(operation));
    put_bytes(out, POSITION, 0, 0, r->position);
    put_bytes(out, key, 0, r->key.kind != S3C_DATA_NIL, r->key.bytes);
    put_metadata(key + 1, r, out);
    return 0;
}
