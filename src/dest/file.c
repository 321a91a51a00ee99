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

struct s3c_file *s3c_file_new(void)
{
    struct s3c_file *f = s3c_zalloc(sizeof(*f));

    if (!f)
        return NULL;
    f->positions = (struct s3c_buf)S3C_BUF_INIT(SIZE_MAX);
    f->body = (struct s3c_buf)S3C_BUF_INIT(SIZE_MAX);
    f->key = (struct s3c_buf)S3C_BUF_INIT(SIZE_MAX);
    return f;
}

void s3c_file_free(struct s3c_file *f)
{
    if (!f)
        return;
    s3c_buf_done(&f->positions);
    s3c_buf_done(&f->body);
    s3c_buf_done(&f->key);
    s3c_free(f);
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

int s3c_file_add(struct s3c_file *f, struct s3c_writer *w, const struct s3c_record *r,
                 int64_t now_ns, struct s3c_error *err)
{
    int rc = reserve_position(f, r->position, err);

    if (rc == 0)
        rc = w->ops->add(w, r, err);
    if (rc < 0)
        return rc;
    put_position(f, r->position);
    if (f->records++ == 0)
        f->first_ns = now_ns;
    f->last_ns = now_ns;
    return 0;
}

bool s3c_file_is_due(const struct s3c_file *f, const struct s3c_writer *w,
                     const struct s3c_file_limits *l, int64_t now_ns, enum s3c_close_reason *ret)
{
    if (f->records >= l->records)
        *ret = S3C_CLOSE_COUNT;
    else if (l->bytes > 0 && w->ops->size(w) >= l->bytes)
        *ret = S3C_CLOSE_BYTES;
    else if (l->age_ns > 0 && now_ns - f->first_ns >= l->age_ns)
        *ret = S3C_CLOSE_AGE;
    else if (l->idle_ns > 0 && now_ns - f->last_ns >= l->idle_ns)
        *ret = S3C_CLOSE_IDLE;
    else
        return false;
    return true;
}

int64_t s3c_file_due_ns(const struct s3c_file *f, const struct s3c_file_limits *l)
{
    int64_t age = l->age_ns > 0 ? f->first_ns + l->age_ns : INT64_MAX;
    int64_t idle = l->idle_ns > 0 ? f->last_ns + l->idle_ns : INT64_MAX;

    return age < idle ? age : idle;
}

int s3c_file_close(struct s3c_file *f, struct s3c_writer *w, struct s3c_error *err)
{
    int r = w->ops->finish(w, &f->body, err);

    if (r < 0)
        return r;
    f->state = S3C_FILE_QUEUED;
    return 0;
}

void s3c_file_finish(struct s3c_file *f, const struct s3c_error *err)
{
    f->state = S3C_FILE_DONE;
    f->delivery.result = err ? err->code : 0;
    if (err && err != &f->delivery.error)
        f->delivery.error = *err;
    s3c_buf_done(&f->body);
}

size_t s3c_file_bytes(const struct s3c_file *f)
{
    return sizeof(*f) + f->positions.len + f->body.len;
}

bool s3c_file_next_position(struct s3c_file *f, struct s3c_view *ret)
{
    const char *p = f->positions.ptr + f->ack_cursor;
    uint32_t len;

    if (s3c_file_is_acked(f))
        return false;
    memcpy(&len, p, sizeof(len));
    *ret = (struct s3c_view){p + sizeof(len), len};
    f->ack_cursor += sizeof(len) + len;
    return true;
}

bool s3c_file_is_acked(const struct s3c_file *f)
{
    return f->ack_cursor == f->positions.len;
}
