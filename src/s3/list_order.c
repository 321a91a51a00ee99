/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Document order is S3's order, and within a key it is the only thing that tells versions of one second apart: so it is kept
 * wherever the page is in order. Servers that print all versions and then all markers (moto), or the other way round
 * (versitygw), have lost it; their pages are sorted by what is left: IsLatest, then time (which versitygw moves when a version
 * covers a marker).
 */
#include "base/error.h"
#include "base/mem.h"
#include "base/view.h"
#include "s3/list_page.h"

struct order {
    size_t kind_changes; /* from version to marker or back */
    bool regress;        /* a key follows a greater one */
    bool shared;         /* a kind change within one key */
    bool repeats;        /* an entry comes twice in a row */
};

static struct order look(const struct s3c_list_page *p)
{
    struct order o = {0};

    for (size_t i = 1; i < p->count; i++) {
        const struct s3c_list_entry *a = &p->entries[i - 1], *b = &p->entries[i];
        bool change = a->is_marker != b->is_marker;
        int d = s3c_view_cmp(a->key, b->key);

        o.kind_changes += change;
        o.regress |= d > 0;
        o.shared |= change && d == 0;
        o.repeats |= d == 0 && s3c_view_eq(a->version_id, b->version_id);
    }
    return o;
}

/* <= 0 when a may stay in front of b. */
static int compare(const struct s3c_list_entry *a, const struct s3c_list_entry *b)
{
    int d = s3c_view_cmp(a->key, b->key);

    if (d)
        return d;
    if (a->is_latest != b->is_latest)
        return a->is_latest ? -1 : 1;
    return (a->last_modified_ns < b->last_modified_ns) -
           (a->last_modified_ns > b->last_modified_ns);
}

/* Merges the two runs, each of which is in order; stable. `first` is the length of the first run. */
static void merge(struct s3c_list_entry *out, const struct s3c_list_entry *in, size_t first,
                  size_t count)
{
    size_t a = 0, b = first, n = 0;

    while (a < first && b < count)
        out[n++] = compare(&in[a], &in[b]) <= 0 ? in[a++] : in[b++];
    while (a < first)
        out[n++] = in[a++];
    while (b < count)
        out[n++] = in[b++];
}

static int merge_runs(struct s3c_list_page *p, struct s3c_error *err)
{
    struct s3c_list_entry *merged = s3c_reallocarray(NULL, p->cap, sizeof *merged);
    size_t first = 1;

    if (!merged)
        return s3c_error_nomem(err);
    while (p->entries[first].is_marker == p->entries[0].is_marker)
        first++;
    merge(merged, p->entries, first, p->count);
    s3c_free(p->entries);
    p->entries = merged;
    return 0;
}

static void drop_repeats(struct s3c_list_page *p)
{
    size_t kept = 1;

    for (size_t i = 1; i < p->count; i++) {
        const struct s3c_list_entry *last = &p->entries[kept - 1], *e = &p->entries[i];

        if (!s3c_view_eq(last->version_id, e->version_id) || !s3c_view_eq(last->key, e->key))
            p->entries[kept++] = *e;
    }
    p->count = kept;
}

int s3c_list_page_order(struct s3c_list_page *p, struct s3c_error *err)
{
    struct order o = look(p);

    if (o.kind_changes == 1 && (o.regress || o.shared)) {
        int r = merge_runs(p, err);

        if (r < 0)
            return r;
        o = look(p);
    }
    if (o.repeats)
        drop_repeats(p);
    if (o.regress)
        return s3c_error_set(
            err, S3C_E_PROTOCOL,
            "a page of the listing is not in the order of its keys; changes cannot be told from it");
    return 0;
}
