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
    struct s3c_call *call; /* PUT or, for a look, HEAD */
    struct s3c_multipart *multipart;
    struct s3c_call_meta meta[S3C_DELIVERY_META_MAX];
};
_Static_assert(S3C_DELIVERY_META_MAX <= S3C_CALL_META_MAX, "a call carries a delivery's metadata");

static struct upload *upload_new(struct s3c_delivery *d)
{
    struct upload *u = s3c_zalloc(sizeof(*u));

    if (!u)
        return NULL;
    u->delivery = d;
    for (size_t i = 0; i < d->meta_count; i++)
        u->meta[i] = (struct s3c_call_meta){d->meta[i].name, d->meta[i].value};
    return u;
}

static void upload_free(struct upload *u)
{
    s3c_call_free(u->call);
    s3c_multipart_free(u->multipart);
    s3c_free(u);
}

static int start_call(struct s3_sink *s, struct upload *u, struct s3c_error *err)
{
    const struct s3c_delivery *d = u->delivery;
    struct s3c_call *c = s3c_call_new();

    if (!c)
        return s3c_error_nomem(err);
    c->op = d->look ? S3C_HEAD_OBJECT : S3C_PUT_OBJECT;
    c->key = d->key;
    if (!d->look) {
        c->body = d->body;
        c->content_type = s3c_view_str(d->content_type);
        c->content_encoding = s3c_view_str(d->content_encoding);
        c->meta = u->meta;
        c->meta_count = d->meta_count;
        c->if_absent = d->once;
    }
    c->inbox = s->inbox;
    c->user = u;
    u->call = c;
    s3c_client_submit(s->options.client, c);
    return 0;
}

static int start_multipart(struct s3_sink *s, struct upload *u, bool stream, struct s3c_error *err)
{
    const struct s3c_delivery *d = u->delivery;
    struct s3c_multipart_options o = {
        .key = d->key,
        .content_type = s3c_view_str(d->content_type),
        .content_encoding = s3c_view_str(d->content_encoding),
        .meta = u->meta,
        .meta_count = d->meta_count,
        .stream = stream,
        .body = d->body,
        .part_size = s->options.part_size,
        .inbox = s->inbox,
        .clock = s->options.clock,
        .user = u,
    };

    return s3c_multipart_new(&u->multipart, s->options.client, &o, err);
}

/* In parts: what would not fit into one request, and what is large enough that a broken connection should not cost all of it. */
static bool wants_parts(const struct s3_sink *s, const struct s3c_delivery *d)
{
    return !d->look && !d->once && d->body.len > s->options.put_max_bytes &&
           d->body.len > s->options.part_size;
}

static int s3_put(struct s3c_sink *base, struct s3c_delivery *d, struct s3c_error *err)
{
    struct s3_sink *s = (struct s3_sink *)base;
    struct upload *u = upload_new(d);
    int r;

    if (!u)
        return s3c_error_nomem(err);
    r = wants_parts(s, d) ? start_multipart(s, u, false, err) : start_call(s, u, err);
    if (r < 0) {
        upload_free(u);
        return r;
    }
    d->sink_data = u;
    return 0;
}

static int s3_begin(struct s3c_sink *base, struct s3c_delivery *d, struct s3c_error *err)
{
    struct upload *u = upload_new(d);
    int r;

    if (!u)
        return s3c_error_nomem(err);
    r = start_multipart((struct s3_sink *)base, u, true, err);
    if (r < 0) {
        upload_free(u);
        return r;
    }
    d->sink_data = u;
    return 0;
}

static int s3_append(struct s3c_sink *base, struct s3c_delivery *d, struct s3c_buf *bytes,
                     struct s3c_error *err)
{
    struct upload *u = d->sink_data;

    (void)base;
    return s3c_multipart_append(u->multipart, bytes, err);
}

static int s3_end(struct s3c_sink *base, struct s3c_delivery *d, struct s3c_error *err)
{
    struct upload *u = d->sink_data;

    (void)base;
    (void)err; /* what is wrong comes with the result */
    s3c_multipart_end(u->multipart);
    return 0;
}

static size_t s3_unsent(const struct s3c_sink *base, const struct s3c_delivery *d)
{
    const struct upload *u = d->sink_data;

    (void)base;
    return u && u->multipart ? s3c_multipart_unsent(u->multipart) : 0;
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

static int feed_call(struct upload *u, struct s3c_error *err)
{
    struct s3c_delivery *d = u->delivery;
    struct s3c_call *c = u->call;

    if (c->result < 0)
        *err = c->error;
    if (c->result == 0 && d->look) {
        s3c_buf_done(&d->found);
        d->found = c->headers;
        c->headers = (struct s3c_buf)S3C_BUF_INIT(0);
    }
    return c->result;
}

/* The delivery that this call completed, or NULL: more of its parts are to come. */
static struct s3c_delivery *feed(struct s3c_call *c)
{
    bool single = c->op == S3C_PUT_OBJECT || c->op == S3C_HEAD_OBJECT;
    struct upload *u = single ? c->user : s3c_multipart_user(c->user);
    struct s3c_delivery *d = u->delivery;
    struct s3c_error err = {0};
    int r = single ? feed_call(u, &err) : s3c_multipart_feed(u->multipart, c, &err);

    if (r == S3C_AGAIN)
        return NULL;
    d->result = r;
    if (r < 0)
        d->error = err;
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
        .begin = s3_begin,
        .append = s3_append,
        .end = s3_end,
        .unsent = s3_unsent,
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
