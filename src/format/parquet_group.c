/* SPDX-License-Identifier: Apache-2.0 */
#include "format/parquet_group.h"

int s3c_group_init(struct s3c_group *g, const struct s3c_parquet_schema *schema)
{
    size_t n = schema->leaf_count;

    *g = (struct s3c_group){.columns = s3c_reallocarray(NULL, n, sizeof(*g->columns))};
    if (!g->columns)
        return S3C_E_NOMEM;
    for (size_t i = 0; i < n; i++)
        s3c_column_init(&g->columns[i], s3c_parquet_leaf(schema, i));
    g->leaves = n;
    return 0;
}

void s3c_group_done(struct s3c_group *g)
{
    for (size_t i = 0; i < g->leaves; i++)
        s3c_column_done(&g->columns[i]);
    s3c_free(g->columns);
    *g = (struct s3c_group){.leaves = 0};
}

void s3c_group_clear(struct s3c_group *g)
{
    for (size_t i = 0; i < g->leaves; i++)
        s3c_column_clear(&g->columns[i]);
    g->rows = 0;
    g->bytes = 0;
}

static void undo(struct s3c_group *g, const struct s3c_cell *cells, size_t count)
{
    for (size_t i = 0; i < count; i++)
        s3c_column_undo(&g->columns[cells[i].leaf]);
}

/* Levels and lengths are counted as if each entry had four bytes of them. */
static size_t bytes_of(const struct s3c_column *c, const struct s3c_cell *cell)
{
    if (cell->def < c->max_def)
        return sizeof(uint32_t);
    return sizeof(uint32_t) + (c->type >= S3C_PARQUET_BYTES ? cell->value.bytes.len : c->width);
}

int s3c_group_add(struct s3c_group *g, const struct s3c_cells *cells)
{
    size_t bytes = 0;

    for (size_t i = 0; i < cells->count; i++) {
        const struct s3c_cell *cell = &cells->ptr[i];
        struct s3c_column *c = &g->columns[cell->leaf];
        int r = s3c_column_add(c, cell);

        if (r < 0) {
            undo(g, cells->ptr, i + 1);
            return r;
        }
        bytes += bytes_of(c, cell);
    }
    g->bytes += bytes;
    g->rows++;
    return 0;
}

size_t s3c_group_memory(const struct s3c_group *g)
{
    size_t n = g->leaves * sizeof(*g->columns);

    for (size_t i = 0; i < g->leaves; i++)
        n += s3c_column_memory(&g->columns[i]);
    return n;
}
