/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory: one allocation hook for the whole library, cleanup attributes, and an arena for things that die together.
 *
 * Every allocation of the library goes through s3c_alloc and friends, so that tests can count, fail and leak-check them.
 * All of them return NULL when memory is out; callers turn that into S3C_E_NOMEM. Thread-safe (the default hook is malloc).
 */
#ifndef S3C_BASE_MEM_H
#define S3C_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <s3c/error.h>
#include <s3c/view.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

/* Steal: gives the value, leaves NULL behind. */
#define S3C_TAKE(p)                 \
    ({                              \
        __typeof__(p) taken_ = (p); \
        (p) = NULL;                 \
        taken_;                     \
    })

struct s3c_mem_hooks {
    void *(*alloc)(size_t n);
    void *(*realloc)(void *p, size_t n);
    void (*free)(void *p);
};

/* For tests only; call before any other thread exists. NULL restores malloc/realloc/free. */
void s3c_mem_set_hooks(const struct s3c_mem_hooks *h);

S3C_MUST_USE void *s3c_alloc(size_t n);  /* uninitialised; n == 0 gives a unique pointer */
S3C_MUST_USE void *s3c_zalloc(size_t n); /* zeroed */
S3C_MUST_USE void *s3c_realloc(void *p, size_t n); /* the old block stays valid on NULL */
void s3c_free(void *p);                            /* NULL is fine */
S3C_MUST_USE char *s3c_strdup(const char *s);
S3C_MUST_USE char *s3c_viewdup(struct s3c_view v);                   /* NUL-terminated copy */
S3C_MUST_USE void *s3c_reallocarray(void *p, size_t n, size_t size); /* NULL also on overflow */

/*
 * Room for `need` elements of `size` bytes in the array that *(T **)array points to, for *cap of which there is room: it at least doubles.
 * 0; S3C_E_NOMEM: nothing has changed.
 */
S3C_MUST_USE int s3c_grow(void *array, size_t *cap, size_t need, size_t size);

/* Overwrites n bytes so that the compiler cannot drop it; for secrets. */
void s3c_wipe(void *p, size_t n);

/* For `_cleanup_(s3c_freep) char *x = NULL;` */
void s3c_freep(void *pp);

/*
 * Arena: grows in chunks, never shrinks before s3c_arena_done; gives 16-byte aligned blocks. Not thread-safe.
 * s3c_arena_reset keeps the first chunk for the next use. `max` (0 = none) caps the sum of its chunks.
 */
struct s3c_arena_chunk;
struct s3c_arena {
    struct s3c_arena_chunk *chunks;
    char *next, *end;
    size_t used, max;
};
#define S3C_ARENA_INIT(max_) ((struct s3c_arena){.max = (max_)})

S3C_MUST_USE void *s3c_arena_alloc(struct s3c_arena *a, size_t n);
S3C_MUST_USE char *s3c_arena_bytes(struct s3c_arena *a,
                                   size_t n); /* unaligned: for text, packed tightly */
/* Copies v plus a NUL; on failure ptr is NULL. An empty v gives a non-NULL ptr. */
struct s3c_view s3c_arena_copy(struct s3c_arena *a, struct s3c_view v);
void s3c_arena_reset(struct s3c_arena *a);
void s3c_arena_done(struct s3c_arena *a); /* idempotent */

#endif
