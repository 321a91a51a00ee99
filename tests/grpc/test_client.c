/* SPDX-License-Identifier: Apache-2.0 */
/* The client against our server, and against what is none; each runs in a thread of the test. */
#include "check.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <netinet/in.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/view.h"
#include "grpc/client.h"
#include "methods.h"

#define PATIENCE (20 * S3C_NS_PER_SEC)

struct host {
    const struct grpc_method *tables[2];
    struct grpc_server *server;
    pthread_t thread;
    int result;
    int port;
    struct grpc_client *victim; /* /c/Cancel cancels its call */
};

static void *run_host(void *arg)
{
    struct host *h = arg;

    h->result = grpc_server_run(h->server, NULL);
    return NULL;
}

static void stop_server(void *user)
{
    struct host *h = user;

    grpc_server_stop(h->server);
}

static int listen_somewhere(int *ret_port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;

    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    a.sin_port = htons((uint16_t)*ret_port);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(listen(fd, 10), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    *ret_port = ntohs(a.sin_port);
    return fd;
}

static int host_start(struct host *h, const struct grpc_method *methods, int listen_fd)
{
    struct grpc_server_options o = {h->tables, 1 << 20, listen_fd, h};
    int r;

    h->tables[0] = methods;
    h->tables[1] = NULL;
    r = grpc_server_new(&h->server, &o, NULL);
    if (r < 0)
        return r;
    grpc_server_on_wake(h->server, stop_server);
    assert_int_equal(pthread_create(&h->thread, NULL, run_host, h), 0);
    return 0;
}

static void host_stop(struct host *h)
{
    grpc_server_wake(h->server);
    pthread_join(h->thread, NULL);
    assert_int_equal(h->result, 0);
    grpc_server_free(h->server);
}

/* ---- the host's methods ---- */

static void echo(struct grpc_call *c, struct s3c_view m)
{
    grpc_call_reply(c, m);
}

static void token(struct grpc_call *c, struct s3c_view m)
{
    (void)m;
    grpc_call_reply(c, grpc_call_metadata(c, "x-token"));
}

static void connections(struct grpc_call *c, struct s3c_view m)
{
    const char digit = (char)('0' + grpc_server_connections(grpc_call_server(c)));

    (void)m;
    grpc_call_reply(c, (struct s3c_view){&digit, 1});
}

static void refuse(struct grpc_call *c, struct s3c_view m)
{
    (void)m;
    grpc_call_finish(c, GRPC_UNKNOWN, METHODS_FAILURE);
}

static void never(struct grpc_call *c, struct s3c_view m)
{
    (void)c;
    (void)m;
}

static void cancel(struct grpc_call *c, struct s3c_view m)
{
    const struct host *h = grpc_server_user(grpc_call_server(c));

    (void)m;
    grpc_client_cancel(h->victim);
}

static void finish_only(struct grpc_call *c, struct s3c_view m)
{
    (void)m;
    grpc_call_finish(c, GRPC_OK, NULL);
}

static size_t pull_two(struct grpc_call *c, struct grpc_piece *pieces, size_t max)
{
    (void)max;
    if (grpc_call_user(c))
        grpc_call_finish(c, GRPC_OK, NULL);
    grpc_call_set_user(c, c);
    pieces[0] = (struct grpc_piece){"x", 1};
    return 1;
}

static const struct grpc_method host_methods[] = {
    {"/c/Echo", NULL, echo, NULL, NULL, NULL},
    {"/c/Connections", NULL, connections, NULL, NULL, NULL},
    {"/c/Token", NULL, token, NULL, NULL, NULL},
    {"/c/Fail", NULL, refuse, NULL, NULL, NULL},
    {"/c/Never", NULL, never, NULL, NULL, NULL},
    {"/c/Cancel", NULL, cancel, NULL, NULL, NULL},
    {"/c/Nothing", NULL, finish_only, NULL, NULL, NULL},
    {"/c/Two", NULL, NULL, NULL, pull_two, NULL},
    {NULL, NULL, NULL, NULL, NULL, NULL},
};

/* ---- calls ---- */

static struct grpc_client *client_of(const char *format, int port)
{
    struct grpc_client *c = NULL;
    struct s3c_error err;
    char target[64];

    (void)snprintf(target, sizeof(target), format, port);
    CHECK_OK(grpc_client_new(&c, s3c_view_str(target), &err), &err);
    return c;
}

static int call(struct grpc_client *c, const char *path, struct s3c_view message,
                struct grpc_response *out, struct s3c_error *err)
{
    const struct grpc_header metadata = {"x-token", S3C_VIEW("secret")};
    const struct grpc_request q = {path, &metadata, 1, message, PATIENCE};

    return grpc_client_call(c, &q, out, err);
}

static void start(struct host *h)
{
    int fd;

    memset(h, 0, sizeof(*h));
    fd = listen_somewhere(&h->port);
    CHECK_OK(host_start(h, host_methods, fd), NULL);
}

static void calls_share_a_connection(void **state)
{
    _cleanup_(grpc_response_done) struct grpc_response out = GRPC_RESPONSE_INIT(1 << 20);
    struct s3c_view big = {s3c_zalloc(500000), 500000};
    struct s3c_error err;
    struct grpc_client *c;
    struct host h;

    (void)state;
    start(&h);
    c = client_of("127.0.0.1:%d", h.port);
    for (size_t i = 0; i < 5; i++) {
        CHECK_OK(call(c, "/c/Echo", S3C_VIEW("hello"), &out, &err), &err);
        assert_int_equal(out.status, GRPC_OK);
        CHECK_VIEW(s3c_buf_view(&out.message), "hello");
    }
    CHECK_OK(call(c, "/c/Echo", big, &out, &err), &err);
    assert_int_equal(out.message.len, big.len);
    CHECK_OK(call(c, "/c/Echo", S3C_VIEW(""), &out, &err), &err);
    assert_true(out.status == GRPC_OK && out.message.len == 0);
    CHECK_OK(call(c, "/c/Token", S3C_VIEW(""), &out, &err), &err);
    CHECK_VIEW(s3c_buf_view(&out.message), "secret");
    CHECK_OK(call(c, "/c/Connections", S3C_VIEW(""), &out, &err), &err);
    CHECK_VIEW(s3c_buf_view(&out.message), "1");
    grpc_client_free(c);
    host_stop(&h);
    s3c_free((char *)(uintptr_t)big.ptr);
}

static void a_status_is_an_answer(void **state)
{
    _cleanup_(grpc_response_done) struct grpc_response out = GRPC_RESPONSE_INIT(100);
    struct s3c_error err;
    struct grpc_client *c;
    struct host h;

    (void)state;
    start(&h);
    c = client_of("127.0.0.1:%d", h.port);
    CHECK_OK(call(c, "/c/Fail", S3C_VIEW("x"), &out, &err), &err);
    assert_int_equal(out.status, GRPC_UNKNOWN);
    assert_string_equal(out.text, "50% wrong:?\xc3\xa4"); /* one line */
    CHECK_OK(call(c, "/c/Missing", S3C_VIEW("x"), &out, &err), &err);
    assert_int_equal(out.status, GRPC_UNIMPLEMENTED);
    grpc_client_free(c);
    host_stop(&h);
}

static void unspecified_addresses_mean_this_machine(void **state)
{
    static const char *const forms[] = {"[::]:%d", ":%d", "0.0.0.0:%d", "localhost:%d"};
    struct host h;

    (void)state;
    start(&h);
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        _cleanup_(grpc_response_done) struct grpc_response out = GRPC_RESPONSE_INIT(100);
        struct grpc_client *c = client_of(forms[i], h.port);
        struct s3c_error err;

        CHECK_OK(call(c, "/c/Echo", S3C_VIEW("x"), &out, &err), &err);
        grpc_client_free(c);
    }
    host_stop(&h);
}

static void targets_that_are_none_are_refused(void **state)
{
    static const char *const bad[] = {
        "",      "host",  "host:",   "host:0", "host:65536", "host:1x",
        "::1:5", "unix:", "host:-1", "[::1]",  "a:b:5"};
    struct grpc_client *c = NULL;
    struct s3c_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK_CODE(grpc_client_new(&c, s3c_view_str(bad[i]), &err), S3C_E_INVALID);
        CHECK_HAS(err.message, "expected host:port");
    }
    assert_null(c);
    grpc_client_free(NULL);
}

static void nobody_there_is_a_connection_error(void **state)
{
    _cleanup_(grpc_response_done) struct grpc_response out = GRPC_RESPONSE_INIT(100);
    struct s3c_error err;
    struct grpc_client *c;
    int port = 0;

    (void)state;
    close(listen_somewhere(&port));
    c = client_of("127.0.0.1:%d", port);
    CHECK_CODE(call(c, "/c/Echo", S3C_VIEW("x"), &out, &err), S3C_E_CONNECT);
    assert_true(err.retryable);
    CHECK_HAS(err.message, "cannot connect to 127.0.0.1:");
    grpc_client_free(c);
    c = client_of("unix:/nowhere/%d", port);
    CHECK_CODE(call(c, "/c/Echo", S3C_VIEW("x"), &out, &err), S3C_E_CONNECT);
    grpc_client_free(c);
}

static void no_answer_is_a_timeout(void **state)
{
    const struct grpc_request q = {"/c/Never", NULL, 0, S3C_VIEW("x"), 30 * S3C_NS_PER_MS};
    _cleanup_(grpc_response_done) struct grpc_response out = GRPC_RESPONSE_INIT(100);
    struct s3c_error err;
    struct grpc_client *c;
    struct host h;

    (void)state;
    start(&h);
    c = client_of("127.0.0.1:%d", h.port);
    CHECK_CODE(grpc_client_call(c, &q, &out, &err), S3C_E_TIMEOUT);
    assert_true(err.retryable);
    CHECK_HAS(err.message, "/c/Never");
    CHECK_OK(call(c, "/c/Echo", S3C_VIEW("x"), &out, &err), &err); /* it goes on */
    grpc_client_free(c);
    host_stop(&h);
}

static void a_cancel_ends_the_call_that_runs_and_later_ones(void **state)
{
    _cleanup_(grpc_response_done) struct grpc_response out = GRPC_RESPONSE_INIT(100);
    struct s3c_error err;
    struct host h;

    (void)state;
    start(&h);
    h.victim = client_of("127.0.0.1:%d", h.port);
    CHECK_CODE(call(h.victim, "/c/Cancel", S3C_VIEW("x"), &out, &err), S3C_E_CANCELLED);
    CHECK_CODE(call(h.victim, "/c/Echo", S3C_VIEW("x"), &out, &err), S3C_E_CANCELLED);
    host_stop(&h); /* it is the one that cancels */
    grpc_client_free(h.victim);
}

static void answers_that_are_no_single_message_are_refused(void **state)
{
    _cleanup_(grpc_response_done) struct grpc_response out = GRPC_RESPONSE_INIT(4);
    struct s3c_error err;
    struct grpc_client *c;
    struct host h;

    (void)state;
    start(&h);
    c = client_of("127.0.0.1:%d", h.port);
    CHECK_CODE(call(c, "/c/Echo", S3C_VIEW("12345"), &out, &err), S3C_E_TOO_LARGE);
    CHECK_CODE(call(c, "/c/Nothing", S3C_VIEW("x"), &out, &err), S3C_E_PROTOCOL);
    CHECK_HAS(err.message, "without a message");
    CHECK_CODE(call(c, "/c/Two", S3C_VIEW("x"), &out, &err), S3C_E_PROTOCOL);
    CHECK_OK(call(c, "/c/Echo", S3C_VIEW("1234"), &out, &err), &err);
    grpc_client_free(c);
    host_stop(&h);
}

static void a_connection_that_was_closed_meanwhile_is_made_again(void **state)
{
    _cleanup_(grpc_response_done) struct grpc_response out = GRPC_RESPONSE_INIT(100);
    struct s3c_error err;
    struct grpc_client *c;
    struct host h;
    int port;

    (void)state;
    start(&h);
    port = h.port;
    c = client_of("127.0.0.1:%d", port);
    CHECK_OK(call(c, "/c/Echo", S3C_VIEW("x"), &out, &err), &err);
    host_stop(&h);
    memset(&h, 0, sizeof(h));
    CHECK_OK(host_start(&h, host_methods, listen_somewhere(&port)), NULL);
    CHECK_OK(call(c, "/c/Echo", S3C_VIEW("y"), &out, &err), &err);
    grpc_client_free(c);
    host_stop(&h);
}

/* ---- servers that are none ---- */

struct impostor {
    int listen_fd;
    struct s3c_view says;
    bool hangs_up;
};

static void *impersonate(void *arg)
{
    const struct impostor *i = arg;
    int fd = accept(i->listen_fd, NULL, NULL);
    char sink[4096];

    if (fd < 0)
        return NULL;
    if (i->says.len && send(fd, i->says.ptr, i->says.len, MSG_NOSIGNAL) < 0)
        i = arg;
    while (!i->hangs_up && recv(fd, sink, sizeof(sink), 0) > 0)
        continue;
    close(fd);
    return NULL;
}

static int call_impostor(struct s3c_view says, bool hangs_up, struct s3c_error *err)
{
    const struct grpc_request q = {"/c/Echo", NULL, 0, S3C_VIEW("x"),
                                   says.len || hangs_up ? PATIENCE : 30 * S3C_NS_PER_MS};
    struct grpc_response out = GRPC_RESPONSE_INIT(100);
    int port = 0;
    struct impostor i = {listen_somewhere(&port), says, hangs_up};
    struct grpc_client *c = client_of("127.0.0.1:%d", port);
    pthread_t thread;
    int r;

    assert_int_equal(pthread_create(&thread, NULL, impersonate, &i), 0);
    r = grpc_client_call(c, &q, &out, err);
    grpc_client_free(c);
    pthread_join(thread, NULL);
    close(i.listen_fd);
    grpc_response_done(&out);
    return r;
}

static void what_is_no_grpc_server_is_told_apart(void **state)
{
    struct s3c_error err;

    (void)state;
    CHECK_CODE(call_impostor(S3C_VIEW("HTTP/1.1 400 Bad Request\r\n\r\n"), false, &err),
               S3C_E_PROTOCOL);
    CHECK_HAS(err.message, "no HTTP/2");
    CHECK_CODE(call_impostor(S3C_VIEW(""), true, &err), S3C_E_CONNECT);
    assert_true(err.retryable);
    CHECK_CODE(call_impostor(S3C_VIEW(""), false, &err), S3C_E_TIMEOUT);
    /* SETTINGS, then HEADERS of stream 1: ":status: 404", end of stream */
    CHECK_CODE(call_impostor(S3C_VIEW("\0\0\0\4\0\0\0\0\0\0\0\1\1\5\0\0\0\1\x8d"), false, &err),
               S3C_E_PROTOCOL);
    CHECK_HAS(err.message, "404");
}

static void out_of_memory_is_told(void **state)
{
    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct grpc_response out = GRPC_RESPONSE_INIT(100);
        struct grpc_client *c = NULL;
        struct host h = {.port = 0};
        int fd = listen_somewhere(&h.port), r = host_start(&h, host_methods, fd);
        struct s3c_error err;
        char target[32];

        (void)snprintf(target, sizeof(target), "127.0.0.1:%d", h.port);
        if (r == 0) {
            r = grpc_client_new(&c, s3c_view_str(target), &err);
            r = r < 0 ? r : call(c, "/c/Echo", S3C_VIEW("hello"), &out, &err);
            /* It may also be the host that had no memory. */
            if (r == 0 && !check_alloc_failed())
                CHECK_VIEW(s3c_buf_view(&out.message), "hello");
            grpc_client_free(c);
            host_stop(&h);
        }
        assert_true(r == 0 || check_alloc_failed());
        grpc_response_done(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(calls_share_a_connection),
        CHECK_TEST(a_status_is_an_answer),
        CHECK_TEST(unspecified_addresses_mean_this_machine),
        CHECK_TEST(targets_that_are_none_are_refused),
        CHECK_TEST(nobody_there_is_a_connection_error),
        CHECK_TEST(no_answer_is_a_timeout),
        CHECK_TEST(a_cancel_ends_the_call_that_runs_and_later_ones),
        CHECK_TEST(answers_that_are_no_single_message_are_refused),
        CHECK_TEST(a_connection_that_was_closed_meanwhile_is_made_again),
        CHECK_TEST(what_is_no_grpc_server_is_told_apart),
        CHECK_TEST(out_of_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
