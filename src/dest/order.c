/* SPDX-License-Identifier: Apache-2.0 */
#include "dest/order.h"

#include <assert.h>

#include "base/mem.h"

enum { RUNS = 254 }; /* a chunk is one page */

struct run {
    struct s3c_file *file;
    size_t count;
};

struct s3c_order_chunk {
    struct s3c_order_chunk *next;
    size_t first, end; /* of runs in use */
    struct run runs[RUNS];
};

void s3c_order_init(struct s3c_order *o)
{
    *o = (struct s3c_order){0};
}

void s3c_order_done(struct s3c_order *o)
{
    while (o->head) {
        struct s3c_order_chunk *c = o->head;

        o->head = c->next;
        s3c_free(c);
    }
    s3c_order_init(o);
}

static struct run *last_run(const struct s3c_order *o)
{
    struct s3c_order_chunk *c = o->tail;

    return c && c->first < c->end ? &c->runs[c->end - 1] : NULL;
}

int s3c_order_reserve(struct s3c_order *o, const struct s3c_file *f)
{
    const struct run *last = last_run(o);
    struct s3c_order_chunk *c;

    if ((last && last->file == f) || (o->tail && o->tail->end < RUNS))
        return 0;
    c = s3c_alloc(sizeof(*c));
    if (!c)
        return S3C_E_NOMEM;
    c->next = NULL;
    c->first = c->end = 0;
    *(o->tail ? &o->tail->next : &o->head) = c;
    o->tail = c;
    o->bytes += sizeof(*c);
    return 0;
}

void s3c_order_add(struct s3c_order *o, struct s3c_file *f)
{
    struct run *last = last_run(o);

    if (last && last->file == f) {
        last->count++;
        return;
    }
    assert(o->tail && o->tail->end < RUNS);
    o->tail->runs[o->tail->end++] = (struct run){f, 1};
}

/* A chunk whose runs are all gone stays only as the last one, where it is filled from its beginning again. */
static void drop_empty(struct s3c_order *o)
{
    struct s3c_order_chunk *c = o->head;

    if (c->first < c->end)
        return;
    if (c == o->tail) {
        c->first = c->end = 0;
        return;
    }
    o->head = c->next;
    o->bytes -= sizeof(*c);
    s3c_free(c);
}

struct s3c_file *s3c_order_first(const struct s3c_order *o, size_t *ret_count)
{
    const struct s3c_order_chunk *c = o->head;

    if (!c || c->first == c->end)
        return NULL;
    *ret_count = c->runs[c->first].count;
    return c->runs[c->first].file;
}

void s3c_order_drop(struct s3c_order *o, size_t n)
{
    struct run *run = &o->head->runs[o->head->first];

    assert(n <= run->count);
    run->count -= n;
    if (run->count > 0)
        return;
    o->head->first++;
    drop_empty(o);
}
