/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_bucket.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/view.h"

#define START_NS (INT64_C(1790000000) * S3C_NS_PER_SEC)
#define PATIENCE 50 /* naps after which a timer rings although nobody has moved the clock */

static int64_t wall(void *ctx)
{
    struct fake_bucket *b = ctx;

    return __atomic_load_n(&b->wall_ns, __ATOMIC_RELAXED);
}

static int64_t mono(void *ctx)
{
    struct fake_bucket *b = ctx;

    return __atomic_load_n(&b->mono_ns, __ATOMIC_RELAXED);
}

void fake_bucket_init(struct fake_bucket *b, enum fake_mode mode)
{
    *b = (struct fake_bucket){.mode = mode,
                              .wall_ns = START_NS,
                              .mono_ns = S3C_NS_PER_SEC,
                              .page = 1000,
                              .clock = {.wall_ns = wall, .mono_ns = mono, .ctx = b}};
    pthread_mutex_init(&b->lock, NULL);
}

void fake_bucket_done(struct fake_bucket *b)
{
    pthread_mutex_destroy(&b->lock);
    free(b->versions);
}

void fake_pass_time(struct fake_bucket *b, int64_t ns)
{
    __atomic_add_fetch(&b->wall_ns, ns, __ATOMIC_RELAXED);
    __atomic_add_fetch(&b->mono_ns, ns, __ATOMIC_RELAXED);
}

void fake_pass_mono_time(struct fake_bucket *b, int64_t ns)
{
    __atomic_add_fetch(&b->mono_ns, ns, __ATOMIC_RELAXED);
}

void fake_remove_locked(struct fake_bucket *b, size_t i)
{
    memmove(b->versions + i, b->versions + i + 1, (b->count - i - 1) * sizeof(*b->versions));
    b->count--;
}

void fake_remove(struct fake_bucket *b, size_t i)
{
    pthread_mutex_lock(&b->lock);
    fake_remove_locked(b, i);
    pthread_mutex_unlock(&b->lock);
}

/* S3's order: key, newest first; of equal times the one that came later is newer. */
static void insert(struct fake_bucket *b, const struct fake_version *v)
{
    size_t at = 0;

    if (b->count == b->cap) {
        b->cap = b->cap ? 2 * b->cap : 64;
        b->versions = realloc(b->versions, b->cap * sizeof(*b->versions));
    }
    while (at < b->count && (strcmp(b->versions[at].key, v->key) < 0 ||
                             (strcmp(b->versions[at].key, v->key) == 0 &&
                              b->versions[at].last_modified_ns > v->last_modified_ns)))
        at++;
    memmove(b->versions + at + 1, b->versions + at, (b->count - at) * sizeof(*v));
    b->versions[at] = *v;
    b->count++;
}

static void add(struct fake_bucket *b, const char *key, const char *body, bool marker, int64_t ns)
{
    struct fake_version v = {.last_modified_ns = ns, .marker = marker, .born = b->next_id++};

    snprintf(v.key, sizeof(v.key), "%s", key);
    snprintf(v.body, sizeof(v.body), "%s", body);
    snprintf(v.etag, sizeof(v.etag), "%08llx", (unsigned long long)v.born * 2654435761u);
    if (b->mode == FAKE_ENABLED)
        snprintf(v.id, sizeof(v.id), "v%llu+%%", (unsigned long long)v.born);
    else
        snprintf(v.id, sizeof(v.id), "null");
    for (size_t i = 0; b->mode != FAKE_ENABLED && i < b->count; i++)
        if (strcmp(b->versions[i].key, key) == 0 && strcmp(b->versions[i].id, "null") == 0)
            fake_remove_locked(b, i--);
    if (b->mode != FAKE_UNVERSIONED || !marker)
        insert(b, &v);
}

void fake_put_locked(struct fake_bucket *b, const char *key, const char *body, int64_t ns)
{
    add(b, key, body, false, ns);
}

void fake_delete_locked(struct fake_bucket *b, const char *key)
{
    add(b, key, "", true, b->wall_ns);
}

void fake_put_at(struct fake_bucket *b, const char *key, const char *body, int64_t ns)
{
    pthread_mutex_lock(&b->lock);
    fake_put_locked(b, key, body, ns);
    pthread_mutex_unlock(&b->lock);
}

void fake_put(struct fake_bucket *b, const char *key, const char *body)
{
    fake_put_at(b, key, body, b->wall_ns);
}

void fake_delete(struct fake_bucket *b, const char *key)
{
    pthread_mutex_lock(&b->lock);
    fake_delete_locked(b, key);
    pthread_mutex_unlock(&b->lock);
}

const struct fake_version *fake_latest(const struct fake_bucket *b, const char *key)
{
    for (size_t i = 0; i < b->count; i++)
        if (strcmp(b->versions[i].key, key) == 0)
            return b->versions[i].marker ? NULL : &b->versions[i];
    return NULL;
}

/* ---- the transport ---- */

struct fake_transport {
    struct s3c_transport base;
    struct fake_bucket *bucket;
    struct s3c_transport_handler handler;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool started, woken, closing;
    struct s3c_http_request *queue[4096]; /* the I/O thread's */
    size_t queued;
    int64_t timer_ns;
    unsigned naps;
};

/* Not struct s3c_buf: the memory that tests take away is the source's, not the server's. */
struct text {
    char *ptr;
    size_t len, cap;
};

struct reply {
    int status;
    struct text headers, body;
};

static void say(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct text *t, const char *fmt, ...)
{
    va_list args;
    int n;

    if (t->cap - t->len < 1024) {
        t->cap = 2 * t->cap + 1024;
        t->ptr = realloc(t->ptr, t->cap);
    }
    va_start(args, fmt);
    n = vsnprintf(t->ptr + t->len, 1024, fmt, args);
    va_end(args);
    assert(n >= 0 && n < 1024);
    t->len += (size_t)n;
}

static void say_encoded(struct text *t, const char *p)
{
    for (; *p; p++) {
        if (strchr("%+ <&\"", *p) || (unsigned char)*p >= 0x80)
            say(t, "%%%02X", (unsigned char)*p);
        else
            say(t, "%c", *p);
    }
}

/* Decoded value of a query parameter; false: it is not there. */
static bool query(const char *url, const char *name, char *dst, size_t size)
{
    const char *p = strchr(url, '?');
    size_t n = strlen(name);

    for (; p; p = strchr(p, '&')) {
        p++;
        if (strncmp(p, name, n) == 0 && (p[n] == '=' || p[n] == '&' || p[n] == '\0')) {
            struct s3c_view v = {p + n, 0};

            if (*v.ptr == '=')
                v.ptr++;
            v.len = strcspn(v.ptr, "&");
            s3c_view_copy(dst, size, v);
            dst[s3c_percent_decode(dst, s3c_view_str(dst), false)] = '\0';
            return true;
        }
    }
    return false;
}

static void head(struct fake_bucket *b, struct reply *r, int status)
{
    char date[S3C_TIME_TEXT_SIZE];

    s3c_time_format_http(date, b->wall_ns);
    r->status = status;
    say(&r->headers, "HTTP/1.1 %d X\r\nDate: %s\r\nContent-Length: %zu\r\n", status, date,
        r->body.len);
}

static void error_reply(struct fake_bucket *b, struct reply *r, int status, const char *code)
{
    r->body.len = 0;
    say(&r->body, "<Error><Code>%s</Code><Message>fake</Message></Error>", code);
    head(b, r, status);
}

static void list_entry(struct fake_bucket *b, struct reply *r, size_t i, bool versions)
{
    const struct fake_version *v = &b->versions[i];
    const char *tag = !versions ? "Contents" : v->marker ? "DeleteMarker" : "Version";
    bool latest = i == 0 || strcmp(b->versions[i - 1].key, v->key) != 0;
    char when[S3C_TIME_TEXT_SIZE];

    s3c_time_format_rfc3339(when, v->last_modified_ns);
    say(&r->body, "<%s><Key>", tag);
    say_encoded(&r->body, v->key);
    say(&r->body, "</Key><LastModified>%s</LastModified>", when);
    if (versions)
        say(&r->body, "<VersionId>%s</VersionId><IsLatest>%s</IsLatest>", v->id,
            latest ? "true" : "false");
    if (!v->marker)
        say(&r->body, "<ETag>&quot;%s&quot;</ETag><Size>%zu</Size>", v->etag, strlen(v->body));
    say(&r->body, "</%s>", tag);
}

/* Index of the first entry after the markers. */
static size_t after_markers(const struct fake_bucket *b, const char *key, const char *id)
{
    size_t i = 0;

    while (i < b->count && strcmp(b->versions[i].key, key) < 0)
        i++;
    if (!*id) {
        while (i < b->count && strcmp(b->versions[i].key, key) == 0)
            i++;
        return i;
    }
    for (; i < b->count && strcmp(b->versions[i].key, key) == 0; i++)
        if (strcmp(b->versions[i].id, id) == 0)
            return i + 1;
    return i;
}

static void list(struct fake_bucket *b, struct reply *r, const char *url, bool versions)
{
    char key[128] = "", id[64] = "";
    size_t i, end;

    b->lists++;
    if (versions) {
        query(url, "key-marker", key, sizeof(key));
        query(url, "version-id-marker", id, sizeof(id));
    } else if (!query(url, "continuation-token", key, sizeof(key))) {
        query(url, "start-after", key, sizeof(key));
    }
    i = *key ? after_markers(b, key, id) : 0;
    end = b->count - i > b->page ? i + b->page : b->count;
    say(&r->body, "<%s><EncodingType>url</EncodingType><IsTruncated>%s</IsTruncated>",
        versions ? "ListVersionsResult" : "ListBucketResult", end < b->count ? "true" : "false");
    for (; i < end; i++)
        list_entry(b, r, i, versions);
    if (end < b->count && !versions)
        say(&r->body, "<NextContinuationToken>%s</NextContinuationToken>",
            b->versions[end - 1].key);
    if (end < b->count && versions)
        say(&r->body,
            "<NextKeyMarker>%s</NextKeyMarker>"
            "<NextVersionIdMarker>%s</NextVersionIdMarker>",
            b->versions[end - 1].key, b->versions[end - 1].id);
    say(&r->body, "</%s>", versions ? "ListVersionsResult" : "ListBucketResult");
    head(b, r, 200);
    if (end == b->count && b->after_list) {
        void (*f)(struct fake_bucket *) = b->after_list;

        b->after_list = NULL;
        f(b);
    }
}

static const struct fake_version *find(const struct fake_bucket *b, const char *key, const char *id)
{
    for (size_t i = 0; i < b->count; i++)
        if (strcmp(b->versions[i].key, key) == 0 && (!*id || strcmp(b->versions[i].id, id) == 0))
            return &b->versions[i];
    return NULL;
}

static bool if_match_fails(const struct s3c_http_request *q, const struct fake_version *v)
{
    for (size_t i = 0; i < q->header_count; i++)
        if (strncasecmp(q->headers[i], "If-Match:", 9) == 0)
            return strstr(q->headers[i], v->etag) == NULL;
    return false;
}

static void get(struct fake_bucket *b, struct reply *r, const struct s3c_http_request *q)
{
    const char *path = strstr(q->url, "/bucket/") + strlen("/bucket/");
    const struct fake_version *v;
    char key[128], id[64] = "";

    b->objects++;
    s3c_view_copy(key, sizeof(key), (struct s3c_view){path, strcspn(path, "?")});
    key[s3c_percent_decode(key, s3c_view_str(key), false)] = '\0';
    query(q->url, "versionId", id, sizeof(id));
    v = find(b, key, id);
    if (b->deny > 0) {
        b->deny--;
        error_reply(b, r, 403, "AccessDenied");
    } else if (!v) {
        error_reply(b, r, 404, *id ? "NoSuchVersion" : "NoSuchKey");
    } else if (v->marker) {
        error_reply(b, r, 405, "MethodNotAllowed");
    } else if (if_match_fails(q, v)) {
        error_reply(b, r, 412, "PreconditionFailed");
    } else if (b->archived) {
        error_reply(b, r, 403, "InvalidObjectState");
    } else {
        say(&r->body, "%s", v->body);
        head(b, r, 200);
        say(&r->headers, "Content-Type: text/plain\r\nx-amz-meta-Born: %llu\r\n",
            (unsigned long long)v->born);
    }
}

static void answer(struct fake_bucket *b, struct reply *r, const struct s3c_http_request *q)
{
    static const char *const status[] = {[FAKE_UNVERSIONED] = "",
                                         [FAKE_ENABLED] = "<Status>Enabled</Status>",
                                         [FAKE_SUSPENDED] = "<Status>Suspended</Status>"};
    char text[64];

    if (b->fail_503 > 0) {
        b->fail_503--;
        error_reply(b, r, 503, "SlowDown");
    } else if (query(q->url, "versioning", text, sizeof(text))) {
        say(&r->body, "<VersioningConfiguration>%s</VersioningConfiguration>", status[b->mode]);
        head(b, r, 200);
    } else if (query(q->url, "versions", text, sizeof(text))) {
        list(b, r, q->url, true);
    } else if (query(q->url, "list-type", text, sizeof(text))) {
        list(b, r, q->url, false);
    } else {
        get(b, r, q);
    }
    say(&r->headers, "\r\n");
}

static void serve(struct fake_transport *t, struct s3c_http_request *q)
{
    struct reply r = {0};
    struct s3c_view headers;
    struct s3c_error err = {0};
    int result;

    pthread_mutex_lock(&t->bucket->lock);
    answer(t->bucket, &r, q);
    pthread_mutex_unlock(&t->bucket->lock);
    headers = (struct s3c_view){r.headers.ptr, r.headers.len};
    result = q->sink->response(q, r.status, headers, (int64_t)r.body.len);
    if (result == 0 && r.body.len > 0)
        result = q->sink->body(q, r.body.ptr, r.body.len);
    if (result < 0)
        s3c_error_set(&err, result, "refused by the client");
    q->sink->done(q, result, &err);
    free(r.headers.ptr);
    free(r.body.ptr);
}

static void serve_all(struct fake_transport *t)
{
    while (t->queued > 0) {
        struct s3c_http_request *q = t->queue[0];

        memmove(t->queue, t->queue + 1, --t->queued * sizeof(q));
        serve(t, q);
        t->handler.settled(t->handler.ctx);
    }
}

static bool timer_due(struct fake_transport *t)
{
    return t->timer_ns != 0 && mono(t->bucket) >= t->timer_ns;
}

/* With a timer set it looks again and again, and in the end moves the clock itself: the test waits for the client. */
static void sleep_a_little(struct fake_transport *t)
{
    struct timespec until;

    if (t->timer_ns == 0) {
        pthread_cond_wait(&t->cond, &t->lock);
        return;
    }
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 20000;
    if (until.tv_nsec >= S3C_NS_PER_SEC) {
        until.tv_nsec -= S3C_NS_PER_SEC;
        until.tv_sec++;
    }
    pthread_cond_timedwait(&t->cond, &t->lock, &until);
    if (++t->naps < PATIENCE || t->woken)
        return;
    t->naps = 0;
    if (!timer_due(t))
        fake_pass_mono_time(t->bucket, t->timer_ns - mono(t->bucket));
}

static void *run(void *arg)
{
    struct fake_transport *t = arg;
    struct s3c_error closed = {.code = S3C_E_CANCELLED};
    bool closing, woken;

    for (;;) {
        pthread_mutex_lock(&t->lock);
        if (!t->woken && !t->closing && !timer_due(t))
            sleep_a_little(t);
        closing = t->closing;
        woken = t->woken;
        t->woken = false;
        pthread_mutex_unlock(&t->lock);
        if (closing)
            break;
        if (woken)
            t->handler.woken(t->handler.ctx);
        if (timer_due(t)) {
            t->timer_ns = 0;
            t->handler.timer(t->handler.ctx);
        }
        serve_all(t);
        t->handler.settled(t->handler.ctx);
    }
    while (t->queued > 0) {
        struct s3c_http_request *q = t->queue[--t->queued];

        q->sink->done(q, S3C_E_CANCELLED, &closed);
    }
    t->handler.settled(t->handler.ctx);
    return NULL;
}

static int start(struct s3c_transport *base, const struct s3c_transport_handler *h,
                 struct s3c_error *err)
{
    struct fake_transport *t = (struct fake_transport *)base;

    (void)err;
    t->handler = *h;
    t->started = true;
    return pthread_create(&t->thread, NULL, run, t) == 0 ? 0 : S3C_E_NOMEM;
}

static void wake(struct s3c_transport *base)
{
    struct fake_transport *t = (struct fake_transport *)base;

    pthread_mutex_lock(&t->lock);
    t->woken = true;
    pthread_cond_signal(&t->cond);
    pthread_mutex_unlock(&t->lock);
}

static int send_request(struct s3c_transport *base, struct s3c_http_request *r,
                        struct s3c_error *err)
{
    struct fake_transport *t = (struct fake_transport *)base;

    (void)err;
    t->queue[t->queued++] = r;
    return 0;
}

static void abort_request(struct s3c_transport *base, struct s3c_http_request *r)
{
    struct fake_transport *t = (struct fake_transport *)base;
    struct s3c_error err = {.code = S3C_E_CANCELLED};

    for (size_t i = 0; i < t->queued; i++) {
        if (t->queue[i] != r)
            continue;
        memmove(t->queue + i, t->queue + i + 1, (--t->queued - i) * sizeof(r));
        r->sink->done(r, S3C_E_CANCELLED, &err);
        return;
    }
}

static void set_timer(struct s3c_transport *base, int64_t mono_ns)
{
    ((struct fake_transport *)base)->timer_ns = mono_ns;
}

static int idle_percent(struct s3c_transport *base)
{
    (void)base;
    return 100;
}

static void release(struct s3c_transport *base)
{
    struct fake_transport *t = (struct fake_transport *)base;

    if (t->started) {
        pthread_mutex_lock(&t->lock);
        t->closing = true;
        pthread_cond_signal(&t->cond);
        pthread_mutex_unlock(&t->lock);
        pthread_join(t->thread, NULL);
    }
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->cond);
    free(t);
}

struct s3c_transport *fake_transport_new(struct fake_bucket *b)
{
    static const struct s3c_transport_ops ops = {.start = start,
                                                 .wake = wake,
                                                 .send = send_request,
                                                 .abort = abort_request,
                                                 .set_timer = set_timer,
                                                 .idle_percent = idle_percent,
                                                 .release = release};
    struct fake_transport *t = calloc(1, sizeof(*t));

    t->base.ops = &ops;
    t->bucket = b;
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->cond, NULL);
    return &t->base;
}
