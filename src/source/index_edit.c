/* SPDX-License-Identifier: Apache-2.0 */
#include "source/index_edit.h"

#include "base/error.h"
#include "base/mem.h"

static int copy_current(struct s3c_index_builder *b, const struct s3c_index_cursor *c,
                        struct s3c_error *err)
{
    _cleanup_(s3c_freep) struct s3c_fingerprint *many = NULL;
    struct s3c_fingerprint few[16];
    struct s3c_fingerprint *prints = few;

    if (c->count > sizeof(few) / sizeof(few[0])) {
        prints = many = s3c_reallocarray(NULL, c->count, sizeof(*many));
        if (!many)
            return s3c_error_nomem(err);
    }
    memcpy(prints, c->prints, c->count * sizeof(*prints));
    return s3c_index_builder_add(b, c->key, prints, c->count, err);
}

/* Writes the keys of the cursor's block that come before the current one: until now they were only counted on. */
static int write_kept(struct s3c_index_edit *e, struct s3c_error *err)
{
    struct s3c_index_cursor again;
    int r = 0;

    if (!e->clean)
        return 0;
    e->clean = false;
    if (e->cursor.first)
        return 0;
    s3c_index_cursor_init(&again, e->cursor.index);
    again.block =
        e->cursor.block - 1; /* so that next enters the block; wraps to "before the first" */
    if (e->cursor.block > 0)
        again.p = again.end = "";
    for (;;) {
        if (s3c_index_cursor_next(&again) != 0) {
            r = s3c_error_nomem(err);
            break;
        }
        if (again.p == e->cursor.p)
            break;
        r = copy_current(&e->builder, &again, err);
        if (r < 0)
            break;
    }
    s3c_index_cursor_done(&again);
    return r;
}

/* Goes on to the next old key; a block that was kept as a whole is shared where that leaves no crumbs. */
static int step(struct s3c_index_edit *e, struct s3c_error *err)
{
    int r = s3c_index_cursor_next(&e->cursor);

    if (r < 0)
        return s3c_error_nomem(err);
    e->at_key = r == 0;
    if (e->at_key && e->cursor.first)
        e->clean = s3c_index_builder_can_share(&e->builder);
    return 0;
}

int s3c_index_edit_init(struct s3c_index_edit *e, const struct s3c_index *old, uint64_t max_bytes,
                        struct s3c_error *err)
{
    s3c_index_cursor_init(&e->cursor, old);
    s3c_index_builder_init(&e->builder, max_bytes);
    return step(e, err);
}

void s3c_index_edit_done(struct s3c_index_edit *e)
{
    s3c_index_cursor_done(&e->cursor);
    s3c_index_builder_done(&e->builder);
}

int s3c_index_edit_keep(struct s3c_index_edit *e, struct s3c_error *err)
{
    int r = 0;

    if (!e->clean)
        r = copy_current(&e->builder, &e->cursor, err);
    else if (s3c_index_cursor_last(&e->cursor))
        r = s3c_index_builder_share(&e->builder, &e->cursor, err);
    return r < 0 ? r : step(e, err);
}

int s3c_index_edit_replace(struct s3c_index_edit *e, const struct s3c_fingerprint *prints,
                           size_t count, struct s3c_error *err)
{
    int r = write_kept(e, err);

    if (r == 0 && count > 0)
        r = s3c_index_builder_add(&e->builder, e->cursor.key, prints, count, err);
    return r < 0 ? r : step(e, err);
}

int s3c_index_edit_insert(struct s3c_index_edit *e, struct s3c_view key,
                          const struct s3c_fingerprint *prints, size_t count, struct s3c_error *err)
{
    int r = 0;

    if (e->at_key && !e->cursor.first)
        r = write_kept(e, err);
    if (r == 0)
        r = s3c_index_builder_add(&e->builder, key, prints, count, err);
    if (r == 0 && e->at_key && e->cursor.first)
        e->clean = s3c_index_builder_can_share(&e->builder);
    return r;
}

int s3c_index_edit_finish(struct s3c_index_edit *e, struct s3c_index *ret, struct s3c_error *err)
{
    return s3c_index_builder_finish(&e->builder, ret, err);
}
