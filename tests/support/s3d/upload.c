/* SPDX-License-Identifier: Apache-2.0 */
#include "upload.h"

#include "base/digest.h"
#include "text.h"

static bool before(const struct s3d_upload *a, const struct s3d_upload *b)
{
    int order = s3c_view_cmp(s3c_view_str(a->key), s3c_view_str(b->key));

    return order < 0 || (order == 0 && a->order < b->order);
}

struct s3d_upload *s3d_upload_new(struct s3d_store *s, struct s3d_bucket *b, struct s3c_view key,
                                  char *fields)
{
    struct s3d_upload *u = s3d_zalloc(sizeof *u), **link = &b->uploads;
    struct s3d_version named = {.order = ++s->order};

    u->key = s3d_viewdup(key);
    u->fields = fields;
    u->order = named.order;
    u->initiated_ns = s3d_clock_now(s->clock);
    s3d_write_version_id(u->id, &named);
    while (*link && before(*link, u))
        link = &(*link)->next;
    u->next = *link;
    *link = u;
    return u;
}

struct s3d_upload *s3d_upload_find(const struct s3d_bucket *b, struct s3c_view key,
                                   struct s3c_view id)
{
    for (struct s3d_upload *u = b->uploads; u; u = u->next) {
        if (s3c_view_eq_str(id, u->id) && s3c_view_eq_str(key, u->key))
            return u;
    }
    return NULL;
}

static void part_free(struct s3d_part *p)
{
    s3d_blob_unref(p->blob);
    s3c_free(p);
}

void s3d_upload_drop(struct s3d_bucket *b, struct s3d_upload *u)
{
    struct s3d_upload **link = &b->uploads;

    while (*link != u)
        link = &(*link)->next;
    *link = u->next;
    while (u->parts) {
        struct s3d_part *p = u->parts;

        u->parts = p->next;
        part_free(p);
    }
    s3c_free(u->key);
    s3c_free(u->fields);
    s3c_free(u);
}

struct s3d_part *s3d_upload_put(struct s3d_store *s, struct s3d_upload *u, unsigned number,
                                struct s3d_blob *blob)
{
    struct s3d_part *p = s3d_zalloc(sizeof *p), **link = &u->parts;

    p->number = number;
    p->blob = blob;
    p->modified_ns = s3d_clock_now(s->clock);
    s3c_md5((struct s3c_view){blob->data, blob->len}, p->etag.md5);
    while (*link && (*link)->number < number)
        link = &(*link)->next;
    p->next = *link;
    if (p->next && p->next->number == number) {
        struct s3d_part *old = p->next;

        p->next = old->next;
        part_free(old);
    }
    *link = p;
    return p;
}

struct s3d_part *s3d_upload_part(const struct s3d_upload *u, unsigned number)
{
    struct s3d_part *p = u->parts;

    while (p && p->number != number)
        p = p->next;
    return p;
}

struct s3d_version *s3d_upload_join(struct s3d_store *s, struct s3d_upload *u,
                                    struct s3d_part *const *parts, size_t n, bool at_initiation)
{
    struct s3c_buf body = S3C_BUF_INIT(SIZE_MAX / 2), sums = S3C_BUF_INIT(16 * S3D_PARTS_MAX);
    struct s3d_version *v;
    size_t size = 0;

    for (size_t i = 0; i < n; i++)
        size += parts[i]->blob->len;
    s3d_must(s3c_buf_reserve(&body, size));
    for (size_t i = 0; i < n; i++) {
        s3d_put(&body, parts[i]->blob->data, parts[i]->blob->len);
        s3d_put(&sums, parts[i]->etag.md5, sizeof parts[i]->etag.md5);
    }
    v = s3d_version_new(s, s3d_blob_steal(&body), S3C_TAKE(u->fields));
    v->etag.parts = (uint16_t)n;
    s3c_md5(s3c_buf_view(&sums), v->etag.md5);
    s3c_buf_done(&sums);
    if (at_initiation) {
        v->order = u->order;
        v->modified_ns = u->initiated_ns;
    }
    return v;
}
