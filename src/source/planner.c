/* SPDX-License-Identifier: Apache-2.0 */
#include "source/planner.h"

#include "base/error.h"
#include "base/view.h"

#define KEY_MAX (1u << 20)

static int set_start_key(struct s3c_planner *p, struct s3c_view key, struct s3c_error *err)
{
    if (s3c_buf_add_view(&p->start_key, key) < 0)
        return s3c_error_nomem(err);
    p->absorb.key = s3c_buf_view(&p->start_key);
    return 0;
}

static int start_snapshot(struct s3c_planner *p, struct s3c_error *err)
{
    s3c_index_builder_init(&p->builder, (uint64_t)p->settings->index_max_bytes);
    p->stage = S3C_STAGE_SNAPSHOT;
    return s3c_listing_start(&p->listing, p->mode.versions, s3c_buf_view(&p->start_key), err);
}

/* After a restart the index is empty, so the first pass decides by the position alone what is news (DESIGN 4.4). */
static int start_from(struct s3c_planner *p, const struct s3c_position *at, struct s3c_error *err)
{
    int r = set_start_key(p, at->key, err);

    if (r < 0)
        return r;
    s3c_logf(
        p->log, S3C_LOG_INFO,
        "going on from a position: versions that arrived late, versions that were removed and, "
        "in a bucket without versions, deletes are not seen if that happened before this start");
    p->absorb.second = at->second;
    p->absorb.following = at->following;
    if (at->phase == S3C_PHASE_SNAPSHOT) {
        p->absorb.kind = S3C_ABSORB_SNAPSHOT;
        p->closed = at->second;
        p->dated = true;
        return start_snapshot(p, err);
    }
    p->absorb.kind = S3C_ABSORB_CDC;
    p->closed = at->second - 1;
    s3c_cdc_begin(p);
    return 0;
}

static int create_fetch(struct s3c_planner *p, const struct s3c_planner_options *o,
                        struct s3c_error *err)
{
    struct s3c_fetch_options f = {.client = o->client,
                                  .inbox = o->inbox,
                                  .settings = o->settings,
                                  .clock = o->clock,
                                  .log = o->log,
                                  .unseen = &p->unseen};

    return s3c_fetch_new(&p->fetch, &f, err);
}

int s3c_planner_init(struct s3c_planner *p, const struct s3c_planner_options *o,
                     struct s3c_error *err)
{
    int r;

    *p = (struct s3c_planner){.settings = o->settings,
                              .clock = o->clock,
                              .log = o->log,
                              .snapshot_only = o->snapshot_only,
                              .listing = {.client = o->client,
                                          .inbox = o->inbox,
                                          .clock = o->clock,
                                          .log = o->log,
                                          .prefix = s3c_view_str(o->settings->prefix)},
                              .mode = {.client = o->client,
                                       .inbox = o->inbox,
                                       .clock = o->clock,
                                       .log = o->log,
                                       .versions = o->versions},
                              .index = S3C_INDEX_INIT,
                              .unseen = S3C_UNSEEN_INIT,
                              .key = S3C_BUF_INIT(KEY_MAX),
                              .start_key = S3C_BUF_INIT(KEY_MAX)};
    s3c_mode_init(&p->mode);
    r = create_fetch(p, o, err);
    if (r == 0)
        r = o->position ? start_from(p, o->position, err) : start_snapshot(p, err);
    if (r < 0)
        s3c_planner_done(p);
    return r;
}

void s3c_planner_done(struct s3c_planner *p)
{
    s3c_listing_stop(&p->listing);
    s3c_mode_done(&p->mode);
    s3c_fetch_free(p->fetch);
    p->fetch = NULL;
    if (p->pass_on)
        s3c_pass_done(&p->pass);
    p->pass_on = false;
    s3c_index_builder_done(&p->builder);
    s3c_index_done(&p->index);
    s3c_unseen_done(&p->unseen);
    s3c_borders_done(&p->borders);
    s3c_buf_done(&p->key);
    s3c_buf_done(&p->start_key);
    s3c_free(p->prints);
    p->prints = NULL;
}

int s3c_planner_feed(struct s3c_planner *p, struct s3c_call *first, struct s3c_error *err)
{
    struct s3c_call *next;
    int r = 0, one;

    for (; first; first = next) {
        next = first->next;
        first->next = NULL;
        if (first->op == S3C_GET_OBJECT) {
            one = s3c_fetch_feed(p->fetch, first, err);
            r = one < 0 ? one : r; /* the others must be taken all the same */
        } else if (first->op == S3C_GET_VERSIONING) {
            s3c_mode_feed(&p->mode);
        } else {
            s3c_listing_feed(&p->listing, first);
        }
    }
    return r;
}

void s3c_planner_note_start(struct s3c_planner *p)
{
    if (p->start_date_sec != 0)
        return;
    /* The Date itself is later than the second that it vouches for. */
    p->start_date_sec = p->listing.date_ns != 0 ? s3c_floor_sec(p->listing.date_ns)
                                                : s3c_listing_server_second(&p->listing) + 1;
    p->start_mono_ns = s3c_mono_ns(p->clock);
}

static int step(struct s3c_planner *p, struct s3c_error *err)
{
    switch (p->stage) {
    case S3C_STAGE_SNAPSHOT:
        return s3c_snapshot_step(p, err);
    case S3C_STAGE_DRAIN:
        return s3c_snapshot_drain_step(p);
    case S3C_STAGE_WAIT:
        return s3c_cdc_wait_step(p, err);
    case S3C_STAGE_PASS:
        return s3c_cdc_pass_step(p, err);
    case S3C_STAGE_EMIT:
        return s3c_cdc_emit_step(p, err);
    case S3C_STAGE_END:
        return 0;
    }
    return 0;
}

int s3c_planner_advance(struct s3c_planner *p, struct s3c_error *err)
{
    int r;

    do
        r = step(p, err);
    while (r > 0);
    return r;
}

bool s3c_planner_in_snapshot(const struct s3c_planner *p)
{
    return p->stage == S3C_STAGE_SNAPSHOT;
}

bool s3c_planner_idle(const struct s3c_planner *p)
{
    return p->stage == S3C_STAGE_WAIT && s3c_fetch_settled(p->fetch) && !p->mode.call;
}

int64_t s3c_planner_timer_ns(const struct s3c_planner *p)
{
    int64_t fetch = s3c_fetch_timer_ns(p->fetch), plan = s3c_listing_timer_ns(&p->listing);

    if (s3c_planner_idle(p))
        plan = p->next_pass_ns;
    return fetch == 0 || (plan != 0 && plan < fetch) ? plan : fetch;
}
