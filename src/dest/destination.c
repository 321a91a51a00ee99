/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each partition has one open file, which grows inside its writer; closed files go through the pipeline, and acknowledgements along the order of the
 * records. There is no thread here: every call first does what has become due (files to close, deliveries that came back, retries), so
 * that a host which polls as the header says gets the same behaviour as one that waits inside s3c_destination_acks.
 *
 * Memory is counted, not reserved: open files, closed files, positions and the order together stay within memory.limit, because a record
 * is only taken when its estimated size fits. Where waiting for uploads cannot make it fit, open files are closed (closing.c), else
 * nothing could move any more.
 */
#include <assert.h>
#include <limits.h>

#include "base/error.h"
#include "base/mem.h"
#include "dest/engine_private.h"

#define PARALLEL_MAX 16u /* files being uploaded at once */
/* Closed files that wait before no new one is opened: more than are sent at once is of no use, unless many close together. */
#define FILES_MAX         64u
#define FILES_MAX_DIVIDED 1024u
#define ENTRY_ESTIMATE \
    64u /* bytes of a metadata entry, of a record's frame; an estimate is enough to bound memory */
#define HOLD_DEFAULT_NS (10 * S3C_NS_PER_SEC)
#define OWN_MEMORY      (8u << 20)
#define STREAM_SHARE    4 /* of the memory: a file that has so much of it streams */
#define PART_SHARE      4
#define PART_LEAST      (INT64_C(5) << 20) /* what S3 takes, but for the last part */
#define ONCE_BYTES_MAX  (INT64_C(4) << 30) /* one PUT takes 5 GiB */

static int64_t now_ns(const struct s3c_destination *d)
{
    return s3c_mono_ns(d->parts.clock);
}

/* ---- construction ---- */

void s3c_destination_parts_release(struct s3c_destination_parts *parts)
{
    if (parts->format)
        parts->format->ops->release(parts->format);
    if (parts->sink)
        parts->sink->ops->release(parts->sink);
    if (parts->session) {
        s3c_session_done(parts->session);
        s3c_free(parts->session);
    }
    s3c_identity_done(&parts->identity);
}

/*
 * What may be counted as in use. With many open files the allocator holds a quarter more than it gives out (measured with 1,000 files that grow by
 * doubling, and uploads beside them), and the process needs some megabytes for itself; with one file at a time neither matters.
 */
static size_t memory_limit(const struct s3c_settings *s, bool divided)
{
    size_t limit = (size_t)s->memory_limit, own = limit / 8 < OWN_MEMORY ? limit / 8 : OWN_MEMORY;

    return divided ? limit - limit / 3 - own : limit;
}

uint64_t s3c_destination_part_size(const struct s3c_settings *s)
{
    int64_t share = s->memory_limit / PART_SHARE;
    int64_t most = share > PART_LEAST ? share : PART_LEAST;

    return (uint64_t)(s->part_size < most ? s->part_size : most);
}

/*
 * A file streams where it cannot stay in memory as one PUT: when it may grow beyond the limit as soon as it has its share of it, when it only leaves no room for
 * another one as soon as that is missing (closing.c). Not with write.once, whose files are put whole or not at all.
 */
static size_t stream_bytes(const struct s3c_settings *s, size_t memory)
{
    size_t share = memory / STREAM_SHARE, part = (size_t)s3c_destination_part_size(s);
    bool bounded = s->file_max_bytes > 0;

    if (s->write_once || (bounded && s->file_max_bytes <= s->memory_limit / 2))
        return SIZE_MAX;
    if (bounded && s->file_max_bytes <= s->memory_limit)
        return memory;
    return share > part ? share : part;
}

/* A file that is written once is one request; what the last record adds, and a footer, still has to fit. */
static size_t file_bytes(const struct s3c_settings *s)
{
    bool bounded = s->file_max_bytes > 0 && s->file_max_bytes <= ONCE_BYTES_MAX;

    return (size_t)(s->write_once && !bounded ? ONCE_BYTES_MAX : s->file_max_bytes);
}

static void set_limits(struct s3c_destination *d)
{
    const struct s3c_settings *s = d->parts.settings;
    bool divided = s3c_template_divides(d->template);

    d->limits = (struct s3c_file_limits){
        .records = (size_t)s->buffer_size,
        .bytes = file_bytes(s),
        .age_ns = s->file_max_age_ns,
        .idle_ns = s->file_max_idle_ns,
    };
    d->memory_limit = memory_limit(s, divided);
    d->part_size = (size_t)s3c_destination_part_size(s);
    d->files_max = divided ? FILES_MAX_DIVIDED : FILES_MAX;
    d->stream_bytes = stream_bytes(s, d->memory_limit);
}

static void set_up(struct s3c_destination *d)
{
    const struct s3c_destination_parts *parts = &d->parts;
    int64_t connections = parts->settings->max_connections;

    set_limits(d);
    d->namer = (struct s3c_namer){.writer = parts->identity.held ? parts->identity.writer
                                                                 : (uint32_t)parts->random};
    d->open = (struct s3c_open_files){
        .format = parts->format, .template = d->template, .clock = parts->clock, .once = d->once};
    s3c_open_files_init(&d->open, parts->random);
    d->pipeline = (struct s3c_pipeline){
        .sink = parts->sink,
        .clock = parts->clock,
        .log = parts->log,
        .content_type = parts->format->ops->content_type,
        .content_encoding = parts->format->ops->content_encoding,
        .parallel = connections < PARALLEL_MAX ? (unsigned)connections : PARALLEL_MAX,
        .random = parts->random,
        .once = d->once,
    };
    s3c_pipeline_init(&d->pipeline);
    s3c_order_init(&d->order);
    s3c_link_init(&d->given);
}

/* As long as a file may stay open: a replay that is slower than that is not told from one that has ended. */
static int64_t hold_ns(const struct s3c_settings *s)
{
    int64_t age = s->file_max_age_ns, idle = s->file_max_idle_ns;

    return age > idle ? age : idle > 0 ? idle : HOLD_DEFAULT_NS;
}

static int set_up_names(struct s3c_destination *d, const struct s3c_destination_parts *parts,
                        struct s3c_error *err)
{
    const struct s3c_settings *s = parts->settings;
    struct s3c_once_options o = {.format = parts->format,
                                 .shard = s->shard_index,
                                 .honoured = parts->honours_if_none_match,
                                 .hold_ns = hold_ns(s)};
    int r = s3c_template_parse(&d->template, s3c_view_str(s->key_template), s3c_view_str(s->prefix),
                               s->write_once, err);

    if (r < 0 || !s->write_once)
        return r;
    o.template = d->template;
    o.named = s3c_template_has_name(d->template);
    return s3c_once_new(&d->once, &o, err);
}

int s3c_destination_new(struct s3c_destination **ret, const struct s3c_destination_parts *parts,
                        struct s3c_error *err)
{
    struct s3c_destination *d = s3c_zalloc(sizeof(*d));
    struct s3c_destination_parts taken = *parts;
    int r = d ? set_up_names(d, parts, err) : s3c_error_nomem(err);

    if (r < 0) {
        if (d)
            s3c_template_free(d->template);
        s3c_destination_parts_release(&taken);
        s3c_free(d);
        return r;
    }
    d->parts = taken;
    set_up(d);
    *ret = d;
    return 0;
}

/* Ends files that are in no use any more, but for their place in their partition. */
static void forget_all(struct s3c_destination *d, struct s3c_link *list)
{
    while (!s3c_link_alone(list)) {
        struct s3c_file *f = S3C_LINK_OF(list->next, struct s3c_file, link);

        s3c_link_remove(&f->link);
        s3c_open_files_forget(&d->open, f);
    }
}

void s3c_destination_close(struct s3c_destination *d)
{
    if (!d)
        return;
    s3c_pipeline_drain(&d->pipeline);
    forget_all(d, &d->pipeline.done);
    forget_all(d, &d->given);
    s3c_open_files_done(&d->open);
    s3c_order_done(&d->order);
    s3c_once_free(d->once);
    s3c_template_free(d->template);
    s3c_destination_parts_release(&d->parts);
    s3c_free(d);
}

void s3c_destination_expect_more(struct s3c_destination *d, bool more)
{
    d->pipeline.expect_more = more;
}

void s3c_destination_end_at_failure(struct s3c_destination *d)
{
    d->pipeline.end_at_failure = d->once != NULL;
}

bool s3c_destination_takes_avro(const struct s3c_destination *d)
{
    return d->parts.format->ops->takes_avro;
}

/* ---- what every call does first ---- */

static void run(struct s3c_destination *d, int timeout_ms)
{
    bool woken = false;

    s3c_pipeline_run(&d->pipeline, timeout_ms, &woken);
    s3c_destination_look_at_streams(d);
    if (d->once)
        s3c_order_find_border(&d->order);
    d->woken = d->woken || woken;
}

static void do_what_is_due(struct s3c_destination *d)
{
    forget_all(d, &d->given); /* acknowledgements that were given are valid until the next call */
    s3c_destination_close_due(d, now_ns(d));
    run(d, 0);
}

/* ---- writing ---- */

static size_t estimate(const struct s3c_record *r)
{
    return r->position.len + r->key.bytes.len + r->after.bytes.len +
           (r->metadata_count + 1) * (size_t)ENTRY_ESTIMATE;
}

/* What a record takes until its file is done. */
static size_t need_of(const struct s3c_destination *d, const struct s3c_record *r)
{
    return d->once ? 2 * estimate(r) : estimate(r); /* a copy of it is kept too */
}

/* f: the open file it goes into; NULL: it needs a new one. */
static bool has_room(struct s3c_destination *d, const struct s3c_file *f,
                     const struct s3c_record *r)
{
    size_t used, need = need_of(d, r), count;

    if (d->open.count == 0 && !s3c_order_first(&d->order, &count))
        return true; /* alone, however large it is */
    if (!f)
        need += s3c_open_files_fresh_bytes(&d->open);
    used = s3c_destination_memory(d) + need;
    if (used > d->memory_limit)
        s3c_destination_relieve(d, used - d->memory_limit);
    else if (f || d->pipeline.waiting < d->files_max)
        return true;
    d->refused = need;
    d->refused_file = !f;
    return false;
}

/*
 * A record was refused, and things are no longer as they were then: it fits, or another file must be closed for it. Without this a sender that waits for
 * acknowledgements could wait for ever: a stream gives memory back, but no acknowledgement, as long as it is open.
 */
static bool is_worth_another_try(const struct s3c_destination *d)
{
    size_t count, used = s3c_destination_memory(d) + d->refused;

    if (d->refused == 0)
        return false;
    if (d->open.count == 0 && !s3c_order_first(&d->order, &count))
        return true;
    if (used <= d->memory_limit)
        return !d->refused_file || d->pipeline.waiting < d->files_max;
    count = s3c_pipeline_on_its_way(&d->pipeline, d->part_size);
    return (d->open.count > 0 && count < used - d->memory_limit) ||
           (count == 0 && !s3c_link_alone(&d->pipeline.held));
}

static int add_record(struct s3c_destination *d, struct s3c_file *f, const struct s3c_record *r,
                      int64_t now, struct s3c_error *err)
{
    int rc =
        s3c_order_reserve(&d->order, f) < 0 ? s3c_error_nomem(err) : s3c_file_add(f, r, now, err);

    if (rc < 0 && f->records == 0) {
        s3c_open_files_remove(&d->open, f);
        s3c_open_files_keep_writer(&d->open, f);
        s3c_open_files_forget(&d->open, f);
    }
    if (rc < 0)
        return rc;
    s3c_order_add(&d->order, f);
    d->stats.records++;
    d->last_ns = d->pipeline.record_ns = now;
    s3c_destination_file_grew(d, f);
    return 0;
}

static int take_record(struct s3c_destination *d, const struct s3c_record *r, int64_t now,
                       struct s3c_error *err)
{
    struct s3c_file *f;
    int rc = s3c_open_files_find(&d->open, r, &f, err);

    if (rc < 0)
        return rc;
    if (!has_room(d, f, r))
        return S3C_AGAIN;
    if (!f)
        rc = s3c_open_files_open(&d->open, r, &f, err);
    return rc < 0 ? rc : add_record(d, f, r, now, err);
}

int s3c_destination_write(struct s3c_destination *d, const struct s3c_record *records, size_t count,
                          size_t *ret_taken, struct s3c_error *err)
{
    int64_t now;
    size_t taken = 0;
    int r = 0;

    *ret_taken = 0;
    if (d->stopped)
        return s3c_error_set(err, S3C_E_INVALID,
                             "cannot take records: the destination was stopped");
    d->refused = 0;
    do_what_is_due(d);
    now = now_ns(d);
    while (taken < count && r == 0) {
        r = take_record(d, &records[taken], now, err);
        taken += r == 0;
    }
    run(d, 0);
    *ret_taken = taken;
    return r == S3C_AGAIN && taken > 0 ? 0 : r;
}

int s3c_destination_flush(struct s3c_destination *d, struct s3c_error *err)
{
    (void)err; /* in the signature for what other formats may need */
    forget_all(d, &d->given);
    s3c_destination_close_all(d, S3C_CLOSE_IDLE);
    run(d, 0);
    return 0;
}

int s3c_destination_stop(struct s3c_destination *d, int deadline_ms, struct s3c_error *err)
{
    int64_t deadline = deadline_ms < 0 ? INT64_MAX : now_ns(d) + deadline_ms * S3C_NS_PER_MS;

    (void)err; /* as in s3c_destination_flush */
    forget_all(d, &d->given);
    d->stopped = true;
    d->refused = 0;
    s3c_destination_close_all(d, S3C_CLOSE_STOP);
    s3c_pipeline_set_deadline(&d->pipeline, deadline);
    run(d, 0);
    return 0;
}

/* ---- acknowledging ---- */

/* Gives up to max acknowledgements of the oldest record's file; 0: it has no result yet. */
static size_t collect_run(struct s3c_destination *d, struct s3c_file *f, size_t count,
                          struct s3c_ack *acks, size_t max)
{
    bool found = f->given < f->stored; /* these have a result of their own */
    const struct s3c_error *error = !found && f->delivery.result < 0 ? &f->delivery.error : NULL;
    size_t n = (found ? f->stored : f->settled) - f->given;

    n = n < count ? n : count;
    n = n < max ? n : max;
    for (size_t i = 0; i < n; i++)
        acks[i] = (struct s3c_ack){s3c_file_give(f), error, !d->once};
    *(error ? &d->stats.failed : &d->stats.acked) += n;
    if (n > 0) {
        s3c_order_drop(&d->order, n);
        acks[n - 1].border = !d->once || (d->order.border == 0 && !d->order.cut);
    }
    if (n > 0 && f->given == f->records) {
        s3c_pipeline_remove(&d->pipeline, f);
        s3c_link_insert(&d->given, &f->link);
    }
    return n;
}

/*
 * With write.once a position is acknowledged only together with all others up to a border: whoever starts again at the last one that was
 * acknowledged starts where files began, in every partition.
 */
bool s3c_destination_has_acks(const struct s3c_destination *d, size_t *ret_max)
{
    size_t count;
    const struct s3c_file *f = s3c_order_first(&d->order, &count);

    *ret_max = d->once ? d->order.border : SIZE_MAX;
    return *ret_max > 0 && f && f->settled > f->given;
}

static size_t collect(struct s3c_destination *d, struct s3c_ack *acks, size_t max)
{
    size_t n = 0, count, border;

    while (n < max && s3c_destination_has_acks(d, &border)) {
        size_t most = max - n < border ? max - n : border;
        struct s3c_file *f = s3c_order_first(&d->order, &count);

        n += collect_run(d, f, count, acks + n, most);
    }
    return n;
}

/* Until something must be done that only the passing of time brings; INT64_MAX: nothing. */
static int64_t due_ns(const struct s3c_destination *d)
{
    int64_t pipeline = s3c_pipeline_due_ns(&d->pipeline), open = s3c_destination_close_due_ns(d);

    return pipeline < open ? pipeline : open;
}

/* Rounded up, so that a poll of that length ends when the time has really come. */
static int ms_until(int64_t at_ns, int64_t now)
{
    int64_t ms;

    if (at_ns == INT64_MAX)
        return -1;
    if (at_ns <= now)
        return 0;
    ms = (at_ns - now - 1) / S3C_NS_PER_MS + 1;
    return ms > INT_MAX ? INT_MAX : (int)ms;
}

int s3c_destination_acks(struct s3c_destination *d, struct s3c_ack *acks, size_t max,
                         size_t *ret_count, int timeout_ms, struct s3c_error *err)
{
    int64_t give_up = timeout_ms < 0 ? INT64_MAX : now_ns(d) + timeout_ms * S3C_NS_PER_MS;

    (void)err; /* failures are part of the acknowledgements */
    assert(max > 0);
    *ret_count = 0;
    do_what_is_due(d);
    for (;;) {
        int64_t now = now_ns(d), wait_until;
        size_t count;

        *ret_count = collect(d, acks, max);
        if (*ret_count > 0)
            return 0;
        if (d->stopped && !s3c_order_first(&d->order, &count))
            return S3C_END;
        if (d->woken || now >= give_up || is_worth_another_try(d)) {
            d->woken = false;
            return S3C_AGAIN;
        }
        wait_until = due_ns(d) < give_up ? due_ns(d) : give_up;
        run(d, ms_until(wait_until, now));
        s3c_destination_close_due(d, now_ns(d));
    }
}

void s3c_destination_wake(struct s3c_destination *d)
{
    d->parts.sink->ops->wake(d->parts.sink);
}

int s3c_destination_fd(const struct s3c_destination *d)
{
    return d->parts.sink->ops->fd(d->parts.sink);
}

int s3c_destination_timeout_ms(const struct s3c_destination *d)
{
    size_t count;

    if (s3c_destination_has_acks(d, &count) || is_worth_another_try(d))
        return 0;
    return ms_until(due_ns(d), now_ns(d));
}

void s3c_destination_get_stats(const struct s3c_destination *d, struct s3c_destination_stats *ret)
{
    struct s3c_sink_stats sink;

    d->parts.sink->ops->get_stats(d->parts.sink, &sink);
    *ret = d->stats;
    ret->files_written = d->pipeline.stored_files;
    ret->bytes_written = d->pipeline.stored_bytes;
    ret->requests = sink.requests;
    ret->retries = sink.retries + d->pipeline.resent;
    ret->in_flight = d->pipeline.sending_count + d->pipeline.open_streams;
    ret->open = d->open.count;
}
