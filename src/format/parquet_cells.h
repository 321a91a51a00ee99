/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record taken apart: what it has in each leaf column. Entries of one leaf are in their order; the order between leaves is free. Each leaf has at least
 * one entry (a null where there is no value). Not thread-safe.
 *
 *     0, S3C_E_NOMEM: all of these; a list that could not be filled is cleared and filled again.
 */
#ifndef S3C_FORMAT_PARQUET_CELLS_H
#define S3C_FORMAT_PARQUET_CELLS_H

#include "base/mem.h"
#include "format/parquet_schema.h"

struct s3c_cell {
    uint32_t leaf;
    uint8_t rep, def; /* def below the leaf's max_def: a null, the value means nothing */
    union {
        bool boolean;
        int32_t i32;
        int64_t i64;
        float f32;
        double f64;
        struct s3c_view bytes; /* BYTES, FIXED; borrowed until the record was added */
    } value;
};

struct s3c_cells {
    struct s3c_cell *ptr;
    size_t count, capacity;
};
#define S3C_CELLS_INIT \
    {                  \
        NULL, 0, 0     \
    }

void s3c_cells_done(struct s3c_cells *c);

static inline void s3c_cells_clear(struct s3c_cells *c)
{
    c->count = 0;
}

/* Room for n cells more, which s3c_cells_put then cannot fail to find. */
static inline S3C_MUST_USE int s3c_cells_reserve(struct s3c_cells *c, size_t n)
{
    return c->count + n <= c->capacity
               ? 0
               : s3c_grow(&c->ptr, &c->capacity, c->count + n, sizeof(*c->ptr));
}

static inline void s3c_cells_put(struct s3c_cells *c, struct s3c_cell cell)
{
    c->ptr[c->count++] = cell;
}

static inline S3C_MUST_USE int s3c_cells_add(struct s3c_cells *c, struct s3c_cell cell)
{
    int r = s3c_cells_reserve(c, 1);

    if (r == 0)
        s3c_cells_put(c, cell);
    return r;
}

#endif
