/* SPDX-License-Identifier: Apache-2.0 */
#include "model_bucket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static int64_t model_ns(void *ctx)
{
    return ((struct model_bucket *)ctx)->now_ns;
}

static unsigned dice(struct model_bucket *b, unsigned sides)
{
    return (unsigned)(check_random(&b->random) >> 33) % sides;
}

struct model_object *model_bucket_find(struct model_bucket *b, const char *key)
{
    for (size_t i = 0; i < b->count; i++) {
        if (strcmp(b->objects[i].key, key) == 0)
            return &b->objects[i];
    }
    return NULL;
}

static struct model_object *object_of(struct model_bucket *b, const struct s3c_delivery *d)
{
    char key[160];

    (void)snprintf(key, sizeof(key), "%.*s", (int)d->key.len, d->key.ptr);
    return model_bucket_find(b, key);
}

void model_bucket_add(struct model_bucket *b, const char *key, const char *body)
{
    struct model_object *o = &b->objects[b->count++];

    assert_true(b->count <= MODEL_OBJECTS);
    (void)snprintf(o->key, sizeof(o->key), "%s", key);
    o->body = strdup(body);
}

static void store(struct model_bucket *b, const struct s3c_delivery *d)
{
    struct model_object *o = object_of(b, d);

    if (!o) {
        char key[160];

        (void)snprintf(key, sizeof(key), "%.*s", (int)d->key.len, d->key.ptr);
        model_bucket_add(b, key, "");
        o = &b->objects[b->count - 1];
    }
    free(o->body);
    o->body = strndup(d->body.ptr, d->body.len);
    memset(o->meta, 0, sizeof(o->meta));
    for (size_t i = 0; i < d->meta_count; i++)
        (void)snprintf(o->meta[i], sizeof(o->meta[i]), "X-Amz-Meta-%s: %.*s\r\n", d->meta[i].name,
                       (int)d->meta[i].value.len, d->meta[i].value.ptr);
}

static int look(struct model_bucket *b, struct s3c_delivery *d)
{
    const struct model_object *o = object_of(b, d);

    b->looks++;
    if (!o)
        return S3C_E_NOT_FOUND;
    s3c_buf_done(&d->found);
    d->found = (struct s3c_buf)S3C_BUF_INIT(SIZE_MAX);
    for (size_t i = 0; i < S3C_DELIVERY_META_MAX; i++) {
        if (s3c_buf_add_str(&d->found, o->meta[i]) < 0)
            return S3C_E_CONNECT; /* the caller's memory is out */
    }
    return 0;
}

/* What the server does. */
static int answer(struct model_bucket *b, struct s3c_delivery *d)
{
    if (d->look)
        return look(b, d);
    b->puts++;
    if (d->once && !b->ignores_conditions && object_of(b, d))
        return S3C_E_CHANGED;
    store(b, d);
    return 0;
}

static int model_put(struct s3c_sink *base, struct s3c_delivery *d, struct s3c_error *err)
{
    struct model_bucket *b = (struct model_bucket *)base;

    (void)err;
    assert_true(b->pending_count < MODEL_PENDING);
    b->cancelled[b->pending_count] = false;
    b->pending[b->pending_count++] = d;
    return 0;
}

static void model_cancel(struct s3c_sink *base, struct s3c_delivery *d)
{
    struct model_bucket *b = (struct model_bucket *)base;

    for (size_t i = 0; i < b->pending_count; i++) {
        if (b->pending[i] == d)
            b->cancelled[i] = true;
    }
}

/* In trouble the server may do what was asked and lose the answer, or not even do it. */
static void finish(struct model_bucket *b, size_t i)
{
    struct s3c_delivery *d = b->pending[i];
    bool trouble = b->cancelled[i] || dice(b, 100) < b->trouble;

    d->error = (struct s3c_error){0};
    d->result = trouble && dice(b, 2) == 0 ? 0 : answer(b, d);
    if (trouble)
        d->result = b->cancelled[i] ? S3C_E_CANCELLED : S3C_E_CONNECT;
    d->error.code = d->result;
    d->error.retryable = d->result == S3C_E_CONNECT;
    b->pending[i] = b->pending[--b->pending_count];
    b->cancelled[i] = b->cancelled[b->pending_count];
}

static struct s3c_delivery *model_take(struct s3c_sink *base, int timeout_ms, bool *ret_woken)
{
    struct model_bucket *b = (struct model_bucket *)base;
    struct s3c_delivery *first = NULL;

    if (ret_woken)
        *ret_woken = false;
    for (size_t i = b->pending_count; i-- > 0;) {
        if (!b->cancelled[i] && b->trouble > 0 && dice(b, 2) == 0)
            continue;
        b->pending[i]->next = first;
        first = b->pending[i];
        finish(b, i);
    }
    if (!first && timeout_ms != 0)
        b->now_ns += (timeout_ms > 0 ? timeout_ms : 10) * S3C_NS_PER_MS;
    return first;
}

static void model_wake(struct s3c_sink *base)
{
    (void)base;
}

static int model_fd(const struct s3c_sink *base)
{
    (void)base;
    return -1;
}

static void model_get_stats(const struct s3c_sink *base, struct s3c_sink_stats *ret)
{
    (void)base;
    *ret = (struct s3c_sink_stats){0};
}

static void model_release(struct s3c_sink *base)
{
    assert_int_equal(((struct model_bucket *)base)->pending_count, 0);
}

void model_bucket_init(struct model_bucket *b, uint64_t seed)
{
    static const struct s3c_sink_ops ops = {
        .put = model_put,
        .cancel = model_cancel,
        .take = model_take,
        .wake = model_wake,
        .fd = model_fd,
        .get_stats = model_get_stats,
        .release = model_release,
    };

    memset(b, 0, sizeof(*b));
    b->base.ops = &ops;
    b->clock = (struct s3c_clock){model_ns, model_ns, b};
    b->now_ns = INT64_C(1700000000) * S3C_NS_PER_SEC;
    b->random = seed;
}

void model_bucket_done(struct model_bucket *b)
{
    for (size_t i = 0; i < b->count; i++)
        free(b->objects[i].body);
}
