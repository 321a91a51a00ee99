/* SPDX-License-Identifier: Apache-2.0 */
/* The client's doors: what other threads call, and what the transport calls. */
#include "s3/client_private.h"

#include "base/digest.h"
#include "base/mem.h"

/* ---- from the transport [io] ---- */

static struct s3c_call *take_incoming(struct s3c_client *c)
{
    struct s3c_call *list;

    (void)pthread_mutex_lock(&c->lock);
    list = c->incoming;
    c->incoming = NULL;
    c->incoming_end = &c->incoming;
    (void)pthread_mutex_unlock(&c->lock);
    return list;
}

static void on_woken(void *ctx)
{
    struct s3c_client *c = ctx;

    s3c_client_enqueue(c, take_incoming(c));
    if (atomic_exchange(&c->cancels, false))
        s3c_client_drop_cancelled(c);
    s3c_client_pump(c);
}

static void on_timer(void *ctx)
{
    struct s3c_client *c = ctx;

    c->timer_ns = 0;
    s3c_client_expire(c);
    s3c_client_pump(c);
}

static void on_settled(void *ctx)
{
    s3c_client_hand_over(ctx);
}

/* ---- making and ending ---- */

static void client_done(struct s3c_client *c)
{
    struct s3c_call_private *a;

    while ((a = c->free_attempts) != NULL) {
        c->free_attempts = a->next;
        s3c_client_attempt_free(a);
    }
    s3c_signer_free(c->signer);
    s3c_spare_unref(c->spare);
    s3c_endpoint_done(&c->endpoint);
    (void)pthread_mutex_destroy(&c->lock);
    s3c_free(c->wire);
    s3c_free(c);
}

/* A random start per client, so that processes started together do not retry together. */
static uint64_t seed(const struct s3c_client *c)
{
    const int64_t now[2] = {s3c_mono_ns(c->clock), s3c_wall_ns(c->clock)};

    return s3c_hash128(now, sizeof(now), (uintptr_t)c).lo | 1;
}

static int client_init(struct s3c_client *c, const struct s3c_client_options *o,
                       struct s3c_error *err)
{
    int r;

    c->transport = o->transport;
    c->creds = o->creds;
    c->clock = o->clock;
    c->log = o->log;
    c->max_connections = o->max_connections > 0 ? o->max_connections : 1;
    s3c_growth_init(&c->growth, c->max_connections);
    c->incoming_end = &c->incoming;
    c->waiting_end = &c->waiting;
    c->finished_end = &c->finished;
    c->quota = (struct s3c_retry_quota)S3C_RETRY_QUOTA_INIT;
    c->random = seed(c);
    c->wire = s3c_reallocarray(NULL, c->max_connections, sizeof(struct s3c_call_private *));
    c->spare = s3c_spare_new(o->max_spare_bytes);
    if (c->wire == NULL || c->spare == NULL)
        return s3c_error_nomem(err);
    r = s3c_signer_new(&c->signer, err);
    if (r < 0)
        return r;
    return s3c_endpoint_init(&c->endpoint, o->endpoint, o->region, o->bucket, o->path_style, err);
}

int s3c_client_new(struct s3c_client **ret, const struct s3c_client_options *o,
                   struct s3c_error *err)
{
    struct s3c_transport_handler handler = {
        .woken = on_woken, .timer = on_timer, .settled = on_settled};
    struct s3c_client *c = s3c_zalloc(sizeof(*c));
    int r;

    if (c == NULL) {
        o->transport->ops->release(o->transport);
        return s3c_error_nomem(err);
    }
    (void)pthread_mutex_init(&c->lock, NULL); /* cannot fail for a plain mutex on Linux */
    handler.ctx = c;
    r = client_init(c, o, err);
    if (r == 0)
        r = c->transport->ops->start(c->transport, &handler, err);
    if (r < 0) {
        o->transport->ops->release(o->transport);
        client_done(c);
        return r;
    }
    *ret = c;
    return 0;
}

static void cancel_list(struct s3c_client *c, struct s3c_call *list)
{
    struct s3c_error err;

    (void)s3c_error_set(&err, S3C_E_CANCELLED, "the client is being closed");
    while (list != NULL) {
        struct s3c_call *next = list->next;
        s3c_client_finish(c, list, NULL, S3C_E_CANCELLED, &err);
        list = next;
    }
}

void s3c_client_free(struct s3c_client *c)
{
    struct s3c_error err;

    if (c == NULL)
        return;
    atomic_store(&c->closing, true);
    /* What is on the wire comes back; then the I/O thread is gone and its data ours. */
    c->transport->ops->release(c->transport);
    (void)s3c_error_set(&err, S3C_E_CANCELLED, "the client is being closed");
    while (c->delayed != NULL) {
        struct s3c_call_private *a = c->delayed;
        c->delayed = a->next;
        s3c_client_finish(c, a->call, a, S3C_E_CANCELLED, &err);
    }
    cancel_list(c, c->waiting);
    cancel_list(c, take_incoming(c));
    s3c_client_hand_over(c);
    client_done(c);
}

/* ---- from any thread ---- */

void s3c_client_submit_list(struct s3c_client *c, struct s3c_call *first)
{
    struct s3c_call *last = first;

    if (first == NULL)
        return;
    while (last->next != NULL)
        last = last->next;
    (void)pthread_mutex_lock(&c->lock);
    *c->incoming_end = first;
    c->incoming_end = &last->next;
    (void)pthread_mutex_unlock(&c->lock);
    c->transport->ops->wake(c->transport);
}

void s3c_client_submit(struct s3c_client *c, struct s3c_call *call)
{
    call->next = NULL;
    s3c_client_submit_list(c, call);
}

void s3c_client_cancel(struct s3c_client *c, struct s3c_call *call)
{
    /* Only the flag crosses threads: the I/O thread looks for flagged calls among those it still has, and so never touches one that
     * was finished, and perhaps freed, in the meantime. */
    atomic_store(&call->cancelled, true);
    atomic_store(&c->cancels, true);
    c->transport->ops->wake(c->transport);
}

int s3c_client_perform(struct s3c_client *c, struct s3c_call *call, struct s3c_error *err)
{
    struct s3c_inbox *inbox;
    int r;

    r = s3c_inbox_new(&inbox, &call->error);
    if (r == 0) {
        call->inbox = inbox;
        s3c_client_submit(c, call);
        while (s3c_inbox_take(inbox, -1, NULL) == NULL)
            continue;
        call->inbox = NULL;
        s3c_inbox_free(inbox);
        r = call->result;
    }
    call->result = r;
    if (r < 0 && err != NULL)
        *err = call->error;
    return r;
}

void s3c_client_get_stats(const struct s3c_client *c, struct s3c_client_stats *ret)
{
    size_t i;

    ret->requests = atomic_load_explicit(&c->requests, memory_order_relaxed);
    ret->retries = atomic_load_explicit(&c->retries, memory_order_relaxed);
    ret->bytes_in = atomic_load_explicit(&c->bytes_in, memory_order_relaxed);
    ret->bytes_out = atomic_load_explicit(&c->bytes_out, memory_order_relaxed);
    for (i = 0; i < S3C_S3_OPS; i++)
        ret->by_op[i] = atomic_load_explicit(&c->by_op[i], memory_order_relaxed);
    ret->connections = atomic_load_explicit(&c->on_wire, memory_order_relaxed);
}
