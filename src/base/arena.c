/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunks double from 4 KiB to 256 KiB: a small reply costs one small allocation, a large one few. What does not fit a chunk of
 * the usual size gets a chunk of exactly its own.
 */
#include "base/mem.h"

#include <stdbool.h>

#include "base/banned.h"

enum { CHUNK_MIN = 4096, CHUNK_MAX = 256 * 1024, ALIGNMENT = 16 };

struct s3c_arena_chunk {
    struct s3c_arena_chunk *older;
    size_t size; /* with this header */
};

_Static_assert(sizeof(struct s3c_arena_chunk) % ALIGNMENT == 0, "blocks follow the header");

static bool arena_fits(const struct s3c_arena *a, size_t size)
{
    return !a->max || (a->used <= a->max && size <= a->max - a->used);
}

static size_t arena_usual_size(const struct s3c_arena *a)
{
    size_t size = a->chunks ? a->chunks->size * 2 : CHUNK_MIN;

    return size < CHUNK_MIN ? CHUNK_MIN : size > CHUNK_MAX ? CHUNK_MAX : size;
}

/* Makes a chunk with room for n bytes the current one; what was left of the one before is given up. */
static bool arena_grow(struct s3c_arena *a, size_t n)
{
    size_t least, size = arena_usual_size(a);
    struct s3c_arena_chunk *c;

    if (__builtin_add_overflow(n, sizeof(*c), &least))
        return false;
    if (size < least || !arena_fits(a, size))
        size = least;
    if (!arena_fits(a, size))
        return false;
    c = s3c_alloc(size);
    if (!c)
        return false;
    *c = (struct s3c_arena_chunk){.older = a->chunks, .size = size};
    a->chunks = c;
    a->used += size;
    a->next = (char *)(c + 1);
    a->end = (char *)c + size;
    return true;
}

void *s3c_arena_alloc(struct s3c_arena *a, size_t n)
{
    size_t gap = -(uintptr_t)a->next % ALIGNMENT, left = (size_t)(a->end - a->next);

    if (!a->next || left < gap || left - gap < n) {
        if (!arena_grow(a, n))
            return NULL;
        gap = 0;
    }
    a->next += gap + n;
    return a->next - n;
}

char *s3c_arena_bytes(struct s3c_arena *a, size_t n)
{
    if ((!a->next || (size_t)(a->end - a->next) < n) && !arena_grow(a, n))
        return NULL;
    a->next += n;
    return a->next - n;
}

struct s3c_view s3c_arena_copy(struct s3c_arena *a, struct s3c_view v)
{
    char *copy = v.len < SIZE_MAX ? s3c_arena_bytes(a, v.len + 1) : NULL;

    if (!copy)
        return (struct s3c_view){NULL, 0};
    if (v.len)
        memcpy(copy, v.ptr, v.len);
    copy[v.len] = '\0';
    return (struct s3c_view){copy, v.len};
}

void s3c_arena_reset(struct s3c_arena *a)
{
    struct s3c_arena_chunk *c = a->chunks;

    while (c && c->older) {
        struct s3c_arena_chunk *older = c->older;

        s3c_free(c);
        c = older;
    }
    a->chunks = c;
    a->used = c ? c->size : 0;
    a->next = c ? (char *)(c + 1) : NULL;
    a->end = c ? (char *)c + c->size : NULL;
}

void s3c_arena_done(struct s3c_arena *a)
{
    s3c_arena_reset(a);
    s3c_free(a->chunks);
    a->chunks = NULL;
    a->next = a->end = NULL;
    a->used = 0;
}
