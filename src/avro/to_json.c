/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One datum as JSON text: a walk along the schema. Counts and lengths are claims of the datum, so nothing is allocated by them; what they
 * make is bounded by the text's limit. Each level of types counts as depth, so that recursive types end.
 *
 * Unions: Go's library puts a value that it cannot tell by its Go type into a map with the type's name. The Go SDK takes it out again where
 * the union is [null, X] in a record or a map, or is what an array or a map consists of and has an array or a map among its types.
 * Both rules are kept here, so that the same text comes out. An empty array, however, stays one: there it becomes null.
 */
#include "avro/to_json.h"

#include "avro/schema.h"
#include "base/banned.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/view.h"

struct walk {
    struct json_out *out;
    struct avro_reader *in;
    unsigned depth;
};

static int add_datum(struct walk *w, const struct avro_type *t, const struct avro_type *parent);

static int bad(const struct walk *w, const char *why)
{
    return avro_fail(w->in, why);
}

/* ---- times ---- */

static int add_time(struct walk *w, int64_t count, int64_t per_second)
{
    /* 0000-01-01 to 9999-12-31, as Go's MarshalJSON has it */
    const int64_t first = INT64_C(-62167219200), end = INT64_C(253402300800);
    int64_t sec = count / per_second, rest = count % per_second;
    char text[48];
    struct tm tm;
    time_t t;
    size_t n;

    if (rest < 0) {
        rest += per_second;
        sec--;
    }
    if (sec < first || sec >= end)
        return bad(w, "a time is outside of the years 0 to 9999");
    t = (time_t)sec;
    if (!gmtime_r(&t, &tm))
        return bad(w, "a time is outside of the years 0 to 9999");
    n = (size_t)snprintf(text, sizeof(text), "\"%04d-%02d-%02dT%02d:%02d:%02d", tm.tm_year + 1900,
                         tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
    if (rest > 0) {
        n += (size_t)snprintf(text + n, sizeof(text) - n, ".%06lld",
                              (long long)(rest * (1000000 / per_second)));
        while (text[n - 1] == '0')
            n--;
    }
    text[n++] = 'Z';
    text[n++] = '"';
    return json_add_text(w->out, (struct s3c_view){text, n});
}

static int add_nanoseconds(struct walk *w, int64_t count, int64_t unit)
{
    int64_t ns;

    if (__builtin_mul_overflow(count, unit, &ns))
        return bad(w, "a time of the day is too large");
    return json_add_int(w->out, ns);
}

/* ---- primitive types ---- */

static int add_whole(struct walk *w, const struct avro_type *t)
{
    int64_t v;
    int r = avro_take_number(w->in, t->kind == AVRO_INT ? 32 : 64, &v);

    if (r < 0)
        return r;
    switch (t->logical) {
    case AVRO_DATE:
        return add_time(w, v * 86400, 1);
    case AVRO_TIME_MILLIS:
        return add_nanoseconds(w, v, 1000000);
    case AVRO_TIME_MICROS:
        return add_nanoseconds(w, v, 1000);
    case AVRO_TIMESTAMP_MILLIS:
    case AVRO_LOCAL_TIMESTAMP_MILLIS:
        return add_time(w, v, 1000);
    case AVRO_TIMESTAMP_MICROS:
    case AVRO_LOCAL_TIMESTAMP_MICROS:
        return add_time(w, v, 1000000);
    default:
        return json_add_int(w->out, v);
    }
}

static int add_real(struct walk *w, enum avro_kind kind)
{
    uint64_t bits;
    int r = avro_take_little_endian(w->in, kind == AVRO_FLOAT ? 4 : 8, &bits);

    if (r < 0)
        return r;
    if (kind == AVRO_FLOAT) {
        uint32_t half = (uint32_t)bits;
        float v;
        memcpy(&v, &half, sizeof(v));
        r = json_add_float(w->out, v);
    } else {
        double v;
        memcpy(&v, &bits, sizeof(v));
        r = json_add_double(w->out, v);
    }
    return r == S3C_E_RECORD ? bad(w, "JSON has no NaN and no infinity") : r;
}

static int add_boolean(struct walk *w)
{
    int v;
    int r = avro_take_boolean(w->in, &v);

    if (r < 0)
        return r;
    return json_add_text(w->out, v ? S3C_VIEW("true") : S3C_VIEW("false"));
}

static int add_decimal(struct walk *w, struct s3c_view v, unsigned scale)
{
    int r = avro_add_decimal(w->out, v, scale);

    return r == S3C_E_RECORD ? bad(w, "a decimal has more than 1024 bytes") : r;
}

static int add_bytes(struct walk *w, const struct avro_type *t)
{
    struct s3c_view v;
    int r = avro_take_bytes(w->in, &v);

    if (r < 0)
        return r;
    return t->logical == AVRO_DECIMAL ? add_decimal(w, v, t->scale) : json_add_base64(w->out, v);
}

static int add_string(struct walk *w)
{
    struct s3c_view v;
    int r = avro_take_bytes(w->in, &v);

    if (r == 0)
        r = json_add_string(w->out, v);
    return r == S3C_E_RECORD && !w->in->why ? bad(w, "a string is not valid UTF-8") : r;
}

/* ---- named types ---- */

static int add_fixed_array(struct walk *w, struct s3c_view v)
{
    int r = json_add_text(w->out, S3C_VIEW("["));

    for (size_t i = 0; i < v.len && r == 0; i++) {
        if (i > 0)
            r = json_add_text(w->out, S3C_VIEW(","));
        if (r == 0)
            r = json_add_int(w->out, (unsigned char)v.ptr[i]);
    }
    return r < 0 ? r : json_add_text(w->out, S3C_VIEW("]"));
}

static int add_duration(struct walk *w)
{
    uint64_t months, days, ms;
    int r = avro_take_little_endian(w->in, 4, &months);

    if (r == 0)
        r = avro_take_little_endian(w->in, 4, &days);
    if (r == 0)
        r = avro_take_little_endian(w->in, 4, &ms);
    if (r < 0)
        return r;
    return s3c_buf_addf(&w->out->text, "{\"Months\":%u,\"Days\":%u,\"Milliseconds\":%u}",
                        (unsigned)months, (unsigned)days, (unsigned)ms);
}

static int add_fixed(struct walk *w, const struct avro_type *t)
{
    struct s3c_view v;
    int r;

    if (t->logical == AVRO_DURATION)
        return add_duration(w);
    r = avro_take(w->in, t->size, &v);
    if (r < 0)
        return r;
    return t->logical == AVRO_DECIMAL ? add_decimal(w, v, t->scale) : add_fixed_array(w, v);
}

static int add_enum(struct walk *w, const struct avro_type *t)
{
    size_t i;
    int r = avro_take_index(w->in, t->count, "there is no such symbol of an enum", &i);

    return r < 0 ? r : json_add_string(w->out, t->symbols[i]);
}

static int add_record(struct walk *w, const struct avro_type *t)
{
    struct json_object o;
    int r = json_object_begin(w->out, &o);

    for (size_t i = 0; i < t->count && r == 0; i++) {
        r = json_object_name(w->out, &o, t->fields[i].name);
        if (r == 0)
            r = add_datum(w, t->fields[i].type, t);
    }
    return r < 0 ? r : json_object_end(w->out, &o);
}

/* ---- arrays and maps ---- */

static int add_array(struct walk *w, const struct avro_type *t)
{
    uint64_t left = 0;
    bool more = false;
    int r = json_add_text(w->out, S3C_VIEW("["));

    while (r == 0) {
        if (left == 0) {
            r = avro_take_block(w->in, &left);
            if (r < 0 || left == 0)
                break;
        }
        if (more)
            r = json_add_text(w->out, S3C_VIEW(","));
        more = true;
        left--;
        if (r == 0)
            r = add_datum(w, t->types[0], t);
    }
    return r < 0 ? r : json_add_text(w->out, S3C_VIEW("]"));
}

static int add_map(struct walk *w, const struct avro_type *t)
{
    struct json_object o;
    struct s3c_view name;
    uint64_t left = 0;
    int r = json_object_begin(w->out, &o);

    while (r == 0) {
        if (left == 0) {
            r = avro_take_block(w->in, &left);
            if (r < 0 || left == 0)
                break;
        }
        left--;
        r = avro_take_bytes(w->in, &name);
        if (r == 0)
            r = json_object_name(w->out, &o, name);
        if (r == S3C_E_RECORD && !w->in->why)
            r = bad(w, "a map's key is not valid UTF-8");
        if (r == 0)
            r = add_datum(w, t->types[0], t);
    }
    return r < 0 ? r : json_object_end(w->out, &o);
}

/* ---- unions ---- */

/* Whether Go's library knows a Go type that means just this. */
static bool is_told_by_go(const struct avro_type *t)
{
    return t->kind < AVRO_PRIMITIVES && t->logical != AVRO_LOCAL_TIMESTAMP_MILLIS &&
           t->logical != AVRO_LOCAL_TIMESTAMP_MICROS;
}

static bool is_bare(const struct avro_type *u, const struct avro_type *parent)
{
    bool told = true, null = false, container = false;

    for (size_t i = 0; i < u->count; i++) {
        enum avro_kind kind = u->types[i]->kind;
        told = told && is_told_by_go(u->types[i]);
        null = null || kind == AVRO_NULL;
        container = container || kind == AVRO_ARRAY || kind == AVRO_MAP;
    }
    if (told || (container && (parent->kind == AVRO_ARRAY || parent->kind == AVRO_MAP)))
        return true;
    return null && u->count == 2 && parent->kind != AVRO_ARRAY;
}

static int add_union(struct walk *w, const struct avro_type *t, const struct avro_type *parent)
{
    struct avro_name name;
    size_t i;
    int r = avro_take_index(w->in, t->count, "there is no such type in a union", &i);

    if (r < 0)
        return r;
    if (t->types[i]->kind == AVRO_NULL || is_bare(t, parent))
        return add_datum(w, t->types[i], parent);
    name = avro_type_name(t->types[i]);
    r = s3c_buf_addf(&w->out->text, "{\"%.*s%s%.*s\":", (int)name.type.len, name.type.ptr,
                     name.logical.len ? "." : "", (int)name.logical.len, name.logical.ptr);
    if (r == 0)
        r = add_datum(w, t->types[i], parent);
    return r < 0 ? r : json_add_text(w->out, S3C_VIEW("}"));
}

/* ---- all of them ---- */

static int add_by_kind(struct walk *w, const struct avro_type *t, const struct avro_type *parent)
{
    switch (t->kind) {
    case AVRO_NULL:
        return json_add_text(w->out, S3C_VIEW("null"));
    case AVRO_BOOLEAN:
        return add_boolean(w);
    case AVRO_INT:
    case AVRO_LONG:
        return add_whole(w, t);
    case AVRO_FLOAT:
    case AVRO_DOUBLE:
        return add_real(w, t->kind);
    case AVRO_BYTES:
        return add_bytes(w, t);
    case AVRO_STRING:
        return add_string(w);
    case AVRO_RECORD:
        return add_record(w, t);
    case AVRO_ENUM:
        return add_enum(w, t);
    case AVRO_ARRAY:
        return add_array(w, t);
    case AVRO_MAP:
        return add_map(w, t);
    case AVRO_FIXED:
        return add_fixed(w, t);
    case AVRO_UNION:
        return add_union(w, t, parent);
    }
    return bad(w, "unknown type"); /* not reached */
}

static int add_datum(struct walk *w, const struct avro_type *t, const struct avro_type *parent)
{
    int r;

    if (w->depth == JSON_OUT_MAX_DEPTH)
        return bad(w, "the data is nested too deeply");
    w->depth++;
    r = add_by_kind(w, t, parent);
    w->depth--;
    return r;
}

int avro_type_to_json(struct json_out *out, const struct avro_type *t, struct avro_reader *in)
{
    struct walk w = {.out = out, .in = in};
    int r = add_datum(&w, t, t);

    return r == S3C_E_RECORD && !in->why ? bad(&w, "a name is not valid UTF-8") : r;
}

int avro_to_json(struct json_out *out, const struct s3c_schema *s, struct s3c_view data,
                 struct s3c_error *err)
{
    struct avro_reader in = avro_reader_of(data);
    int r;

    if (s->root->kind != AVRO_RECORD && s->root->kind != AVRO_MAP)
        return s3c_error_set(err, S3C_E_RECORD,
                             "the schema is of neither a record nor a map, but structured data is "
                             "nothing else");
    r = avro_type_to_json(out, s->root, &in);
    if (r == 0 && in.p < in.end)
        r = avro_fail(&in, "there is data behind its end");
    if (r == S3C_E_RECORD)
        return s3c_error_set(err, r, "could not unmarshal from avro: %s (at byte %zu of %zu)",
                             in.why, (size_t)(in.p - in.start), data.len);
    if (r == S3C_E_TOO_LARGE)
        return s3c_error_set(err, r, "could not unmarshal from avro: more than %zu bytes as JSON",
                             out->text.max);
    return r < 0 ? s3c_error_nomem(err) : 0;
}
