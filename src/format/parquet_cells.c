/* SPDX-License-Identifier: Apache-2.0 */
#include "format/parquet_cells.h"

void s3c_cells_done(struct s3c_cells *c)
{
    s3c_free(c->ptr);
    *c = (struct s3c_cells)S3C_CELLS_INIT;
}
