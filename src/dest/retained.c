/* SPDX-License-Identifier: Apache-2.0 */
#include "dest/retained.h"

#include <s3c/schema.h>

#include "base/mem.h"
#include "base/view.h"

/* What stands in front of a packed record, each number as in LEB128; position, key, before, after and the metadata follow. */
enum {
    OPERATION,
    KEY_KIND,
    BEFORE_KIND,
    AFTER_KIND,
    NIL_METADATA,
    SCHEMA, /* its number among the schemas, from 1; 0: none */
    POSITION,
    KEY,
    BEFORE,
    AFTER,
    METADATA, /* entries */
    NUMBERS,
};
#define NUMBER_MAX 10 /* bytes of one */

static size_t packed_size(const struct s3c_record *r)
{
    size_t n = (NUMBERS + 2 * r->metadata_count) * NUMBER_MAX + r->position.len + r->key.bytes.len +
               r->before.bytes.len + r->after.bytes.len;

    for (size_t i = 0; i < r->metadata_count; i++)
        n += r->metadata[i].name.len + r->metadata[i].value.len;
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

static void put(struct s3c_retained *t, struct s3c_view v)
{
    if (v.len > 0)
        memcpy(t->bytes + t->len, v.ptr, v.len);
    t->len += v.len;
}

static void put_number(struct s3c_retained *t, size_t v)
{
    for (; v >= 0x80; v >>= 7)
        t->bytes[t->len++] = (char)(v | 0x80);
    t->bytes[t->len++] = (char)v;
}

static struct s3c_view bytes_of(const struct s3c_data *d)
{
    return d->kind ? d->bytes : (struct s3c_view){NULL, 0};
}

static void put_head(struct s3c_retained *t, const struct s3c_record *r)
{
    size_t head[NUMBERS] = {
        [OPERATION] = (unsigned)r->operation, [KEY_KIND] = r->key.kind,
        [BEFORE_KIND] = r->before.kind,       [AFTER_KIND] = r->after.kind,
        [NIL_METADATA] = r->metadata_nil,     [SCHEMA] = r->schema ? t->schema_count : 0,
        [POSITION] = r->position.len,         [KEY] = bytes_of(&r->key).len,
        [BEFORE] = bytes_of(&r->before).len,  [AFTER] = bytes_of(&r->after).len,
        [METADATA] = r->metadata_count,
    };

    for (size_t i = 0; i < NUMBERS; i++)
        put_number(t, head[i]);
}

int s3c_retained_add(struct s3c_retained *t, const struct s3c_record *r)
{
    if (s3c_grow(&t->bytes, &t->cap, t->len + packed_size(r), 1) < 0 ||
        keep_schema(t, r->schema) < 0)
        return S3C_E_NOMEM;
    put_head(t, r);
    put(t, r->position);
    put(t, bytes_of(&r->key));
    put(t, bytes_of(&r->before));
    put(t, bytes_of(&r->after));
    for (size_t i = 0; i < r->metadata_count; i++) {
        put_number(t, r->metadata[i].name.len);
        put_number(t, r->metadata[i].value.len);
        put(t, r->metadata[i].name);
        put(t, r->metadata[i].value);
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

static size_t get_number(const struct s3c_retained *t, size_t *at)
{
    size_t v = 0;
    unsigned shift = 0;

    for (; t->bytes[*at] & 0x80; shift += 7)
        v |= (size_t)(t->bytes[(*at)++] & 0x7f) << shift;
    return v | (size_t)(unsigned char)t->bytes[(*at)++] << shift;
}

static void get_metadata(struct s3c_retained *t, size_t *at, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t name = get_number(t, at), value = get_number(t, at);

        t->metadata[i].name = get(t, at, name);
        t->metadata[i].value = get(t, at, value);
    }
}

int s3c_retained_read(struct s3c_retained *t, size_t *cursor, struct s3c_record *ret)
{
    size_t at = *cursor, head[NUMBERS];

    if (at == t->len)
        return 0;
    for (size_t i = 0; i < NUMBERS; i++)
        head[i] = get_number(t, &at);
    if (s3c_grow(&t->metadata, &t->metadata_cap, head[METADATA], sizeof(*t->metadata)) < 0)
        return S3C_E_NOMEM;
    *ret = (struct s3c_record){.operation = (enum s3c_operation)head[OPERATION],
                               .metadata = t->metadata,
                               .metadata_count = head[METADATA],
                               .metadata_nil = head[NIL_METADATA],
                               .schema = head[SCHEMA] ? t->schemas[head[SCHEMA] - 1] : NULL};
    ret->position = get(t, &at, head[POSITION]);
    ret->key = (struct s3c_data){(enum s3c_data_kind)head[KEY_KIND], get(t, &at, head[KEY])};
    ret->before =
        (struct s3c_data){(enum s3c_data_kind)head[BEFORE_KIND], get(t, &at, head[BEFORE])};
    ret->after = (struct s3c_data){(enum s3c_data_kind)head[AFTER_KIND], get(t, &at, head[AFTER])};
    get_metadata(t, &at, head[METADATA]);
    *cursor = at;
    return 1;
}

void s3c_retained_trim(struct s3c_retained *t)
{
    char *p = t->len > 0 && t->len < t->cap ? s3c_realloc(t->bytes, t->len) : NULL;

    if (p) {
        t->bytes = p;
        t->cap = t->len;
    }
    s3c_free(t->metadata);
    t->metadata = NULL;
    t->metadata_cap = 0;
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
