/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From records to keys. What divides is made once for each record (partition) and only copied when the file is named (render), so the name has exactly
 * the values by which the records were divided.
 */
#include "record/template_private.h"

#include "avro/to_json.h"
#include "base/banned.h"
#include "base/digest.h"
#include "base/error.h"

#define POSITION_MAX  255         /* as template.h says */
#define AVRO_TEXT_MAX (64u << 20) /* an array of nulls has no bytes, but each has five as JSON */
#define LENGTH_BYTES  2 /* in front of each value of a partition: they are shorter than a key */

void s3c_template_free(struct s3c_template *t)
{
    if (!t)
        return;
    s3c_free(t->parts);
    s3c_free(t->texts);
    s3c_free(t);
}

bool s3c_template_divides(const struct s3c_template *t)
{
    return t->divides;
}

bool s3c_template_has_name(const struct s3c_template *t)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->parts[i].kind == S3C_PART_NAME)
            return true;
    return false;
}

struct s3c_view s3c_template_start(const struct s3c_template *t)
{
    struct s3c_view start = {"", 0};

    for (size_t i = 0; i < t->count && t->parts[i].kind == S3C_PART_TEXT; i++) {
        if (i == 0)
            start = t->parts[i].text;
        else
            start.len += t->parts[i].text.len; /* they lie one behind the other */
    }
    return start;
}

/* ---- partition ---- */

static struct s3c_view metadata_of(const struct s3c_record *r, struct s3c_view name)
{
    for (size_t i = 0; i < r->metadata_count; i++)
        if (s3c_view_eq(r->metadata[i].name, name))
            return r->metadata[i].value;
    return (struct s3c_view){NULL, 0};
}

static bool record_time(const struct s3c_template *t, const struct s3c_record *r, int64_t wall_ns,
                        int64_t *ret_ns)
{
    if (s3c_view_i64(metadata_of(r, S3C_VIEW("opencdc.createdAt")), ret_ns) == 0)
        return true;
    if (t->write_once)
        return false;
    if (s3c_view_i64(metadata_of(r, S3C_VIEW("opencdc.readAt")), ret_ns) < 0)
        *ret_ns = wall_ns;
    return true;
}

/* Where the values of a record come from. */
struct values {
    const struct s3c_record *record;
    int64_t wall_ns;
    struct s3c_view json; /* its payload; empty: none, or no field asks for it */
    struct json_out avro; /* the same, where it was made of Avro data */
};

/* S3C_E_RECORD: Avro data that are none of their schema. */
static int find_payload(struct values *v, struct s3c_error *err)
{
    const struct s3c_record *r = v->record;
    const struct s3c_data *d = r->after.kind != S3C_DATA_NIL ? &r->after : &r->before;
    int rc;

    if (d->kind == S3C_DATA_RAW || d->kind == S3C_DATA_STRUCTURED)
        v->json = d->bytes;
    if (d->kind != S3C_DATA_AVRO)
        return 0;
    if (!r->schema)
        return s3c_error_set(err, S3C_E_RECORD, "payload: Avro data without a schema");
    v->avro = JSON_OUT_INIT(AVRO_TEXT_MAX);
    rc = avro_to_json(&v->avro, r->schema, d->bytes, err);
    if (rc == S3C_E_TOO_LARGE)
        return s3c_error_set(err, S3C_E_RECORD,
                             "key.template: the payload is larger than %u MiB as JSON",
                             AVRO_TEXT_MAX >> 20);
    if (rc == 0)
        v->json = s3c_buf_view(&v->avro.text);
    return rc == S3C_E_NOMEM ? s3c_error_nomem(err) : rc;
}

static int add_payload(struct s3c_view json, struct s3c_view path, size_t left, struct s3c_buf *out)
{
    struct s3c_json_scratch scratch;
    struct s3c_view value;
    int rc = s3c_json_path(json, path, &scratch, &value);

    return rc < 0 || value.len > left ? S3C_E_RECORD : s3c_template_encode(out, value);
}

/* Appends the value of a part. S3C_E_RECORD: it is certainly longer than `left`. */
static int add_value(const struct s3c_template *t, const struct s3c_template_part *p,
                     const struct values *v, size_t left, struct s3c_buf *out)
{
    struct s3c_view value = {NULL, 0};
    int64_t ns;

    if (p->kind == S3C_PART_PAYLOAD)
        return add_payload(v->json, p->text, left, out);
    if (p->kind != S3C_PART_RECORD)
        value = metadata_of(v->record, p->text);
    else if (record_time(t, v->record, v->wall_ns, &ns))
        return s3c_template_time(out, p->text, ns);
    return value.len > left ? S3C_E_RECORD : s3c_template_encode(out, value);
}

static void put_length(char *at, size_t n)
{
    at[0] = (char)(n & 255);
    at[1] = (char)(n >> 8);
}

static int too_long(const struct s3c_template *t, const struct s3c_template_part *p,
                    struct s3c_error *err)
{
    return s3c_error_set(err, S3C_E_RECORD,
                         "key.template: with the value of {%.*s} the name of its file would be "
                         "longer than %d bytes: there is room for %zu bytes of values",
                         (int)p->field.len, p->field.ptr, S3C_KEY_MAX, t->room);
}

static int add_partition(const struct s3c_template *t, const struct values *v, struct s3c_buf *out,
                         struct s3c_error *err)
{
    size_t left = t->room;

    for (const struct s3c_template_part *p = t->parts; p < t->parts + t->count; p++) {
        size_t at = out->len, n;
        int rc;

        if (!s3c_template_part_divides(p))
            continue;
        rc = s3c_buf_add(out, "\0", LENGTH_BYTES);
        if (rc == 0)
            rc = add_value(t, p, v, left, out);
        n = out->len - at - LENGTH_BYTES;
        if (rc == S3C_E_RECORD || (rc == 0 && n > left))
            return too_long(t, p, err);
        if (rc < 0)
            return rc == S3C_E_NOMEM ? s3c_error_nomem(err)
                                     : s3c_error_set(err, rc, "key.template: no room for values");
        put_length(out->ptr + at, n);
        left -= n;
    }
    return 0;
}

int s3c_template_partition(const struct s3c_template *t, const struct s3c_record *r,
                           int64_t wall_ns, struct s3c_buf *out, struct s3c_error *err)
{
    struct values v;
    size_t before = out->len;
    int rc = 0;

    if (!t->divides)
        return 0;
    v = (struct values){.record = r, .wall_ns = wall_ns};
    if (t->reads_payload)
        rc = find_payload(&v, err);
    if (rc == 0)
        rc = add_partition(t, &v, out, err);
    if (rc < 0)
        out->len = before;
    json_out_done(&v.avro);
    return rc;
}

/* ---- render ---- */

/* Cuts the next value off the front of a partition. */
static struct s3c_view take_value(struct s3c_view *partition)
{
    const unsigned char *p = (const unsigned char *)partition->ptr;
    size_t n = partition->len < LENGTH_BYTES ? 0 : (size_t)p[0] | (size_t)p[1] << 8;
    struct s3c_view value = {NULL, 0};

    if (partition->len < LENGTH_BYTES + n) { /* of another template */
        partition->len = 0;
        return value;
    }
    value = s3c_view_first(s3c_view_skip(*partition, LENGTH_BYTES), n);
    *partition = s3c_view_skip(*partition, LENGTH_BYTES + n);
    return value;
}

static int add_position(struct s3c_buf *out, struct s3c_view position)
{
    size_t before = out->len;
    struct s3c_hash128 hash;
    char hex[2 * sizeof(hash)];

    if (position.len <= POSITION_MAX) {
        int r = s3c_template_encode(out, position);

        if (r < 0 || out->len - before <= POSITION_MAX)
            return r;
        out->len = before;
    }
    hash = s3c_hash128(position.ptr, position.len, 0);
    s3c_hex(hex, (const uint8_t *)&hash, sizeof(hash));
    return s3c_buf_add(out, hex, sizeof(hex));
}

static int add_part(const struct s3c_template_part *p, const struct s3c_template_file *f,
                    struct s3c_view *partition, struct s3c_buf *out)
{
    switch (p->kind) {
    case S3C_PART_TEXT:
        return s3c_buf_add_view(out, p->text);
    case S3C_PART_NAME:
        return s3c_buf_add_view(out, f->name);
    case S3C_PART_POSITION:
        return add_position(out, f->position);
    case S3C_PART_TIME:
        return s3c_template_time(out, p->text, f->wall_ns);
    case S3C_PART_SHARD:
        return s3c_buf_add_i64(out, f->shard);
    default:
        return s3c_buf_add_view(out, take_value(partition));
    }
}

static int add_extension(const struct s3c_template_file *f, struct s3c_buf *out)
{
    int r = s3c_buf_add_char(out, '.');

    return r < 0 ? r : s3c_buf_add_str(out, f->extension);
}

int s3c_template_render(const struct s3c_template *t, const struct s3c_template_file *f,
                        struct s3c_buf *out)
{
    struct s3c_view partition = f->partition;
    size_t before = out->len;
    int r = 0;

    for (size_t i = 0; i < t->count && r == 0; i++)
        r = add_part(&t->parts[i], f, &partition, out);
    if (r == 0)
        r = add_extension(f, out);
    if (r < 0)
        out->len = before;
    return r;
}

int s3c_template_example(const struct s3c_template *t, const struct s3c_template_file *f,
                         struct s3c_buf *out)
{
    struct s3c_view none = {NULL, 0};
    size_t before = out->len;
    int r = 0;

    for (size_t i = 0; i < t->count && r == 0; i++) {
        const struct s3c_template_part *p = &t->parts[i];

        if (p->kind == S3C_PART_RECORD)
            r = s3c_template_time(out, p->text, f->wall_ns);
        else if (p->kind == S3C_PART_POSITION || s3c_template_part_divides(p))
            r = s3c_buf_addf(out, "<%.*s>", (int)p->field.len, p->field.ptr);
        else
            r = add_part(p, f, &none, out);
    }
    if (r == 0)
        r = add_extension(f, out);
    if (r < 0)
        out->len = before;
    return r;
}
