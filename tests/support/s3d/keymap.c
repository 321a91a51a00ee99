/* SPDX-License-Identifier: Apache-2.0 */
#include "keymap.h"

#include "store.h"
#include "text.h"

struct s3d_leaf {
    unsigned n;
    struct s3d_object *item[S3D_LEAF_SIZE];
};

/* The last leaf that may hold the key: the one before the first that begins above it. */
static size_t find_leaf(const struct s3d_keymap *m, struct s3c_view key)
{
    size_t low = 0, high = m->n;

    if (high && s3c_view_cmp(s3d_object_key(m->leaf[high - 1]->item[0]), key) <= 0)
        return high - 1; /* keys that are written in order all go there */
    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (s3c_view_cmp(s3d_object_key(m->leaf[mid]->item[0]), key) <= 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low ? low - 1 : 0;
}

/* The first item >= key in a leaf, or > key. */
static unsigned find_item(const struct s3d_leaf *l, struct s3c_view key, bool after)
{
    unsigned low = 0, high = l->n;

    while (low < high) {
        unsigned mid = low + (high - low) / 2;
        int order = s3c_view_cmp(s3d_object_key(l->item[mid]), key);

        if (order < 0 || (after && order == 0))
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

struct s3d_cursor s3d_keymap_seek(const struct s3d_keymap *m, struct s3c_view key, bool after)
{
    struct s3d_cursor c = {m, find_leaf(m, key), 0};

    if (c.leaf < m->n)
        c.item = find_item(m->leaf[c.leaf], key, after);
    if (c.leaf < m->n && c.item == m->leaf[c.leaf]->n) {
        c.leaf++;
        c.item = 0;
    }
    return c;
}

struct s3d_cursor s3d_keymap_seek_past(const struct s3d_keymap *m, struct s3c_view prefix)
{
    char end[1024 + 1];
    size_t n = prefix.len < sizeof end ? prefix.len : sizeof end - 1;

    memcpy(end, prefix.ptr, n);
    while (n && (unsigned char)end[n - 1] == 0xff)
        n--;
    if (!n)
        return (struct s3d_cursor){m, m->n, 0};
    end[n - 1]++;
    return s3d_keymap_seek(m, (struct s3c_view){end, n}, false);
}

struct s3d_object *s3d_cursor_get(const struct s3d_cursor *c)
{
    return c->leaf < c->map->n ? c->map->leaf[c->leaf]->item[c->item] : NULL;
}

void s3d_cursor_next(struct s3d_cursor *c)
{
    if (++c->item < c->map->leaf[c->leaf]->n)
        return;
    c->leaf++;
    c->item = 0;
}

struct s3d_object *s3d_keymap_find(const struct s3d_keymap *m, struct s3c_view key)
{
    struct s3d_cursor c = s3d_keymap_seek(m, key, false);
    struct s3d_object *o = s3d_cursor_get(&c);

    return o && s3c_view_eq(s3d_object_key(o), key) ? o : NULL;
}

static struct s3d_leaf *add_leaf(struct s3d_keymap *m, size_t at)
{
    if (m->n == m->cap) {
        size_t cap = m->cap ? 2 * m->cap : 16;
        struct s3d_leaf **grown = s3c_reallocarray(m->leaf, cap, sizeof *grown);

        if (!grown)
            s3d_die("out of memory");
        m->leaf = grown;
        m->cap = cap;
    }
    memmove(&m->leaf[at + 1], &m->leaf[at], (m->n - at) * sizeof *m->leaf);
    m->n++;
    return m->leaf[at] = s3d_zalloc(sizeof **m->leaf);
}

/* A full leaf is halved, except at the very end: keys that arrive in order leave full leaves behind. */
static void split(struct s3d_keymap *m, size_t at, unsigned item)
{
    struct s3d_leaf *left = m->leaf[at], *right = add_leaf(m, at + 1);
    unsigned keep = at + 2 == m->n && item == left->n ? left->n : left->n / 2;

    right->n = left->n - keep;
    memcpy(right->item, &left->item[keep], right->n * sizeof right->item[0]);
    left->n = keep;
}

void s3d_keymap_insert(struct s3d_keymap *m, struct s3d_object *o)
{
    struct s3c_view key = s3d_object_key(o);
    size_t at = find_leaf(m, key);
    struct s3d_leaf *l = m->n ? m->leaf[at] : add_leaf(m, 0);
    unsigned item = find_item(l, key, false);

    if (l->n == S3D_LEAF_SIZE) {
        split(m, at, item);
        if (item > l->n || l->n == S3D_LEAF_SIZE) {
            item -= l->n;
            l = m->leaf[at + 1];
        }
    }
    memmove(&l->item[item + 1], &l->item[item], (l->n - item) * sizeof l->item[0]);
    l->item[item] = o;
    l->n++;
    m->count++;
}

void s3d_keymap_remove(struct s3d_keymap *m, struct s3c_view key)
{
    struct s3d_cursor c = s3d_keymap_seek(m, key, false);
    struct s3d_leaf *l = m->leaf[c.leaf];

    memmove(&l->item[c.item], &l->item[c.item + 1], (l->n - c.item - 1) * sizeof l->item[0]);
    m->count--;
    if (--l->n)
        return;
    s3c_free(l);
    memmove(&m->leaf[c.leaf], &m->leaf[c.leaf + 1], (m->n - c.leaf - 1) * sizeof *m->leaf);
    m->n--;
}

void s3d_keymap_done(struct s3d_keymap *m)
{
    for (size_t i = 0; i < m->n; i++)
        s3c_free(m->leaf[i]);
    s3c_free(m->leaf);
    *m = (struct s3d_keymap){0};
}
