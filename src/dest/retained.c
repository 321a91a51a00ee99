/* SPDX-License-Identifier: Apache-2.0 */
#include "dest/retained.h"

#include <s3c/schema.h>

#include "base/mem.h"
#include "base/view.h"

struct head { /* of a packed record; position, key, before, after and the metadata follow */
    const struct s3c_schema *schema;
    size_t position, key, before, after, metadata;
    enum s3c_operation operation;
    enum s3c_data_kind key_kind, before_kind, after_kind;
    bool metadata_nil;
};

static struct head head_of(const struct s3c_record *r)
{
    return (struct head){
        .schema = r->schema,
        .position = r->position.len,
        .key = r->key.kind ? r->key.bytes.len : 0,
        .before = r->before.kind ? r->before.bytes.len : 0,
        .after = r->after.kind ? r->after.bytes.len : 0,
        .metadata = r->metadata_count,
        .operation = r->operation,
        .key_kind = r->key.kind,
        .before_kind = r->before.kind,
        .after_kind = r->after.kind,
        .metadata_nil = r->metadata_nil,
    };
}

static size_t packed_size(const struct head *h, const struct s3c_record *r)
{
    size_t n = sizeof(*h) + h->position + h->key + h->before + h->after;

    for (size_t i = 0; i < h->metadata; i++)
        n += 2 * sizeof(size_t) + r->metadata[i].name.len + r->metadata[i].value.len;
    return n;
}

static int keep_schema(struct s3c_retained *t, const struct s3c_schema *s)
{
    if (!s || (t->schema_count > 0 && t->schemas[t->schema_count - 1] == s))
        return 0;
    if (s3c_grow(&t->schemas, &t->schema_cap, t->schema_count + 1, sizeof(*t->schemas)) < 0)
        return S3C_E_NOMEM;
    t->schemas[t->schema_count++] = s3c_schema_ref(s);
    return 0;
}

static void put(struct s3c_retained *t, const void *p, size_t n)
{
    if (n > 0)
        memcpy(t->bytes + t->len, p, n);
    t->len += n;
}

int s3c_retained_add(struct s3c_retained *t, const struct s3c_record *r)
{
    struct head h = head_of(r);

    if (s3c_grow(&t->bytes, &t->cap, t->len + packed_size(&h, r), 1) < 0 ||
        keep_schema(t, r->schema) < 0)
        return S3C_E_NOMEM;
    put(t, &h, sizeof(h));
    put(t, r->position.ptr, h.position);
    put(t, r->key.bytes.ptr, h.key);
    put(t, r->before.bytes.ptr, h.before);
    put(t, r->after.bytes.ptr, h.after);
    for (size_t i = 0; i < h.metadata; i++) {
        const struct s3c_metadata *m = &r->metadata[i];
        size_t sizes[2] = {m->name.len, m->value.len};

        put(t, sizes, sizeof(sizes));
        put(t, m->name.ptr, m->name.len);
        put(t, m->value.ptr, m->value.len);
    }
    return 0;
}

void s3c_retained_undo(struct s3c_retained *t, size_t before)
{
    t->len = before; /* a schema that it brought stays, which does no harm */
}

static struct s3c_view get(const struct s3c_retained *t, size_t *at, size_t n)
{
    struct s3c_view v = {t->bytes + *at, n};

    *at += n;
    return v;
}

int s3c_retained_read(struct s3c_retained *t, size_t *cursor, struct s3c_record *ret)
{
    size_t at = *cursor;
    struct head h;

    if (at == t->len)
        return 0;
    memcpy(&h, get(t, &at, sizeof(h)).ptr, sizeof(h));
    if (s3c_grow(&t->metadata, &t->metadata_cap, h.metadata, sizeof(*t->metadata)) < 0)
        return S3C_E_NOMEM;
    *ret = (struct s3c_record){.operation = h.operation,
                               .metadata = t->metadata,
                               .metadata_count = h.metadata,
                               .metadata_nil = h.metadata_nil,
                               .schema = h.schema};
    ret->position = get(t, &at, h.position);
    ret->key = (struct s3c_data){h.key_kind, get(t, &at, h.key)};
    ret->before = (struct s3c_data){h.before_kind, get(t, &at, h.before)};
    ret->after = (struct s3c_data){h.after_kind, get(t, &at, h.after)};
    for (size_t i = 0; i < h.metadata; i++) {
        size_t sizes[2];

        memcpy(sizes, get(t, &at, sizeof(sizes)).ptr, sizeof(sizes));
        t->metadata[i].name = get(t, &at, sizes[0]);
        t->metadata[i].value = get(t, &at, sizes[1]);
    }
    *cursor = at;
    return 1;
}

size_t s3c_retained_bytes(const struct s3c_retained *t)
{
    return t->cap + t->schema_cap * sizeof(*t->schemas) + t->metadata_cap * sizeof(*t->metadata);
}

void s3c_retained_done(struct s3c_retained *t)
{
    for (size_t i = 0; i < t->schema_count; i++)
        s3c_schema_unref(t->schemas[i]);
    s3c_free(t->schemas);
    s3c_free(t->metadata);
    s3c_free(t->bytes);
    *t = (struct s3c_retained){0};
}
