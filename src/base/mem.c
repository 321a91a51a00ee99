/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include "base/banned.h"

/* The one mutable global of the library: an allocator that had to be passed around would be in every signature, and it is set
 * once, by tests, before any thread exists. */
static struct s3c_mem_hooks hooks = {malloc, realloc, free};

void s3c_mem_set_hooks(const struct s3c_mem_hooks *h)
{
    static const struct s3c_mem_hooks libc = {malloc, realloc, free};

    hooks = h ? *h : libc;
}

void *s3c_alloc(size_t n)
{
    return hooks.alloc(n ? n : 1);
}

void *s3c_zalloc(size_t n)
{
    void *p = s3c_alloc(n);

    if (p)
        memset(p, 0, n);
    return p;
}

void *s3c_realloc(void *p, size_t n)
{
    return hooks.realloc(p, n ? n : 1);
}

void *s3c_reallocarray(void *p, size_t n, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(n, size, &total))
        return NULL;
    return s3c_realloc(p, total);
}

int s3c_grow(void *array, size_t *cap, size_t need, size_t size)
{
    size_t to = *cap ? *cap : 16;
    void *p;

    if (need <= *cap)
        return 0;
    if (need > SIZE_MAX / 2)
        return S3C_E_NOMEM;
    while (to < need)
        to *= 2;
    memcpy(&p, array, sizeof(p)); /* whatever it points to: a void ** would break aliasing */
    p = s3c_reallocarray(p, to, size);
    if (!p)
        return S3C_E_NOMEM;
    memcpy(array, &p, sizeof(p));
    *cap = to;
    return 0;
}

void s3c_free(void *p)
{
    if (p)
        hooks.free(p);
}

void s3c_freep(void *pp)
{
    void **p = pp;

    s3c_free(*p);
    *p = NULL;
}

char *s3c_strdup(const char *s)
{
    return s3c_viewdup((struct s3c_view){s, strlen(s)});
}

char *s3c_viewdup(struct s3c_view v)
{
    char *copy = s3c_alloc(v.len + 1);

    if (!copy)
        return NULL;
    if (v.len)
        memcpy(copy, v.ptr, v.len);
    copy[v.len] = '\0';
    return copy;
}

void s3c_wipe(void *p, size_t n)
{
    if (n)
        explicit_bzero(p, n);
}
