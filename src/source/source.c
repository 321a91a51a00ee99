/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The source has no thread of its own: the reader's thread pumps. It takes finished calls, lets the planner go on, submits
 * what fits into the window, and hands out what is finished at its head; only then, with nothing to give, it sleeps in the inbox.
 */
#include "source/source_private.h"

#include "base/error.h"
#include "session/session.h"
#include "source/build.h"
#include "source/planner.h"

#define BATCH_MEMORY (256u << 10) /* what a few hundred records need beside key and payload */

struct s3c_source {
    struct s3c_session session; /* unused when started on a fake */
    struct s3c_client *client;
    const struct s3c_clock *clock;
    struct s3c_inbox *inbox;
    bool planned; /* the planner is initialised */
    struct s3c_planner planner;
    struct s3c_arena arena; /* of the records given last */
    struct s3c_build build;
    bool asleep; /* at the last look there was nothing to do without an event or a timer */
    bool failed; /* nothing more is planned; what was planned is still given */
    bool ended;  /* nor given */
    struct s3c_error failure;
    uint64_t records[5];
    int64_t last_change_ns;
};

static void fail(struct s3c_source *s, const struct s3c_error *why)
{
    if (!s->failed)
        s->failure = *why;
    s->failed = true;
}

/* One round of everything that needs no waiting. Failures are kept: what was fetched before them is given first. */
static void pump(struct s3c_source *s, struct s3c_call *finished)
{
    struct s3c_error why = {0};

    if (s3c_planner_feed(&s->planner, finished, &why) < 0)
        fail(s, &why);
    if (!s->failed && s3c_planner_advance(&s->planner, &why) < 0)
        fail(s, &why);
    if (s3c_fetch_schedule(s->planner.fetch, &why) < 0)
        fail(s, &why);
}

static enum s3c_fetch_more more_to_come(const struct s3c_source *s)
{
    if (s->failed)
        return S3C_FETCH_MORE_BROKEN;
    return s3c_planner_in_snapshot(&s->planner) ? S3C_FETCH_MORE_MAY : S3C_FETCH_MORE_NONE;
}

static void count_record(struct s3c_source *s, const struct s3c_event *e)
{
    s->records[e->op]++;
    if (e->op != S3C_OP_SNAPSHOT && e->listed && e->last_modified_ns > s->last_change_ns)
        s->last_change_ns = e->last_modified_ns;
}

/* Fills records with what is finished, in order. 0, S3C_AGAIN, S3C_END (the window is empty), or the failure at its head. */
static int hand_out(struct s3c_source *s, struct s3c_record *records, size_t max, size_t *ret_count)
{
    int64_t now = s3c_wall_ns(s->clock);
    struct s3c_error why = {0};
    struct s3c_fetched item;
    size_t n = 0;
    int r = 0;

    while (n < max && r == 0) {
        r = s3c_fetch_pop(s->planner.fetch, more_to_come(s), &item, &why);
        if (r == 0)
            r = s3c_build_record(&s->build, item.event, item.call, now, item.last, &records[n],
                                 &why);
        if (r == 0) {
            count_record(s, item.event);
            n++;
        }
    }
    if (r < 0) {
        s->failed = s->ended = true;
        s->failure = why; /* comes before what the planner may have met further on */
    }
    if (n == 0)
        return r;
    *ret_count = n;
    return 0;
}

static int wait_ms(const struct s3c_source *s, int64_t deadline_ns)
{
    int64_t now = s3c_mono_ns(s->clock), at = s3c_planner_timer_ns(&s->planner);

    if (s->failed) /* the planner stands still, the window does not */
        at = s3c_fetch_timer_ns(s->planner.fetch);
    if (deadline_ns != 0 && (at == 0 || deadline_ns < at))
        at = deadline_ns;
    if (at == 0)
        return -1;
    if (at <= now)
        return 0;
    at = (at - now + S3C_NS_PER_MS - 1) / S3C_NS_PER_MS;
    return at < INT32_MAX ? (int)at : INT32_MAX;
}

/* Nothing was handed out: does the stream go on? S3C_AGAIN, S3C_END, or the failure that has ended it. */
static int at_end(struct s3c_source *s, bool window_empty, struct s3c_error *err)
{
    if (window_empty && s->failed)
        s->ended = true;
    if (s->ended) {
        if (err)
            *err = s->failure;
        return s->failure.code;
    }
    return window_empty && s->planner.stage == S3C_STAGE_END ? S3C_END : S3C_AGAIN;
}

int s3c_source_read(struct s3c_source *s, struct s3c_record *records, size_t max, size_t *ret_count,
                    int timeout_ms, struct s3c_error *err)
{
    int64_t deadline = timeout_ms > 0 ? s3c_mono_ns(s->clock) + timeout_ms * S3C_NS_PER_MS : 0;
    bool woken = false, last_look;
    int r, wait = 0;

    s3c_fetch_return(s->planner.fetch);
    s3c_arena_reset(&s->arena);
    s->asleep = false;
    while (!s->ended) {
        struct s3c_call *finished = s3c_inbox_take(s->inbox, wait, &woken);

        last_look = timeout_ms == 0 || woken || (deadline && s3c_mono_ns(s->clock) >= deadline);
        pump(s, finished);
        r = hand_out(s, records, max, ret_count);
        if (r == 0)
            return 0;
        r = at_end(s, r == S3C_END, err);
        if (r != S3C_AGAIN)
            return r;
        if (last_look) {
            s->asleep = true;
            return S3C_AGAIN;
        }
        wait = wait_ms(s, deadline);
    }
    return at_end(s, false, err);
}

void s3c_source_wake(struct s3c_source *s)
{
    s3c_inbox_wake(s->inbox);
}

int s3c_source_fd(const struct s3c_source *s)
{
    return s3c_inbox_fd(s->inbox);
}

int s3c_source_timeout_ms(const struct s3c_source *s)
{
    return s->asleep ? wait_ms(s, 0) : 0;
}

bool s3c_source_idle(const struct s3c_source *s)
{
    return s->asleep && s3c_planner_idle(&s->planner);
}

void s3c_source_get_stats(const struct s3c_source *s, struct s3c_source_stats *ret)
{
    const struct s3c_planner *p = &s->planner;
    const struct s3c_index *index = p->stage == S3C_STAGE_SNAPSHOT ? &p->builder.out : &p->index;
    struct s3c_client_stats client;
    struct s3c_fetch_stats fetch;

    s3c_client_get_stats(s->client, &client);
    s3c_fetch_get_stats(p->fetch, &fetch);
    *ret = (struct s3c_source_stats){
        .objects = fetch.objects,
        .bytes = fetch.bytes,
        .listed = p->listing.entries,
        .passes = p->passes,
        .skipped_changed = fetch.skipped_changed,
        .skipped_archived = fetch.skipped_archived,
        .skipped_too_large = fetch.skipped_too_large,
        .requests = client.requests,
        .retries = client.retries,
        .index_keys = index->keys,
        .index_bytes = index->bytes,
        .cdc = p->stage >= S3C_STAGE_WAIT,
        .caught_up = p->passes > 0 && s3c_source_idle(s),
        .closed_second = p->stage == S3C_STAGE_SNAPSHOT && !p->dated ? 0 : p->closed,
        .last_change_ns = s->last_change_ns,
        .server_offset_ns = p->listing.offset_ns,
    };
    memcpy(ret->records, s->records, sizeof(ret->records));
}

/* Until the first page is in, every failure is final and time is short. */
static int first_reply(struct s3c_source *s, int64_t deadline_ns, struct s3c_error *err)
{
    int wait = 0;

    while (!s->planner.listing.ever) {
        int64_t left = deadline_ns - s3c_mono_ns(s->clock);

        pump(s, s3c_inbox_take(s->inbox, wait, NULL));
        if (s->failed) {
            if (err)
                *err = s->failure;
            return s->failure.code;
        }
        if (left <= 0)
            return s3c_error_set(
                err, S3C_E_TIMEOUT,
                "the first page of the listing did not come in time; check that the "
                "server answers, and how fast");
        wait = (int)(left / S3C_NS_PER_MS) + 1;
    }
    return 0;
}

static int start(struct s3c_source *s, const struct s3c_source_env *env, struct s3c_view position,
                 bool snapshot_only, struct s3c_error *err)
{
    struct s3c_planner_options o = {.client = env->client,
                                    .settings = env->settings,
                                    .clock = env->clock,
                                    .log = env->log,
                                    .versions = env->versions,
                                    .snapshot_only = snapshot_only};
    struct s3c_position at;
    int r;

    if (position.len > 0) {
        r = s3c_position_parse(&at, position, err);
        if (r < 0)
            return r;
        o.position = &at;
    }
    s->client = env->client;
    s->clock = env->clock;
    s->build = S3C_BUILD_INIT(s3c_view_str(env->settings->bucket), &s->arena);
    if (!s3c_arena_alloc(&s->arena,
                         BATCH_MEMORY)) /* its first chunk, which stays: reads allocate no more */
        return s3c_error_nomem(err);
    r = s3c_inbox_new(&s->inbox, err);
    if (r < 0)
        return r;
    o.inbox = s->inbox;
    r = s3c_planner_init(&s->planner, &o, err);
    if (r < 0)
        return r;
    s->planned = true;
    return first_reply(s, env->deadline_mono_ns, err);
}

int s3c_source_start(struct s3c_source **ret, const struct s3c_source_env *env,
                     struct s3c_view position, bool snapshot_only, struct s3c_error *err)
{
    struct s3c_source *s = s3c_zalloc(sizeof(*s));
    int r;

    if (!s)
        return s3c_error_nomem(err);
    r = start(s, env, position, snapshot_only, err);
    if (r < 0) {
        s3c_source_close(s);
        return r;
    }
    *ret = s;
    return 0;
}

static int open_session(struct s3c_source *s, const struct s3c_config *c,
                        const struct s3c_source_options *o, struct s3c_error *err)
{
    struct s3c_source_env env = {.settings = s3c_config_settings(c), .log = o->log};
    enum s3c_versioning mode = S3C_VERSIONING_UNKNOWN;
    int r = s3c_session_init(&s->session, c, o->log, err);

    if (r < 0)
        return r;
    r = s3c_session_check_bucket(&s->session, err);
    if (r == 0)
        r = s3c_session_versioning(&s->session, s->session.deadline_mono_ns, &mode, err);
    env.client = s->session.client;
    env.clock = s->session.clock;
    env.versions = mode == S3C_VERSIONING_ENABLED || mode == S3C_VERSIONING_SUSPENDED;
    env.deadline_mono_ns = s->session.deadline_mono_ns;
    if (r == 0)
        r = start(s, &env, o->position, o->snapshot_only, err);
    if (r < 0 && err && r != S3C_E_NOMEM)
        r = s3c_session_explain(&s->session, err);
    return r;
}

int s3c_source_open(struct s3c_source **ret, const struct s3c_config *c,
                    const struct s3c_source_options *o, struct s3c_error *err)
{
    struct s3c_position at;
    struct s3c_source *s;
    int r = o->position.len > 0 ? s3c_position_parse(&at, o->position, err) : 0;

    if (r < 0)
        return r;
    s = s3c_zalloc(sizeof(*s));
    if (!s)
        return s3c_error_nomem(err);
    r = open_session(s, c, o, err);
    if (r < 0) {
        s3c_source_close(s);
        return r;
    }
    *ret = s;
    return 0;
}

void s3c_source_close(struct s3c_source *s)
{
    if (!s)
        return;
    if (s->planned)
        s3c_planner_done(&s->planner);
    s3c_build_done(&s->build);
    s3c_arena_done(&s->arena);
    s3c_session_done(&s->session);
    s3c_inbox_free(s->inbox);
    s3c_free(s);
}
