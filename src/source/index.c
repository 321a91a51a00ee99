/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key in a block: varint of bytes shared with the key before it (0 for the block's first), varint of the rest, the rest,
 * varint of the number of fingerprints, the fingerprints. An object of a usual key needs 24 to 32 bytes.
 */
#include "source/index.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/view.h"

#define VARINT_MAX 10
#define BLOCK_MAX \
    ((size_t)1 << 40) /* one key with all its versions may be long; index.max-bytes limits it */

struct s3c_index_block {
    uint32_t refs, keys;
    size_t len;
    char data[];
};

static size_t put_varint(char *p, uint64_t v)
{
    size_t n = 0;

    for (; v >= 0x80; v >>= 7)
        p[n++] = (char)(v | 0x80);
    p[n++] = (char)v;
    return n;
}

static uint64_t get_varint(const char **p)
{
    uint64_t v = 0;

    for (unsigned shift = 0;; shift += 7) {
        unsigned char c = (unsigned char)*(*p)++;

        v |= (uint64_t)(c & 0x7f) << shift;
        if (c < 0x80)
            return v;
    }
}

static void block_unref(struct s3c_index_block *b)
{
    if (--b->refs == 0)
        s3c_free(b);
}

void s3c_index_done(struct s3c_index *x)
{
    for (size_t i = 0; i < x->count; i++)
        block_unref(x->blocks[i]);
    s3c_free(x->blocks);
    *x = S3C_INDEX_INIT;
}

/* Counts the block in; its reference is taken over on success. */
static int index_append(struct s3c_index *x, struct s3c_index_block *b)
{
    if (s3c_grow(&x->blocks, &x->cap, x->count + 1, sizeof(*x->blocks)) < 0)
        return S3C_E_NOMEM;
    x->blocks[x->count++] = b;
    x->keys += b->keys;
    x->bytes += sizeof(*b) + b->len;
    return 0;
}

void s3c_index_cursor_init(struct s3c_index_cursor *c, const struct s3c_index *x)
{
    *c = (struct s3c_index_cursor){.index = x, .text = S3C_BUF_INIT(BLOCK_MAX)};
}

void s3c_index_cursor_done(struct s3c_index_cursor *c)
{
    s3c_buf_done(&c->text);
}

/* Enters the block after the current one. */
static bool cursor_enter(struct s3c_index_cursor *c)
{
    size_t next = c->p ? c->block + 1 : 0;

    if (next >= c->index->count)
        return false;
    c->block = next;
    c->p = c->index->blocks[next]->data;
    c->end = c->p + c->index->blocks[next]->len;
    return true;
}

int s3c_index_cursor_next(struct s3c_index_cursor *c)
{
    size_t shared, rest;

    c->first = c->p == c->end;
    if (c->first && !cursor_enter(c))
        return S3C_END;
    shared = (size_t)get_varint(&c->p);
    rest = (size_t)get_varint(&c->p);
    c->text.len = shared;
    if (s3c_buf_add(&c->text, c->p, rest) < 0)
        return S3C_E_NOMEM;
    c->p += rest;
    c->count = (size_t)get_varint(&c->p);
    c->prints = c->p;
    c->p += c->count * sizeof(struct s3c_fingerprint);
    c->key = s3c_buf_view(&c->text);
    return 0;
}

void s3c_index_builder_init(struct s3c_index_builder *b, uint64_t max_bytes)
{
    *b = (struct s3c_index_builder){.out = S3C_INDEX_INIT,
                                    .block = S3C_BUF_INIT(BLOCK_MAX),
                                    .last = S3C_BUF_INIT(BLOCK_MAX),
                                    .max_bytes = max_bytes};
}

void s3c_index_builder_done(struct s3c_index_builder *b)
{
    s3c_index_done(&b->out);
    s3c_buf_done(&b->block);
    s3c_buf_done(&b->last);
}

static int check_limit(const struct s3c_index_builder *b, struct s3c_error *err)
{
    if (b->out.bytes <= b->max_bytes)
        return 0;
    return s3c_error_set(err, S3C_E_TOO_LARGE,
                         "the index of the bucket in memory has more than index.max-bytes (%llu "
                         "bytes) after %llu keys; raise index.max-bytes, narrow prefix, or set "
                         "state.path in a version that has it to keep the index on disk",
                         (unsigned long long)b->max_bytes, (unsigned long long)b->out.keys);
}

static int close_block(struct s3c_index_builder *b, struct s3c_error *err)
{
    struct s3c_index_block *n;

    if (b->block.len == 0)
        return 0;
    n = s3c_alloc(sizeof(*n) + b->block.len);
    if (!n)
        return s3c_error_nomem(err);
    n->refs = 1;
    n->keys = b->block_keys;
    n->len = b->block.len;
    memcpy(n->data, b->block.ptr, b->block.len);
    if (index_append(&b->out, n) < 0) {
        s3c_free(n);
        return s3c_error_nomem(err);
    }
    s3c_buf_clear(&b->block);
    b->block_keys = 0;
    return check_limit(b, err);
}

static size_t common_prefix(struct s3c_view a, struct s3c_view b)
{
    size_t n = a.len < b.len ? a.len : b.len, i = 0;

    while (i < n && a.ptr[i] == b.ptr[i])
        i++;
    return i;
}

int s3c_index_builder_add(struct s3c_index_builder *b, struct s3c_view key,
                          const struct s3c_fingerprint *prints, size_t count, struct s3c_error *err)
{
    size_t shared = b->block.len ? common_prefix(s3c_buf_view(&b->last), key) : 0;
    size_t rest = key.len - shared;
    char *p;

    if (s3c_buf_reserve(&b->block, 3 * VARINT_MAX + rest + count * sizeof(*prints)) < 0)
        return s3c_error_nomem(err);
    b->last.len = shared;
    if (s3c_buf_add(&b->last, key.ptr + shared, rest) < 0)
        return s3c_error_nomem(err);
    p = b->block.ptr + b->block.len;
    p += put_varint(p, shared);
    p += put_varint(p, rest);
    memcpy(p, key.ptr + shared, rest);
    p += rest;
    p += put_varint(p, count);
    memcpy(p, prints, count * sizeof(*prints));
    p += count * sizeof(*prints);
    b->block.len = (size_t)(p - b->block.ptr);
    b->block_keys++;
    return b->block.len >= S3C_INDEX_BLOCK ? close_block(b, err) : 0;
}

bool s3c_index_builder_can_share(const struct s3c_index_builder *b)
{
    return b->block.len == 0 || b->block.len >= S3C_INDEX_BLOCK / 2;
}

int s3c_index_builder_share(struct s3c_index_builder *b, const struct s3c_index_cursor *from,
                            struct s3c_error *err)
{
    struct s3c_index_block *shared = from->index->blocks[from->block];
    int r = close_block(b, err);

    if (r < 0)
        return r;
    if (index_append(&b->out, shared) < 0)
        return s3c_error_nomem(err);
    shared->refs++;
    return check_limit(b, err);
}

int s3c_index_builder_finish(struct s3c_index_builder *b, struct s3c_index *ret,
                             struct s3c_error *err)
{
    int r = close_block(b, err);

    if (r < 0)
        return r;
    *ret = b->out;
    b->out = S3C_INDEX_INIT;
    return 0;
}
