/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of a bucket in byte order: a sorted array of leaves that are sorted arrays. Filling it in order costs constant time a
 * key, and a listing reads it almost sequentially; both are what a bucket of a million objects needs.
 */
#ifndef S3D_KEYMAP_H
#define S3D_KEYMAP_H

#include <stdbool.h>

#include "base/view.h"

#define S3D_LEAF_SIZE 128

struct s3d_object;
struct s3d_leaf;

struct s3d_keymap {
    struct s3d_leaf **leaf;
    size_t n, cap; /* of leaves; none is empty */
    size_t count;  /* of keys */
};

struct s3d_cursor {
    const struct s3d_keymap *map;
    size_t leaf;
    unsigned item;
};

struct s3d_object *s3d_keymap_find(const struct s3d_keymap *m, struct s3c_view key);
void s3d_keymap_insert(struct s3d_keymap *m,
                       struct s3d_object *o); /* its key must not be there yet */
void s3d_keymap_remove(struct s3d_keymap *m, struct s3c_view key);
void s3d_keymap_done(struct s3d_keymap *m); /* the objects are the caller's */

/* At the first key >= key, or > key when `after`. Any change of the map makes a cursor invalid. */
struct s3d_cursor s3d_keymap_seek(const struct s3d_keymap *m, struct s3c_view key, bool after);
/* At the first key that does not begin with prefix and is greater than it. */
struct s3d_cursor s3d_keymap_seek_past(const struct s3d_keymap *m, struct s3c_view prefix);
struct s3d_object *s3d_cursor_get(const struct s3d_cursor *c); /* NULL at the end */
void s3d_cursor_next(struct s3d_cursor *c);

#endif
