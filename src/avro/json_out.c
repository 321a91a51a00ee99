/* SPDX-License-Identifier: Apache-2.0 */
/* Structure and strings; numbers are in json_number.c. */
#include "avro/json_out.h"

#include <stdlib.h>

#include "base/banned.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/view.h"

/* Where a member begins in the text; it ends before the comma of the next one. */
struct json_member {
    struct s3c_view name;
    size_t start, end;
};

void json_out_reset(struct json_out *j)
{
    s3c_buf_clear(&j->text);
    j->member_count = 0;
}

void json_out_done(struct json_out *j)
{
    s3c_buf_done(&j->text);
    s3c_buf_done(&j->scratch);
    s3c_free(S3C_TAKE(j->members));
    j->member_count = j->member_cap = 0;
}

int json_object_begin(struct json_out *j, struct json_object *o)
{
    *o = (struct json_object){.first = j->member_count, .sorted = true};
    return s3c_buf_add_char(&j->text, '{');
}

static int push(struct json_out *j, struct s3c_view name)
{
    if (j->member_count == j->member_cap) {
        size_t cap = j->member_cap ? 2 * j->member_cap : 32;
        struct json_member *more = s3c_reallocarray(j->members, cap, sizeof(*more));
        if (!more)
            return S3C_E_NOMEM;
        j->members = more;
        j->member_cap = cap;
    }
    j->members[j->member_count++] = (struct json_member){.name = name, .start = j->text.len};
    return 0;
}

int json_object_name(struct json_out *j, struct json_object *o, struct s3c_view name)
{
    int r = 0;

    if (j->member_count > o->first) {
        struct json_member *last = &j->members[j->member_count - 1];
        last->end = j->text.len;
        o->sorted = o->sorted && s3c_view_cmp(last->name, name) < 0;
        r = s3c_buf_add_char(&j->text, ',');
    }
    if (r == 0)
        r = push(j, name);
    if (r == 0)
        r = json_add_string(j, name);
    return r < 0 ? r : s3c_buf_add_char(&j->text, ':');
}

/* Equal names in the order in which they came. */
static int compare_members(const void *a, const void *b)
{
    const struct json_member *x = a, *y = b;
    int c = s3c_view_cmp(x->name, y->name);

    return c ? c : (x->start > y->start) - (x->start < y->start);
}

static int sort_members(struct json_out *j, struct json_member *m, size_t n)
{
    size_t start = m[0].start;
    int r = 0;

    qsort(m, n, sizeof(*m), compare_members);
    s3c_buf_clear(&j->scratch);
    for (size_t i = 0; i < n && r == 0; i++) {
        if (i + 1 < n && s3c_view_eq(m[i].name, m[i + 1].name))
            continue; /* the last one counts */
        if (j->scratch.len > 0)
            r = s3c_buf_add_char(&j->scratch, ',');
        if (r == 0)
            r = s3c_buf_add(&j->scratch, j->text.ptr + m[i].start, m[i].end - m[i].start);
    }
    if (r == 0) { /* never longer than before */
        memcpy(j->text.ptr + start, j->scratch.ptr, j->scratch.len);
        j->text.len = start + j->scratch.len;
    }
    return r;
}

int json_object_end(struct json_out *j, struct json_object *o)
{
    struct json_member *m = j->members + o->first;
    size_t n = j->member_count - o->first;
    int r = 0;

    if (n > 0)
        m[n - 1].end = j->text.len;
    if (!o->sorted)
        r = sort_members(j, m, n);
    j->member_count = o->first;
    return r < 0 ? r : s3c_buf_add_char(&j->text, '}');
}

int json_add_text(struct json_out *j, struct s3c_view v)
{
    return s3c_buf_add_view(&j->text, v);
}

int json_add_string(struct json_out *j, struct s3c_view v)
{
    if (!s3c_utf8_valid(v))
        return S3C_E_RECORD;
    return s3c_json_string(&j->text, v, S3C_JSON_GO);
}

int json_add_int(struct json_out *j, int64_t v)
{
    return s3c_buf_add_i64(&j->text, v);
}

int json_add_base64(struct json_out *j, struct s3c_view v)
{
    int r = s3c_buf_reserve(&j->text, s3c_base64_size(v.len) + 2);

    if (r < 0)
        return r;
    j->text.ptr[j->text.len++] = '"';
    j->text.len += s3c_base64_encode(j->text.ptr + j->text.len, v.ptr, v.len);
    j->text.ptr[j->text.len++] = '"';
    return 0;
}
