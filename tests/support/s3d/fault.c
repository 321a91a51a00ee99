/* SPDX-License-Identifier: Apache-2.0 */
#include "fault.h"

#include "text.h"

static const char *const kinds[] = {
#define X(name, text) text,
    S3D_FAULT_KINDS(X)
#undef X
};

static bool read_kind(struct s3d_fault *f, struct s3c_view v)
{
    unsigned k = 0;

    while (k < S3D_FAULT_KIND_COUNT && !s3c_view_eq_str(v, kinds[k]))
        k++;
    f->kind = (enum s3d_fault_kind)k;
    return k < S3D_FAULT_KIND_COUNT;
}

static bool read_op(struct s3d_fault *f, struct s3c_view v)
{
    f->op = s3d_op_by_name(v);
    return f->op != S3D_OP_COUNT || s3c_view_eq_str(v, "*");
}

static bool read_mode(struct s3d_fault *f, struct s3c_view v)
{
    static const char *const modes[] = {"", "repeat", "same", "missing"};

    for (unsigned i = S3D_LIE_REPEAT; i <= S3D_LIE_MISSING; i++) {
        if (s3c_view_eq_str(v, modes[i]))
            f->lie = (enum s3d_lie)i;
    }
    return f->lie != S3D_LIE_NONE;
}

static bool read_status(struct s3d_fault *f, struct s3c_view v)
{
    uint64_t n;

    if (s3c_view_u64(v, &n) < 0 || n < 200 || n > 599)
        return false;
    f->status = (int)n;
    return true;
}

static bool read_word(struct s3d_fault *f, struct s3c_view name, struct s3c_view v, bool *ret_known)
{
    static const struct {
        const char *name;
        bool (*read)(struct s3d_fault *f, struct s3c_view v);
    } words[] = {
        {"kind", read_kind}, {"op", read_op}, {"mode", read_mode}, {"status", read_status}};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        *ret_known = s3c_view_eq_str(name, words[i].name);
        if (*ret_known)
            return words[i].read(f, v);
    }
    return false;
}

static bool read_pair(struct s3d_fault *f, struct s3c_view name, struct s3c_view v)
{
    const struct {
        const char *name;
        int64_t *number;
        char **text;
    } slots[] = {{"count", &f->count, NULL},
                 {"skip", &f->skip, NULL},
                 {"bytes", &f->bytes, NULL},
                 {"ms", &f->ms, NULL},
                 {"seconds", &f->seconds, NULL},
                 {"bucket", NULL, &f->bucket},
                 {"key", NULL, &f->key},
                 {"code", NULL, &f->code},
                 {"message", NULL, &f->message},
                 {"region", NULL, &f->region},
                 {"key-prefix", NULL, &f->key_prefix}};
    bool known, ok = read_word(f, name, v, &known);

    for (size_t i = 0; !known && i < sizeof slots / sizeof *slots; i++) {
        if (!s3c_view_eq_str(name, slots[i].name))
            continue;
        if (slots[i].number)
            return s3c_view_i64(v, slots[i].number) == 0;
        s3c_free(*slots[i].text);
        *slots[i].text = s3d_viewdup(v);
        return true;
    }
    return ok;
}

static void fault_free(struct s3d_fault *f)
{
    s3c_free(f->bucket);
    s3c_free(f->key);
    s3c_free(f->key_prefix);
    s3c_free(f->code);
    s3c_free(f->message);
    s3c_free(f->region);
    s3c_free(f);
}

unsigned s3d_faults_add(struct s3d_faults *f, const struct s3d_pair *pairs, unsigned n,
                        const char **ret_problem, struct s3c_view *ret_name)
{
    struct s3d_fault *one = s3d_zalloc(sizeof *one), **link = &f->first;

    *one = (struct s3d_fault){
        .kind = S3D_FAULT_KIND_COUNT, .op = S3D_OP_COUNT, .count = 1, .bytes = -1};
    *ret_problem = "kind is missing";
    *ret_name = S3C_VIEW("kind");
    for (unsigned i = 0; i < n; i++) {
        if (read_pair(one, pairs[i].name, pairs[i].value))
            continue;
        *ret_problem = "unknown name or value";
        *ret_name = pairs[i].name;
        fault_free(one);
        return 0;
    }
    if (one->kind == S3D_FAULT_KIND_COUNT) {
        fault_free(one);
        return 0;
    }
    while (*link)
        link = &(*link)->next;
    *link = one;
    return one->id = ++f->last_id;
}

void s3d_faults_clear(struct s3d_faults *f)
{
    while (f->first) {
        struct s3d_fault *one = f->first;

        f->first = one->next;
        fault_free(one);
    }
}

static bool fits(const struct s3d_fault *f, enum s3d_op op, const struct s3d_request *q)
{
    return f->count != 0 && (f->op == S3D_OP_COUNT || f->op == op) &&
           (!f->bucket || s3c_view_eq_str(q->bucket, f->bucket)) &&
           (!f->key || s3c_view_eq_str(q->key, f->key)) &&
           (!f->key_prefix || s3c_view_starts(q->key, s3c_view_str(f->key_prefix)));
}

const struct s3d_fault *s3d_faults_take(struct s3d_faults *f, enum s3d_op op,
                                        const struct s3d_request *q)
{
    for (struct s3d_fault *one = f->first; one; one = one->next) {
        if (!fits(one, op, q))
            continue;
        if (one->skip > 0) {
            one->skip--;
            continue;
        }
        if (one->count > 0)
            one->count--;
        one->hits++;
        return one;
    }
    return NULL;
}

void s3d_faults_json(const struct s3d_faults *f, struct s3c_buf *out)
{
    S3D_PUT(out, "[");
    for (const struct s3d_fault *one = f->first; one; one = one->next) {
        s3d_putf(
            out,
            "%s{\"id\":%u,\"kind\":\"%s\",\"op\":\"%s\",\"left\":%lld,\"skip\":%lld,\"hits\":%llu}",
            one == f->first ? "" : ",", one->id, kinds[one->kind],
            one->op == S3D_OP_COUNT ? "*" : s3d_op_name(one->op), (long long)one->count,
            (long long)one->skip, (unsigned long long)one->hits);
    }
    S3D_PUT(out, "]\n");
}
