/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Record { position = 1; operation = 2; metadata = 3; key = 4; payload = 5 }; Change { before = 1; after = 2 }; Data { oneof: raw_data = 1,
 * structured_data = 2 }.
 */
#include "plugin/record_decode.h"

#include <stdlib.h>

#include "base/banned.h"
#include "base/error.h"
#include "base/view.h"
#include "grpc/pb.h"
#include "plugin/struct_json.h"

void record_decoder_reset(struct record_decoder *d)
{
    s3c_arena_reset(&d->memory);
}

void record_decoder_done(struct record_decoder *d)
{
    s3c_arena_done(&d->memory);
    json_out_done(&d->json);
    s3c_free(S3C_TAKE(d->metadata));
    d->metadata_cap = 0;
}

static int malformed(struct s3c_error *err)
{
    return s3c_error_set(err, S3C_E_PROTOCOL, "malformed request: a record is no protobuf");
}

/* ---- metadata ---- */

/* map entry { string key = 1; string value = 2 } */
static int read_entry(struct s3c_view message, struct s3c_metadata *ret, struct s3c_error *err)
{
    struct pb_reader p;
    int r;

    *ret = (struct s3c_metadata){{"", 0}, {"", 0}};
    pb_read(&p, message);
    while ((r = pb_next(&p)) == 1) {
        if (p.field == 1 && p.wire == PB_BYTES)
            ret->name = p.bytes;
        else if (p.field == 2 && p.wire == PB_BYTES)
            ret->value = p.bytes;
    }
    if (r < 0)
        return malformed(err);
    if (!s3c_utf8_valid(ret->name))
        return s3c_error_set(err, S3C_E_RECORD, "a metadata name is not valid UTF-8");
    if (!s3c_utf8_valid(ret->value))
        return s3c_error_set(err, S3C_E_RECORD, "the metadata \"%.*s\" is not valid UTF-8",
                             (int)(ret->name.len < 100 ? ret->name.len : 100), ret->name.ptr);
    return 0;
}

static int add_metadata(struct record_decoder *d, struct s3c_view message, size_t at,
                        struct s3c_error *err)
{
    if (at == d->metadata_cap) {
        size_t cap = at ? 2 * at : 32;
        struct s3c_metadata *more = s3c_reallocarray(d->metadata, cap, sizeof(*more));
        if (!more)
            return s3c_error_nomem(err);
        d->metadata = more;
        d->metadata_cap = cap;
    }
    return read_entry(message, &d->metadata[at], err);
}

/* Entries of one name in the order in which they stand in the message, where names point into the same one. */
static int compare_entries(const void *a, const void *b)
{
    const struct s3c_metadata *x = a, *y = b;
    int c = s3c_view_cmp(x->name, y->name);

    return c ? c : (x->name.ptr > y->name.ptr) - (x->name.ptr < y->name.ptr);
}

static bool is_ascending(const struct s3c_metadata *m, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (s3c_view_cmp(m[i - 1].name, m[i].name) >= 0)
            return false;
    return true;
}

/* In byte order, the last of equal names; copied to where the records live. */
static int keep_metadata(struct record_decoder *d, size_t n, struct s3c_record *ret,
                         struct s3c_error *err)
{
    struct s3c_metadata *m = d->metadata, *kept;
    size_t out = 0;

    ret->metadata_nil = n == 0;
    if (n == 0)
        return 0;
    if (!is_ascending(m, n))
        qsort(m, n, sizeof(*m), compare_entries);
    kept = s3c_arena_alloc(&d->memory, n * sizeof(*kept));
    if (!kept)
        return s3c_error_nomem(err);
    for (size_t i = 0; i < n; i++)
        if (i + 1 == n || !s3c_view_eq(m[i].name, m[i + 1].name))
            kept[out++] = m[i];
    ret->metadata = kept;
    ret->metadata_count = out;
    return 0;
}

struct s3c_view record_metadata(const struct s3c_record *r, struct s3c_view name)
{
    for (size_t i = 0; i < r->metadata_count; i++)
        if (s3c_view_eq(r->metadata[i].name, name))
            return r->metadata[i].value;
    return (struct s3c_view){NULL, 0};
}

/* ---- data ---- */

int record_decoder_keep_text(struct record_decoder *d, struct s3c_data *ret)
{
    struct s3c_view text = s3c_arena_copy(&d->memory, s3c_buf_view(&d->json.text));

    if (!text.ptr)
        return S3C_E_NOMEM;
    *ret = (struct s3c_data){S3C_DATA_STRUCTURED, text};
    return 0;
}

static int read_struct(struct record_decoder *d, struct s3c_view message, const char *what,
                       struct s3c_data *ret, struct s3c_error *err)
{
    const char *why = NULL;
    int r;

    json_out_reset(&d->json);
    r = struct_to_json(&d->json, message, &why);
    if (r == S3C_E_RECORD)
        return s3c_error_set(err, r, "the %s %s", what, why);
    if (r == S3C_E_TOO_LARGE)
        return s3c_error_set(err, r, "the %s has more than %zu bytes as JSON", what,
                             d->json.text.max);
    if (r == S3C_E_PROTOCOL)
        return malformed(err);
    if (r == 0)
        r = record_decoder_keep_text(d, ret);
    return r < 0 ? s3c_error_nomem(err) : 0;
}

static int read_data(struct record_decoder *d, struct s3c_view message, const char *what,
                     struct s3c_data *ret, struct s3c_error *err)
{
    struct pb_reader p, last = {0};
    int r;

    *ret = (struct s3c_data){0};
    pb_read(&p, message);
    while ((r = pb_next(&p)) == 1)
        if ((p.field == 1 || p.field == 2) && p.wire == PB_BYTES)
            last = p;
    if (r < 0)
        return malformed(err);
    if (last.field == 1)
        *ret = (struct s3c_data){S3C_DATA_RAW, last.bytes};
    return last.field == 2 ? read_struct(d, last.bytes, what, ret, err) : 0;
}

static int read_payload(struct record_decoder *d, struct s3c_view message, struct s3c_record *ret,
                        struct s3c_error *err)
{
    struct pb_reader p;
    int r = 0, next = 1;

    pb_read(&p, message);
    while (r == 0 && (next = pb_next(&p)) == 1) {
        if (p.field == 1 && p.wire == PB_BYTES)
            r = read_data(d, p.bytes, "payload.before", &ret->before, err);
        else if (p.field == 2 && p.wire == PB_BYTES)
            r = read_data(d, p.bytes, "payload.after", &ret->after, err);
    }
    return next < 0 ? malformed(err) : r;
}

/* ---- the record ---- */

/* Goes on through what has not been read yet. Returns `why`, unless the rest is no protobuf. */
static int find_position(struct pb_reader *p, int why, struct s3c_record *ret,
                         struct s3c_error *err)
{
    int next;

    while ((next = pb_next(p)) == 1)
        if (p->field == 1 && p->wire == PB_BYTES)
            ret->position = p->bytes;
    return next < 0 ? malformed(err) : why;
}

static int check_operation(uint64_t number, struct s3c_record *ret, struct s3c_error *err)
{
    if (number < S3C_OP_CREATE || number > S3C_OP_SNAPSHOT)
        return s3c_error_set(err, S3C_E_RECORD,
                             "the operation %lld is none of create (1), update (2), delete (3) and "
                             "snapshot (4)",
                             (long long)number);
    ret->operation = (enum s3c_operation)number;
    return 0;
}

int record_decode(struct record_decoder *d, struct s3c_view message, struct s3c_record *ret,
                  struct s3c_error *err)
{
    uint64_t operation = 0;
    size_t entries = 0;
    struct pb_reader p;
    int r = 0, next = 1;

    *ret = (struct s3c_record){.position = {"", 0}};
    pb_read(&p, message);
    while (r == 0 && (next = pb_next(&p)) == 1) {
        if (p.field == 1 && p.wire == PB_BYTES)
            ret->position = p.bytes;
        else if (p.field == 2 && p.wire == PB_VARINT)
            operation = p.number;
        else if (p.field == 3 && p.wire == PB_BYTES)
            r = add_metadata(d, p.bytes, entries++, err);
        else if (p.field == 4 && p.wire == PB_BYTES)
            r = read_data(d, p.bytes, "key", &ret->key, err);
        else if (p.field == 5 && p.wire == PB_BYTES)
            r = read_payload(d, p.bytes, ret, err);
    }
    if (next < 0)
        return malformed(err);
    if (r == 0)
        r = check_operation(operation, ret, err);
    if (r == 0)
        r = keep_metadata(d, entries, ret, err);
    /* whatever is wrong stands before the rest, which may hold the position that a refusal needs */
    return r == S3C_E_RECORD || r == S3C_E_TOO_LARGE ? find_position(&p, r, ret, err) : r;
}
