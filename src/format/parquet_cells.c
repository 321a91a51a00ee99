/* SPDX-License-Identifier: Apache-2.0 */
#include "format/parquet_cells.h"

void s3c_cells_done(struct s3c_cells *c)
{
    s3c_free(c->ptr);
    *c = (struct s3c_cells)S3C_CELLS_INIT;
}

int s3c_cells_add_null(struct s3c_cells *c, const struct s3c_parquet_node *node, unsigned rep,
                       unsigned def)
{
    int r = s3c_cells_reserve(c, node->leaves);

    if (r < 0)
        return r;
    for (uint32_t i = 0; i < node->leaves; i++)
        s3c_cells_put(c, (struct s3c_cell){.leaf = node->first_leaf + i,
                                           .rep = (uint8_t)rep,
                                           .def = (uint8_t)def});
    return 0;
}
