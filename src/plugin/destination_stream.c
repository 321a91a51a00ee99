/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/destination_stream.h"

#include "base/banned.h"
#include "base/error.h"
#include "base/log.h"
#include "base/view.h"

#define ACKS_AT_ONCE 256

static int64_t now_ns(const struct destination_stream *s)
{
    return s3c_mono_ns(s->clock);
}

void destination_stream_init(struct destination_stream *s, const struct s3c_clock *clock)
{
    *s = (struct destination_stream){
        .clock = clock,
        .sent = S3C_BUF_INIT(SIZE_MAX / 2),
        .stop_position = S3C_BUF_INIT(SIZE_MAX / 2),
    };
    intake_init(&s->intake);
    ack_queue_init(&s->acks);
}

void destination_stream_open(struct destination_stream *s, struct s3c_destination *engine)
{
    s->engine = engine;
    s->intake.engine = engine;
    s->intake.acks = &s->acks;
    s->intake.clock = s->clock;
}

void destination_stream_close(struct destination_stream *s)
{
    intake_drop(&s->intake);
    s3c_destination_close(S3C_TAKE(s->engine));
    s->intake.engine = NULL;
    if (s->stop != DESTINATION_NOT_STOPPED)
        s->stop = DESTINATION_FLUSHED;
}

void destination_stream_done(struct destination_stream *s)
{
    destination_stream_close(s);
    intake_done(&s->intake);
    ack_queue_done(&s->acks);
    s3c_buf_done(&s->sent);
    s3c_buf_done(&s->stop_position);
}

/* ---- acknowledgements ---- */

/* Files are closed by their clocks only while acknowledgements are asked for, so a Stop takes them all. */
static bool has_room(const struct destination_stream *s)
{
    return s->acks.out.len < DESTINATION_ACKS_MAX || s->stop != DESTINATION_NOT_STOPPED;
}

/* *ret_got: there were some, so there is more room now. */
static int collect_acks(struct destination_stream *s, bool *ret_got, struct s3c_error *err)
{
    struct s3c_ack acks[ACKS_AT_ONCE];
    size_t n;
    int r = 0;

    *ret_got = false;
    while (r == 0 && has_room(s)) {
        r = s3c_destination_acks(s->engine, acks, ACKS_AT_ONCE, &n, 0, err);
        if (r < 0)
            return r;
        if (ack_queue_answer(&s->acks, acks, n) < 0)
            return s3c_error_nomem(err);
        *ret_got = *ret_got || n > 0;
    }
    return 0;
}

struct s3c_view destination_stream_take_acks(struct destination_stream *s)
{
    struct s3c_buf empty = s->sent;

    s3c_buf_clear(&empty);
    s->sent = s->acks.out;
    s->acks.out = empty;
    return s3c_buf_view(&s->sent);
}

bool destination_stream_is_settled(const struct destination_stream *s)
{
    return s->intake.rest.len == 0 && ack_queue_is_complete(&s->acks) && s->acks.out.len == 0 &&
           s->sent.len == 0;
}

/* A host that waits for acknowledgements sends nothing before it has them: its records go out now rather than after file.max-idle. */
static int flush_in_step(struct destination_stream *s, struct s3c_error *err)
{
    if (!s->idle_closes || !lockstep_is_certain(&s->lockstep) || s->intake.rest.len > 0 ||
        ack_queue_is_complete(&s->acks))
        return 0;
    return s3c_destination_flush(s->engine, err);
}

/* ---- Stop ---- */

static bool all_has_come(const struct destination_stream *s, int64_t now)
{
    if (now >= s->stop_at_ns + DESTINATION_FLUSH_NS)
        return true;
    if (s->intake.rest.len > 0)
        return false;
    return s->half_closed || !s->listened_to ||
           s3c_view_eq(s3c_buf_view(&s->intake.last_position), s3c_buf_view(&s->stop_position)) ||
           now >= s->quiet_from_ns + DESTINATION_QUIET_NS;
}

static int begin_flush(struct destination_stream *s, int64_t now, struct s3c_error *err)
{
    int64_t left_ms = (s->stop_at_ns + DESTINATION_FLUSH_NS - now) / S3C_NS_PER_MS;

    if (!s3c_view_eq(s3c_buf_view(&s->intake.last_position), s3c_buf_view(&s->stop_position)))
        s3c_logf(s->intake.log, S3C_LOG_WARN,
                 "did not encounter the expected last position \"%.*s\"; flushing the records that "
                 "were received so far",
                 (int)(s->stop_position.len < 200 ? s->stop_position.len : 200),
                 s->stop_position.len ? s->stop_position.ptr : "");
    s->stop = DESTINATION_FLUSHING;
    return s3c_destination_stop(s->engine, left_ms > 0 ? (int)left_ms : 0, err);
}

static int go_on_stopping(struct destination_stream *s, struct s3c_error *err)
{
    int64_t now = now_ns(s);
    int r = 0;

    if (s->stop == DESTINATION_RECEIVING && all_has_come(s, now))
        r = begin_flush(s, now, err);
    else if (s->stop < DESTINATION_FLUSHING && s->intake.rest.len == 0 &&
             (s->stop == DESTINATION_RECEIVING || s->half_closed))
        r = s3c_destination_flush(s->engine, err); /* nobody gains by waiting for more */
    if (s->stop == DESTINATION_FLUSHING &&
        (destination_stream_is_settled(s) || now >= s->stop_at_ns + DESTINATION_STOP_NS))
        s->stop = DESTINATION_FLUSHED;
    return r;
}

int destination_stream_stop(struct destination_stream *s, struct s3c_view last_position,
                            struct s3c_error *err)
{
    s3c_buf_clear(&s->stop_position);
    if (s3c_buf_add_view(&s->stop_position, last_position) < 0)
        return s3c_error_nomem(err);
    s->stop_at_ns = s->quiet_from_ns = now_ns(s);
    if (!s->engine)
        s->stop = DESTINATION_FLUSHED;
    else if (s->stop == DESTINATION_NOT_STOPPED)
        s->stop = DESTINATION_RECEIVING;
    return 0;
}

/* ---- going on ---- */

int destination_stream_message(struct destination_stream *s, struct s3c_view message,
                               struct s3c_error *err)
{
    s->heard = true;
    lockstep_heard(&s->lockstep, s->clock);
    return intake_message(&s->intake, message, err);
}

int destination_stream_run(struct destination_stream *s, struct s3c_error *err)
{
    bool got = true;
    int r = 0;

    if (!s->engine)
        return 0;
    if (s->heard)
        s->quiet_from_ns = now_ns(s);
    s->heard = false;
    while (got && r == 0) {
        r = intake_run(&s->intake, err);
        if (r == 0)
            r = flush_in_step(s, err);
        if (r == 0)
            r = go_on_stopping(s, err);
        if (r == 0)
            r = collect_acks(s, &got, err);
        if (!s->listened_to)
            s3c_buf_clear(&s->acks.out);
    }
    if (destination_stream_is_settled(s))
        lockstep_answered(&s->lockstep, s->clock);
    return r < 0 ? r : go_on_stopping(s, err);
}

bool destination_stream_is_ready(const struct destination_stream *s)
{
    return s->intake.waits_for == INTAKE_IDLE && has_room(s);
}

static void earlier(int64_t *due, int64_t at)
{
    if (*due == 0 || at < *due)
        *due = at;
}

int64_t destination_stream_due_ns(const struct destination_stream *s)
{
    int64_t due = 0;
    int ms;

    if (!s->engine)
        return 0;
    ms = has_room(s) ? s3c_destination_timeout_ms(s->engine) : -1;
    if (ms >= 0)
        earlier(&due, now_ns(s) + ms * S3C_NS_PER_MS);
    if (s->intake.waits_for == INTAKE_RATE)
        earlier(&due, rate_due_ns(&s->intake.rate));
    if (s->stop == DESTINATION_RECEIVING) {
        earlier(&due, s->quiet_from_ns + DESTINATION_QUIET_NS);
        earlier(&due, s->stop_at_ns + DESTINATION_FLUSH_NS);
    }
    if (s->stop == DESTINATION_FLUSHING)
        earlier(&due, s->stop_at_ns + DESTINATION_STOP_NS);
    return due;
}
