/* SPDX-License-Identifier: Apache-2.0 */
#include "dest/partition.h"

#include "base/digest.h"

#define FIRST_SIZE 16u

void s3c_partitions_init(struct s3c_partitions *t, uint64_t seed)
{
    *t = (struct s3c_partitions){.seed = seed};
}

void s3c_partitions_done(struct s3c_partitions *t)
{
    for (size_t i = 0; i < t->size; i++)
        while (t->buckets[i]) {
            struct s3c_partition *p = t->buckets[i];

            t->buckets[i] = p->next;
            s3c_free(p);
        }
    s3c_free(t->buckets);
    s3c_partitions_init(t, t->seed);
}

bool s3c_partition_is(const struct s3c_partition *p, struct s3c_partition_key key)
{
    return p->key_len == key.bytes.len && p->values_len == key.values_len &&
           (key.bytes.len == 0 || memcmp(p->key, key.bytes.ptr, key.bytes.len) == 0);
}

static uint64_t hash_of(const struct s3c_partitions *t, struct s3c_partition_key key)
{
    return s3c_hash128(key.bytes.ptr, key.bytes.len, t->seed).lo;
}

static struct s3c_partition *find(const struct s3c_partitions *t, struct s3c_partition_key key,
                                  uint64_t hash)
{
    struct s3c_partition *p = t->size > 0 ? t->buckets[hash & (t->size - 1)] : NULL;

    while (p && !(p->hash == hash && s3c_partition_is(p, key)))
        p = p->next;
    return p;
}

struct s3c_partition *s3c_partitions_find(const struct s3c_partitions *t,
                                          struct s3c_partition_key key)
{
    return find(t, key, hash_of(t, key));
}

static void put(struct s3c_partition **buckets, size_t size, struct s3c_partition *p)
{
    struct s3c_partition **at = &buckets[p->hash & (size - 1)];

    p->next = *at;
    *at = p;
}

/* Twice the buckets when there is one partition for each. */
static int make_room(struct s3c_partitions *t)
{
    size_t size = t->size > 0 ? t->size * 2 : FIRST_SIZE;
    struct s3c_partition **buckets;

    if (t->count < t->size)
        return 0;
    buckets = s3c_zalloc(size * sizeof(*buckets));
    if (!buckets)
        return S3C_E_NOMEM;
    for (size_t i = 0; i < t->size; i++)
        while (t->buckets[i]) {
            struct s3c_partition *p = t->buckets[i];

            t->buckets[i] = p->next;
            put(buckets, size, p);
        }
    s3c_free(t->buckets);
    t->buckets = buckets;
    t->bytes += (size - t->size) * sizeof(*buckets);
    t->size = size;
    return 0;
}

static struct s3c_partition *add(struct s3c_partitions *t, struct s3c_partition_key key,
                                 uint64_t hash)
{
    struct s3c_partition *p;

    if (make_room(t) < 0)
        return NULL;
    p = s3c_alloc(sizeof(*p) + key.bytes.len);
    if (!p)
        return NULL;
    *p = (struct s3c_partition){
        .hash = hash, .values_len = key.values_len, .key_len = key.bytes.len};
    s3c_link_init(&p->line);
    if (key.bytes.len > 0)
        memcpy(p->key, key.bytes.ptr, key.bytes.len);
    put(t->buckets, t->size, p);
    t->count++;
    t->bytes += sizeof(*p) + p->key_len;
    return p;
}

struct s3c_partition *s3c_partitions_ref(struct s3c_partitions *t, struct s3c_partition_key key)
{
    uint64_t hash = hash_of(t, key);
    struct s3c_partition *p = find(t, key, hash);

    if (!p)
        p = add(t, key, hash);
    if (p)
        p->files++;
    return p;
}

bool s3c_partitions_unref(struct s3c_partitions *t, struct s3c_partition *p)
{
    struct s3c_partition **at;

    if (--p->files > 0)
        return false;
    at = &t->buckets[p->hash & (t->size - 1)];
    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
    t->count--;
    t->bytes -= sizeof(*p) + p->key_len;
    s3c_free(p);
    return true;
}
