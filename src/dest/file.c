/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Age and idleness are measured with the monotonic clock: "wall clock" in DESIGN 5 means that time passes without any record coming,
 * not that a corrected system clock should close files.
 *
 * Positions are packed one after the other, because a file of 100,000 small records would otherwise pay more for pointers
 * and allocations than for the positions themselves.
 */
#include "dest/file.h"

#include "base/error.h"
#include "base/mem.h"
#include "dest/once.h"

struct s3c_file *s3c_file_new(void)
{
    struct s3c_file *f = s3c_zalloc(sizeof(*f));

    if (!f)
        return NULL;
    f->positions = (struct s3c_buf)S3C_BUF_INIT(SIZE_MAX);
    f->body = (struct s3c_buf)S3C_BUF_INIT(SIZE_MAX);
    f->key = (struct s3c_buf)S3C_BUF_INIT(SIZE_MAX);
    s3c_link_init(&f->link);
    s3c_link_init(&f->stream);
    return f;
}

void s3c_file_free(struct s3c_file *f)
{
    if (!f)
        return;
    s3c_file_drop_writer(f);
    s3c_file_once_free(f->once);
    s3c_buf_done(&f->positions);
    s3c_buf_done(&f->body);
    s3c_buf_done(&f->key);
    s3c_free(f->last_failure);
    s3c_free(f);
}

void s3c_file_drop_writer(struct s3c_file *f)
{
    if (f->writer)
        f->writer->ops->release(f->writer);
    f->writer = NULL;
}

/* Most files have none: an error is large. */
void s3c_file_keep_failure(struct s3c_file *f, const struct s3c_error *err)
{
    if (!f->last_failure)
        f->last_failure = s3c_alloc(sizeof(*f->last_failure));
    if (f->last_failure)
        *f->last_failure = *err;
}

static int reserve_position(struct s3c_file *f, struct s3c_view position, struct s3c_error *err)
{
    int r = position.len > UINT32_MAX
                ? S3C_E_TOO_LARGE
                : s3c_buf_reserve(&f->positions, sizeof(uint32_t) + position.len);

    if (r == S3C_E_NOMEM)
        return s3c_error_nomem(err);
    if (r < 0)
        return s3c_error_set(err, r, "cannot take a record: its position has %zu bytes",
                             position.len);
    return 0;
}

static void put_position(struct s3c_file *f, struct s3c_view position)
{
    char *dst = f->positions.ptr + f->positions.len;
    uint32_t len = (uint32_t)position.len;

    memcpy(dst, &len, sizeof(len));
    if (len > 0)
        memcpy(dst + sizeof(len), position.ptr, len);
    f->positions.len += sizeof(len) + len;
}

int s3c_file_add(struct s3c_file *f, const struct s3c_record *r, int64_t now_ns,
                 struct s3c_error *err)
{
    size_t retained = f->once ? f->once->retained.len : 0;
    int rc = reserve_position(f, r->position, err);

    if (rc == 0 && f->once && s3c_retained_add(&f->once->retained, r) < 0)
        rc = s3c_error_nomem(err);
    if (rc < 0)
        return rc;
    rc = f->writer->ops->add(f->writer, r, err);
    if (rc < 0) {
        if (f->once)
            s3c_retained_undo(&f->once->retained, retained);
        return rc;
    }
    put_position(f, r->position);
    if (f->records++ == 0)
        f->first_ns = now_ns;
    return 0;
}

bool s3c_file_is_full(const struct s3c_file *f, const struct s3c_file_limits *l,
                      enum s3c_close_reason *ret)
{
    if (f->records >= l->records)
        *ret = S3C_CLOSE_COUNT;
    else if (l->bytes > 0 && f->writer->ops->size(f->writer) >= l->bytes)
        *ret = S3C_CLOSE_BYTES;
    else
        return false;
    return true;
}

int s3c_file_finish_body(struct s3c_file *f, struct s3c_error *err)
{
    int r = f->writer->ops->finish(f->writer, &f->body, err);

    f->size += f->body.len;
    return r;
}

void s3c_file_trim(struct s3c_file *f)
{
    s3c_buf_trim(&f->positions);
    s3c_buf_trim(&f->body);
}

/* Large blocks only: smaller ones malloc keeps by itself, and very large ones are not worth what they take from others. */
static bool is_worth_keeping(const struct s3c_buf *body, const struct s3c_buf *spare)
{
    return body->cap >= S3C_SPARE_BODY_MIN && body->cap <= S3C_SPARE_BODY_MAX &&
           body->cap > spare->cap;
}

static void let_go_of_body(struct s3c_file *f)
{
    if (f->spare && is_worth_keeping(&f->body, f->spare)) {
        s3c_buf_done(f->spare);
        *f->spare = f->body;
        s3c_buf_clear(f->spare);
        f->body = (struct s3c_buf)S3C_BUF_INIT(SIZE_MAX);
    }
    s3c_buf_done(&f->body);
}

void s3c_file_settle(struct s3c_file *f, const struct s3c_error *err)
{
    f->state = S3C_FILE_DONE;
    f->settled = f->records;
    f->unsent = 0;
    f->delivery.result = err ? err->code : 0;
    if (err && err != &f->delivery.error)
        f->delivery.error = *err;
    let_go_of_body(f);
    s3c_buf_done(&f->key);
}

size_t s3c_file_bytes(const struct s3c_file *f)
{
    size_t n = sizeof(*f) + f->positions.cap + f->body.cap + f->key.cap + f->unsent +
               (f->last_failure ? sizeof(*f->last_failure) : 0);

    if (f->once)
        n += s3c_once_file_bytes(f->once);
    return f->writer ? n + f->writer->ops->memory(f->writer) : n;
}

static struct s3c_view position_at(const struct s3c_file *f, size_t offset)
{
    const char *p = f->positions.ptr + offset;
    uint32_t len;

    memcpy(&len, p, sizeof(len));
    return (struct s3c_view){p + sizeof(len), len};
}

struct s3c_view s3c_file_first_position(const struct s3c_file *f)
{
    return position_at(f, 0);
}

struct s3c_view s3c_file_give(struct s3c_file *f)
{
    struct s3c_view position = position_at(f, f->cursor);

    f->cursor += sizeof(uint32_t) + position.len;
    f->given++;
    return position;
}
