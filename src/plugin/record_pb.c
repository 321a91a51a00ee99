/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Written by hand instead of by a protobuf library because this is the hot path: sizes first, then one run over the record with a raw pointer;
 * no tree, no allocation per record, no copy of the payload.
 */
#include "plugin/record_pb.h"

#include "base/banned.h"
#include "base/mem.h"
#include "grpc/pb.h"

#define MESSAGE_MAX ((size_t)INT32_MAX)

/* Tags of opencdc.v1; all but the operation are length-delimited. */
enum {
    TAG_RECORDS = 1 << 3 | PB_BYTES, /* Source.Run.Response */
    TAG_POSITION = 1 << 3 | PB_BYTES,
    TAG_OPERATION = 2 << 3 | PB_VARINT,
    TAG_METADATA = 3 << 3 | PB_BYTES,
    TAG_ENTRY_KEY = 1 << 3 | PB_BYTES,
    TAG_ENTRY_VALUE = 2 << 3 | PB_BYTES,
    TAG_KEY = 4 << 3 | PB_BYTES,
    TAG_PAYLOAD = 5 << 3 | PB_BYTES,
    TAG_BEFORE = 1 << 3 | PB_BYTES,
    TAG_AFTER = 2 << 3 | PB_BYTES,
    TAG_RAW = 1 << 3 | PB_BYTES,
};

/* Of a length-delimited field: tag, length, bytes. */
static inline size_t field_size(size_t n)
{
    return 1 + (n < 128 ? 1 : pb_varint_size(n)) + n;
}

static inline size_t entry_size(const struct s3c_metadata *e)
{
    return field_size(e->name.len) + field_size(e->value.len);
}

/* Of a Data message; nil has none. */
static size_t data_size(const struct s3c_data *d)
{
    return field_size(d->bytes.len);
}

static size_t data_field_size(const struct s3c_data *d)
{
    return d->kind == S3C_DATA_NIL ? 0 : field_size(data_size(d));
}

static size_t change_size(const struct s3c_record *r)
{
    return data_field_size(&r->before) + data_field_size(&r->after);
}

static size_t record_size(const struct s3c_record *r)
{
    size_t n =
        1 + pb_varint_size(r->operation) + data_field_size(&r->key) + field_size(change_size(r));

    if (r->position.len > 0)
        n += field_size(r->position.len);
    for (size_t i = 0; i < r->metadata_count; i++)
        n += field_size(entry_size(&r->metadata[i]));
    return n;
}

static inline char *put_head(char *p, char tag, size_t n)
{
    *p++ = tag;
    if (n < 128) {
        *p++ = (char)n;
        return p;
    }
    return pb_put_varint(p, n);
}

static inline char *put_bytes(char *p, char tag, struct s3c_view v)
{
    p = put_head(p, tag, v.len);
    if (v.len > 0)
        memcpy(p, v.ptr, v.len);
    return p + v.len;
}

static char *put_metadata(char *p, const struct s3c_record *r)
{
    for (size_t i = 0; i < r->metadata_count; i++) {
        const struct s3c_metadata *e = &r->metadata[i];

        p = put_head(p, TAG_METADATA, entry_size(e));
        p = put_bytes(p, TAG_ENTRY_KEY, e->name);
        p = put_bytes(p, TAG_ENTRY_VALUE, e->value);
    }
    return p;
}

static bool is_referred(const struct record_pb *m, const struct s3c_data *d)
{
    return d->bytes.len >= RECORD_PB_REFERENCE && m->cut_count < RECORD_PB_CUTS;
}

static char *put_data(struct record_pb *m, char *p, char tag, const struct s3c_data *d)
{
    if (d->kind == S3C_DATA_NIL)
        return p;
    p = put_head(p, tag, data_size(d));
    if (!is_referred(m, d))
        return put_bytes(p, TAG_RAW, d->bytes);
    p = put_head(p, TAG_RAW, d->bytes.len);
    m->cuts[m->cut_count++] = (struct record_pb_cut){(size_t)(p - m->text.ptr), d->bytes};
    m->referred += d->bytes.len;
    return p;
}

void record_pb_init(struct record_pb *m)
{
    m->text = (struct s3c_buf)S3C_BUF_INIT(MESSAGE_MAX);
    record_pb_clear(m);
}

void record_pb_done(struct record_pb *m)
{
    s3c_buf_done(&m->text);
    record_pb_clear(m);
}

void record_pb_clear(struct record_pb *m)
{
    s3c_buf_clear(&m->text);
    m->cut_count = m->referred = m->records = 0;
}

/* An upper bound of what the record takes in text: data that may be referred to is counted where it is not. */
static size_t text_size(const struct record_pb *m, const struct s3c_record *r, size_t size)
{
    const struct s3c_data *const data[] = {&r->key, &r->before, &r->after};
    size_t cuts = m->cut_count;

    for (size_t i = 0; i < sizeof(data) / sizeof(data[0]); i++)
        if (data[i]->kind != S3C_DATA_NIL && data[i]->bytes.len >= RECORD_PB_REFERENCE &&
            cuts < RECORD_PB_CUTS) {
            size -= data[i]->bytes.len;
            cuts++;
        }
    return size;
}

static bool is_raw(const struct s3c_data *d)
{
    return d->kind == S3C_DATA_NIL || d->kind == S3C_DATA_RAW;
}

int record_pb_add(struct record_pb *m, const struct s3c_record *r)
{
    size_t size, whole;
    char *p;
    int n;

    if (!is_raw(&r->key) || !is_raw(&r->before) || !is_raw(&r->after))
        return S3C_E_RECORD;
    size = record_size(r);
    whole = field_size(size);
    if (size > MESSAGE_MAX || whole > MESSAGE_MAX - record_pb_size(m))
        return S3C_E_TOO_LARGE;
    n = s3c_buf_reserve(&m->text, text_size(m, r, whole));
    if (n < 0)
        return n;
    p = put_head(m->text.ptr + m->text.len, TAG_RECORDS, size);
    if (r->position.len > 0)
        p = put_bytes(p, TAG_POSITION, r->position);
    *p++ = TAG_OPERATION;
    p = pb_put_varint(p, r->operation);
    p = put_metadata(p, r);
    p = put_data(m, p, TAG_KEY, &r->key);
    p = put_head(p, TAG_PAYLOAD, change_size(r));
    p = put_data(m, p, TAG_BEFORE, &r->before);
    p = put_data(m, p, TAG_AFTER, &r->after);
    m->text.len = (size_t)(p - m->text.ptr);
    m->records++;
    return 0;
}

int record_pb_keep(struct record_pb *m)
{
    size_t end = m->text.len, to;

    if (m->cut_count == 0)
        return 0;
    if (s3c_buf_reserve(&m->text, m->referred) < 0)
        return S3C_E_NOMEM;
    to = end + m->referred;
    m->text.len = to;
    while (m->cut_count >
           0) { /* from the last one on, so that nothing is overwritten that has yet to move */
        struct record_pb_cut *c = &m->cuts[--m->cut_count];

        to -= end - c->at;
        memmove(m->text.ptr + to, m->text.ptr + c->at, end - c->at);
        to -= c->data.len;
        memcpy(m->text.ptr + to, c->data.ptr, c->data.len);
        end = c->at;
    }
    m->referred = 0;
    return 0;
}

size_t record_pb_size(const struct record_pb *m)
{
    return m->text.len + m->referred;
}

size_t record_pb_pieces(const struct record_pb *m, struct grpc_piece *pieces)
{
    size_t from = 0, n = 0;

    for (size_t i = 0; i < m->cut_count; i++) {
        const struct record_pb_cut *c = &m->cuts[i];

        if (c->at > from)
            pieces[n++] = (struct grpc_piece){m->text.ptr + from, c->at - from};
        pieces[n++] = (struct grpc_piece){c->data.ptr, c->data.len};
        from = c->at;
    }
    if (m->text.len > from)
        pieces[n++] = (struct grpc_piece){m->text.ptr + from, m->text.len - from};
    return n;
}
