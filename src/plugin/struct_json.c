/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Struct { map<string, Value> fields = 1 }; Value { oneof: null_value = 1, number_value = 2, string_value = 3, bool_value = 4, struct_value = 5,
 * list_value = 6 }; ListValue { repeated Value values = 1 }.
 */
#include "plugin/struct_json.h"

#include "base/banned.h"
#include "base/view.h"
#include "grpc/pb.h"

struct walk {
    struct json_out *out;
    unsigned depth;
    const char *why;
};

static int add_value(struct walk *w, struct s3c_view message);

static int refuse(struct walk *w, const char *why)
{
    w->why = why;
    return S3C_E_RECORD;
}

static int go_down(struct walk *w)
{
    if (w->depth == JSON_OUT_MAX_DEPTH)
        return refuse(w, "is nested too deeply");
    w->depth++;
    return 0;
}

/* map entry { string key = 1; Value value = 2 } */
static int add_entry(struct walk *w, struct json_object *o, struct s3c_view message)
{
    struct s3c_view name = {"", 0}, value = {"", 0};
    struct pb_reader p;
    int r;

    pb_read(&p, message);
    while ((r = pb_next(&p)) == 1) {
        if (p.field == 1 && p.wire == PB_BYTES)
            name = p.bytes;
        else if (p.field == 2 && p.wire == PB_BYTES)
            value = p.bytes;
    }
    if (r < 0)
        return r;
    r = json_object_name(w->out, o, name);
    if (r == S3C_E_RECORD)
        return refuse(w, "has a name that is not valid UTF-8");
    return r < 0 ? r : add_value(w, value);
}

static int add_struct(struct walk *w, struct s3c_view message)
{
    struct json_object o;
    struct pb_reader p;
    int r, next = 1;

    r = go_down(w);
    if (r == 0)
        r = json_object_begin(w->out, &o);
    pb_read(&p, message);
    while (r == 0 && (next = pb_next(&p)) == 1)
        if (p.field == 1 && p.wire == PB_BYTES)
            r = add_entry(w, &o, p.bytes);
    if (r == 0)
        r = next;
    w->depth--;
    return r < 0 ? r : json_object_end(w->out, &o);
}

static int add_list(struct walk *w, struct s3c_view message)
{
    struct pb_reader p;
    bool more = false;
    int r, next = 1;

    r = go_down(w);
    if (r == 0)
        r = json_add_text(w->out, S3C_VIEW("["));
    pb_read(&p, message);
    while (r == 0 && (next = pb_next(&p)) == 1) {
        if (p.field != 1 || p.wire != PB_BYTES)
            continue;
        r = more ? json_add_text(w->out, S3C_VIEW(",")) : 0;
        more = true;
        if (r == 0)
            r = add_value(w, p.bytes);
    }
    if (r == 0)
        r = next;
    w->depth--;
    return r < 0 ? r : json_add_text(w->out, S3C_VIEW("]"));
}

static int add_number(struct walk *w, uint64_t bits)
{
    double v;
    int r;

    memcpy(&v, &bits, sizeof(v));
    r = json_add_double(w->out, v);
    return r == S3C_E_RECORD ? refuse(w, "has a number that JSON does not have (NaN or infinity)")
                             : r;
}

static int add_string(struct walk *w, struct s3c_view v)
{
    int r = json_add_string(w->out, v);

    return r == S3C_E_RECORD ? refuse(w, "has a text that is not valid UTF-8") : r;
}

/* Whether the field is one of the oneof, with the wire type that it must have. */
static bool is_kind(const struct pb_reader *p)
{
    static const enum pb_wire wires[] = {PB_VARINT, PB_FIXED64, PB_BYTES,
                                         PB_VARINT, PB_BYTES,   PB_BYTES};

    return p->field >= 1 && p->field <= 6 && p->wire == wires[p->field - 1];
}

static int add_value(struct walk *w, struct s3c_view message)
{
    struct pb_reader p, last = {0};
    int r;

    pb_read(&p, message);
    while ((r = pb_next(&p)) == 1)
        if (is_kind(&p))
            last = p;
    if (r < 0)
        return r;
    switch (last.field) {
    case 2:
        return add_number(w, last.number);
    case 3:
        return add_string(w, last.bytes);
    case 4:
        return json_add_text(w->out, last.number ? S3C_VIEW("true") : S3C_VIEW("false"));
    case 5:
        return add_struct(w, last.bytes);
    case 6:
        return add_list(w, last.bytes);
    default:
        return json_add_text(w->out, S3C_VIEW("null"));
    }
}

int struct_to_json(struct json_out *out, struct s3c_view message, const char **ret_why)
{
    struct walk w = {.out = out};
    int r = add_struct(&w, message);

    *ret_why = w.why;
    return r;
}
