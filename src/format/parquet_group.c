/* SPDX-License-Identifier: Apache-2.0 */
#include "format/parquet_group.h"

#include <assert.h>

#define RECORD_MAX ((size_t)1 << 30) /* pages count their bytes with 31 bits */

int s3c_group_init(struct s3c_group *g, const struct s3c_parquet_schema *schema)
{
    size_t n = schema->leaf_count;

    *g = (struct s3c_group){.columns = s3c_reallocarray(NULL, n, sizeof(*g->columns)),
                            .needs = s3c_zalloc(n * sizeof(*g->needs))};
    if (!g->columns || !g->needs)
        return S3C_E_NOMEM;
    for (size_t i = 0; i < n; i++)
        s3c_column_init(&g->columns[i], s3c_parquet_leaf(schema, i));
    g->leaves = n;
    g->memory = n * (sizeof(*g->columns) + sizeof(*g->needs));
    return 0;
}

void s3c_group_done(struct s3c_group *g)
{
    for (size_t i = 0; i < g->leaves; i++)
        s3c_column_done(&g->columns[i]);
    s3c_free(g->columns);
    s3c_free(g->needs);
    *g = (struct s3c_group){.leaves = 0};
}

void s3c_group_clear(struct s3c_group *g)
{
    g->memory = g->leaves * (sizeof(*g->columns) + sizeof(*g->needs));
    for (size_t i = 0; i < g->leaves; i++) {
        s3c_column_clear(&g->columns[i]);
        g->memory += s3c_column_memory(&g->columns[i]);
    }
    g->rows = 0;
    g->bytes = 0;
}

static void count_needs(struct s3c_group *g, const struct s3c_cells *cells)
{
    for (size_t i = 0; i < cells->count; i++) {
        const struct s3c_cell *cell = &cells->ptr[i];
        const struct s3c_column *c = &g->columns[cell->leaf];
        struct s3c_column_need *need = &g->needs[cell->leaf];

        need->entries++;
        if (cell->def < c->max_def)
            continue;
        need->values++;
        if (c->type >= S3C_PARQUET_BYTES)
            need->bytes += cell->value.bytes.len;
    }
}

static int reserve_column(struct s3c_group *g, size_t leaf)
{
    struct s3c_column *c = &g->columns[leaf];
    const struct s3c_column_need *need = &g->needs[leaf];
    size_t before = s3c_column_memory(c);
    int r;

    if (need->bytes > RECORD_MAX || need->entries > RECORD_MAX / sizeof(uint64_t))
        return S3C_E_TOO_LARGE;
    r = s3c_column_reserve(c, need);
    g->memory = g->memory - before + s3c_column_memory(c);
    return r;
}

/* Also sets the needs back. */
static int reserve(struct s3c_group *g)
{
    int r = 0;

    for (size_t i = 0; i < g->leaves; i++) {
        assert(g->needs[i].entries > 0);
        if (r == 0)
            r = reserve_column(g, i);
        g->needs[i] = (struct s3c_column_need){0};
    }
    return r;
}

int s3c_group_add(struct s3c_group *g, const struct s3c_cells *cells)
{
    int r;

    count_needs(g, cells);
    r = reserve(g);
    if (r < 0)
        return r;
    for (size_t i = 0; i < cells->count; i++) {
        struct s3c_column *c = &g->columns[cells->ptr[i].leaf];
        size_t before = c->plain.len + c->dictionary.plain.len;

        s3c_column_add(c, &cells->ptr[i]);
        g->bytes += c->plain.len + c->dictionary.plain.len - before;
    }
    g->bytes += cells->count * sizeof(uint32_t);
    g->rows++;
    return 0;
}
