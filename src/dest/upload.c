/* SPDX-License-Identifier: Apache-2.0 */
#include "dest/upload.h"

#include "base/error.h"
#include "base/view.h"
#include "s3/multipart.h"

struct s3_sink {
    struct s3c_sink base;
    struct s3c_upload_options options;
    struct s3c_inbox *inbox;
};

/* One delivery under way: exactly one of call and multipart is set. */
struct upload {
    struct s3c_delivery *delivery;
    struct s3c_call *call;
    struct s3c_multipart *multipart;
};

static void upload_free(struct upload *u)
{
    s3c_call_free(u->call);
    s3c_multipart_free(u->multipart);
    s3c_free(u);
}

static int start_call(struct s3_sink *s, struct upload *u, struct s3c_error *err)
{
    struct s3c_call *c = s3c_call_new();

    if (!c)
        return s3c_error_nomem(err);
    c->op = S3C_PUT_OBJECT;
    c->key = u->delivery->key;
    c->body = u->delivery->body;
    c->content_type = s3c_view_str(u->delivery->content_type);
    c->content_encoding = s3c_view_str(u->delivery->content_encoding);
    c->inbox = s->inbox;
    c->user = u;
    u->call = c;
    s3c_client_submit(s->options.client, c);
    return 0;
}

static int start_multipart(struct s3_sink *s, struct upload *u, struct s3c_error *err)
{
    struct s3c_multipart_options o = {
        .key = u->delivery->key,
        .content_type = s3c_view_str(u->delivery->content_type),
        .content_encoding = s3c_view_str(u->delivery->content_encoding),
        .body = u->delivery->body,
        .part_size = s->options.part_size,
        .inbox = s->inbox,
        .clock = s->options.clock,
        .user = u,
    };

    return s3c_multipart_new(&u->multipart, s->options.client, &o, err);
}

static int s3_put(struct s3c_sink *base, struct s3c_delivery *d, struct s3c_error *err)
{
    struct s3_sink *s = (struct s3_sink *)base;
    struct upload *u = s3c_zalloc(sizeof(*u));
    bool parts = d->body.len > s->options.put_max_bytes && d->body.len > s->options.part_size;
    int r;

    if (!u)
        return s3c_error_nomem(err);
    u->delivery = d;
    r = parts ? start_multipart(s, u, err) : start_call(s, u, err);
    if (r < 0) {
        upload_free(u);
        return r;
    }
    d->sink_data = u;
    return 0;
}

static void s3_cancel(struct s3c_sink *base, struct s3c_delivery *d)
{
    struct s3_sink *s = (struct s3_sink *)base;
    struct upload *u = d->sink_data;

    if (u->call)
        s3c_client_cancel(s->options.client, u->call);
    else
        s3c_multipart_cancel(u->multipart);
}

/* The delivery that this call completed, or NULL: more of its parts are to come. */
static struct s3c_delivery *feed(struct s3c_call *c)
{
    struct upload *u;
    struct s3c_delivery *d;

    if (c->op == S3C_PUT_OBJECT) {
        u = c->user;
        d = u->delivery;
        d->result = c->result;
        if (c->result < 0)
            d->error = c->error;
    } else {
        struct s3c_multipart *m = c->user;
        struct s3c_error err = {0};
        int r = s3c_multipart_feed(m, c, &err);

        if (r == S3C_AGAIN)
            return NULL;
        u = s3c_multipart_user(m);
        d = u->delivery;
        d->result = r;
        if (r < 0)
            d->error = err;
    }
    d->sink_data = NULL;
    upload_free(u);
    return d;
}

static struct s3c_delivery *s3_take(struct s3c_sink *base, int timeout_ms, bool *ret_woken)
{
    struct s3_sink *s = (struct s3_sink *)base;
    struct s3c_call *c = s3c_inbox_take(s->inbox, timeout_ms, ret_woken);
    struct s3c_delivery *first = NULL, **tail = &first;

    while (c) {
        struct s3c_call *next = c->next;
        struct s3c_delivery *d = feed(c);

        if (d) {
            d->next = NULL;
            *tail = d;
            tail = &d->next;
        }
        c = next;
    }
    return first;
}

static void s3_wake(struct s3c_sink *base)
{
    s3c_inbox_wake(((struct s3_sink *)base)->inbox);
}

static int s3_fd(const struct s3c_sink *base)
{
    return s3c_inbox_fd(((const struct s3_sink *)base)->inbox);
}

static void s3_get_stats(const struct s3c_sink *base, struct s3c_sink_stats *ret)
{
    struct s3c_client_stats stats;

    s3c_client_get_stats(((const struct s3_sink *)base)->options.client, &stats);
    *ret = (struct s3c_sink_stats){.requests = stats.requests, .retries = stats.retries};
}

static void s3_release(struct s3c_sink *base)
{
    struct s3_sink *s = (struct s3_sink *)base;

    s3c_inbox_free(s->inbox);
    s3c_free(s);
}

int s3c_upload_sink_new(struct s3c_sink **ret, const struct s3c_upload_options *o,
                        struct s3c_error *err)
{
    static const struct s3c_sink_ops ops = {
        .put = s3_put,
        .cancel = s3_cancel,
        .take = s3_take,
        .wake = s3_wake,
        .fd = s3_fd,
        .get_stats = s3_get_stats,
        .release = s3_release,
    };
    struct s3_sink *s = s3c_zalloc(sizeof(*s));
    int r;

    if (!s)
        return s3c_error_nomem(err);
    s->base.ops = &ops;
    s->options = *o;
    r = s3c_inbox_new(&s->inbox, err);
    if (r < 0) {
        s3c_free(s);
        return r;
    }
    *ret = &s->base;
    return 0;
}
