/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nearly every key of nearly every pass is as it was, so that case costs a hash, two comparisons and no copy: the text of a listed
 * entry is copied only once its key has stopped repeating what the index knows.
 */
#include "source/pass.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/view.h"

#define FUTURE_SEC 900
#define KEY_MAX    ((size_t)1 << 20)

struct s3c_listed {
    struct s3c_view version_id, etag; /* in the pass's arena */
    uint64_t size;
    int64_t last_modified_ns;
    bool is_marker, is_latest;
};

int s3c_pass_init(struct s3c_pass *p, const struct s3c_pass_options *o, struct s3c_error *err)
{
    int r;

    *p = (struct s3c_pass){.o = *o,
                           .events = S3C_EVENTS_INIT,
                           .key = S3C_BUF_INIT(KEY_MAX),
                           .text = S3C_ARENA_INIT(0)};
    s3c_unseen_arm(o->unseen);
    r = s3c_index_edit_init(&p->edit, o->old, o->index_max_bytes, err);
    if (r < 0)
        s3c_pass_done(p);
    return r;
}

void s3c_pass_done(struct s3c_pass *p)
{
    s3c_index_edit_done(&p->edit);
    s3c_events_done(&p->events);
    s3c_diff_done(&p->diff);
    s3c_buf_done(&p->key);
    s3c_arena_done(&p->text);
    s3c_free(p->items);
    s3c_free(p->listed);
    s3c_free(p->old);
    *p = (struct s3c_pass){0};
}

static struct s3c_view current_key(const struct s3c_pass *p)
{
    return p->match ? p->edit.cursor.key : s3c_buf_view(&p->key);
}

/* Entry i of the current old key; the plain cursor unless something is unseen. */
static int load_old(struct s3c_pass *p, struct s3c_error *err)
{
    const struct s3c_index_cursor *c = &p->edit.cursor;

    p->old_changed = false;
    p->old_count = c->count;
    if (s3c_grow(&p->old, &p->old_cap, c->count, sizeof(*p->old)) < 0)
        return s3c_error_nomem(err);
    memcpy(p->old, c->prints, c->count * sizeof(*p->old));
    if (s3c_unseen_any(p->o.unseen))
        p->old_count = s3c_unseen_apply(p->o.unseen, c->key, p->old, p->old_count, &p->old_changed);
    return 0;
}

static int add_events(struct s3c_pass *p, struct s3c_error *err)
{
    for (size_t i = 0; i < p->diff.event_count; i++) {
        const struct s3c_diff_event *d = &p->diff.events[i];
        struct s3c_event e = {.op = d->op,
                              .second = d->second,
                              .following = d->following,
                              .prior = d->prior,
                              .versioned = p->o.versions};

        if (d->item != S3C_DIFF_NO_ITEM) {
            const struct s3c_listed *l = &p->listed[d->item];
            struct s3c_list_entry entry = {.version_id = l->version_id,
                                           .etag = l->etag,
                                           .size = l->size,
                                           .last_modified_ns = l->last_modified_ns,
                                           .is_marker = l->is_marker,
                                           .is_latest = l->is_latest};

            s3c_event_set_entry(&e, &entry, p->items[d->item].print, p->o.versions);
        }
        e.key = current_key(p);
        if (s3c_events_add(&p->events, &e, i > 0) < 0)
            return s3c_error_nomem(err);
    }
    return 0;
}

/* Entries that are missing behind a page's border count as removed only once they are believed to be (border.h). */
static int compare(struct s3c_pass *p, struct s3c_diff_input *in)
{
    int r;

    in->late = p->late || p->at_border;
    r = s3c_diff_run(&p->diff, in);
    if (r < 0 || p->late || !p->at_border || !p->diff.missing)
        return r;
    r = s3c_borders_believe(p->o.borders, current_key(p), p->border);
    if (r <= 0)
        return r;
    in->late = false;
    return s3c_diff_run(&p->diff, in);
}

/* The current key is complete: what happened to it, and what the index is to know. */
static int finish_key(struct s3c_pass *p, struct s3c_error *err)
{
    struct s3c_diff_input in = {.old = p->old,
                                .old_count = p->match ? p->old_count : 0,
                                .items = p->items,
                                .item_count = p->item_count,
                                .after = p->o.after,
                                .closed = p->o.closed};
    int r;

    if (p->match && p->same && !p->old_changed && (p->late || p->item_count == p->old_count))
        return s3c_index_edit_keep(&p->edit, err);
    r = compare(p, &in);
    if (r < 0)
        return s3c_error_nomem(err);
    r = add_events(p, err);
    if (r < 0)
        return r;
    if (!p->match)
        return p->diff.kept_count == 0
                   ? 0
                   : s3c_index_edit_insert(&p->edit, current_key(p), p->diff.kept,
                                           p->diff.kept_count, err);
    if (!p->diff.changed && !p->old_changed)
        return s3c_index_edit_keep(&p->edit, err);
    return s3c_index_edit_replace(&p->edit, p->diff.kept, p->diff.kept_count, err);
}

static int end_key(struct s3c_pass *p, struct s3c_error *err)
{
    int r = p->in_key ? finish_key(p, err) : 0;

    p->in_key = false;
    p->item_count = 0;
    s3c_arena_reset(&p->text);
    return r;
}

static void begin_key(struct s3c_pass *p, bool match)
{
    p->in_key = true;
    p->match = p->same = match;
    p->late = p->at_border = false;
    p->at_position = 0;
}

/* Old keys before `key` (NULL: all that are left) are no longer listed. */
static int pass_over_old(struct s3c_pass *p, const struct s3c_view *key, bool *ret_equal,
                         struct s3c_error *err)
{
    int r;

    *ret_equal = false;
    while (p->edit.at_key) {
        int c = key ? s3c_view_cmp(p->edit.cursor.key, *key) : -1;

        if (c > 0)
            return 0;
        r = load_old(p, err);
        if (r < 0)
            return r;
        if (c == 0) {
            *ret_equal = true;
            return 0;
        }
        begin_key(p, true);
        p->same = false;
        r = end_key(p, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int enter_key(struct s3c_pass *p, struct s3c_view key, struct s3c_error *err)
{
    bool equal;
    int r = end_key(p, err);

    if (r < 0)
        return r;
    r = pass_over_old(p, &key, &equal, err);
    if (r < 0)
        return r;
    begin_key(p, equal);
    if (equal)
        return 0;
    s3c_buf_clear(&p->key);
    r = s3c_buf_add_view(&p->key, key);
    if (r < 0)
        return s3c_error_set(err, r, "key of %zu bytes in the listing: %s", key.len,
                             s3c_code_text(r));
    return 0;
}

static bool absorbed(struct s3c_pass *p, int64_t second)
{
    const struct s3c_absorb *a = &p->o.absorb;
    int c;

    if (a->kind == S3C_ABSORB_NONE || second > a->second)
        return false;
    c = s3c_view_cmp(current_key(p), a->key);
    if (a->kind == S3C_ABSORB_SNAPSHOT)
        return c <= 0;
    if (second < a->second || c < 0)
        return true;
    /* The listing begins with the newest, the countdown ends with it. */
    return c == 0 && p->at_position++ >= a->following;
}

static int add_item(struct s3c_pass *p, struct s3c_error *err)
{
    size_t items = p->item_cap, listed = p->item_cap, need = p->item_count + 1;

    if (s3c_grow(&p->items, &items, need, sizeof(*p->items)) < 0 ||
        s3c_grow(&p->listed, &listed, need, sizeof(*p->listed)) < 0)
        return s3c_error_nomem(err);
    p->item_cap = listed;
    return 0;
}

static int keep_text(struct s3c_pass *p, const struct s3c_list_entry *e, struct s3c_error *err)
{
    struct s3c_listed *l = &p->listed[p->item_count];

    *l = (struct s3c_listed){.version_id = s3c_arena_copy(&p->text, e->version_id),
                             .etag = s3c_arena_copy(&p->text, e->etag),
                             .size = e->size,
                             .last_modified_ns = e->last_modified_ns,
                             .is_marker = e->is_marker,
                             .is_latest = e->is_latest};
    return l->version_id.ptr && l->etag.ptr ? 0 : s3c_error_nomem(err);
}

int s3c_pass_entry(struct s3c_pass *p, const struct s3c_list_entry *e, struct s3c_error *err)
{
    int64_t second = s3c_floor_sec(e->last_modified_ns);
    struct s3c_diff_item *item;
    int r = 0;

    if (!p->in_key || !s3c_view_eq(current_key(p), e->key))
        r = enter_key(p, e->key, err);
    if (r < 0)
        return r;
    p->at_border = e->ends_page;
    if (e->ends_page)
        p->border = s3c_fingerprint(e);
    if (second > p->o.closed && second <= p->o.server_second + FUTURE_SEC) {
        p->late = true;
        return 0;
    }
    r = add_item(p, err);
    if (r < 0)
        return r;
    item = &p->items[p->item_count];
    *item = (struct s3c_diff_item){s3c_fingerprint(e), second, false};
    p->same = p->same && p->item_count < p->old_count &&
              s3c_fingerprint_eq(p->old[p->item_count], item->print);
    if (!p->same) {
        item->absorbed = absorbed(p, second);
        r = keep_text(p, e, err);
    }
    p->item_count++;
    return r;
}

int s3c_pass_finish(struct s3c_pass *p, struct s3c_index *ret, struct s3c_error *err)
{
    bool equal;
    int r = end_key(p, err);

    if (r == 0)
        r = pass_over_old(p, NULL, &equal, err);
    if (r == 0)
        r = s3c_index_edit_finish(&p->edit, ret, err);
    return r;
}
