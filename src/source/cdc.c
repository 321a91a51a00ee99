/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passes (DESIGN 4.3): wait, list, compare, emit. A pass begins when the GETs of the one before are decided, so that what could not be
 * read is known to it. It counts only when it is complete; whatever ends it early leaves W and the index as they were.
 */
#include "source/planner.h"

#include "base/error.h"

/* A bucket that changes all the time at all its borders: what is still in doubt then is left to the next pass. */
#define MAX_REPEATS 3

static size_t events_limit(const struct s3c_planner *p)
{
    return (size_t)p->settings->memory_limit / 4;
}

void s3c_cdc_begin(struct s3c_planner *p)
{
    p->stage = S3C_STAGE_WAIT;
    p->next_pass_ns = s3c_mono_ns(p->clock);
}

static int start_listing(struct s3c_planner *p, struct s3c_error *err)
{
    int r = s3c_listing_start(&p->listing, p->mode.versions, (struct s3c_view){NULL, 0}, err);

    return r < 0 ? r : 1;
}

int s3c_cdc_wait_step(struct s3c_planner *p, struct s3c_error *err)
{
    int64_t now = s3c_mono_ns(p->clock);

    if (now < p->next_pass_ns || !s3c_fetch_settled(p->fetch) || s3c_mode_ask(&p->mode))
        return 0;
    p->next_pass_ns = now + p->settings->polling_period_ns;
    p->cut = 0;
    p->repeats = 0;
    s3c_borders_done(&p->borders);
    p->stage = S3C_STAGE_PASS;
    return start_listing(p, err);
}

/* Tells once when nothing can be read because the server's clock was set back, not when it is just too early. */
static void note_date(struct s3c_planner *p, int64_t second, bool too_early)
{
    bool back = p->listing.date_ns < p->newest_date_ns || second < p->closed;

    if (p->listing.date_ns > p->newest_date_ns)
        p->newest_date_ns = p->listing.date_ns;
    if (too_early && back && !p->told_back)
        s3c_logf(
            p->log, S3C_LOG_WARN,
            "the server's date went back: it is second %lld, and everything up to second %lld was "
            "read already; changes wait until the date has caught up",
            (long long)second, (long long)p->closed);
    p->told_back = too_early && (p->told_back || back);
}

/* The first reply is in. 1: the pass can begin; 0: no new second is closed yet, wait. */
static int open_pass(struct s3c_planner *p, struct s3c_error *err)
{
    int64_t second = s3c_listing_server_second(&p->listing);
    struct s3c_pass_options o = {.old = &p->index,
                                 .index_max_bytes = (uint64_t)p->settings->index_max_bytes,
                                 .borders = &p->borders,
                                 .unseen = &p->unseen,
                                 .absorb = p->absorb,
                                 .after = p->closed,
                                 .closed = second - p->settings->settle_sec,
                                 .server_second = second,
                                 .versions = p->mode.versions};
    int r;

    s3c_planner_note_start(p);
    note_date(p, second, o.closed <= p->closed);
    if (o.closed <= p->closed)
        return 0;
    if (p->cut != 0 && p->cut < o.closed)
        o.closed = p->cut;
    r = s3c_pass_init(&p->pass, &o, err);
    if (r < 0)
        return r;
    p->pass_on = true;
    return 1;
}

static void drop_pass(struct s3c_planner *p)
{
    s3c_pass_done(&p->pass);
    p->pass_on = false;
}

/* The events up to W' do not fit into memory: the same again with an earlier W'. The rest comes with the passes after it. */
static int cut_pass(struct s3c_planner *p, struct s3c_error *err)
{
    p->cut = s3c_events_cut(&p->pass.events, p->pass.o.after, p->pass.o.closed);
    s3c_logf(p->log, S3C_LOG_INFO,
             "more changes than a quarter of memory.limit holds; they are taken in slices, now up "
             "to second %lld",
             (long long)p->cut);
    s3c_borders_again(&p->borders);
    drop_pass(p);
    return start_listing(p, err);
}

/* Something seems to be removed behind a page's border: the same again, to be sure of it. */
static int repeat_pass(struct s3c_planner *p, struct s3c_error *err)
{
    p->repeats++;
    s3c_borders_again(&p->borders);
    drop_pass(p);
    return start_listing(p, err);
}

/* Pushes events while there is room; true: all were pushed. */
static bool push_events(struct s3c_planner *p, int *ret, struct s3c_error *err)
{
    const struct s3c_event *e;

    while (s3c_fetch_has_room(p->fetch)) {
        e = s3c_events_next(&p->pass.events);
        if (!e)
            return true;
        *ret = s3c_fetch_push(p->fetch, e, err);
        if (*ret < 0)
            return false;
    }
    return false;
}

/* Too many events for the memory, and the window is one second already: they are in order, so let them go before the listing goes on. */
static int relieve(struct s3c_planner *p, struct s3c_error *err)
{
    int r = 0;

    if (!push_events(p, &r, err))
        return r;
    s3c_events_clear(&p->pass.events);
    return 1;
}

static int commit(struct s3c_planner *p, struct s3c_error *err)
{
    struct s3c_index next;
    int r = s3c_pass_finish(&p->pass, &next, err);

    if (r < 0)
        return r;
    if (s3c_borders_doubt(&p->borders) && p->repeats < MAX_REPEATS) {
        s3c_index_done(&next);
        return repeat_pass(p, err);
    }
    s3c_index_done(&p->index);
    p->index = next;
    p->closed = p->pass.o.closed;
    p->absorb.kind = S3C_ABSORB_NONE;
    s3c_unseen_commit(&p->unseen);
    s3c_listing_stop(&p->listing);
    s3c_events_sort(&p->pass.events);
    p->passes++;
    p->stage = S3C_STAGE_EMIT;
    return 1;
}

int s3c_cdc_pass_step(struct s3c_planner *p, struct s3c_error *err)
{
    struct s3c_list_entry entry;
    int r, opened;

    if (p->pass_on && s3c_events_bytes(&p->pass.events) >= events_limit(p))
        return p->pass.o.closed > p->pass.o.after + 1 ? cut_pass(p, err) : relieve(p, err);
    r = s3c_listing_next(&p->listing, &entry, err);
    if (r < 0)
        return r;
    if (r == S3C_AGAIN)
        return 0;
    if (!p->pass_on) {
        opened = open_pass(p, err);
        if (opened < 0)
            return opened;
        if (opened == 0) {
            s3c_listing_stop(&p->listing);
            p->stage = S3C_STAGE_WAIT;
            return 1;
        }
    }
    if (r == S3C_END)
        return commit(p, err);
    r = s3c_pass_entry(&p->pass, &entry, err);
    return r < 0 ? r : 1;
}

int s3c_cdc_emit_step(struct s3c_planner *p, struct s3c_error *err)
{
    int r = 0;

    if (!push_events(p, &r, err))
        return r;
    drop_pass(p);
    p->stage = p->snapshot_only && p->closed >= p->start_date_sec ? S3C_STAGE_END : S3C_STAGE_WAIT;
    return 1;
}
