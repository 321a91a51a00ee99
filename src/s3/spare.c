/* SPDX-License-Identifier: Apache-2.0 */
#include "s3/spare.h"

#include <pthread.h>
#include <stdatomic.h>

#define SLOTS       64
#define WASTE_LIMIT 2 /* a buffer of more than twice the size asked for waits for a larger object */

struct spare_buffer {
    char *ptr;
    size_t cap;
};

struct s3c_spare {
    atomic_uint references;
    pthread_mutex_t lock;             /* guards the rest */
    struct spare_buffer slots[SLOTS]; /* oldest first */
    size_t count, bytes, max_bytes;
};

struct s3c_spare *s3c_spare_new(size_t max_bytes)
{
    struct s3c_spare *s = s3c_zalloc(sizeof(*s));

    if (s == NULL)
        return NULL;
    atomic_store(&s->references, 1);
    s->max_bytes =
        max_bytes > 0 && max_bytes < S3C_SPARE_MAX_BYTES ? max_bytes : S3C_SPARE_MAX_BYTES;
    (void)pthread_mutex_init(&s->lock, NULL); /* cannot fail for a plain mutex on Linux */
    return s;
}

struct s3c_spare *s3c_spare_ref(struct s3c_spare *s)
{
    (void)atomic_fetch_add(&s->references, 1);
    return s;
}

void s3c_spare_unref(struct s3c_spare *s)
{
    size_t i;

    if (s == NULL || atomic_fetch_sub(&s->references, 1) > 1)
        return;
    for (i = 0; i < s->count; i++)
        s3c_free(s->slots[i].ptr);
    (void)pthread_mutex_destroy(&s->lock);
    s3c_free(s);
}

static struct spare_buffer remove_locked(struct s3c_spare *s, size_t i)
{
    struct spare_buffer b = s->slots[i];

    s->bytes -= b.cap;
    s->count--;
    memmove(&s->slots[i], &s->slots[i + 1], (s->count - i) * sizeof(b));
    return b;
}

void s3c_spare_take(struct s3c_spare *s, struct s3c_buf *b, size_t size)
{
    struct spare_buffer found = {NULL, 0};
    size_t i;

    if (b->cap >= size)
        return;
    (void)pthread_mutex_lock(&s->lock);
    for (i = s->count; i-- > 0;) { /* the youngest is the warmest */
        if (s->slots[i].cap < size || s->slots[i].cap / WASTE_LIMIT > size)
            continue;
        found = remove_locked(s, i);
        break;
    }
    (void)pthread_mutex_unlock(&s->lock);
    if (found.ptr == NULL)
        return;
    s3c_buf_done(b);
    b->ptr = found.ptr;
    b->cap = found.cap;
}

void s3c_spare_give(struct s3c_spare *s, struct s3c_buf *b)
{
    struct spare_buffer kept = {b->ptr, b->cap}, dropped[SLOTS];
    size_t n = 0;

    if (b->cap > s->max_bytes) {
        s3c_buf_done(b);
        return;
    }
    (void)pthread_mutex_lock(&s->lock);
    while (s->count == SLOTS || s->bytes + kept.cap > s->max_bytes)
        dropped[n++] = remove_locked(s, 0);
    s->slots[s->count++] = kept;
    s->bytes += kept.cap;
    (void)pthread_mutex_unlock(&s->lock);
    b->ptr = NULL;
    b->len = b->cap = 0;
    while (n > 0)
        s3c_free(dropped[--n].ptr);
}
