/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading OpenCDC JSON lines: those of our own source, and those of Conduit's builtin:file destination. What is read stays in the
 * line: strings are unescaped and base64 is decoded in place, so that a payload costs no memory besides its line. Only metadata
 * needs room of its own. Where a field comes twice the last one counts, as in Go.
 */
#include <s3c/opencdc.h>

#include <stdlib.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/view.h"
#include "base/json_read.h"

#define SCRATCH_KEPT ((size_t)1 << 20) /* a larger buffer is not kept for the next line */

struct s3c_opencdc_decoder {
    struct s3c_arena arena;        /* metadata of the records decoded since the last reset */
    struct s3c_metadata *metadata; /* of the line being read */
    size_t metadata_count, metadata_room;
    struct s3c_buf scratch; /* base64 is decoded here, then copied back over its text */
};

int s3c_opencdc_decoder_new(struct s3c_opencdc_decoder **ret, struct s3c_error *err)
{
    struct s3c_opencdc_decoder *d = s3c_zalloc(sizeof(*d));

    if (!d)
        return s3c_error_nomem(err);
    d->arena = S3C_ARENA_INIT(0);
    d->scratch = (struct s3c_buf)S3C_BUF_INIT(SIZE_MAX);
    *ret = d;
    return 0;
}

void s3c_opencdc_decoder_free(struct s3c_opencdc_decoder *d)
{
    if (!d)
        return;
    s3c_arena_done(&d->arena);
    s3c_free(d->metadata);
    s3c_buf_done(&d->scratch);
    s3c_free(d);
}

void s3c_opencdc_decoder_reset(struct s3c_opencdc_decoder *d)
{
    s3c_arena_reset(&d->arena);
}

/* ---- metadata ---- */

static int push_metadata(struct s3c_opencdc_decoder *d, struct s3c_metadata m)
{
    if (s3c_grow(&d->metadata, &d->metadata_room, d->metadata_count + 1, sizeof(m)) < 0)
        return S3C_E_NOMEM;
    d->metadata[d->metadata_count++] = m;
    return 0;
}

/* By name; equal names in the order of the line, which is the order of their addresses. */
static int compare_metadata(const void *a, const void *b)
{
    const struct s3c_metadata *x = a, *y = b;
    int r = s3c_view_cmp(x->name, y->name);

    return r != 0 ? r : (x->name.ptr > y->name.ptr) - (x->name.ptr < y->name.ptr);
}

static bool is_sorted(const struct s3c_metadata *m, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (s3c_view_cmp(m[i - 1].name, m[i].name) >= 0)
            return false;
    return true;
}

static void sort_metadata(struct s3c_opencdc_decoder *d)
{
    struct s3c_metadata *m = d->metadata;
    size_t kept = 0;

    if (is_sorted(m, d->metadata_count))
        return;
    qsort(m, d->metadata_count, sizeof(*m), compare_metadata);
    for (size_t i = 0; i < d->metadata_count; i++) {
        if (i + 1 < d->metadata_count && s3c_view_eq(m[i].name, m[i + 1].name))
            continue; /* a later one of that name wins */
        m[kept++] = m[i];
    }
    d->metadata_count = kept;
}

static int collect_metadata(struct s3c_opencdc_decoder *d, struct s3c_json_reader *j)
{
    struct s3c_metadata m;
    bool first;
    int rc = s3c_json_object_begin(j, &first);

    d->metadata_count = 0;
    while (rc == 0) {
        rc = s3c_json_object_member(j, &first, &m.name);
        if (rc == 0)
            rc = s3c_json_read_string(j, &m.value);
        if (rc == 0)
            rc = push_metadata(d, m);
    }
    return rc == S3C_END ? 0 : rc;
}

static int read_metadata(struct s3c_opencdc_decoder *d, struct s3c_json_reader *j,
                         struct s3c_record *ret)
{
    struct s3c_metadata *copy;
    int rc;

    ret->metadata_nil = s3c_json_peek(j) == 'n';
    ret->metadata_count = 0;
    ret->metadata = NULL;
    if (ret->metadata_nil)
        return s3c_json_read_null(j);
    rc = collect_metadata(d, j);
    if (rc < 0)
        return rc;
    sort_metadata(d);
    if (d->metadata_count == 0)
        return 0;
    copy = s3c_arena_alloc(&d->arena, d->metadata_count * sizeof(*copy));
    if (!copy)
        return S3C_E_NOMEM;
    memcpy(copy, d->metadata, d->metadata_count * sizeof(*copy));
    ret->metadata = copy;
    ret->metadata_count = d->metadata_count;
    return 0;
}

/* ---- the other fields ---- */

static int read_base64(struct s3c_opencdc_decoder *d, struct s3c_json_reader *j,
                       struct s3c_view *ret)
{
    struct s3c_view text;
    const char *at;
    char *dst;
    int rc;

    (void)s3c_json_peek(j);
    at = j->p;
    rc = s3c_json_read_string(j, &text);
    if (rc < 0)
        return rc;
    s3c_buf_clear(&d->scratch);
    rc = s3c_base64_decode(&d->scratch, text, NULL);
    if (rc == S3C_E_INVALID)
        return s3c_json_fail(j, at, "the string is not base64");
    if (rc < 0)
        return rc;
    dst = j->start + (text.ptr - j->start);
    if (d->scratch.len > 0)
        memcpy(dst, d->scratch.ptr, d->scratch.len);
    *ret = (struct s3c_view){dst, d->scratch.len};
    return 0;
}

static int read_data(struct s3c_opencdc_decoder *d, struct s3c_json_reader *j, struct s3c_data *ret)
{
    struct s3c_data data = {.kind = S3C_DATA_NIL};
    int rc;

    switch (s3c_json_peek(j)) {
    case 'n':
        rc = s3c_json_read_null(j);
        break;
    case '"':
        data.kind = S3C_DATA_RAW;
        rc = read_base64(d, j, &data.bytes);
        break;
    case '{':
        data.kind = S3C_DATA_STRUCTURED;
        rc = s3c_json_skip(j, &data.bytes);
        break;
    default:
        return s3c_json_fail(j, j->p, "expected base64 text, an object or null");
    }
    if (rc == 0)
        *ret = data;
    return rc;
}

static int read_operation(struct s3c_json_reader *j, struct s3c_record *ret)
{
    struct s3c_view v;
    const char *at;

    (void)s3c_json_peek(j);
    at = j->p;
    if (s3c_json_read_string(j, &v) < 0)
        return S3C_E_RECORD;
    for (int op = S3C_OP_CREATE; op <= S3C_OP_SNAPSHOT; op++) {
        if (s3c_view_eq_str(v, s3c_operation_name((enum s3c_operation)op))) {
            ret->operation = (enum s3c_operation)op;
            return 0;
        }
    }
    return s3c_json_fail(j, at, "operation is none of create, update, delete, snapshot");
}

static int read_position(struct s3c_opencdc_decoder *d, struct s3c_json_reader *j,
                         struct s3c_record *ret)
{
    ret->position = (struct s3c_view){NULL, 0};
    return s3c_json_peek(j) == 'n' ? s3c_json_read_null(j) : read_base64(d, j, &ret->position);
}

static int read_payload(struct s3c_opencdc_decoder *d, struct s3c_json_reader *j,
                        struct s3c_record *ret)
{
    struct s3c_view name;
    bool first;
    int rc;

    ret->before = ret->after = (struct s3c_data){.kind = S3C_DATA_NIL};
    if (s3c_json_peek(j) == 'n')
        return s3c_json_read_null(j);
    rc = s3c_json_object_begin(j, &first);
    while (rc == 0) {
        rc = s3c_json_object_member(j, &first, &name);
        if (rc != 0)
            break;
        if (s3c_view_eq_str(name, "before"))
            rc = read_data(d, j, &ret->before);
        else if (s3c_view_eq_str(name, "after"))
            rc = read_data(d, j, &ret->after);
        else
            rc = s3c_json_skip(j, NULL);
    }
    return rc == S3C_END ? 0 : rc;
}

static int read_field(struct s3c_opencdc_decoder *d, struct s3c_json_reader *j,
                      struct s3c_view name, struct s3c_record *ret)
{
    if (s3c_view_eq_str(name, "position"))
        return read_position(d, j, ret);
    if (s3c_view_eq_str(name, "operation"))
        return read_operation(j, ret);
    if (s3c_view_eq_str(name, "metadata"))
        return read_metadata(d, j, ret);
    if (s3c_view_eq_str(name, "key"))
        return read_data(d, j, &ret->key);
    if (s3c_view_eq_str(name, "payload"))
        return read_payload(d, j, ret);
    return s3c_json_skip(j, NULL);
}

static int read_record(struct s3c_opencdc_decoder *d, struct s3c_json_reader *j,
                       struct s3c_record *ret)
{
    struct s3c_view name;
    bool first;
    int rc = s3c_json_object_begin(j, &first);

    while (rc == 0) {
        rc = s3c_json_object_member(j, &first, &name);
        if (rc == 0)
            rc = read_field(d, j, name, ret);
    }
    if (rc == S3C_END)
        rc = s3c_json_finish(j);
    if (rc == 0 && !s3c_operation_name(ret->operation))
        return s3c_json_fail(j, j->start, "the operation is missing");
    return rc;
}

int s3c_opencdc_decode(struct s3c_opencdc_decoder *d, char *line, size_t len,
                       struct s3c_record *ret, struct s3c_error *err)
{
    struct s3c_record record = {.metadata_nil = true};
    struct s3c_json_reader j;
    int rc;

    s3c_json_reader_init(&j, line, len);
    rc = read_record(d, &j, &record);
    if (d->scratch.cap > SCRATCH_KEPT)
        s3c_buf_done(&d->scratch);
    if (rc == S3C_E_RECORD)
        return s3c_error_set(
            err, rc, "malformed record at column %zu: %s; expected one line of OpenCDC JSON",
            s3c_json_column(&j), j.problem);
    if (rc < 0)
        return s3c_error_nomem(err);
    *ret = record;
    return 0;
}
