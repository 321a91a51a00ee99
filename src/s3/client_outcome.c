/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an attempt came to, and what follows from it: done, again (at once with a corrected clock, region or credentials; later after a backoff),
 * or the end of the call. Which is which says s3/retry.h.
 */
#include "s3/client_private.h"

#include "base/digest.h"
#include "base/view.h"

#define DEFAULT_ATTEMPTS 3
#define PATIENCE_LOGGED  3 /* every so many failures of a patient call */

/* ---- judging ---- */

static bool is_success(int status)
{
    return status >= 200 && status < 300;
}

/* An answer that came whole and with success: is it the right one? Sets a->broken or a->reply_error otherwise. */
static void judge_success(struct s3c_call_private *a)
{
    struct s3c_call *call = a->call;
    enum s3c_reply_kind kind;

    if (call->op == S3C_GET_OBJECT) {
        if (call->expected_size != S3C_SIZE_UNKNOWN && call->reply.len != call->expected_size)
            a->broken = "the body has another size than the listing said";
        return;
    }
    if (a->verifying) {
        if (!s3c_client_verify_end(a))
            a->broken = "the upload is gone, and the object is not what was uploaded";
        return;
    }
    if (s3c_reply_acceptable(call->op, s3c_buf_view(&call->reply), &kind))
        return;
    if (kind != S3C_REPLY_ERROR)
        a->broken = kind == S3C_REPLY_EMPTY ? "the answer is empty"
                                            : "the answer is no complete XML document";
    else if (s3c_reply_error(call->reply.ptr, call->reply.len, &a->reply_error) < 0 ||
             a->reply_error.code[0] == '\0')
        a->broken = "the answer is an error that cannot be read";
}

/* The connection may have broken after the last byte of a body whose length only the listing told. */
static bool has_whole_object(const struct s3c_call_private *a)
{
    return a->call->op == S3C_GET_OBJECT && a->answered && a->keep_body && a->broken == NULL &&
           a->call->expected_size != S3C_SIZE_UNKNOWN &&
           a->call->reply.len == a->call->expected_size;
}

static struct s3c_view other_region(const struct s3c_call_private *a)
{
    struct s3c_view region = s3c_call_header(a->call, "x-amz-bucket-region");

    if (region.len == 0)
        region = s3c_view_str(a->reply_error.region);
    if (!s3c_region_valid(region) || s3c_view_eq_str(region, a->client->endpoint.region))
        region.len = 0;
    return region;
}

static struct s3c_verdict judge(struct s3c_call_private *a, int result)
{
    struct s3c_call *call = a->call;
    struct s3c_outcome o = {.op = call->op, .result = result, .http_status = call->http_status};

    if (result < 0 && has_whole_object(a))
        o.result = result = 0;
    if (result == 0 && is_success(call->http_status))
        judge_success(a);
    else if (result == 0)
        (void)!s3c_reply_error(a->error_body.ptr, a->error_body.len,
                               &a->reply_error); /* keeps what it could read */
    if (a->broken != NULL) {
        o.result = 0;
        o.broken = true;
    }
    o.s3_code = s3c_view_str(a->reply_error.code);
    o.has_region =
        other_region(a).len > 0 || a->endpoint_generation != a->client->endpoint_generation;
    if (call->date_ns > 0)
        o.skew_ns = call->date_ns - a->signed_ns;
    return s3c_retry_classify(&o);
}

/* ---- trying again ---- */

/* Region, clock and credentials are the client's, not the call's: where another call has corrected them since this one was signed,
 * signing it anew is all there is to do. */
static bool move_region(struct s3c_call_private *a)
{
    struct s3c_client *c = a->client;
    struct s3c_endpoint moved;

    if (a->region_tried)
        return false;
    a->region_tried = true;
    if (a->endpoint_generation != c->endpoint_generation)
        return true;
    if (s3c_endpoint_move(&moved, &c->endpoint, other_region(a), NULL) < 0)
        return false;
    s3c_logf(c->log, S3C_LOG_INFO, "bucket \"%s\" is in region %s, not in %s: going there",
             moved.bucket, moved.region, c->endpoint.region);
    s3c_endpoint_done(&c->endpoint);
    c->endpoint = moved;
    c->endpoint_generation++;
    return true;
}

static bool correct_clock(struct s3c_call_private *a)
{
    struct s3c_client *c = a->client;
    int64_t skew_ns = a->call->date_ns - a->signed_ns;

    if (a->skew_tried || a->call->date_ns == 0)
        return false;
    a->skew_tried = true;
    if (a->clock_generation != c->clock_generation)
        return true;
    c->clock_offset_ns += skew_ns;
    c->clock_generation++;
    s3c_logf(c->log, S3C_LOG_WARN,
             "this clock and the server's differ by %lld s: signing with the server's time",
             (long long)(c->clock_offset_ns / S3C_NS_PER_SEC));
    return true;
}

static bool refresh_credentials(struct s3c_call_private *a)
{
    if (a->refresh_tried)
        return false;
    a->refresh_tried = true;
    a->client->creds->ops->refresh(a->client->creds);
    return true;
}

/* xorshift64*: jitter needs no better one. */
static uint32_t next_random(struct s3c_client *c)
{
    c->random ^= c->random >> 12;
    c->random ^= c->random << 25;
    c->random ^= c->random >> 27;
    return (uint32_t)((c->random * UINT64_C(2685821657736338717)) >> 32);
}

static int64_t retry_after_ms(const struct s3c_call *call)
{
    uint64_t ms;

    if (s3c_view_u64(s3c_call_header(call, "x-amz-retry-after"), &ms) < 0 || ms > INT32_MAX)
        return 0;
    return (int64_t)ms;
}

/* Whoever waits for a patient call must be able to see why. */
static void tell_patience(const struct s3c_call_private *a, int64_t delay_ns)
{
    char text[S3C_TIME_TEXT_SIZE];
    const char *why = a->broken != NULL ? a->broken : a->reply_error.code;

    if (a->failures % PATIENCE_LOGGED != 0)
        return;
    (void)s3c_duration_format(text, delay_ns / S3C_NS_PER_MS * S3C_NS_PER_MS);
    s3c_logf(a->client->log, S3C_LOG_WARN,
             "%s of %.*s failed, attempt %d; the next one in %s (HTTP status %d) %s",
             s3c_s3_op_name(a->call->op), (int)a->call->key.len, a->call->key.ptr,
             a->call->attempts, text, a->call->http_status, why);
}

/* Puts the call among the delayed ones if it has tries, quota and time left. */
static bool try_later(struct s3c_call_private *a, enum s3c_retry_class class, int result)
{
    struct s3c_client *c = a->client;
    const struct s3c_call *call = a->call;
    int max = call->max_attempts > 0 ? call->max_attempts : DEFAULT_ATTEMPTS;
    bool moved = call->op == S3C_GET_OBJECT && a->broken == NULL && call->reply.len > a->offset;
    int64_t due_ns;
    unsigned cost;

    if (!moved)
        a->failures++;
    if (!call->patient && a->failures >= max)
        return false;
    due_ns = s3c_mono_ns(c->clock) +
             s3c_retry_backoff_ns(class, a->failures > 0 ? (unsigned)a->failures : 1,
                                  next_random(c), a->answered ? retry_after_ms(call) : 0);
    if (call->deadline_mono_ns > 0 && due_ns >= call->deadline_mono_ns)
        return false;
    if (s3c_retry_quota_take(&c->quota, result, &cost))
        a->retry_cost += cost;
    else if (!call->patient)
        return false;
    if (call->patient)
        tell_patience(a, due_ns - s3c_mono_ns(c->clock));
    s3c_client_delay(a, due_ns);
    return true;
}

static bool try_again(struct s3c_call_private *a, const struct s3c_verdict *v, int result)
{
    bool corrected;

    switch (v->retry) {
    case S3C_RETRY_TRANSIENT:
    case S3C_RETRY_THROTTLED:
        if (!try_later(a, v->retry, result))
            return false;
        atomic_fetch_add_explicit(&a->client->retries, 1, memory_order_relaxed);
        return true;
    case S3C_RETRY_REGION:
        corrected = move_region(a);
        break;
    case S3C_RETRY_SKEW:
        corrected = correct_clock(a);
        break;
    case S3C_RETRY_EXPIRED:
        corrected = refresh_credentials(a);
        break;
    case S3C_RETRY_FINAL:
        corrected = s3c_client_verify_begin(a);
        break;
    default:
        return false;
    }
    if (!corrected && a->call->patient && v->retryable)
        return try_later(a, S3C_RETRY_TRANSIENT, result);
    if (corrected) {
        atomic_fetch_add_explicit(&a->client->retries, 1, memory_order_relaxed);
        s3c_client_delay(a, s3c_mono_ns(a->client->clock)); /* the pump sends it at once */
    }
    return corrected;
}

/* ---- the end ---- */

static void forget(struct s3c_client *c, struct s3c_call_private *a)
{
    struct s3c_call_private blank = {.client = c,
                                     .next = c->free_attempts,
                                     .signed_text = a->signed_text,
                                     .path = a->path,
                                     .error_body = a->error_body};

    *a = blank;
    c->free_attempts = a;
}

void s3c_client_finish(struct s3c_client *c, struct s3c_call *call, struct s3c_call_private *a,
                       int result, const struct s3c_error *err)
{
    call->result = result;
    if (result < 0) {
        call->error = *err;
        s3c_client_describe(c, call, call->attempts, &call->error);
    }
    call->priv = NULL;
    if (a != NULL)
        forget(c, a);
    call->next = NULL;
    *c->finished_end = call;
    c->finished_end = &call->next;
}

/* One lock and at most one wake-up of the consumer for all that one round has finished. */
void s3c_client_hand_over(struct s3c_client *c)
{
    struct s3c_call *first = c->finished, *last;

    c->finished = NULL;
    c->finished_end = &c->finished;
    while (first != NULL) {
        struct s3c_call *rest;
        for (last = first; last->next != NULL && last->next->inbox == first->inbox;)
            last = last->next;
        rest = last->next;
        last->next = NULL;
        s3c_inbox_put_list(first->inbox, first);
        first = rest;
    }
}

/* Of the attempt whose failure is final. `err` is the transport's, where it was the transport that failed. */
static void fail(struct s3c_call_private *a, const struct s3c_verdict *v, int result,
                 const struct s3c_error *err)
{
    struct s3c_error e;

    if (result < 0 && a->broken == NULL) {
        e = *err;
        e.code = v->code;
        e.retryable = v->retryable;
        e.http_status = a->answered ? a->call->http_status : 0;
    } else {
        (void)s3c_client_http_error(a, v, &e);
    }
    s3c_client_finish(a->client, a->call, a, v->code, &e);
}

void s3c_client_conclude(struct s3c_call_private *a, int result, const struct s3c_error *err)
{
    struct s3c_client *c = a->client;
    struct s3c_call *call = a->call;
    struct s3c_verdict v;

    if (result == S3C_E_CANCELLED || atomic_load(&c->closing)) {
        struct s3c_error cancelled;
        (void)s3c_error_set(&cancelled, S3C_E_CANCELLED, "cancelled");
        s3c_client_finish(c, call, a, S3C_E_CANCELLED, &cancelled);
        return;
    }
    v = judge(a, result);
    if (v.retry == S3C_RETRY_DONE) {
        s3c_retry_quota_refund(&c->quota, a->retry_cost);
        s3c_client_finish(c, call, a, 0, NULL);
        return;
    }
    if (!try_again(a, &v, result))
        fail(a, &v, result, err);
}
