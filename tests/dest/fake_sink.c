/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static int64_t fake_wall_ns(void *ctx)
{
    return ((struct fake_sink *)ctx)->wall_ns;
}

static int64_t fake_mono_ns(void *ctx)
{
    return ((struct fake_sink *)ctx)->mono_ns;
}

static void add_finished(struct fake_sink *s, struct s3c_delivery *d)
{
    d->next = NULL;
    *s->finished_tail = d;
    s->finished_tail = &d->next;
}

static int refused(int *code, struct s3c_error *err)
{
    int r = *code;

    *code = 0;
    if (r < 0 && err)
        *err = (struct s3c_error){.code = r, .message = "refused"};
    return r;
}

static void keep(struct fake_body *b, const char *p, size_t n)
{
    char *ptr = realloc(b->ptr, b->len + n + 1);

    assert_non_null(ptr);
    if (n > 0)
        memcpy(ptr + b->len, p, n);
    b->ptr = ptr;
    b->len += n;
    ptr[b->len] = '\0';
}

static void start(struct fake_sink *s, struct s3c_delivery *d)
{
    assert_true(s->puts < FAKE_SINK_MAX);
    (void)snprintf(s->keys[s->puts], sizeof(s->keys[0]), "%.*s", (int)d->key.len, d->key.ptr);
    d->sink_data = &s->bodies[s->puts];
    s->under_way[s->puts++] = d;
}

static int fake_put(struct s3c_sink *base, struct s3c_delivery *d, struct s3c_error *err)
{
    struct fake_sink *s = (struct fake_sink *)base;
    int r = refused(&s->refuse, err);

    if (r < 0)
        return r;
    start(s, d);
    keep(d->sink_data, d->body.ptr, d->body.len);
    s->last_body = s->bodies[s->puts - 1].ptr;
    if (s->finish_at_once)
        fake_sink_finish(s, s->puts - 1, 0, false, "");
    return 0;
}

static int fake_begin(struct s3c_sink *base, struct s3c_delivery *d, struct s3c_error *err)
{
    struct fake_sink *s = (struct fake_sink *)base;
    int r = refused(&s->refuse, err);

    if (r < 0)
        return r;
    start(s, d);
    s->bodies[s->puts - 1].streamed = true;
    keep(d->sink_data, "", 0);
    return 0;
}

static int fake_append(struct s3c_sink *base, struct s3c_delivery *d, struct s3c_buf *bytes,
                       struct s3c_error *err)
{
    struct fake_body *b = d->sink_data;
    int r = refused(&((struct fake_sink *)base)->refuse_append, err);

    if (r < 0)
        return r;
    assert_true(b->streamed && !b->ended);
    keep(b, bytes->ptr, bytes->len);
    b->unsent += bytes->len;
    s3c_buf_done(bytes);
    return 0;
}

static int fake_end(struct s3c_sink *base, struct s3c_delivery *d, struct s3c_error *err)
{
    struct fake_sink *s = (struct fake_sink *)base;
    struct fake_body *b = d->sink_data;
    int r = refused(&s->refuse_append, err);

    if (r < 0)
        return r;
    assert_true(b->streamed && !b->ended);
    b->ended = true;
    if (s->finish_at_once)
        fake_sink_finish(s, (size_t)(b - s->bodies), 0, false, "");
    return 0;
}

static size_t fake_unsent(const struct s3c_sink *base, const struct s3c_delivery *d)
{
    (void)base;
    return ((const struct fake_body *)d->sink_data)->unsent;
}

static void fake_cancel(struct s3c_sink *base, struct s3c_delivery *d)
{
    struct fake_sink *s = (struct fake_sink *)base;

    s->cancels++;
    for (size_t i = 0; i < s->puts; i++)
        if (s->under_way[i] == d && s->cancelled_ones_come_back)
            fake_sink_finish(s, i, S3C_E_CANCELLED, false, "cancelled");
}

static struct s3c_delivery *fake_take(struct s3c_sink *base, int timeout_ms, bool *ret_woken)
{
    struct fake_sink *s = (struct fake_sink *)base;
    struct s3c_delivery *first = s->finished;

    if (!first && !s->woken && timeout_ms != 0) {
        int64_t until = s->mono_ns + timeout_ms * S3C_NS_PER_MS;

        if (s->wake_at_ns > 0 && (timeout_ms < 0 || s->wake_at_ns < until)) {
            until = s->wake_at_ns;
            s->woken = true;
        } else if (timeout_ms < 0) {
            fail_msg("waits for ever: nothing is finished");
        }
        s->wall_ns += until - s->mono_ns;
        s->mono_ns = until;
    }
    if (ret_woken) {
        *ret_woken = s->woken;
        s->woken = false;
    }
    s->finished = NULL;
    s->finished_tail = &s->finished;
    return first;
}

static void fake_wake(struct s3c_sink *base)
{
    ((struct fake_sink *)base)->woken = true;
}

static int fake_fd(const struct s3c_sink *base)
{
    (void)base;
    return 42;
}

static void fake_get_stats(const struct s3c_sink *base, struct s3c_sink_stats *ret)
{
    *ret = (struct s3c_sink_stats){.requests = ((const struct fake_sink *)base)->puts};
}

static void fake_release(struct s3c_sink *base)
{
    ((struct fake_sink *)base)->released = true;
}

void fake_sink_init(struct fake_sink *s)
{
    static const struct s3c_sink_ops ops = {
        .put = fake_put,
        .begin = fake_begin,
        .append = fake_append,
        .end = fake_end,
        .unsent = fake_unsent,
        .cancel = fake_cancel,
        .take = fake_take,
        .wake = fake_wake,
        .fd = fake_fd,
        .get_stats = fake_get_stats,
        .release = fake_release,
    };

    memset(s, 0, sizeof(*s));
    s->base.ops = &ops;
    s->clock = (struct s3c_clock){fake_wall_ns, fake_mono_ns, s};
    s->wall_ns = 1700000000 * S3C_NS_PER_SEC;
    s->mono_ns = S3C_NS_PER_SEC;
    s->finished_tail = &s->finished;
    s->cancelled_ones_come_back = true;
}

void fake_sink_done(struct fake_sink *s)
{
    assert_true(s->released);
    assert_int_equal(fake_sink_under_way(s), 0);
    for (size_t i = 0; i < s->puts; i++)
        free(s->bodies[i].ptr);
}

void fake_sink_finish(struct fake_sink *s, size_t n, int code, bool retryable, const char *message)
{
    struct s3c_delivery *d = s->under_way[n];

    assert_non_null(d);
    s->under_way[n] = NULL;
    d->result = code;
    if (code < 0) {
        d->error = (struct s3c_error){.code = code, .retryable = retryable};
        (void)snprintf(d->error.message, sizeof(d->error.message), "%s", message);
    }
    add_finished(s, d);
}

size_t fake_sink_under_way(const struct fake_sink *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->puts; i++)
        n += s->under_way[i] != NULL;
    return n;
}
