/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text equals what Go's encoding/json (1.22 and later: \b and \f in their short forms) prints for the reference's struct, as long
 * as everything is valid UTF-8. Where the reference would put U+FFFD in place of bytes, this writer puts base64 and says so in a
 * field at the end. Strings are checked and escaped in one pass; only when that fails the bytes are looked at again.
 */
#include "format/json.h"

#include <s3c/opencdc.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"
#include "base/json_plain.h"
#include "base/view.h"

struct json_writer {
    struct s3c_writer base;
    struct s3c_buf out;
    size_t taken;
};

/* Inlined, because a record is some fifty of these: a call for each would cost more than the bytes. */
static inline __attribute__((always_inline)) int add(struct s3c_buf *out, const char *p, size_t n)
{
    if (n > out->cap - out->len)
        return s3c_buf_add(out, p, n);
    memcpy(out->ptr + out->len, p, n);
    out->len += n;
    return 0;
}

#define ADD_LITERAL(out, text) add((out), "" text, sizeof(text) - 1)

/* S3C_E_RECORD: v is not valid UTF-8. */
static int add_string(struct s3c_buf *out, struct s3c_view v)
{
    char *dst;

    if (v.len + 2 > out->cap - out->len || !s3c_json_is_plain(v))
        return s3c_json_string_checked(out, v, S3C_JSON_GO);
    dst = out->ptr + out->len;
    dst[0] = '"';
    if (v.len > 0)
        memcpy(dst + 1, v.ptr, v.len);
    dst[v.len + 1] = '"';
    out->len += v.len + 2;
    return 0;
}

static int add_base64(struct s3c_buf *out, struct s3c_view v)
{
    int r = s3c_buf_reserve(out, s3c_base64_size(v.len) + 2);

    if (r < 0)
        return r;
    out->ptr[out->len++] = '"';
    out->len += s3c_base64_encode(out->ptr + out->len, v.ptr, v.len);
    out->ptr[out->len++] = '"';
    return 0;
}

static int add_bytes(struct s3c_buf *out, struct s3c_view v, bool *ret_base64)
{
    int r = add_string(out, v);

    *ret_base64 = r == S3C_E_RECORD;
    return *ret_base64 ? add_base64(out, v) : r;
}

static int add_data(struct s3c_buf *out, const struct s3c_data *d, bool *ret_base64)
{
    if (d->kind != S3C_DATA_NIL)
        return add_bytes(out, d->bytes, ret_base64);
    *ret_base64 = false;
    return ADD_LITERAL(out, "null");
}

static int add_metadata(struct s3c_buf *out, const struct s3c_record *r)
{
    const struct s3c_metadata *m = r->metadata, *end = m + r->metadata_count;
    int rc;

    if (r->metadata_nil)
        return ADD_LITERAL(out, "null");
    rc = ADD_LITERAL(out, "{");
    for (; rc == 0 && m < end; m++) {
        rc = add_string(out, m->name);
        if (rc == 0)
            rc = ADD_LITERAL(out, ":");
        if (rc == 0)
            rc = add_string(out, m->value);
        if (rc == 0 && m + 1 < end)
            rc = ADD_LITERAL(out, ",");
    }
    return rc < 0 ? rc : ADD_LITERAL(out, "}");
}

static int add_operation(struct s3c_buf *out, enum s3c_operation operation)
{
    const char *name = s3c_operation_name(operation);
    int r;

    if (!name)
        return S3C_E_RECORD;
    r = ADD_LITERAL(out, "{\"Operation\":\"");
    return r < 0 ? r : add(out, name, strlen(name));
}

static int add_record(struct s3c_buf *out, const struct s3c_record *r)
{
    bool position64 = false, payload64 = false, key64 = false;
    int rc = add_operation(out, r->operation);

    if (rc == 0)
        rc = ADD_LITERAL(out, "\",\"Position\":");
    if (rc == 0)
        rc = add_bytes(out, r->position, &position64);
    if (rc == 0)
        rc = ADD_LITERAL(out, ",\"Payload\":");
    if (rc == 0)
        rc = add_data(out, &r->after, &payload64);
    if (rc == 0)
        rc = ADD_LITERAL(out, ",\"Key\":");
    if (rc == 0)
        rc = add_data(out, &r->key, &key64);
    if (rc == 0)
        rc = ADD_LITERAL(out, ",\"Metadata\":");
    if (rc == 0)
        rc = add_metadata(out, r);
    if (rc == 0 && position64)
        rc = ADD_LITERAL(out, ",\"PositionEncoding\":\"base64\"");
    if (rc == 0 && payload64)
        rc = ADD_LITERAL(out, ",\"PayloadEncoding\":\"base64\"");
    if (rc == 0 && key64)
        rc = ADD_LITERAL(out, ",\"KeyEncoding\":\"base64\"");
    return rc < 0 ? rc : ADD_LITERAL(out, "}\n");
}

int s3c_json_add(struct s3c_buf *out, const struct s3c_record *r, struct s3c_error *err)
{
    size_t before = out->len;
    int rc = add_record(out, r);

    if (rc == 0)
        return 0;
    out->len = before;
    if (rc == S3C_E_NOMEM)
        return s3c_error_nomem(err);
    if (rc == S3C_E_RECORD)
        return s3c_error_set(err, rc,
                             "cannot write a record as JSON: its operation is unknown (%d) or its "
                             "metadata is not valid UTF-8",
                             (int)r->operation);
    return s3c_error_set(err, rc, "cannot write a record as JSON: the file would be too large");
}

static int json_add(struct s3c_writer *base, const struct s3c_record *r, struct s3c_error *err)
{
    return s3c_json_add(&((struct json_writer *)base)->out, r, err);
}

static size_t json_size(const struct s3c_writer *base)
{
    const struct json_writer *w = (const struct json_writer *)base;

    return w->taken + w->out.len;
}

static size_t json_memory(const struct s3c_writer *base)
{
    return sizeof(struct json_writer) + ((const struct json_writer *)base)->out.cap;
}

static size_t json_ready(const struct s3c_writer *base)
{
    return ((const struct json_writer *)base)->out.len;
}

static int json_take(struct s3c_writer *base, struct s3c_buf *ret, struct s3c_error *err)
{
    struct json_writer *w = (struct json_writer *)base;

    (void)err; /* nothing is left to be done, so nothing can fail */
    w->taken += w->out.len;
    *ret = w->out;
    w->out = (struct s3c_buf)S3C_BUF_INIT(SIZE_MAX);
    return 0;
}

static int json_finish(struct s3c_writer *base, struct s3c_buf *ret, struct s3c_error *err)
{
    int r = json_take(base, ret, err);

    ((struct json_writer *)base)->taken = 0;
    return r;
}

static void json_give(struct s3c_writer *base, struct s3c_buf *spare)
{
    struct json_writer *w = (struct json_writer *)base;

    if (w->out.len == 0 && w->out.cap < spare->cap) {
        s3c_buf_done(&w->out);
        w->out = *spare;
        w->out.len = 0;
        *spare = (struct s3c_buf)S3C_BUF_INIT(spare->max);
    }
    s3c_buf_done(spare);
}

static void json_release(struct s3c_writer *base)
{
    struct json_writer *w = (struct json_writer *)base;

    s3c_buf_done(&w->out);
    s3c_free(w);
}

int s3c_json_any_variant(struct s3c_format *f, const struct s3c_record *r, struct s3c_buf *out,
                         struct s3c_error *err)
{
    (void)f;
    (void)r;
    (void)out;
    (void)err;
    return 0;
}

static int format_open(struct s3c_format *f, const struct s3c_record *first,
                       struct s3c_writer **ret, struct s3c_error *err)
{
    static const struct s3c_writer_ops ops = {
        .add = json_add,
        .size = json_size,
        .memory = json_memory,
        .ready = json_ready,
        .take = json_take,
        .finish = json_finish,
        .give = json_give,
        .release = json_release,
    };
    struct json_writer *w = s3c_zalloc(sizeof(*w));

    (void)f;
    (void)first;
    if (!w)
        return s3c_error_nomem(err);
    w->base.ops = &ops;
    w->out = (struct s3c_buf)S3C_BUF_INIT(SIZE_MAX);
    *ret = &w->base;
    return 0;
}

static void format_release(struct s3c_format *f)
{
    s3c_free(f);
}

int s3c_json_format_new(struct s3c_format **ret, struct s3c_error *err)
{
    static const struct s3c_format_ops ops = {
        .extension = "json",
        .content_type = "application/json",
        .variant = s3c_json_any_variant,
        .open = format_open,
        .release = format_release,
    };
    struct s3c_format *f = s3c_zalloc(sizeof(*f));

    if (!f)
        return s3c_error_nomem(err);
    f->ops = &ops;
    *ret = f;
    return 0;
}
