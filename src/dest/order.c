/* SPDX-License-Identifier: Apache-2.0 */
#include "dest/order.h"

#include <assert.h>

#include "base/mem.h"
#include "dest/file.h"

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

/* The next run to look at; NULL: there is none yet. */
static struct run *next_to_scan(struct s3c_order *o)
{
    if (!o->scan) {
        o->scan = o->head;
        o->scan_run = o->head ? o->head->first : 0;
    }
    if (o->scan && o->scan_run == o->scan->end && o->scan->next) {
        o->scan = o->scan->next;
        o->scan_run = o->scan->first;
    }
    return o->scan && o->scan_run < o->scan->end ? &o->scan->runs[o->scan_run] : NULL;
}

void s3c_order_find_border(struct s3c_order *o)
{
    struct run *run;

    while ((run = next_to_scan(o)) && run->file->state == S3C_FILE_DONE) {
        struct s3c_file *f = run->file;

        o->begun += f->scanned == 0 && !f->begun_before;
        f->scanned += run->count;
        o->begun -= f->scanned == f->records && !f->goes_on;
        o->cut = o->cut || f->cut;
        o->scanned += run->count;
        o->scan_run++;
        if (o->begun == 0)
            o->border = o->scanned;
    }
}

/* The scan may stand at the end of a chunk that goes, or that begins again. */
static void take_scan_along(struct s3c_order *o, const struct s3c_order_chunk *gone)
{
    if (o->scan == gone)
        o->scan = NULL;
}

/* A chunk whose runs are all gone stays only as the last one, where it is filled from its beginning again. */
static void drop_empty(struct s3c_order *o)
{
    struct s3c_order_chunk *c = o->head;

    if (c->first < c->end)
        return;
    take_scan_along(o, c);
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
    if (o->border > 0) { /* somebody asks for borders, and takes nothing from behind one */
        assert(n <= o->border);
        o->border -= n;
        o->scanned -= n;
    }
    if (run->count > 0)
        return;
    o->head->first++;
    drop_empty(o);
}
