/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunks of a stream are kept as they come, and copied together only when a part is taken: appending cannot fail half way then, and the
 * copy is the smallest cost of a byte that is hashed and sent.
 */
#include "s3/parts.h"

#include "base/mem.h"
#include "base/view.h"

#define EQUAL_PARTS  4500u
#define DOUBLE_EVERY 500u

uint64_t s3c_part_size(uint64_t part_size, unsigned number)
{
    unsigned doublings = number <= EQUAL_PARTS ? 0 : 1 + (number - EQUAL_PARTS - 1) / DOUBLE_EVERY;

    while (doublings-- > 0 && part_size < S3C_PART_MAX)
        part_size *= 2;
    return part_size < S3C_PART_MAX ? part_size : S3C_PART_MAX;
}

void s3c_parts_init_body(struct s3c_parts *p, struct s3c_view body, uint64_t part_size)
{
    uint64_t least = (body.len + S3C_PARTS_MAX - 1) / S3C_PARTS_MAX;

    *p = (struct s3c_parts){.ended = true,
                            .part_size = part_size < least ? least : part_size,
                            .held = body.len,
                            .body = body};
}

void s3c_parts_init_stream(struct s3c_parts *p, uint64_t part_size)
{
    *p = (struct s3c_parts){.stream = true, .part_size = part_size};
}

void s3c_parts_done(struct s3c_parts *p)
{
    for (size_t i = 0; i < p->count; i++)
        s3c_buf_done(&p->chunks[i]);
    s3c_free(p->chunks);
    *p = (struct s3c_parts){.ended = true};
}

int s3c_parts_append(struct s3c_parts *p, struct s3c_buf *bytes)
{
    int r = s3c_grow(&p->chunks, &p->cap, p->count + 1, sizeof(*p->chunks));

    if (r < 0)
        return r;
    if (bytes->len == 0) {
        s3c_buf_done(bytes);
        return 0;
    }
    p->held += bytes->len;
    p->chunks[p->count++] = *bytes;
    *bytes = (struct s3c_buf)S3C_BUF_INIT(bytes->max);
    return 0;
}

void s3c_parts_end(struct s3c_parts *p)
{
    p->ended = true;
}

/* Where most of the first chunk is used up, its rest is not worth the memory: nobody counts what was used. */
static void drop_used(struct s3c_parts *p)
{
    struct s3c_buf rest = S3C_BUF_INIT(SIZE_MAX), *first = p->chunks;

    if (p->count == 0 || p->offset <= first->len / 2 ||
        s3c_buf_add(&rest, first->ptr + p->offset, first->len - p->offset) < 0)
        return;
    s3c_buf_done(first);
    *first = rest;
    p->offset = 0;
}

/* Takes n bytes off the front; whole chunks are freed as soon as they are used up. */
static void move_out(struct s3c_parts *p, char *dst, size_t n)
{
    size_t used = 0;

    while (n > 0) {
        struct s3c_buf *c = &p->chunks[used];
        size_t here = c->len - p->offset < n ? c->len - p->offset : n;

        memcpy(dst, c->ptr + p->offset, here);
        dst += here;
        n -= here;
        p->offset += here;
        if (p->offset == c->len) {
            s3c_buf_done(c);
            p->offset = 0;
            used++;
        }
    }
    p->count -= used;
    memmove(p->chunks, p->chunks + used, p->count * sizeof(*p->chunks));
    drop_used(p);
}

/* The first chunk becomes the part, and only what is behind it is copied: the usual case, where chunks come when a part is full. */
static int split_chunk(struct s3c_parts *p, size_t n, struct s3c_buf *ret)
{
    struct s3c_buf *first = &p->chunks[0], rest = S3C_BUF_INIT(SIZE_MAX);

    if (s3c_buf_add(&rest, first->ptr + n, first->len - n) < 0)
        return S3C_E_NOMEM;
    *ret = *first;
    ret->len = n;
    *first = rest;
    if (rest.len == 0)
        memmove(p->chunks, p->chunks + 1, --p->count * sizeof(*p->chunks));
    return 0;
}

static int next_of_stream(struct s3c_parts *p, size_t n, struct s3c_part *ret)
{
    struct s3c_buf part = S3C_BUF_INIT(SIZE_MAX);

    if (n > 0 && p->offset == 0 && p->chunks[0].len >= n && p->chunks[0].len - n <= n / 2) {
        if (split_chunk(p, n, &part) < 0)
            return S3C_E_NOMEM;
    } else if (n > 0) {
        if (s3c_buf_reserve(&part, n) < 0)
            return S3C_E_NOMEM;
        move_out(p, part.ptr, n);
        part.len = n;
    }
    *ret = (struct s3c_part){.body = s3c_buf_view(&part), .owned = part};
    return 0;
}

int s3c_parts_next(struct s3c_parts *p, struct s3c_part *ret)
{
    uint64_t size = p->stream ? s3c_part_size(p->part_size, p->given + 1) : p->part_size;
    size_t n = (size_t)(p->held < size ? p->held : size);
    int r = 0;

    if (s3c_parts_at_end(p) || (!p->ended && p->held < size))
        return 0;
    if (p->given == S3C_PARTS_MAX)
        return S3C_E_TOO_LARGE;
    if (p->stream)
        r = next_of_stream(p, n, ret);
    else
        *ret = (struct s3c_part){
            .body = s3c_view_first(s3c_view_skip(p->body, p->body.len - p->held), n)};
    if (r < 0)
        return r;
    p->held -= n;
    p->given++;
    return 1;
}

bool s3c_parts_at_end(const struct s3c_parts *p)
{
    return p->ended && p->held == 0 && p->given > 0;
}
