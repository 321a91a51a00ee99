/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The snapshot (DESIGN 4.3): of every key the newest entry up to W0, unless that is a delete marker. W0 comes from the first
 * reply, so whatever is written while the listing goes on is later and is left to the first pass. Every entry up to W0 goes into the
 * index, those that are no records as well: the first pass must not take them for news.
 */
#include "source/planner.h"

#include "base/error.h"
#include "base/view.h"

static void set_date(struct s3c_planner *p)
{
    s3c_planner_note_start(p);
    if (!p->dated)
        p->closed = s3c_listing_server_second(&p->listing) - p->settings->settle_sec;
    p->dated = true;
}

static int index_key(struct s3c_planner *p, struct s3c_error *err)
{
    int r = 0;

    if (p->print_count > 0)
        r = s3c_index_builder_add(&p->builder, s3c_buf_view(&p->key), p->prints, p->print_count,
                                  err);
    p->print_count = 0;
    return r;
}

static int add_print(struct s3c_planner *p, struct s3c_fingerprint print, struct s3c_error *err)
{
    if (s3c_grow(&p->prints, &p->print_cap, p->print_count + 1, sizeof(print)) < 0)
        return s3c_error_nomem(err);
    p->prints[p->print_count++] = print;
    return 0;
}

static int take_entry(struct s3c_planner *p, const struct s3c_list_entry *entry,
                      struct s3c_error *err)
{
    struct s3c_event e = {.op = S3C_OP_SNAPSHOT, .second = p->closed};
    struct s3c_fingerprint print;
    int r = 0;

    if (s3c_floor_sec(entry->last_modified_ns) > p->closed) {
        p->left_out = true;
        return 0;
    }
    print = s3c_fingerprint(entry);
    if (p->print_count > 0 && s3c_view_eq(entry->key, s3c_buf_view(&p->key)))
        return add_print(p, print, err);
    r = index_key(p, err);
    if (r < 0)
        return r;
    s3c_buf_clear(&p->key);
    if (s3c_buf_add_view(&p->key, entry->key) < 0)
        return s3c_error_nomem(err);
    r = add_print(p, print, err);
    if (r < 0 || entry->is_marker)
        return r;
    s3c_event_set_entry(&e, entry, print, p->mode.versions);
    return s3c_fetch_push(p->fetch, &e, err);
}

static int complete(struct s3c_planner *p, struct s3c_error *err)
{
    int r = index_key(p, err);

    if (r == 0)
        r = s3c_index_builder_finish(&p->builder, &p->index, err);
    if (r < 0)
        return r;
    s3c_index_builder_done(&p->builder);
    s3c_buf_done(&p->key);
    s3c_free(p->prints);
    p->prints = NULL;
    p->print_cap = 0;
    s3c_listing_stop(&p->listing);
    p->stage = S3C_STAGE_DRAIN;
    return 1;
}

int s3c_snapshot_step(struct s3c_planner *p, struct s3c_error *err)
{
    struct s3c_list_entry entry;
    int r;

    if (!s3c_fetch_has_room(p->fetch))
        return 0;
    r = s3c_listing_next(&p->listing, &entry, err);
    if (r < 0)
        return r;
    if (r == S3C_AGAIN)
        return 0;
    if (p->start_date_sec == 0)
        set_date(p);
    if (r == S3C_END)
        return complete(p, err);
    r = take_entry(p, &entry, err);
    return r < 0 ? r : 1;
}

int s3c_snapshot_drain_step(struct s3c_planner *p)
{
    struct s3c_fetch_stats stats;

    if (!s3c_fetch_settled(p->fetch))
        return 0;
    s3c_fetch_get_stats(p->fetch, &stats);
    if (p->snapshot_only && !p->left_out && stats.skipped_changed == 0) {
        p->stage = S3C_STAGE_END;
        return 0;
    }
    s3c_cdc_begin(p);
    /* One pass is enough if it closes the second in which the snapshot began (DESIGN 9, --snapshot-only). */
    if (p->snapshot_only)
        p->next_pass_ns = p->start_mono_ns + (p->settings->settle_sec + 1) * S3C_NS_PER_SEC;
    return 1;
}
