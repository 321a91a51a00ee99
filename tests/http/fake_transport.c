/* SPDX-License-Identifier: Apache-2.0 */
/* Its own memory comes from malloc, so that allocation-failure loops hit the code under test only. */
#include "fake_transport.h"

#include "base/error.h"
#include "base/view.h"

static struct fake_transport *fake_of(struct s3c_transport *t)
{
    return (struct fake_transport *)t;
}

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "fake transport: %s\n", what);
    abort();
}

static char *copy(const char *p, size_t n)
{
    char *s = malloc(n + 1);

    must(s != NULL, "out of memory");
    if (n > 0)
        memcpy(s, p, n);
    s[n] = '\0';
    return s;
}

static char *join_headers(const struct s3c_http_request *r)
{
    size_t i, n = 0;
    char *s;

    for (i = 0; i < r->header_count; i++)
        n += strlen(r->headers[i]) + 1;
    s = malloc(n + 1);
    must(s != NULL, "out of memory");
    for (i = 0, n = 0; i < r->header_count; i++) {
        size_t len = strlen(r->headers[i]);
        memcpy(s + n, r->headers[i], len);
        s[n + len] = '\n';
        n += len + 1;
    }
    s[n] = '\0';
    return s;
}

static int fake_start(struct s3c_transport *t, const struct s3c_transport_handler *h,
                      struct s3c_error *err)
{
    (void)err;
    fake_of(t)->handler = *h;
    return 0;
}

static void fake_wake(struct s3c_transport *t)
{
    fake_of(t)->woken = true;
}

static int fake_send(struct s3c_transport *t, struct s3c_http_request *r, struct s3c_error *err)
{
    struct fake_transport *f = fake_of(t);
    struct fake_reply reply = {.stall = true};

    if (f->releasing)
        return s3c_error_set(err, S3C_E_CANCELLED, "the transport is being closed");
    must(f->request_count < FAKE_MAX && f->pending_count < FAKE_MAX, "too many requests");
    f->requests[f->request_count++] = (struct fake_request){
        .method = r->method,
        .url = copy(r->url, strlen(r->url)),
        .headers = join_headers(r),
        .body = copy(r->body.ptr, r->body.len),
        .deadline_mono_ns = r->deadline_mono_ns,
    };
    if (f->next_reply < f->reply_count)
        reply = f->replies[f->next_reply++];
    f->pending[f->pending_count].r = r;
    f->pending[f->pending_count].reply = reply;
    f->pending[f->pending_count++].due_ns = reply.stall ? INT64_MAX : f->mono_ns + reply.delay_ns;
    return 0;
}

static void end(struct fake_transport *f, size_t i, int result, const char *why)
{
    struct s3c_http_request *r = f->pending[i].r;
    struct s3c_error err;

    memmove(&f->pending[i], &f->pending[i + 1], (f->pending_count - i - 1) * sizeof(f->pending[0]));
    f->pending_count--;
    (void)s3c_error_set(&err, result, "%s", why);
    r->sink->done(r, result, &err);
}

static void fake_abort(struct s3c_transport *t, struct s3c_http_request *r)
{
    struct fake_transport *f = fake_of(t);
    size_t i;

    for (i = 0; i < f->pending_count && f->pending[i].r != r; i++)
        continue;
    must(i < f->pending_count, "abort of a request that is not under way");
    end(f, i, S3C_E_CANCELLED, "cancelled");
}

static void fake_set_timer(struct s3c_transport *t, int64_t mono_ns)
{
    fake_of(t)->timer_ns = mono_ns;
}

static int fake_idle_percent(struct s3c_transport *t)
{
    return fake_of(t)->idle_percent;
}

static void fake_release(struct s3c_transport *t)
{
    struct fake_transport *f = fake_of(t);
    size_t i;

    f->releasing = true;
    while (f->pending_count > 0)
        end(f, f->pending_count - 1, S3C_E_CANCELLED, "the transport is being closed");
    if (f->handler.settled != NULL)
        f->handler.settled(f->handler.ctx);
    for (i = 0; i < f->request_count; i++) {
        free(f->requests[i].url);
        free(f->requests[i].headers);
        free(f->requests[i].body);
    }
    if (f->released != NULL)
        *f->released = true;
    free(f);
}

static const struct s3c_transport_ops fake_ops = {
    .start = fake_start,
    .wake = fake_wake,
    .send = fake_send,
    .abort = fake_abort,
    .set_timer = fake_set_timer,
    .idle_percent = fake_idle_percent,
    .release = fake_release,
};

static int64_t fake_wall(void *ctx)
{
    return ((struct fake_transport *)ctx)->wall_ns;
}

static int64_t fake_mono(void *ctx)
{
    return ((struct fake_transport *)ctx)->mono_ns;
}

struct fake_transport *fake_new(void)
{
    struct fake_transport *f = calloc(1, sizeof(*f));

    must(f != NULL, "out of memory");
    f->base.ops = &fake_ops;
    f->clock = (struct s3c_clock){fake_wall, fake_mono, f};
    f->wall_ns = INT64_C(1767225600) * S3C_NS_PER_SEC; /* 2026-01-01T00:00:00Z */
    f->mono_ns = S3C_NS_PER_SEC;
    f->idle_percent = 100;
    return f;
}

void fake_push(struct fake_transport *f, struct fake_reply r)
{
    must(f->reply_count < FAKE_MAX, "too many replies");
    f->replies[f->reply_count++] = r;
}

static int play(struct s3c_http_request *r, const struct fake_reply *reply)
{
    const char *body = reply->body != NULL ? reply->body : "";
    size_t len = strlen(body), half = len / 2;
    int64_t told = reply->unsized ? -1 : reply->length > 0 ? reply->length : (int64_t)len;
    int code;

    if (reply->status == 0)
        return reply->result;
    code = r->sink->response(r, reply->status,
                             s3c_view_str(reply->headers != NULL ? reply->headers : ""), told);
    if (code == 0 && half > 0)
        code = r->sink->body(r, body, half); /* in two runs: nobody may rely on one */
    if (code == 0 && len > 0)
        code = r->sink->body(r, body + half, len - half);
    return code < 0 ? code : reply->result;
}

/* The one that comes first among those that are due; false: none. */
static bool answer_one(struct fake_transport *f)
{
    size_t i, first = 0;
    struct fake_reply reply;
    int code;

    for (i = 1; i < f->pending_count; i++) {
        if (f->pending[i].due_ns < f->pending[first].due_ns)
            first = i;
    }
    for (i = 0; i < f->pending_count; i++) {
        int64_t deadline = f->pending[i].r->deadline_mono_ns;
        if (deadline > 0 && deadline <= f->mono_ns) {
            end(f, i, S3C_E_TIMEOUT, "the time given was over");
            return true;
        }
    }
    if (f->pending_count == 0 || f->pending[first].due_ns > f->mono_ns)
        return false;
    reply = f->pending[first].reply;
    code = play(f->pending[first].r, &reply);
    end(f, first, code, "scripted failure");
    return true;
}

void fake_run(struct fake_transport *f)
{
    bool again = true;

    while (again) {
        again = false;
        while (answer_one(f))
            again = true;
        if (f->timer_ns > 0 && f->timer_ns <= f->mono_ns) {
            f->timer_ns = 0;
            f->handler.timer(f->handler.ctx);
            again = true;
        }
        if (f->woken) {
            f->woken = false;
            f->handler.woken(f->handler.ctx);
            again = true;
        }
        f->handler.settled(f->handler.ctx);
    }
}

static int64_t next_ns(const struct fake_transport *f, int64_t end_ns)
{
    int64_t at = end_ns;
    size_t i;

    if (f->timer_ns > 0 && f->timer_ns < at)
        at = f->timer_ns;
    for (i = 0; i < f->pending_count; i++) {
        int64_t deadline = f->pending[i].r->deadline_mono_ns;
        if (f->pending[i].due_ns < at)
            at = f->pending[i].due_ns;
        if (deadline > 0 && deadline < at)
            at = deadline;
    }
    return at;
}

void fake_advance(struct fake_transport *f, int64_t ns)
{
    int64_t end_ns = f->mono_ns + ns;

    fake_run(f);
    while (f->mono_ns < end_ns) {
        int64_t at = next_ns(f, end_ns);
        f->wall_ns += at - f->mono_ns;
        f->mono_ns = at;
        fake_run(f);
    }
}

bool fake_sent_header(const struct fake_request *r, const char *line)
{
    size_t n = strlen(line);
    const char *p = r->headers;

    for (; p != NULL && *p != '\0'; p = strchr(p, '\n'), p = p != NULL ? p + 1 : NULL) {
        if (strncmp(p, line, n) == 0 && p[n] == '\n')
            return true;
    }
    return false;
}
