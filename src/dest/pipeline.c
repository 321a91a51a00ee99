/* SPDX-License-Identifier: Apache-2.0 */
#include "dest/pipeline.h"

#include "base/error.h"

#define BACKOFF_FIRST_NS (500 * S3C_NS_PER_MS)
#define BACKOFF_MAX_NS   (20 * S3C_NS_PER_SEC)

void s3c_pipeline_init(struct s3c_pipeline *p)
{
    p->head = NULL;
    p->tail = &p->head;
    p->sending = 0;
    p->files = p->bytes = 0;
    p->deadline_ns = INT64_MAX;
    p->cancelled = false;
}

void s3c_pipeline_push(struct s3c_pipeline *p, struct s3c_file *f)
{
    f->next = NULL;
    *p->tail = f;
    p->tail = &f->next;
    p->files++;
    p->bytes += s3c_file_bytes(f);
}

struct s3c_file *s3c_pipeline_head(const struct s3c_pipeline *p)
{
    return p->head && p->head->state == S3C_FILE_DONE ? p->head : NULL;
}

struct s3c_file *s3c_pipeline_pop(struct s3c_pipeline *p)
{
    struct s3c_file *f = s3c_pipeline_head(p);

    if (!f)
        return NULL;
    p->head = f->next;
    if (!p->head)
        p->tail = &p->head;
    p->files--;
    p->bytes -= s3c_file_bytes(f);
    return f;
}

static void finish(struct s3c_pipeline *p, struct s3c_file *f, const struct s3c_error *err)
{
    p->bytes -= s3c_file_bytes(f);
    if (!err) {
        p->stored_files++;
        p->stored_bytes += f->body.len;
    }
    s3c_file_finish(f, err);
    p->bytes += s3c_file_bytes(f);
}

static void fail_late(struct s3c_pipeline *p, struct s3c_file *f)
{
    struct s3c_error err;

    if (f->failures > 0)
        (void)s3c_error_set(&err, S3C_E_TIMEOUT,
                            "not stored before the deadline for stopping; last failure: %s",
                            f->last_failure.message);
    else
        (void)s3c_error_set(&err, S3C_E_TIMEOUT,
                            "%.*s: S3 did not confirm it before the deadline for stopping",
                            (int)f->key.len, f->key.ptr);
    finish(p, f, &err);
}

/* ---- retries ---- */

/* xorshift64*: spreads retries, nothing more. */
static uint32_t next_random(struct s3c_pipeline *p)
{
    p->random |= p->random == 0;
    p->random ^= p->random >> 12;
    p->random ^= p->random << 25;
    p->random ^= p->random >> 27;
    return (uint32_t)(p->random * UINT64_C(0x2545f4914f6cdd1d) >> 32);
}

/* Half of it is fixed, so that a server in trouble is really left alone; the other half is random. */
static int64_t backoff_ns(struct s3c_pipeline *p, unsigned failures)
{
    int64_t full = BACKOFF_FIRST_NS;

    while (failures-- > 1 && full < BACKOFF_MAX_NS)
        full *= 2;
    if (full > BACKOFF_MAX_NS)
        full = BACKOFF_MAX_NS;
    return full / 2 + full / 2 / 1024 * (next_random(p) % 1024);
}

static void queue_again(struct s3c_pipeline *p, struct s3c_file *f, int64_t now_ns)
{
    int64_t delay_ns = backoff_ns(p, ++f->failures);
    char text[S3C_TIME_TEXT_SIZE];

    f->last_failure = f->delivery.error;
    f->state = S3C_FILE_QUEUED;
    f->retry_ns = now_ns + delay_ns;
    p->resent++;
    (void)s3c_duration_format(text, delay_ns / S3C_NS_PER_MS * S3C_NS_PER_MS);
    s3c_logf(p->log, S3C_LOG_WARN, "storing %.*s failed, attempt %u; the next one in %s: %s",
             (int)f->key.len, f->key.ptr, f->failures, text, f->delivery.error.message);
}

/* ---- with the sink ---- */

static struct s3c_file *file_of(struct s3c_delivery *d)
{
    return (struct s3c_file *)((char *)d - offsetof(struct s3c_file, delivery));
}

static void take_back(struct s3c_pipeline *p, struct s3c_delivery *d, int64_t now_ns)
{
    struct s3c_file *f = file_of(d);

    p->sending--;
    if (d->result == 0)
        finish(p, f, NULL);
    else if (p->cancelled)
        fail_late(p, f);
    else if (d->error.retryable)
        queue_again(p, f, now_ns);
    else
        finish(p, f, &d->error);
}

static void send_file(struct s3c_pipeline *p, struct s3c_file *f, int64_t now_ns)
{
    struct s3c_error err = {0};
    int r;

    f->delivery.key = s3c_buf_view(&f->key);
    f->delivery.body = s3c_buf_view(&f->body);
    f->delivery.content_type = p->content_type;
    f->delivery.content_encoding = p->content_encoding;
    f->state = S3C_FILE_SENDING;
    r = p->sink->ops->put(p->sink, &f->delivery, &err);
    if (r == 0) {
        p->sending++;
        return;
    }
    f->delivery.error = err;
    if (r == S3C_E_NOMEM)
        queue_again(p, f, now_ns); /* others give memory back when they are done */
    else
        finish(p, f, &f->delivery.error);
}

static void enforce_deadline(struct s3c_pipeline *p)
{
    for (struct s3c_file *f = p->head; f; f = f->next) {
        if (f->state == S3C_FILE_QUEUED)
            fail_late(p, f);
        else if (f->state == S3C_FILE_SENDING && !p->cancelled)
            p->sink->ops->cancel(p->sink, &f->delivery);
    }
    p->cancelled = true;
}

void s3c_pipeline_run(struct s3c_pipeline *p, int timeout_ms, bool *ret_woken)
{
    struct s3c_delivery *d = p->sink->ops->take(p->sink, timeout_ms, ret_woken);
    int64_t now_ns = s3c_mono_ns(p->clock);

    while (d) {
        struct s3c_delivery *next = d->next;

        take_back(p, d, now_ns);
        d = next;
    }
    if (now_ns >= p->deadline_ns) {
        enforce_deadline(p);
        return;
    }
    for (struct s3c_file *f = p->head; f && p->sending < p->parallel; f = f->next)
        if (f->state == S3C_FILE_QUEUED && f->retry_ns <= now_ns)
            send_file(p, f, now_ns);
}

int64_t s3c_pipeline_due_ns(const struct s3c_pipeline *p)
{
    int64_t due_ns = p->head && !p->cancelled ? p->deadline_ns : INT64_MAX;

    if (p->sending >= p->parallel)
        return due_ns; /* the sink has to finish something first */
    for (const struct s3c_file *f = p->head; f; f = f->next)
        if (f->state == S3C_FILE_QUEUED && f->retry_ns < due_ns)
            due_ns = f->retry_ns;
    return due_ns;
}

void s3c_pipeline_set_deadline(struct s3c_pipeline *p, int64_t mono_ns)
{
    p->deadline_ns = mono_ns;
    for (struct s3c_file *f = p->head; f; f = f->next)
        f->retry_ns = 0;
}

void s3c_pipeline_done(struct s3c_pipeline *p)
{
    p->deadline_ns = INT64_MIN;
    enforce_deadline(p);
    while (p->sending > 0)
        s3c_pipeline_run(p, -1, NULL);
    while (p->head)
        s3c_file_free(s3c_pipeline_pop(p));
}
