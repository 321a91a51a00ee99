/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writers are made for files and released with them, but for one: a stream that stays in one partition would otherwise make a new compressor
 * for each file, and one that goes through many partitions has no use for a thousand idle ones.
 */
#include "dest/open_files.h"

#include "base/error.h"
#include "base/mem.h"
#include "dest/once.h"

void s3c_open_files_init(struct s3c_open_files *o, uint64_t random)
{
    s3c_partitions_init(&o->partitions, random);
    s3c_link_init(&o->by_age);
    o->divided = s3c_template_divides(o->template);
    o->key = o->spare_variant = o->spare_body = o->key_room =
        (struct s3c_buf)S3C_BUF_INIT(SIZE_MAX);
}

void s3c_open_files_done(struct s3c_open_files *o)
{
    struct s3c_file *f;

    while ((f = s3c_open_files_oldest(o))) {
        s3c_open_files_remove(o, f);
        s3c_open_files_forget(o, f);
    }
    s3c_open_files_drop_spare(o);
    s3c_partitions_done(&o->partitions);
    s3c_buf_done(&o->key);
    s3c_buf_done(&o->spare_variant);
    s3c_buf_done(&o->key_room);
    s3c_free(o->heap);
}

/* ---- by size ---- */

static bool goes_before(const struct s3c_file *a, const struct s3c_file *b)
{
    return a->counted != b->counted ? a->counted > b->counted : a->number < b->number;
}

static void place(struct s3c_open_files *o, struct s3c_file *f, size_t i)
{
    o->heap[i] = f;
    f->heap_index = i;
}

static void sift_up(struct s3c_open_files *o, struct s3c_file *f)
{
    size_t i = f->heap_index;

    while (i > 0 && goes_before(f, o->heap[(i - 1) / 2])) {
        place(o, o->heap[(i - 1) / 2], i);
        i = (i - 1) / 2;
    }
    place(o, f, i);
}

static void sift_down(struct s3c_open_files *o, struct s3c_file *f)
{
    size_t i = f->heap_index, child;

    while ((child = 2 * i + 1) < o->count) {
        if (child + 1 < o->count && goes_before(o->heap[child + 1], o->heap[child]))
            child++;
        if (!goes_before(o->heap[child], f))
            break;
        place(o, o->heap[child], i);
        i = child;
    }
    place(o, f, i);
}

static void heap_remove(struct s3c_open_files *o, struct s3c_file *f)
{
    struct s3c_file *last = o->heap[--o->count];

    if (last == f)
        return;
    place(o, last, f->heap_index);
    sift_up(o, last);
    sift_down(o, last);
}

void s3c_open_files_recount(struct s3c_open_files *o, struct s3c_file *f)
{
    size_t before = f->counted, now = s3c_file_bytes(f);

    if (now == before)
        return;
    o->bytes += now - before;
    f->counted = now;
    if (now > before)
        sift_up(o, f);
    else
        sift_down(o, f);
}

/* ---- finding ---- */

static struct s3c_partition_key key_of_latest_find(const struct s3c_open_files *o)
{
    return (struct s3c_partition_key){s3c_buf_view(&o->key), o->values_len};
}

static int make_key(struct s3c_open_files *o, const struct s3c_record *r, struct s3c_error *err)
{
    int rc = 0;

    s3c_buf_clear(&o->key);
    if (o->divided)
        rc = s3c_template_partition(o->template, r, s3c_wall_ns(o->clock), &o->key, err);
    o->values_len = o->key.len;
    return rc < 0 ? rc : o->format->ops->variant(o->format, r, &o->key, err);
}

int s3c_open_files_find(struct s3c_open_files *o, const struct s3c_record *r, struct s3c_file **ret,
                        struct s3c_error *err)
{
    int rc = make_key(o, r, err);

    if (rc < 0)
        return rc;
    if (!o->latest || !s3c_partition_is(o->latest, key_of_latest_find(o)))
        o->latest = s3c_partitions_find(&o->partitions, key_of_latest_find(o));
    *ret = o->latest ? o->latest->open : NULL;
    return 0;
}

/* ---- opening ---- */

static int get_writer(struct s3c_open_files *o, const struct s3c_partition *p,
                      const struct s3c_record *first, struct s3c_writer **ret,
                      struct s3c_error *err)
{
    if (o->spare && s3c_view_eq(s3c_buf_view(&o->spare_variant), s3c_partition_variant(p))) {
        *ret = S3C_TAKE(o->spare);
        return 0;
    }
    return o->format->ops->open(o->format, first, ret, err);
}

static int prepare(struct s3c_open_files *o, struct s3c_file *f, const struct s3c_record *first,
                   struct s3c_error *err)
{
    /* Room for a key is taken now, so that closing a file cannot fail for want of it; for one: thousands of files are open. */
    if (s3c_buf_reserve(&o->key_room, S3C_KEY_MAX) < 0 ||
        s3c_grow(&o->heap, &o->cap, o->count + 1, sizeof(*o->heap)) < 0 ||
        (o->once && s3c_once_begin(f) < 0))
        return s3c_error_nomem(err);
    f->partition = s3c_partitions_ref(&o->partitions, key_of_latest_find(o));
    if (!f->partition)
        return s3c_error_nomem(err);
    return get_writer(o, f->partition, first, &f->writer, err);
}

/* The memory of a body that has gone becomes the next one's; what comes after it will be about as large. */
static void use_spare_body(struct s3c_open_files *o, struct s3c_file *f)
{
    f->spare = &o->spare_body;
    if (o->spare_body.cap == 0)
        return;
    if (f->writer->ops->give)
        f->writer->ops->give(f->writer, &o->spare_body);
    s3c_buf_done(&o->spare_body);
    s3c_open_files_recount(o, f);
}

int s3c_open_files_open(struct s3c_open_files *o, const struct s3c_record *first,
                        struct s3c_file **ret, struct s3c_error *err)
{
    struct s3c_file *f = s3c_file_new();
    int r = f ? prepare(o, f, first, err) : s3c_error_nomem(err);

    if (r < 0) {
        s3c_open_files_forget(o, f);
        return r;
    }
    f->number = ++o->opened;
    f->partition->open = f;
    o->latest = f->partition;
    s3c_link_insert(&o->by_age, &f->link);
    place(o, f, o->count++);
    s3c_open_files_recount(o, f);
    o->fresh_bytes = f->counted;
    use_spare_body(o, f);
    *ret = f;
    return 0;
}

/* ---- closing ---- */

void s3c_open_files_remove(struct s3c_open_files *o, struct s3c_file *f)
{
    heap_remove(o, f);
    s3c_link_remove(&f->link);
    o->bytes -= f->counted;
    f->counted = 0;
    f->partition->open = NULL;
}

static void drop_spare_writer(struct s3c_open_files *o)
{
    if (o->spare)
        o->spare->ops->release(o->spare);
    o->spare = NULL;
}

void s3c_open_files_keep_writer(struct s3c_open_files *o, struct s3c_file *f)
{
    struct s3c_view variant = s3c_partition_variant(f->partition);

    drop_spare_writer(o);
    o->spare = S3C_TAKE(f->writer);
    s3c_buf_clear(&o->spare_variant);
    if (s3c_buf_add_view(&o->spare_variant, variant) < 0)
        drop_spare_writer(o); /* nobody would know what it is for */
}

void s3c_open_files_drop_spare(struct s3c_open_files *o)
{
    drop_spare_writer(o);
    s3c_buf_done(&o->spare_body);
}

void s3c_open_files_forget(struct s3c_open_files *o, struct s3c_file *f)
{
    bool latest = f && f->partition && f->partition == o->latest;

    if (f && f->partition && s3c_partitions_unref(&o->partitions, f->partition) && latest)
        o->latest = NULL;
    s3c_file_free(f);
}

struct s3c_file *s3c_open_files_oldest(const struct s3c_open_files *o)
{
    return s3c_link_alone(&o->by_age) ? NULL : S3C_LINK_OF(o->by_age.next, struct s3c_file, link);
}

struct s3c_file *s3c_open_files_largest(const struct s3c_open_files *o)
{
    return o->count > 0 ? o->heap[0] : NULL;
}

size_t s3c_open_files_bytes(const struct s3c_open_files *o)
{
    return o->bytes + o->partitions.bytes + o->cap * sizeof(*o->heap) + o->key.cap +
           o->key_room.cap + o->spare_body.cap + (o->spare ? o->spare->ops->memory(o->spare) : 0);
}

size_t s3c_open_files_fresh_bytes(const struct s3c_open_files *o)
{
    return o->fresh_bytes;
}
