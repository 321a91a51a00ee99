/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Old and listed entries are merged into one sequence, newest first, anchored at the entries that both have. Of the old ones
 * that are not listed it keeps only those that still say what was visible: all of them while the key has later entries (it is
 * not known yet what became of them), a `null` version that a listed `null` has replaced in place, and ghosts. The entry below a
 * new one in that sequence decides between create and update. The latest old one stays in it as well although it is gone, because
 * the reader still sees it if the new one cannot be read.
 */
#include "source/diff.h"

#include <stdlib.h>

#include "base/mem.h"

#define KNOWN_NEW      SIZE_MAX
#define KNOWN_ABSORBED (SIZE_MAX - 1)

struct s3c_diff_merged {
    struct s3c_fingerprint print;
    size_t item; /* S3C_DIFF_NO_ITEM: it is not listed */
    bool gone;   /* removed: only tells what the reader saw until now */
};

struct s3c_diff_place {
    int64_t second;
    size_t event;
};

void s3c_diff_done(struct s3c_diff *d)
{
    s3c_free(d->events);
    s3c_free(d->places);
    s3c_free(d->kept);
    s3c_free(d->merged);
    s3c_free(d->known);
    s3c_free(d->listed);
    *d = (struct s3c_diff){0};
}

/* One event an item, and one for what resurfaces or goes. */
static int reserve(struct s3c_diff *d, const struct s3c_diff_input *in)
{
    size_t all = in->old_count + in->item_count;

    if (s3c_grow(&d->events, &d->event_cap, in->item_count + 1, sizeof(*d->events)) < 0 ||
        s3c_grow(&d->places, &d->place_cap, in->item_count + 1, sizeof(*d->places)) < 0 ||
        s3c_grow(&d->kept, &d->kept_cap, all, sizeof(*d->kept)) < 0 ||
        s3c_grow(&d->merged, &d->merged_cap, all, sizeof(*d->merged)) < 0 ||
        s3c_grow(&d->known, &d->known_cap, in->item_count, sizeof(*d->known)) < 0 ||
        s3c_grow(&d->listed, &d->listed_cap, in->old_count, sizeof(*d->listed)) < 0)
        return S3C_E_NOMEM;
    d->event_count = d->kept_count = d->merged_count = 0;
    return 0;
}

static size_t find_old(const struct s3c_diff_input *in, struct s3c_fingerprint print, size_t from)
{
    for (size_t j = from; j < in->old_count; j++)
        if (s3c_fingerprint_eq(in->old[j], print))
            return j;
    for (size_t j = 0; j < from; j++)
        if (s3c_fingerprint_eq(in->old[j], print))
            return j;
    return KNOWN_NEW;
}

/* Both sides are in the same order nearly always, so the search begins where the last one ended. */
static void match(struct s3c_diff *d, const struct s3c_diff_input *in)
{
    size_t from = 0;

    for (size_t j = 0; j < in->old_count; j++)
        d->listed[j] = false;
    for (size_t i = 0; i < in->item_count; i++) {
        size_t j = find_old(in, in->items[i].print, from);

        if (j != KNOWN_NEW) {
            d->listed[j] = true;
            from = j + 1;
        } else if (in->items[i].absorbed) {
            j = KNOWN_ABSORBED;
        }
        d->known[i] = j;
    }
    d->missing = false;
    for (size_t j = 0; j < in->old_count; j++)
        d->missing = d->missing || !d->listed[j];
}

static bool new_null_listed(const struct s3c_diff *d, const struct s3c_diff_input *in)
{
    for (size_t i = 0; i < in->item_count; i++)
        if (s3c_fingerprint_is(in->items[i].print, S3C_FP_NULL) && d->known[i] == KNOWN_NEW)
            return true;
    return false;
}

static void merge_listed(struct s3c_diff *d, const struct s3c_diff_input *in, size_t i)
{
    d->merged[d->merged_count++] = (struct s3c_diff_merged){.print = in->items[i].print, .item = i};
}

static void merge_unlisted(struct s3c_diff *d, const struct s3c_diff_input *in, size_t j,
                           bool null_replaced)
{
    struct s3c_fingerprint print = in->old[j];
    bool stands = in->late || s3c_fingerprint_is(print, S3C_FP_GHOST) ||
                  (null_replaced && s3c_fingerprint_is(print, S3C_FP_NULL));

    if (stands || j == 0)
        d->merged[d->merged_count++] = (struct s3c_diff_merged){print, S3C_DIFF_NO_ITEM, !stands};
}

static void merge(struct s3c_diff *d, const struct s3c_diff_input *in)
{
    bool null_replaced = new_null_listed(d, in);
    size_t i = 0, j = 0;

    while (i < in->item_count || j < in->old_count) {
        /* New ones come before what has gone from the same place: they are the newer ones. */
        if (i < in->item_count &&
            (d->known[i] >= KNOWN_ABSORBED || d->known[i] < j || j == in->old_count)) {
            merge_listed(d, in, i++);
        } else if (!d->listed[j]) {
            merge_unlisted(d, in, j++, null_replaced);
        } else {
            if (i < in->item_count && d->known[i] == j)
                merge_listed(d, in, i++);
            j++; /* else its item comes elsewhere: the server has changed the order of equals */
        }
    }
}

static enum s3c_prior prior_of(struct s3c_fingerprint f)
{
    return s3c_fingerprint_is(f, S3C_FP_MARKER) ? S3C_PRIOR_MARKER : S3C_PRIOR_VERSION;
}

static void emit(struct s3c_diff *d, enum s3c_operation op, size_t item, int64_t second,
                 enum s3c_prior prior)
{
    d->events[d->event_count++] =
        (struct s3c_diff_event){.op = op, .item = item, .second = second, .prior = prior};
}

static void emit_new(struct s3c_diff *d, const struct s3c_diff_input *in, size_t at)
{
    const struct s3c_diff_merged *m = &d->merged[at];
    const struct s3c_diff_merged *end = d->merged + d->merged_count, *below = m + 1;
    int64_t second = in->items[m->item].second;
    enum s3c_prior prior = S3C_PRIOR_NONE;
    enum s3c_operation op;

    if (second <= in->after || second > in->closed)
        second = in->closed; /* a straggler */
    if (below < end && below->item == S3C_DIFF_NO_ITEM)
        prior = prior_of(below->print);
    if (below < end && below->gone)
        below++;
    if (s3c_fingerprint_is(m->print, S3C_FP_MARKER))
        op = S3C_OP_DELETE;
    else if (below == end || s3c_fingerprint_is(below->print, S3C_FP_MARKER))
        op = S3C_OP_CREATE;
    else
        op = S3C_OP_UPDATE;
    emit(d, op, m->item, second, prior);
}

/* The latest entry that the reader saw is gone, and what is the latest now is nothing new. */
static void emit_removal(struct s3c_diff *d, const struct s3c_diff_input *in)
{
    bool was_marker;

    if (in->late || in->old_count == 0 || d->listed[0])
        return;
    if (in->item_count > 0 && d->known[0] == KNOWN_NEW)
        return;
    was_marker = s3c_fingerprint_is(in->old[0], S3C_FP_MARKER);
    if (in->item_count == 0) {
        if (!was_marker)
            emit(d, S3C_OP_DELETE, S3C_DIFF_NO_ITEM, in->closed, S3C_PRIOR_NONE);
    } else if (s3c_fingerprint_is(in->items[0].print, S3C_FP_MARKER)) {
        if (!was_marker)
            emit(d, S3C_OP_DELETE, 0, in->closed, S3C_PRIOR_NONE);
    } else {
        emit(d, was_marker ? S3C_OP_CREATE : S3C_OP_UPDATE, 0, in->closed, prior_of(in->old[0]));
    }
}

static void keep(struct s3c_diff *d, const struct s3c_diff_input *in)
{
    bool null_replaced = new_null_listed(d, in);

    for (size_t i = 0; i < d->merged_count; i++) {
        const struct s3c_diff_merged *m = &d->merged[i];
        bool replaced = null_replaced && s3c_fingerprint_is(m->print, S3C_FP_NULL);

        if (m->item != S3C_DIFF_NO_ITEM || (in->late && !replaced))
            d->kept[d->kept_count++] = m->print;
    }
    d->changed = d->kept_count != in->old_count;
    for (size_t i = 0; !d->changed && i < in->old_count; i++)
        d->changed = !s3c_fingerprint_eq(d->kept[i], in->old[i]);
}

static int compare_places(const void *a, const void *b)
{
    const struct s3c_diff_place *x = a, *y = b;

    if (x->second != y->second)
        return x->second < y->second ? -1 : 1;
    return x->event < y->event ? -1 : x->event > y->event;
}

/* Stragglers and what resurfaces stand among events of other seconds, so equal seconds need not be neighbours. */
static void count_following(struct s3c_diff *d)
{
    for (size_t i = 0; i < d->event_count; i++)
        d->places[i] = (struct s3c_diff_place){d->events[i].second, i};
    if (d->event_count > 1)
        qsort(d->places, d->event_count, sizeof(*d->places), compare_places);
    for (size_t i = d->event_count; i-- > 0;) {
        const struct s3c_diff_place *p = &d->places[i];
        bool more = i + 1 < d->event_count && p[1].second == p->second;

        d->events[p->event].following = more ? d->events[p[1].event].following + 1 : 0;
    }
}

int s3c_diff_run(struct s3c_diff *d, const struct s3c_diff_input *in)
{
    if (reserve(d, in) < 0)
        return S3C_E_NOMEM;
    match(d, in);
    merge(d, in);
    for (size_t at = d->merged_count; at-- > 0;)
        if (d->merged[at].item != S3C_DIFF_NO_ITEM && d->known[d->merged[at].item] == KNOWN_NEW)
            emit_new(d, in, at);
    emit_removal(d, in);
    count_following(d);
    keep(d, in);
    return 0;
}
