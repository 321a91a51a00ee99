/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One file is open at a time and grows inside the writer; closed files go through the pipeline. There is no thread here: every
 * call first does what has become due (files to close, deliveries that came back, retries), so that a host which polls as the
 * header says gets the same behaviour as one that waits inside s3c_destination_acks.
 *
 * Memory is counted, not reserved: open file, closed files and positions together stay within memory.limit, because a record
 * is only taken when its estimated size fits. If the open file alone fills the limit it is closed early (reason `bytes`),
 * else nothing could move any more.
 */
#include "dest/engine.h"

#include <assert.h>
#include <limits.h>

#include "base/error.h"
#include "base/mem.h"
#include "dest/file.h"
#include "dest/name.h"
#include "dest/pipeline.h"

#define PARALLEL_MAX 16u /* files being uploaded at once */
#define FILES_MAX \
    64u /* closed files at once: keeps walking the pipeline cheap where each record is a file */
#define NAME_MAX_LENGTH 96u /* what the namer adds to the prefix at most */
#define ENTRY_ESTIMATE \
    64u /* bytes of a metadata entry, of a record's frame; an estimate is enough to bound memory */

struct s3c_destination {
    struct s3c_destination_parts parts;
    struct s3c_file_limits limits;
    size_t memory_limit;
    struct s3c_namer namer;
    struct s3c_pipeline pipeline;
    struct s3c_file *open; /* NULL: none; else it has at least one record */
    bool stopped;
    bool
        woken; /* s3c_destination_wake was called and no s3c_destination_acks has returned for it */
    struct s3c_destination_stats stats;
};

static int64_t now_ns(const struct s3c_destination *d)
{
    return s3c_mono_ns(d->parts.clock);
}

/* ---- construction ---- */

void s3c_destination_parts_release(struct s3c_destination_parts *parts)
{
    if (parts->writer)
        parts->writer->ops->release(parts->writer);
    if (parts->sink)
        parts->sink->ops->release(parts->sink);
    if (parts->session) {
        s3c_session_done(parts->session);
        s3c_free(parts->session);
    }
}

static void set_up(struct s3c_destination *d)
{
    const struct s3c_settings *s = d->parts.settings;

    d->limits = (struct s3c_file_limits){
        .records = (size_t)s->buffer_size,
        .bytes = (size_t)s->file_max_bytes,
        .age_ns = s->file_max_age_ns,
        .idle_ns = s->file_max_idle_ns,
    };
    d->memory_limit = (size_t)s->memory_limit;
    d->namer = (struct s3c_namer){
        .prefix = s3c_view_str(s->prefix),
        .extension = d->parts.writer->ops->extension,
        .writer = (uint32_t)d->parts.random,
    };
    d->pipeline = (struct s3c_pipeline){
        .sink = d->parts.sink,
        .clock = d->parts.clock,
        .log = d->parts.log,
        .content_type = d->parts.writer->ops->content_type,
        .content_encoding = d->parts.writer->ops->content_encoding,
        .parallel = s->max_connections < PARALLEL_MAX ? (unsigned)s->max_connections : PARALLEL_MAX,
        .random = d->parts.random,
    };
    s3c_pipeline_init(&d->pipeline);
}

int s3c_destination_new(struct s3c_destination **ret, const struct s3c_destination_parts *parts,
                        struct s3c_error *err)
{
    struct s3c_destination *d = s3c_zalloc(sizeof(*d));
    struct s3c_destination_parts taken = *parts;

    if (!d) {
        s3c_destination_parts_release(&taken);
        return s3c_error_nomem(err);
    }
    d->parts = taken;
    set_up(d);
    *ret = d;
    return 0;
}

void s3c_destination_close(struct s3c_destination *d)
{
    if (!d)
        return;
    s3c_pipeline_done(&d->pipeline);
    s3c_file_free(d->open);
    s3c_destination_parts_release(&d->parts);
    s3c_free(d);
}

/* ---- the open file ---- */

static struct s3c_file *open_file(struct s3c_destination *d)
{
    struct s3c_file *f = s3c_file_new();

    /* Room for the name is taken now, so that closing a file cannot fail for want of it. */
    if (f && s3c_buf_reserve(&f->key, d->namer.prefix.len + NAME_MAX_LENGTH) < 0) {
        s3c_file_free(f);
        return NULL;
    }
    return f;
}

static void close_file(struct s3c_destination *d, enum s3c_close_reason reason)
{
    struct s3c_file *f = S3C_TAKE(d->open);
    struct s3c_error err;
    int r;

    if (!f)
        return;
    d->stats.files[reason]++;
    r = s3c_file_close(f, d->parts.writer, &err);
    if (r == 0) {
        r = s3c_namer_next(&d->namer, s3c_wall_ns(d->parts.clock), &f->key);
        if (r < 0)
            (void)s3c_error_set(&err, r, "cannot name a file under the prefix \"%.*s\"",
                                (int)d->namer.prefix.len, d->namer.prefix.ptr);
    }
    if (r < 0)
        s3c_file_finish(f, &err);
    s3c_pipeline_push(&d->pipeline, f);
}

static void close_if_due(struct s3c_destination *d, int64_t now)
{
    enum s3c_close_reason reason;

    if (d->open && s3c_file_is_due(d->open, d->parts.writer, &d->limits, now, &reason))
        close_file(d, reason);
}

/* ---- memory ---- */

static size_t bytes_in_use(const struct s3c_destination *d)
{
    size_t n = d->pipeline.bytes;

    if (d->open)
        n += s3c_file_bytes(d->open) + d->parts.writer->ops->memory(d->parts.writer);
    return n;
}

static size_t estimate(const struct s3c_record *r)
{
    return r->position.len + r->key.bytes.len + r->after.bytes.len +
           (r->metadata_count + 1) * (size_t)ENTRY_ESTIMATE;
}

static bool has_room(const struct s3c_destination *d, const struct s3c_record *r)
{
    size_t used = bytes_in_use(d);

    if (!d->open && d->pipeline.files == 0)
        return true; /* alone, however large it is */
    if (!d->open && d->pipeline.files >= FILES_MAX)
        return false;
    return used <= d->memory_limit && estimate(r) <= d->memory_limit - used;
}

/* ---- what every call does first ---- */

/* Acknowledgements that were given are valid until the next call only. */
static void forget_given(struct s3c_destination *d)
{
    struct s3c_file *f;

    while ((f = s3c_pipeline_head(&d->pipeline)) && s3c_file_is_acked(f))
        s3c_file_free(s3c_pipeline_pop(&d->pipeline));
}

static void run(struct s3c_destination *d, int timeout_ms)
{
    bool woken = false;

    s3c_pipeline_run(&d->pipeline, timeout_ms, &woken);
    d->woken = d->woken || woken;
}

static void do_what_is_due(struct s3c_destination *d)
{
    forget_given(d);
    close_if_due(d, now_ns(d));
    run(d, 0);
}

/* ---- writing ---- */

static int take_record(struct s3c_destination *d, const struct s3c_record *r, int64_t now,
                       struct s3c_error *err)
{
    int rc;

    if (!has_room(d, r)) {
        if (d->pipeline.files == 0)
            close_file(d, S3C_CLOSE_BYTES);
        return S3C_AGAIN;
    }
    if (!d->open) {
        d->open = open_file(d);
        if (!d->open)
            return s3c_error_nomem(err);
    }
    rc = s3c_file_add(d->open, d->parts.writer, r, now, err);
    if (rc < 0) {
        if (d->open->records == 0)
            s3c_file_free(S3C_TAKE(d->open));
        return rc;
    }
    d->stats.records++;
    close_if_due(d, now);
    return 0;
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
    forget_given(d);
    close_file(d, S3C_CLOSE_IDLE);
    run(d, 0);
    return 0;
}

int s3c_destination_stop(struct s3c_destination *d, int deadline_ms, struct s3c_error *err)
{
    int64_t deadline = deadline_ms < 0 ? INT64_MAX : now_ns(d) + deadline_ms * S3C_NS_PER_MS;

    (void)err; /* as in s3c_destination_flush */
    forget_given(d);
    d->stopped = true;
    close_file(d, S3C_CLOSE_STOP);
    s3c_pipeline_set_deadline(&d->pipeline, deadline);
    run(d, 0);
    return 0;
}

/* ---- acknowledging ---- */

static size_t collect(struct s3c_destination *d, struct s3c_ack *acks, size_t max)
{
    size_t n = 0;

    for (struct s3c_file *f = s3c_pipeline_head(&d->pipeline); f && f->state == S3C_FILE_DONE;
         f = f->next) {
        const struct s3c_error *error = f->delivery.result < 0 ? &f->delivery.error : NULL;
        size_t before = n;

        while (n < max && s3c_file_next_position(f, &acks[n].position))
            acks[n++].error = error;
        *(error ? &d->stats.failed : &d->stats.acked) += n - before;
        if (n == max)
            break;
    }
    return n;
}

/* Until something must be done that only the passing of time brings; INT64_MAX: nothing. */
static int64_t due_ns(const struct s3c_destination *d)
{
    int64_t due = s3c_pipeline_due_ns(&d->pipeline);
    int64_t file = d->open ? s3c_file_due_ns(d->open, &d->limits) : INT64_MAX;

    return file < due ? file : due;
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

        *ret_count = collect(d, acks, max);
        if (*ret_count > 0)
            return 0;
        if (d->stopped && d->pipeline.files == 0)
            return S3C_END;
        if (d->woken || now >= give_up) {
            d->woken = false;
            return S3C_AGAIN;
        }
        wait_until = due_ns(d) < give_up ? due_ns(d) : give_up;
        run(d, ms_until(wait_until, now));
        close_if_due(d, now_ns(d));
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
    const struct s3c_file *f = s3c_pipeline_head(&d->pipeline);

    for (; f && f->state == S3C_FILE_DONE; f = f->next)
        if (!s3c_file_is_acked(f))
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
    ret->in_flight = d->pipeline.sending;
}
