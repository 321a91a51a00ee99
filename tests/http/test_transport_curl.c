/* SPDX-License-Identifier: Apache-2.0 */
/* The libcurl transport against a server that behaves as badly as its path says. */
#include "check.h"

#include <dlfcn.h>
#include <netdb.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/view.h"
#include "http/tiny_server.h"
#include "http/transport.h"

#define MS S3C_NS_PER_MS

struct exchange { /* one request and what came of it */
    struct s3c_http_request r;
    struct rig *rig;
    char url[256];
    int status;
    char headers[4096], body[64];
    size_t body_len;
    int64_t content_length;
    int responses, dones, result, refuse;
    struct s3c_error err;
};

/* The I/O thread does what `job` says when it is woken; the test waits for the exchanges to end. */
struct rig {
    struct tiny_server *server;
    struct s3c_transport *t;
    void (*job)(struct rig *g);
    struct exchange *x;
    size_t count;
    int idle_percent;
    sem_t done, job_done;
};

static struct exchange *exchange_of(struct s3c_http_request *r)
{
    return r->user;
}

static int on_response(struct s3c_http_request *r, int status, struct s3c_view headers,
                       int64_t content_length)
{
    struct exchange *x = exchange_of(r);

    x->status = status;
    x->responses++;
    x->content_length = content_length;
    s3c_view_copy(x->headers, sizeof(x->headers), headers);
    return x->refuse;
}

static int on_body(struct s3c_http_request *r, const char *p, size_t n)
{
    struct exchange *x = exchange_of(r);
    size_t room = x->body_len < sizeof(x->body) - 1 ? sizeof(x->body) - 1 - x->body_len : 0;

    if (room > 0)
        memcpy(x->body + x->body_len, p, n < room ? n : room);
    x->body_len += n;
    return 0;
}

static void on_done(struct s3c_http_request *r, int result, const struct s3c_error *err)
{
    struct exchange *x = exchange_of(r);

    x->result = result;
    if (result < 0)
        x->err = *err;
    x->dones++;
    (void)sem_post(&x->rig->done);
}

static const struct s3c_http_sink sink = {
    .response = on_response, .body = on_body, .done = on_done};

static void on_woken(void *ctx)
{
    struct rig *g = ctx;
    void (*job)(struct rig * g) = g->job;

    g->job = NULL;
    if (job == NULL)
        return;
    job(g);
    (void)sem_post(&g->job_done);
}

static void on_timer(void *ctx)
{
    struct rig *g = ctx;

    g->idle_percent = g->t->ops->idle_percent(g->t);
    (void)sem_post(&g->done);
}

static void on_settled(void *ctx)
{
    (void)ctx;
}

static void rig_begin(struct rig *g, int stall_ms)
{
    struct s3c_transport_curl_options o = {.stall_timeout_ms = stall_ms, .max_connections = 64};
    struct s3c_transport_handler h = {
        .woken = on_woken, .timer = on_timer, .settled = on_settled, .ctx = g};
    struct s3c_error err;

    *g = (struct rig){.server = tiny_server_new()};
    (void)sem_init(&g->done, 0, 0);
    (void)sem_init(&g->job_done, 0, 0);
    CHECK_OK(s3c_transport_curl_new(&g->t, &o, &err), &err);
    CHECK_OK(g->t->ops->start(g->t, &h, &err), &err);
}

static void rig_end(struct rig *g)
{
    g->t->ops->release(g->t);
    tiny_server_free(g->server);
    (void)sem_destroy(&g->done);
    (void)sem_destroy(&g->job_done);
}

static void rig_do(struct rig *g, void (*job)(struct rig *g))
{
    g->job = job;
    g->t->ops->wake(g->t);
    (void)sem_wait(&g->job_done);
}

static void send_all(struct rig *g)
{
    size_t i;

    for (i = 0; i < g->count; i++) {
        struct s3c_error err;
        if (g->t->ops->send(g->t, &g->x[i].r, &err) < 0)
            on_done(&g->x[i].r, err.code, &err);
    }
}

static void abort_all(struct rig *g)
{
    size_t i;

    for (i = 0; i < g->count; i++)
        g->t->ops->abort(g->t, &g->x[i].r);
}

static void prepare(struct rig *g, struct exchange *x, enum s3c_http_method method,
                    const char *path)
{
    *x = (struct exchange){.rig = g, .result = 1};
    (void)snprintf(x->url, sizeof(x->url), "http://127.0.0.1:%d%s", tiny_server_port(g->server),
                   path);
    x->r = (struct s3c_http_request){.method = method, .url = x->url, .sink = &sink, .user = x};
}

static void wait_done(struct rig *g, size_t n)
{
    while (n-- > 0)
        (void)sem_wait(&g->done);
}

static void run_all(struct rig *g, struct exchange *x, size_t n)
{
    g->x = x;
    g->count = n;
    rig_do(g, send_all);
    wait_done(g, n);
}

static void run(struct rig *g, struct exchange *x, enum s3c_http_method method, const char *path)
{
    prepare(g, x, method, path);
    run_all(g, x, 1);
    assert_int_equal(x->dones, 1);
}

/* ---- good answers ---- */

static void reads_each_framing(void **state)
{
    static const struct {
        const char *path;
        int64_t length;
    } rows[] = {{"/ok", 5}, {"/chunked", -1}, {"/close", -1}};
    struct rig g;
    struct exchange x;
    size_t i;

    (void)state;
    rig_begin(&g, 0);
    for (i = 0; i < 3; i++) {
        run(&g, &x, S3C_HTTP_GET, rows[i].path);
        CHECK_OK(x.result, &x.err);
        assert_int_equal(x.status, 200);
        assert_int_equal(x.responses, 1);
        assert_int_equal(x.content_length, rows[i].length);
        assert_string_equal(x.body, "hello");
        CHECK_HAS(x.headers, "x-echo: GET /");
        assert_null(strstr(x.headers, "HTTP/1.1"));
        assert_null(strstr(x.headers, "x-trailer"));
    }
    run(&g, &x, S3C_HTTP_GET, "/error");
    CHECK_OK(x.result, &x.err); /* a complete response, whatever it says */
    assert_int_equal(x.status, 503);
    assert_string_equal(x.body, "slow");
    rig_end(&g);
}

static void keeps_connections_and_sends_paths_as_they_are(void **state)
{
    struct rig g;
    struct exchange x;
    struct tiny_server *first, *other = tiny_server_new();
    int i;

    (void)state;
    rig_begin(&g, 0);
    first = g.server;
    for (i = 0; i < 20; i++) { /* one handle, two servers in turn */
        g.server = i % 2 ? other : first;
        run(&g, &x, S3C_HTTP_GET, "/b/a/../x//./%2e?q=%2F");
        CHECK_OK(x.result, &x.err);
        CHECK_HAS(x.headers, "x-echo: GET /b/a/../x//./%2e?q=%2F 0\r\n");
    }
    CHECK_HAS(x.headers, "x-connection: 9\r\n");
    assert_int_equal(tiny_server_connections(first), 1);
    assert_int_equal(tiny_server_connections(other), 1);
    tiny_server_free(first);
    rig_end(&g);
}

static void every_method_on_one_handle(void **state)
{
    static const struct {
        enum s3c_http_method method;
        const char *path, *body, *echo;
    } rows[] = {
        {S3C_HTTP_PUT, "/p", "12345678", "x-echo: PUT /p 8\r\n"},
        {S3C_HTTP_GET, "/g", "", "x-echo: GET /g 0\r\n"},
        {S3C_HTTP_HEAD, "/no-body", "", "x-echo: HEAD /no-body 0"},
        {S3C_HTTP_POST, "/o", "123", "x-echo: POST /o 3\r\n"},
        {S3C_HTTP_DELETE, "/d", "", "x-echo: DELETE /d 0\r\n"},
        {S3C_HTTP_PUT, "/e", "", "x-echo: PUT /e 0\r\n"},
        {S3C_HTTP_GET, "/g", "", "x-echo: GET /g 0\r\n"},
    };
    struct rig g;
    struct exchange x;
    size_t i;

    (void)state;
    rig_begin(&g, 0);
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        prepare(&g, &x, rows[i].method, rows[i].path);
        x.r.body = s3c_view_str(rows[i].body);
        run_all(&g, &x, 1);
        CHECK_OK(x.result, &x.err);
        CHECK_HAS(x.headers, rows[i].echo);
        assert_int_equal(x.body_len, rows[i].method == S3C_HTTP_HEAD ? 0 : 5);
    }
    assert_int_equal(tiny_server_connections(g.server), 1);
    rig_end(&g);
}

static void big_bodies_both_ways(void **state)
{
    static const size_t size = 3u << 20;
    char *body = calloc(1, size);
    struct rig g;
    struct exchange x;

    (void)state;
    assert_non_null(body);
    rig_begin(&g, 0);
    prepare(&g, &x, S3C_HTTP_PUT, "/up");
    x.r.body = (struct s3c_view){body, size}; /* large enough for Expect: 100-continue */
    run_all(&g, &x, 1);
    CHECK_OK(x.result, &x.err);
    CHECK_HAS(x.headers, "x-echo: PUT /up 3145728\r\n");
    assert_null(strstr(x.headers, "x-interim"));
    assert_int_equal(x.responses, 1);
    prepare(&g, &x, S3C_HTTP_GET, "/big");
    run_all(&g, &x, 1);
    CHECK_OK(x.result, &x.err);
    assert_int_equal(x.body_len, 4u << 20);
    rig_end(&g);
    free(body);
}

static void a_dead_kept_connection_is_replaced_unseen(void **state)
{
    struct rig g;
    struct exchange x;
    int i;

    (void)state;
    rig_begin(&g, 0);
    for (i = 0; i < 5; i++) {
        run(&g, &x, S3C_HTTP_GET, "/stale");
        CHECK_OK(x.result, &x.err);
        prepare(&g, &x, S3C_HTTP_PUT, "/put");
        x.r.body = S3C_VIEW("again");
        run_all(&g, &x, 1);
        CHECK_OK(x.result, &x.err);
        CHECK_HAS(x.headers, "x-echo: PUT /put 5\r\n");
        assert_string_equal(x.body, "hello");
    }
    rig_end(&g);
}

/* ---- bad answers ---- */

static void broken_answers_are_failures_with_a_class(void **state)
{
    static const struct {
        const char *path;
        int result, status;
    } rows[] = {
        {"/truncated", S3C_E_CONNECT, 200}, {"/cut-chunk", S3C_E_CONNECT, 200},
        {"/reset", S3C_E_CONNECT, 200},     {"/nothing", S3C_E_CONNECT, 0},
        {"/garbage", S3C_E_PROTOCOL, 0},
    };
    struct rig g;
    struct exchange x;
    size_t i;

    (void)state;
    rig_begin(&g, 0);
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        run(&g, &x, S3C_HTTP_GET, rows[i].path);
        if (x.result != rows[i].result)
            fail_msg("%s: %d %s", rows[i].path, x.result, x.err.message);
        assert_int_equal(x.status, rows[i].status);
        assert_int_equal(x.err.code, x.result);
        assert_true(strlen(x.err.message) > 10);
    }
    rig_end(&g);
}

static void names_and_ports_that_are_not_there(void **state)
{
    struct rig g;
    struct exchange x;

    (void)state;
    rig_begin(&g, 0);
    prepare(&g, &x, S3C_HTTP_GET, "/");
    (void)snprintf(x.url, sizeof(x.url), "http://127.0.0.1:1/");
    run_all(&g, &x, 1);
    CHECK_CODE(x.result, S3C_E_CONNECT);
    assert_true(x.err.retryable);
    prepare(&g, &x, S3C_HTTP_GET, "/");
    (void)snprintf(x.url, sizeof(x.url), "http://no-such-host.invalid/");
    run_all(&g, &x, 1);
    CHECK_CODE(x.result, S3C_E_RESOLVE);
    prepare(&g, &x, S3C_HTTP_GET, "/");
    (void)snprintf(x.url, sizeof(x.url), "https://127.0.0.1:%d/",
                   tiny_server_port(g.server)); /* speaks no TLS */
    g.x = &x;
    rig_do(&g, send_all);
    tiny_server_free(g.server); /* hangs up in the handshake */
    wait_done(&g, 1);
    assert_true(x.result == S3C_E_TLS || x.result == S3C_E_CONNECT);
    g.server = tiny_server_new();
    rig_end(&g);
}

static void stalls_and_deadlines_end_a_request(void **state)
{
    struct rig g;
    struct exchange x[3];

    (void)state;
    rig_begin(&g, 200);
    prepare(&g, &x[0], S3C_HTTP_GET, "/stall");
    prepare(&g, &x[1], S3C_HTTP_GET, "/stall-body");
    prepare(&g, &x[2], S3C_HTTP_GET, "/stall");
    x[2].r.deadline_mono_ns = s3c_mono_ns(s3c_clock_system()) + 50 * MS;
    run_all(&g, x, 3);
    CHECK_CODE(x[0].result, S3C_E_TIMEOUT);
    CHECK_CODE(x[1].result, S3C_E_TIMEOUT);
    CHECK_CODE(x[2].result, S3C_E_TIMEOUT);
    CHECK_HAS(x[0].err.message, "no byte moved for 200 ms");
    CHECK_HAS(x[2].err.message, "before an answer came");
    assert_string_equal(x[1].body, "hello");
    run(&g, &x[0], S3C_HTTP_GET, "/ok"); /* the slots work on */
    CHECK_OK(x[0].result, &x[0].err);
    prepare(&g, &x[0], S3C_HTTP_GET, "/stall"); /* on a connection that was there already */
    x[0].r.deadline_mono_ns = s3c_mono_ns(s3c_clock_system()) + 50 * MS;
    run_all(&g, x, 1);
    CHECK_CODE(x[0].result, S3C_E_TIMEOUT);
    rig_end(&g);
}

/* A name service that does not answer until it is told to. libcurl finds this one first. */
static sem_t stuck_name, stuck_seen;

__attribute__((visibility("default"))) int getaddrinfo(const char *node, const char *service,
                                                       const struct addrinfo *hints,
                                                       struct addrinfo **res)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

    if (node != NULL && strcmp(node, "stuck.invalid") == 0) {
        (void)sem_post(&stuck_seen);
        (void)sem_wait(&stuck_name);
        return EAI_FAIL;
    }
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    return real(node, service, hints, res);
}

/* Whoever waits in vain is told what for: it is the class of the failure that helps to find its cause. */
static void a_deadline_names_what_was_waited_for(void **state)
{
    struct full_backlog full;
    struct rig g;
    struct exchange x[3];
    size_t i;

    (void)state;
    rig_begin(&g, 0);
    (void)sem_init(&stuck_name, 0, 0);
    (void)sem_init(&stuck_seen, 0, 0);
    full_backlog_begin(&full);
    for (i = 0; i < 3; i++) {
        prepare(&g, &x[i], S3C_HTTP_GET, "/");
        x[i].r.deadline_mono_ns = s3c_mono_ns(s3c_clock_system()) + 500 * MS;
    }
    (void)snprintf(x[0].url, sizeof(x[0].url), "http://stuck.invalid/");
    (void)snprintf(x[1].url, sizeof(x[1].url), "http://127.0.0.1:%d/", full.port);
    (void)snprintf(x[2].url, sizeof(x[2].url), "https://127.0.0.1:%d/",
                   tiny_server_port(g.server)); /* waits for a request, not for a handshake */
    run_all(&g, x, 3);
    CHECK_CODE(x[0].result, S3C_E_RESOLVE);
    CHECK_HAS(x[0].err.message, "before the name was resolved");
    CHECK_CODE(x[1].result, S3C_E_CONNECT);
    CHECK_HAS(x[1].err.message, "before there was a connection");
    CHECK_CODE(x[2].result, S3C_E_TLS);
    CHECK_HAS(x[2].err.message, "before TLS was agreed on");
    for (i = 0; i < 3; i++)
        assert_true(x[i].err.retryable);
    (void)sem_wait(&stuck_seen);
    (void)sem_post(&stuck_name);
    full_backlog_end(&full);
    rig_end(&g);
}

static void a_callback_can_refuse_the_answer(void **state)
{
    struct rig g;
    struct exchange x;

    (void)state;
    rig_begin(&g, 0);
    prepare(&g, &x, S3C_HTTP_GET, "/big");
    x.refuse = S3C_E_TOO_LARGE;
    run_all(&g, &x, 1);
    CHECK_CODE(x.result, S3C_E_TOO_LARGE);
    assert_int_equal(x.body_len, 0);
    run(&g, &x, S3C_HTTP_GET, "/ok");
    CHECK_OK(x.result, &x.err);
    rig_end(&g);
}

/* ---- ending early ---- */

static void abort_gives_the_request_back_at_once(void **state)
{
    static struct exchange x[40];
    struct rig g;
    size_t i;

    (void)state;
    rig_begin(&g, 0);
    for (i = 0; i < 40; i++)
        prepare(&g, &x[i], S3C_HTTP_GET, i % 2 == 0 ? "/stall" : "/stall-body");
    g.x = x;
    g.count = 40;
    rig_do(&g, send_all);
    rig_do(&g, abort_all);
    wait_done(&g, 40);
    for (i = 0; i < 40; i++) {
        assert_int_equal(x[i].dones, 1);
        CHECK_CODE(x[i].result, S3C_E_CANCELLED);
    }
    run(&g, &x[0], S3C_HTTP_GET, "/ok");
    CHECK_OK(x[0].result, &x[0].err);
    rig_end(&g);
}

static void release_under_load_ends_every_request(void **state)
{
    static struct exchange x[100];
    struct rig g;
    size_t i;

    (void)state;
    rig_begin(&g, 0);
    for (i = 0; i < 100; i++)
        prepare(&g, &x[i], S3C_HTTP_GET, i % 3 == 0 ? "/stall" : i % 3 == 1 ? "/big" : "/ok");
    g.x = x;
    g.count = 100;
    rig_do(&g, send_all);
    while (tiny_server_requests(g.server) < 30)
        (void)sched_yield();
    rig_end(&g);
    for (i = 0; i < 100; i++) {
        assert_int_equal(x[i].dones, 1);
        assert_true(x[i].result == 0 || x[i].result == S3C_E_CANCELLED);
        if (i % 3 == 0)
            CHECK_CODE(x[i].result, S3C_E_CANCELLED);
    }
}

static void set_timer_once(struct rig *g)
{
    g->t->ops->set_timer(g->t, s3c_mono_ns(s3c_clock_system()) +
                                   20 * MS); /* longer than the window that idling is measured in */
}

static void the_timer_fires(void **state)
{
    struct rig g;

    (void)state;
    rig_begin(&g, 0);
    rig_do(&g, set_timer_once);
    wait_done(&g, 1);
    assert_in_range(g.idle_percent, 1, 100); /* it slept until then */
    rig_end(&g);
}

static void survives_every_allocation_failure(void **state)
{
    struct tiny_server *server = tiny_server_new();

    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_transport_curl_options o = {.ca_bundle = "/etc/ssl/certs/ca-certificates.crt"};
        struct rig g = {.server = server};
        struct s3c_transport_handler h = {
            .woken = on_woken, .timer = on_timer, .settled = on_settled, .ctx = &g};
        struct exchange x;
        struct s3c_error err;
        int r;

        (void)sem_init(&g.done, 0, 0);
        (void)sem_init(&g.job_done, 0, 0);
        r = s3c_transport_curl_new(&g.t, &o, &err);
        if (r == 0) {
            CHECK_OK(g.t->ops->start(g.t, &h, &err), &err);
            prepare(&g, &x, S3C_HTTP_GET, "/ok");
            x.r.deadline_mono_ns = s3c_mono_ns(s3c_clock_system()) +
                                   500 * MS; /* a socket that could not be watched ends here */
            run_all(&g, &x, 1);
            r = x.result;
            g.t->ops->release(g.t);
        }
        if (!check_alloc_failed())
            CHECK_CODE(r, 0);
        else
            assert_true(r == 0 || r == S3C_E_NOMEM || r == S3C_E_CONNECT || r == S3C_E_TIMEOUT);
    }
    tiny_server_free(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(reads_each_framing),
        CHECK_TEST(keeps_connections_and_sends_paths_as_they_are),
        CHECK_TEST(every_method_on_one_handle),
        CHECK_TEST(big_bodies_both_ways),
        CHECK_TEST(a_dead_kept_connection_is_replaced_unseen),
        CHECK_TEST(broken_answers_are_failures_with_a_class),
        CHECK_TEST(names_and_ports_that_are_not_there),
        CHECK_TEST(stalls_and_deadlines_end_a_request),
        CHECK_TEST(a_deadline_names_what_was_waited_for),
        CHECK_TEST(a_callback_can_refuse_the_answer),
        CHECK_TEST(abort_gives_the_request_back_at_once),
        CHECK_TEST(release_under_load_ends_every_request),
        CHECK_TEST(the_timer_fires),
        CHECK_TEST(survives_every_allocation_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
