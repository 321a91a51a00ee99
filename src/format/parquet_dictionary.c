/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing with linear probing, at most half full; a part of the hash beside the number spares most comparisons. */
#include "format/parquet_dictionary.h"

#include "base/digest.h"
#include "base/mem.h"
#include "format/parquet_bytes.h"

enum { FIRST_SLOTS = 32 };

struct s3c_dictionary_slot {
    uint32_t number1; /* number + 1; 0: free */
    uint32_t tag;     /* upper half of the hash */
};

void s3c_dictionary_init(struct s3c_dictionary *d, unsigned width)
{
    *d = (struct s3c_dictionary){.plain = S3C_BUF_INIT(S3C_DICTIONARY_MAX), .width = width};
}

void s3c_dictionary_done(struct s3c_dictionary *d)
{
    s3c_buf_done(&d->plain);
    s3c_free(d->entries);
    s3c_free(d->slots);
    s3c_dictionary_init(d, d->width);
}

void s3c_dictionary_clear(struct s3c_dictionary *d)
{
    s3c_buf_clear(&d->plain);
    d->count = 0;
    memset(d->hints, 0, sizeof(d->hints));
    if (d->slots)
        memset(d->slots, 0, ((size_t)d->mask + 1) * sizeof(*d->slots));
}

static size_t prefix(const struct s3c_dictionary *d)
{
    return d->width > 0 ? 0 : sizeof(uint32_t);
}

static uint64_t hash(struct s3c_view v)
{
    return s3c_hash128(v.ptr, v.len, 0).lo;
}

static void put_slot(struct s3c_dictionary_slot *slots, uint32_t mask, uint64_t h, uint32_t number)
{
    uint32_t i = (uint32_t)h & mask;

    while (slots[i].number1 != 0)
        i = (i + 1) & mask;
    slots[i] = (struct s3c_dictionary_slot){number + 1, (uint32_t)(h >> 32)};
}

static int grow_slots(struct s3c_dictionary *d)
{
    size_t n = d->slots ? ((size_t)d->mask + 1) * 2 : FIRST_SLOTS;
    struct s3c_dictionary_slot *slots = s3c_zalloc(n * sizeof(*slots));

    if (!slots)
        return S3C_E_NOMEM;
    for (uint32_t i = 0; i < d->count; i++)
        put_slot(slots, (uint32_t)n - 1, hash(s3c_dictionary_value(d, i)), i);
    s3c_free(d->slots);
    d->slots = slots;
    d->mask = (uint32_t)n - 1;
    return 0;
}

/* For one value more. */
static int reserve(struct s3c_dictionary *d, size_t bytes)
{
    int r = s3c_buf_reserve(&d->plain, bytes + prefix(d));

    if (r == 0 && d->count == d->capacity)
        r = s3c_grow(&d->entries, &d->capacity, d->count + 1, sizeof(*d->entries));
    if (r == 0 && (!d->slots || (size_t)d->count * 2 > d->mask))
        r = grow_slots(d);
    return r;
}

struct s3c_view s3c_dictionary_value(const struct s3c_dictionary *d, uint32_t number)
{
    return (struct s3c_view){d->plain.ptr + d->entries[number].offset, d->entries[number].len};
}

static bool is_value(const struct s3c_dictionary *d, uint32_t number, struct s3c_view v)
{
    return d->entries[number].len == v.len &&
           (v.len == 0 || memcmp(d->plain.ptr + d->entries[number].offset, v.ptr, v.len) == 0);
}

static uint32_t append(struct s3c_dictionary *d, struct s3c_view v)
{
    char *dst = d->plain.ptr + d->plain.len;

    if (d->width == 0)
        s3c_put_le32(dst, (uint32_t)v.len);
    if (v.len > 0)
        memcpy(dst + prefix(d), v.ptr, v.len);
    d->entries[d->count] =
        (struct s3c_dictionary_entry){(uint32_t)(d->plain.len + prefix(d)), (uint32_t)v.len};
    d->plain.len += prefix(d) + v.len;
    return d->count++;
}

static int find_or_append(struct s3c_dictionary *d, struct s3c_view v, uint32_t *ret)
{
    uint64_t h = hash(v);
    uint32_t tag = (uint32_t)(h >> 32), i;
    int r;

    for (i = (uint32_t)h & d->mask; d->slots && d->slots[i].number1 != 0; i = (i + 1) & d->mask) {
        *ret = d->slots[i].number1 - 1;
        if (d->slots[i].tag == tag && is_value(d, *ret, v))
            return 0;
    }
    r = reserve(d, v.len);
    if (r < 0)
        return r;
    *ret = append(d, v);
    put_slot(d->slots, d->mask, h, *ret);
    return 0;
}

/* Where a value like this one is remembered, by what is cheap to look at: of few values each finds a place of its own. */
static uint32_t *hint_for(struct s3c_dictionary *d, struct s3c_view v)
{
    unsigned mixed = (unsigned)v.len * 5;

    if (v.len > 0)
        mixed += (unsigned char)v.ptr[0] + 3u * (unsigned char)v.ptr[v.len - 1];
    return &d->hints[mixed % S3C_DICTIONARY_HINTS];
}

int s3c_dictionary_add(struct s3c_dictionary *d, struct s3c_view v, uint32_t *ret)
{
    uint32_t *hint = hint_for(d, v);
    int r;

    if (*hint < d->count && is_value(d, *hint, v)) {
        *ret = *hint;
        return 0;
    }
    r = find_or_append(d, v, ret);
    if (r == 0)
        *hint = *ret;
    return r;
}

/* The newest value is the last one of its chain, so that no other is lost with its slot. */
void s3c_dictionary_cut(struct s3c_dictionary *d, uint32_t count)
{
    while (d->count > count) {
        uint32_t number = d->count - 1;
        uint32_t i = (uint32_t)hash(s3c_dictionary_value(d, number)) & d->mask;

        while (d->slots[i].number1 != d->count)
            i = (i + 1) & d->mask;
        d->slots[i].number1 = 0;
        d->plain.len = d->entries[number].offset - prefix(d);
        d->count--;
    }
}

size_t s3c_dictionary_memory(const struct s3c_dictionary *d)
{
    return d->plain.cap + d->capacity * sizeof(*d->entries) +
           (d->slots ? ((size_t)d->mask + 1) * sizeof(*d->slots) : 0);
}
