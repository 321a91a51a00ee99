/* SPDX-License-Identifier: Apache-2.0 */
#include "store.h"

#include <stdio.h>

#include "base/digest.h"
#include "text.h"
#include "upload.h"

struct s3d_blob *s3d_blob_steal(struct s3c_buf *b)
{
    struct s3d_blob *blob = s3d_zalloc(sizeof *blob);

    s3d_must(s3c_buf_reserve(b, 1)); /* data is never NULL */
    blob->refs = 1;
    blob->len = b->len;
    blob->data = S3C_TAKE(b->ptr);
    b->len = b->cap = 0;
    return blob;
}

struct s3d_blob *s3d_blob_ref(struct s3d_blob *b)
{
    b->refs++;
    return b;
}

void s3d_blob_unref(struct s3d_blob *b)
{
    if (!b || --b->refs)
        return;
    s3c_free(b->data);
    s3c_free(b);
}

char *s3d_write_etag(char *p, const struct s3d_etag *e)
{
    s3c_hex(p, e->md5, sizeof e->md5);
    p += 32;
    if (!e->parts)
        return p;
    *p++ = '-';
    return s3d_write_u64(p, e->parts);
}

static const char *const storage_classes[] = {
    "STANDARD",    "GLACIER",    "DEEP_ARCHIVE", "REDUCED_REDUNDANCY",
    "STANDARD_IA", "ONEZONE_IA", "GLACIER_IR",   "INTELLIGENT_TIERING"};

const char *s3d_storage_class(unsigned number)
{
    return number < sizeof storage_classes / sizeof *storage_classes ? storage_classes[number]
                                                                     : NULL;
}

int s3d_storage_class_by_name(struct s3c_view name)
{
    for (unsigned i = 0; s3d_storage_class(i); i++) {
        if (s3c_view_eq_str(name, storage_classes[i]))
            return (int)i;
    }
    return -1;
}

bool s3d_storage_class_archived(unsigned number)
{
    return number == 1 || number == 2;
}

void s3d_store_init(struct s3d_store *s, struct s3d_clock *clock)
{
    *s = (struct s3d_store){.clock = clock};
}

static void version_free(struct s3d_version *v)
{
    s3d_blob_unref(v->blob);
    s3c_free(v->fields);
    s3c_free(v);
}

static void object_free(struct s3d_object *o)
{
    while (o->newest) {
        struct s3d_version *v = o->newest;

        o->newest = v->older;
        version_free(v);
    }
    s3c_free(o);
}

/* Where a bucket of this name is linked, or would be. */
static struct s3d_bucket **bucket_link(struct s3d_store *s, struct s3c_view name)
{
    struct s3d_bucket **link = &s->buckets;

    while (*link && s3c_view_cmp(s3c_view_str((*link)->name), name) < 0)
        link = &(*link)->next;
    return link;
}

struct s3d_bucket *s3d_store_bucket(const struct s3d_store *s, struct s3c_view name)
{
    for (struct s3d_bucket *b = s->buckets; b; b = b->next) {
        if (s3c_view_eq_str(name, b->name))
            return b;
    }
    return NULL;
}

struct s3d_bucket *s3d_store_add_bucket(struct s3d_store *s, struct s3c_view name)
{
    struct s3d_bucket *b = s3d_zalloc(sizeof *b), **link = bucket_link(s, name);

    b->name = s3d_viewdup(name);
    b->created_ns = s3d_clock_now(s->clock);
    b->next = *link;
    *link = b;
    return b;
}

void s3d_store_drop_bucket(struct s3d_store *s, struct s3d_bucket *b)
{
    struct s3d_cursor c = s3d_keymap_seek(&b->keys, S3C_VIEW(""), false);

    *bucket_link(s, s3c_view_str(b->name)) = b->next;
    for (struct s3d_object *o; (o = s3d_cursor_get(&c)) != NULL; s3d_cursor_next(&c))
        object_free(o);
    s3d_keymap_done(&b->keys);
    while (b->uploads)
        s3d_upload_drop(b, b->uploads);
    s3c_free(b->name);
    s3c_free(b);
}

void s3d_store_clear(struct s3d_store *s)
{
    while (s->buckets)
        s3d_store_drop_bucket(s, s->buckets);
}

struct s3d_version *s3d_version_new(struct s3d_store *s, struct s3d_blob *blob, char *fields)
{
    struct s3d_version *v = s3d_zalloc(sizeof *v);

    v->blob = blob;
    v->fields = fields;
    v->order = ++s->order;
    v->modified_ns = s3d_clock_now(s->clock);
    return v;
}

static void link_version(struct s3d_object *o, struct s3d_version *v)
{
    struct s3d_version **link = &o->newest;

    while (*link && (*link)->order > v->order)
        link = &(*link)->older;
    v->older = *link;
    *link = v;
}

/* Takes out the version that `link` points at; the object goes with its last one. */
static void unlink_version(struct s3d_bucket *b, struct s3d_object *o, struct s3d_version **link)
{
    struct s3d_version *v = *link;

    *link = v->older;
    version_free(v);
    if (o->newest)
        return;
    s3d_keymap_remove(&b->keys, s3d_object_key(o));
    object_free(o);
}

static struct s3d_version **find_link(struct s3d_object *o, bool is_null, uint64_t order)
{
    struct s3d_version **link = &o->newest;

    while (*link && (is_null ? !(*link)->is_null : (*link)->is_null || (*link)->order != order))
        link = &(*link)->older;
    return link;
}

static struct s3d_object *object_new(struct s3c_view key)
{
    struct s3d_object *o = s3d_zalloc(sizeof *o + key.len);

    o->len = (uint32_t)key.len;
    memcpy(o->key, key.ptr, key.len);
    return o;
}

/* There is at most one null version: the one that was there makes way for v. */
static void drop_other_null(struct s3d_bucket *b, struct s3d_object *o, const struct s3d_version *v)
{
    struct s3d_version **link = &o->newest;

    while (*link && (*link == v || !(*link)->is_null))
        link = &(*link)->older;
    if (*link)
        unlink_version(b, o, link);
}

void s3d_store_add(struct s3d_bucket *b, struct s3c_view key, struct s3d_version *v)
{
    struct s3d_object *o = s3d_keymap_find(&b->keys, key);

    v->is_null = b->versioning != S3D_ENABLED;
    if (!o) {
        o = object_new(key);
        o->newest = v;
        s3d_keymap_insert(&b->keys, o);
        return;
    }
    link_version(o, v);
    if (v->is_null)
        drop_other_null(b, o, v);
}

struct s3d_version *s3d_store_newest(const struct s3d_bucket *b, struct s3c_view key)
{
    struct s3d_object *o = s3d_keymap_find(&b->keys, key);

    return o ? o->newest : NULL;
}

static struct s3d_version **find_by_id(struct s3d_object *o, struct s3c_view id)
{
    uint64_t order = 0;
    bool is_null = s3c_view_eq_str(id, "null");

    if (!o || (!is_null && !s3d_version_id_order(id, &order)))
        return NULL;
    return find_link(o, is_null, order);
}

struct s3d_version *s3d_store_find(const struct s3d_bucket *b, struct s3c_view key,
                                   struct s3c_view version_id)
{
    struct s3d_version **link = find_by_id(s3d_keymap_find(&b->keys, key), version_id);

    return link ? *link : NULL;
}

struct s3d_version *s3d_store_delete(struct s3d_store *s, struct s3d_bucket *b, struct s3c_view key)
{
    struct s3d_object *o;
    struct s3d_version *marker;

    if (b->versioning == S3D_UNVERSIONED) {
        o = s3d_keymap_find(&b->keys, key);
        if (o) {
            s3d_keymap_remove(&b->keys, key);
            object_free(o);
        }
        return NULL;
    }
    marker = s3d_version_new(s, NULL, NULL);
    s3d_store_add(b, key, marker);
    return marker;
}

bool s3d_store_delete_version(struct s3d_bucket *b, struct s3c_view key, struct s3c_view version_id,
                              bool *ret_marker)
{
    struct s3d_object *o = s3d_keymap_find(&b->keys, key);
    struct s3d_version **link = find_by_id(o, version_id);

    if (!link || !*link)
        return false;
    *ret_marker = !(*link)->blob;
    unlink_version(b, o, link);
    return true;
}

/* A bijection of 64 bits (the finaliser of splitmix64), so that ids neither sort nor compress like a counter. */
static uint64_t scramble(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* '+' is in AWS's own examples of version ids: clients that forget to encode it must fail here. */
static const char id_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+_";

static char *write_sextets(char *p, uint64_t x, unsigned n)
{
    for (unsigned i = 0; i < n; i++, x >>= 6)
        *p++ = id_alphabet[x & 63];
    return p;
}

/* 11 characters hold the order itself (plainly xored, so that it can be read back), the rest is noise derived from it. */
#define ID_MASK UINT64_C(0x5a17c3d2e49b8f60)

static char *write_order(char *p, uint64_t order)
{
    uint64_t noise = scramble(order);

    p = write_sextets(p, noise, 10);
    p = write_sextets(p, order ^ ID_MASK ^ (noise & 0xffff) << 40, 11);
    return write_sextets(p, scramble(noise), 11);
}

char *s3d_write_version_id(char *p, const struct s3d_version *v)
{
    if (v->is_null)
        return (char *)memcpy(p, "null", 4) + 4;
    return write_order(p, v->order);
}

static bool read_sextets(const char *p, unsigned n, uint64_t *ret)
{
    *ret = 0;
    for (unsigned i = 0; i < n; i++) {
        const char *at = memchr(id_alphabet, p[i], 64);

        if (!at)
            return false;
        *ret |= (uint64_t)(at - id_alphabet) << (6 * i);
    }
    return true;
}

bool s3d_version_id_order(struct s3c_view id, uint64_t *ret_order)
{
    char again[S3D_VERSION_ID_LEN];
    uint64_t noise, order;

    if (id.len != S3D_VERSION_ID_LEN || !read_sextets(id.ptr, 10, &noise) ||
        !read_sextets(id.ptr + 10, 11, &order))
        return false;
    order ^= ID_MASK ^ (noise & 0xffff) << 40;
    write_order(again, order);
    if (memcmp(again, id.ptr, sizeof again) != 0)
        return false;
    *ret_order = order;
    return true;
}

void s3d_store_synth(struct s3d_store *s, struct s3d_bucket *b, size_t count, size_t size)
{
    struct s3c_buf body = S3C_BUF_INIT(SIZE_MAX / 2);
    struct s3d_blob *blob;
    struct s3d_etag etag = {.parts = 0};

    s3d_must(s3c_buf_reserve(&body, size));
    for (size_t i = 0; i < size; i++)
        body.ptr[i] = (char)('a' + i % 26);
    body.len = size;
    blob = s3d_blob_steal(&body);
    s3c_md5((struct s3c_view){blob->data, blob->len}, etag.md5);
    for (size_t i = 0; i < count; i++) {
        char key[32];
        int n = snprintf(key, sizeof key, "synth/%08zu", i);
        struct s3d_version *v = s3d_version_new(s, s3d_blob_ref(blob), NULL);

        v->etag = etag;
        v->modified_ns -= 3600 * S3C_NS_PER_SEC; /* long before any snapshot's date */
        s3d_store_add(b, (struct s3c_view){key, (size_t)n}, v);
    }
    s3d_blob_unref(blob);
}
