/* SPDX-License-Identifier: Apache-2.0 */
/* Which call goes on the wire when: the waiting ones, the delayed ones, deadlines, cancelling. How many at once says growth.h. */
#include "s3/client_private.h"

#include "base/mem.h"

#define SIGNED_MAX     (64u << 10)
#define ERROR_BODY_MAX (256u << 10)

/* ---- attempts ---- */

static struct s3c_call_private *attempt_take(struct s3c_client *c)
{
    struct s3c_call_private *a = c->free_attempts;

    if (a != NULL) {
        c->free_attempts = a->next;
        return a;
    }
    a = s3c_zalloc(sizeof(*a));
    if (a == NULL)
        return NULL;
    a->client = c;
    a->signed_text = (struct s3c_buf)S3C_BUF_INIT(SIGNED_MAX);
    a->path = (struct s3c_buf)S3C_BUF_INIT(SIGNED_MAX);
    a->error_body = (struct s3c_buf)S3C_BUF_INIT(ERROR_BODY_MAX);
    return a;
}

void s3c_client_attempt_free(struct s3c_call_private *a)
{
    s3c_buf_done(&a->signed_text);
    s3c_buf_done(&a->path);
    s3c_buf_done(&a->error_body);
    s3c_free(a);
}

/* ---- waiting ---- */

static void note_deadline(struct s3c_client *c, int64_t deadline_ns)
{
    if (deadline_ns > 0 && (c->deadline_ns == 0 || deadline_ns < c->deadline_ns))
        c->deadline_ns = deadline_ns;
}

void s3c_client_enqueue(struct s3c_client *c, struct s3c_call *list)
{
    if (list == NULL)
        return;
    *c->waiting_end = list;
    for (; list != NULL; list = list->next) {
        note_deadline(c, list->deadline_mono_ns);
        c->waiting_end = &list->next;
    }
}

void s3c_client_delay(struct s3c_call_private *a, int64_t due_ns)
{
    struct s3c_client *c = a->client;
    struct s3c_call_private **at = &c->delayed;

    a->due_ns = due_ns;
    while (*at != NULL && (*at)->due_ns <= due_ns)
        at = &(*at)->next;
    a->next = *at;
    *at = a;
    c->delayed_count++;
    note_deadline(c, a->call->deadline_mono_ns);
}

/* Why a call that is not on the wire must end now: 0 = it need not. */
static int reason_to_end(const struct s3c_call *call, int64_t now_ns, struct s3c_error *err)
{
    if (atomic_load(&call->cancelled))
        return s3c_error_set(err, S3C_E_CANCELLED, "cancelled");
    if (call->deadline_mono_ns == 0 || now_ns < call->deadline_mono_ns)
        return 0;
    (void)s3c_error_set(err, S3C_E_TIMEOUT, "the time given was over before it could be sent");
    err->retryable = true;
    return S3C_E_TIMEOUT;
}

static void sift_waiting(struct s3c_client *c, int64_t now_ns)
{
    struct s3c_call **at = &c->waiting, *call;
    struct s3c_error err;
    int r;

    while ((call = *at) != NULL) {
        r = reason_to_end(call, now_ns, &err);
        if (r == 0) {
            note_deadline(c, call->deadline_mono_ns);
            at = &call->next;
            continue;
        }
        *at = call->next;
        s3c_client_finish(c, call, NULL, r, &err);
    }
    c->waiting_end = at;
}

static void sift_delayed(struct s3c_client *c, int64_t now_ns)
{
    struct s3c_call_private **at = &c->delayed, *a;
    struct s3c_error err;
    int r;

    while ((a = *at) != NULL) {
        r = reason_to_end(a->call, now_ns, &err);
        if (r == 0) {
            note_deadline(c, a->call->deadline_mono_ns);
            at = &a->next;
            continue;
        }
        *at = a->next;
        c->delayed_count--;
        s3c_client_finish(c, a->call, a, r, &err);
    }
}

static void sift(struct s3c_client *c, int64_t now_ns)
{
    c->deadline_ns = 0;
    sift_waiting(c, now_ns);
    sift_delayed(c, now_ns);
}

void s3c_client_expire(struct s3c_client *c)
{
    int64_t now_ns = s3c_mono_ns(c->clock);

    if (c->deadline_ns > 0 && c->deadline_ns <= now_ns)
        sift(c, now_ns);
}

void s3c_client_drop_cancelled(struct s3c_client *c)
{
    size_t i = 0;

    sift(c, s3c_mono_ns(c->clock));
    while (i < c->wire_count) {
        struct s3c_call_private *a = c->wire[i];
        if (atomic_load(&a->call->cancelled))
            c->transport->ops->abort(c->transport,
                                     &a->request); /* another one takes its place in the array */
        else
            i++;
    }
}

/* ---- the pump ---- */

static void consider_growth(struct s3c_client *c, int64_t now_ns)
{
    bool pressed = c->waiting != NULL && c->wire_count >= c->growth.limit;

    c->growth_ns = s3c_growth_consider(&c->growth, now_ns, pressed,
                                       pressed ? c->transport->ops->idle_percent(c->transport) : 0);
}

static bool start_waiting(struct s3c_client *c)
{
    struct s3c_call *call = c->waiting;
    struct s3c_call_private *a;
    struct s3c_error err;

    if (call == NULL || c->wire_count >= c->growth.limit ||
        c->wire_count + c->delayed_count >= c->max_connections)
        return false;
    a = attempt_take(c);
    c->waiting = call->next;
    if (c->waiting == NULL)
        c->waiting_end = &c->waiting;
    if (a == NULL) {
        s3c_client_finish(c, call, NULL, s3c_error_nomem(&err), &err);
        return true;
    }
    a->call = call;
    call->priv = a;
    s3c_client_send(a);
    return true;
}

static bool start_delayed(struct s3c_client *c, int64_t now_ns)
{
    struct s3c_call_private *a = c->delayed;

    if (a == NULL || a->due_ns > now_ns)
        return false;
    c->delayed = a->next;
    c->delayed_count--;
    s3c_client_send(a);
    return true;
}

static int64_t earlier(int64_t a, int64_t b)
{
    if (a == 0 || b == 0)
        return a + b;
    return a < b ? a : b;
}

static void set_timer(struct s3c_client *c)
{
    int64_t at = earlier(c->deadline_ns, c->growth_ns);

    if (c->delayed != NULL)
        at = earlier(at, c->delayed->due_ns);
    if (at == c->timer_ns)
        return;
    c->timer_ns = at;
    c->transport->ops->set_timer(c->transport, at);
}

void s3c_client_pump(struct s3c_client *c)
{
    int64_t now_ns;
    size_t limit;

    if (atomic_load(&c->closing))
        return;
    if (c->waiting == NULL && c->delayed == NULL && c->timer_ns == 0)
        return; /* the usual case at the end of a run: not worth a look at the clock */
    now_ns = s3c_mono_ns(c->clock);
    while (start_delayed(c, now_ns))
        continue;
    do {
        while (start_waiting(c))
            continue;
        limit = c->growth.limit;
        consider_growth(c, now_ns);
    } while (c->growth.limit > limit);
    set_timer(c);
}
