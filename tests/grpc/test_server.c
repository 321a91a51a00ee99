/* SPDX-License-Identifier: Apache-2.0 */
/* Calls as well-behaved clients make them. */
#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "grpc/server_private.h"
#include "methods.h"

static struct rig_stream *call(struct rig *r, const char *path, struct s3c_view message)
{
    struct rig_stream *s = rig_open(&r->peer, path, NULL);

    rig_say(s, message);
    rig_say_end(s);
    rig_run(r);
    return s;
}

static void unary_calls_are_answered(void **state)
{
    struct methods m = {0};
    struct rig r;
    struct rig_stream *s;

    (void)state;
    CHECK_OK(rig_start(&r, methods_table, &m, 0), NULL);
    s = call(&r, "/t/Echo", S3C_VIEW("hello"));
    rig_expect(s, GRPC_OK, "");
    assert_int_equal(rig_messages(s), 1);
    CHECK_VIEW(rig_message(s, 0), "hello");
    s = call(&r, "/t/Echo", S3C_VIEW(""));
    rig_expect(s, GRPC_OK, "");
    assert_int_equal(rig_messages(s), 1);
    s = call(&r, "/t/Header", S3C_VIEW(""));
    rig_expect(s, GRPC_OK, "");
    CHECK_VIEW(rig_message(s, 0), "some value");
    assert_true(m.opened == 2 && m.ended == 2 && m.cancelled == 0);
    rig_stop(&r);
}

static void errors_come_as_status_and_encoded_text(void **state)
{
    struct methods m = {0};
    struct rig r;

    (void)state;
    CHECK_OK(rig_start(&r, methods_table, &m, 0), NULL);
    rig_expect(call(&r, "/t/Fail", S3C_VIEW("x")), GRPC_UNKNOWN, "50%25 wrong:%0A%C3%A4");
    rig_expect(call(&r, "/t/Refuse", S3C_VIEW("x")), GRPC_UNKNOWN, "refused to open");
    rig_expect(call(&r, "/t/Nothing", S3C_VIEW("x")), GRPC_UNIMPLEMENTED,
               "unknown method /t/Nothing");
    assert_true(m.opened == 1 && m.ended == 1 && m.cancelled == 0 && m.messages == 0);
    rig_stop(&r);
}

static void a_reply_may_come_later(void **state)
{
    struct methods m = {0};
    struct rig r;
    struct rig_stream *s;

    (void)state;
    CHECK_OK(rig_start(&r, methods_table, &m, 0), NULL);
    s = call(&r, "/t/Later", S3C_VIEW("x"));
    assert_false(s->closed);
    assert_int_equal(m.messages, 1);
    assert_int_equal(m.ended, 0);
    grpc_call_reply(m.last, S3C_VIEW("now"));
    rig_run(&r);
    rig_expect(s, GRPC_OK, "");
    CHECK_VIEW(rig_message(s, 0), "now");
    assert_true(m.ended == 1 && m.cancelled == 0);
    rig_stop(&r);
}

static void both_sides_may_speak_in_turns(void **state)
{
    char payload[16];
    struct methods m = {.payload = payload};
    struct rig r;
    struct rig_stream *s;

    (void)state;
    CHECK_OK(rig_start(&r, methods_table, &m, 0), NULL);
    s = rig_open(&r.peer, "/t/Chat", NULL);
    rig_run(&r);
    assert_string_equal(s->http_status, "200"); /* before anything is said */
    for (size_t i = 0; i < 5; i++) {
        rig_say(s, S3C_VIEW("?"));
        rig_run(&r);
        assert_int_equal(rig_messages(s), i + 1);
    }
    CHECK_VIEW(rig_message(s, 4), "4");
    rig_say_end(s);
    rig_run(&r);
    rig_expect(s, GRPC_OK, "");
    assert_true(m.half_closes == 1 && m.ended == 1 && m.cancelled == 0);
    rig_stop(&r);
}

static void many_small_messages_share_frames(void **state)
{
    char payload[64];
    struct methods m = {.payload = payload, .to_send = 5000, .size = 60, .pieces = 3};
    struct rig r;
    struct rig_stream *s;

    (void)state;
    CHECK_OK(rig_start(&r, methods_table, &m, 1 << 20), NULL);
    s = rig_open(&r.peer, "/t/Stream", NULL);
    rig_run(&r);
    rig_expect(s, GRPC_OK, "");
    assert_int_equal(rig_messages(s), 5000);
    for (size_t i = 0; i < 5000; i += 123) {
        struct s3c_view v = rig_message(s, i);

        assert_int_equal(v.len, 60);
        assert_true(v.ptr[0] == (char)('a' + i % 26) && v.ptr[59] == v.ptr[0]);
    }
    rig_stop(&r);
}

static void calls_run_side_by_side(void **state)
{
    char payload[16];
    struct methods m = {.payload = payload};
    struct rig_stream *all[50], *chat;
    struct rig r;

    (void)state;
    CHECK_OK(rig_start(&r, methods_table, &m, 0), NULL);
    chat = rig_open(&r.peer, "/t/Chat", NULL);
    for (size_t i = 0; i < 50; i++) {
        all[i] = rig_open(&r.peer, i % 2 ? "/t/Echo" : "/t/Fail", NULL);
        rig_say(all[i], S3C_VIEW("x"));
    }
    rig_run(&r);
    for (size_t i = 0; i < 50; i++)
        rig_expect(all[i], i % 2 ? GRPC_OK : GRPC_UNKNOWN, NULL);
    assert_false(chat->closed);
    assert_true(m.opened == 51 && m.ended == 50);
    rig_stop(&r);
    assert_true(m.ended == 51 && m.cancelled == 1); /* the chat, with its connection */
}

static void connections_are_independent(void **state)
{
    struct methods m = {0};
    struct rig_peer more[20];
    struct rig r;

    (void)state;
    CHECK_OK(rig_start(&r, methods_table, &m, 0), NULL);
    for (size_t i = 0; i < 20; i++) {
        CHECK_OK(rig_connect(&r, &more[i], 0), NULL);
        rig_say(rig_open(&more[i], "/t/Later", NULL), S3C_VIEW("x"));
    }
    for (size_t step = 0; step < 6; step++)
        for (size_t i = 0; i < 20; i++)
            rig_step(&r, &more[i]);
    assert_int_equal(grpc_server_connections(r.server), 21);
    assert_int_equal(m.messages, 20);
    for (size_t i = 0; i < 20; i += 2)
        rig_hang_up(&more[i]);
    rig_run(&r);
    assert_int_equal(grpc_server_connections(r.server), 11);
    assert_true(m.ended == 10 && m.cancelled == 10);
    rig_expect(call(&r, "/t/Echo", S3C_VIEW("still here")), GRPC_OK, "");
    rig_stop(&r);
    for (size_t i = 1; i < 20; i += 2)
        rig_hang_up(&more[i]);
    assert_int_equal(m.ended, 21);
}

static void a_cancelled_call_ends_at_once(void **state)
{
    char payload[16];
    struct methods m = {.payload = payload};
    struct rig r;
    struct rig_stream *s;

    (void)state;
    CHECK_OK(rig_start(&r, methods_table, &m, 0), NULL);
    s = call(&r, "/t/Later", S3C_VIEW("x"));
    rig_reset(s, NGHTTP2_CANCEL);
    rig_run(&r);
    assert_true(m.ended == 1 && m.cancelled == 1);
    s = rig_open(&r.peer, "/t/Chat", NULL);
    rig_run(&r);
    rig_reset(s, NGHTTP2_CANCEL);
    rig_run(&r);
    assert_true(m.ended == 2 && m.cancelled == 2);
    rig_expect(call(&r, "/t/Echo", S3C_VIEW("x")), GRPC_OK, "");
    rig_stop(&r);
}

static void deadlines_are_kept(void **state)
{
    struct methods m = {0};
    struct rig r;
    struct rig_stream *late, *patient;

    (void)state;
    CHECK_OK(rig_start(&r, methods_table, &m, 0), NULL);
    patient = rig_open(&r.peer, "/t/Later", "99999999H");
    rig_say(patient, S3C_VIEW("x"));
    late = rig_open(&r.peer, "/t/Later", "1n");
    rig_say(late, S3C_VIEW("x"));
    rig_run(&r);
    rig_expect(late, GRPC_DEADLINE_EXCEEDED, "context deadline exceeded");
    assert_false(patient->closed);
    assert_true(m.ended == 1 && m.cancelled == 1);
    rig_stop(&r);
}

static void pings_are_answered(void **state)
{
    struct methods m = {0};
    struct rig r;

    (void)state;
    CHECK_OK(rig_start(&r, methods_table, &m, 0), NULL);
    nghttp2_submit_ping(r.peer.h2, 0, NULL);
    rig_run(&r);
    assert_int_equal(r.peer.pings, 1);
    rig_stop(&r);
}

static void stopping_flushes_and_ends_open_calls(void **state)
{
    struct methods m = {0};
    struct rig_stream *open, *answered;
    struct s3c_error err;
    struct rig r;

    (void)state;
    CHECK_OK(rig_start(&r, methods_table, &m, 0), NULL);
    open = call(&r, "/t/Later", S3C_VIEW("x"));
    answered = call(&r, "/t/Later", S3C_VIEW("y"));
    grpc_call_reply(m.last, S3C_VIEW("bye"));
    grpc_server_stop(r.server);
    CHECK_OK(grpc_server_run(r.server, &err), &err);
    assert_int_equal(grpc_server_connections(r.server), 0);
    rig_run(&r); /* what was sent before the connection was closed */
    rig_expect(answered, GRPC_OK, "");
    rig_expect(open, GRPC_UNAVAILABLE, "the connector is shutting down");
    assert_true(r.peer.gone_away);
    assert_true(m.ended == 2 && m.cancelled == 1);
    rig_stop(&r);
}

struct clockwork {
    struct grpc_server *server;
    struct grpc_watch pipe, timer;
    int ends[2];
    size_t wakes, reads;
};

static void pipe_ready(struct grpc_watch *w)
{
    struct clockwork *c = w->user;
    char byte;

    assert_int_equal(read(w->fd, &byte, 1), 1);
    c->reads++;
    grpc_server_unwatch(c->server, w);
    grpc_server_wake(c->server);
}

static void timer_ready(struct grpc_watch *w)
{
    struct clockwork *c = w->user;

    assert_int_equal(w->due_mono_ns, 0);
    assert_int_equal(write(c->ends[1], "x", 1), 1);
}

static void on_wake(void *user)
{
    struct clockwork *c = user;

    c->wakes++;
    grpc_server_stop(c->server);
}

/* A timer writes to a pipe, whose watch wakes the loop, which stops: run returns only if all of them work. */
static void the_loop_serves_watches_timers_and_wakes(void **state)
{
    const struct grpc_method *const none[] = {NULL};
    struct clockwork c = {0};
    struct grpc_server_options o = {none, 100, -1, &c};
    struct s3c_error err;

    (void)state;
    CHECK_OK(grpc_server_new(&c.server, &o, &err), &err);
    assert_int_equal(pipe2(c.ends, O_CLOEXEC), 0);
    c.pipe = (struct grpc_watch){.fd = c.ends[0], .ready = pipe_ready, .user = &c};
    c.timer = (struct grpc_watch){.fd = -1, .ready = timer_ready, .user = &c};
    c.timer.due_mono_ns = grpc_loop_now() + 5 * S3C_NS_PER_MS;
    grpc_server_on_wake(c.server, on_wake);
    CHECK_OK(grpc_server_watch(c.server, &c.pipe, &err), &err);
    CHECK_OK(grpc_server_watch(c.server, &c.timer, &err), &err);
    CHECK_CODE(grpc_server_watch(c.server, &c.pipe, &err), S3C_E_IO); /* twice */
    CHECK_OK(grpc_server_run(c.server, &err), &err);
    assert_true(c.reads == 1 && c.wakes >= 1);
    grpc_server_unwatch(c.server, &c.timer);
    grpc_server_unwatch(c.server, &c.timer);
    grpc_server_free(c.server);
    close(c.ends[0]);
    close(c.ends[1]);
}

static int listen_abstract(struct sockaddr_un *name, socklen_t *len)
{
    const struct sockaddr_un any = {.sun_family = AF_UNIX}; /* the kernel picks a name */
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    *len = sizeof(*name);
    assert_int_equal(bind(fd, (const struct sockaddr *)&any, sizeof(sa_family_t)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)name, len), 0);
    assert_int_equal(listen(fd, 5), 0);
    return fd;
}

static void no_descriptors_left_means_accepting_later(void **state)
{
    const struct grpc_method *const tables[] = {methods_table, NULL};
    struct grpc_server_options o = {tables, 100, -1, NULL};
    struct rlimit limit, none;
    struct sockaddr_un name;
    struct grpc_server *s;
    socklen_t len;
    int client;

    (void)state;
    o.listen_fd = listen_abstract(&name, &len);
    CHECK_OK(grpc_server_new(&s, &o, NULL), NULL);
    client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&name, len), 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = (struct rlimit){3, limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    CHECK_OK(grpc_loop_turn(s, NULL), NULL);
    assert_int_equal(grpc_server_connections(s), 0);
    assert_false(s->listening); /* else it would spin */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    while (grpc_server_connections(s) == 0)
        CHECK_OK(grpc_loop_turn(s, NULL), NULL);
    close(client);
    grpc_server_free(s);
}

static void connections_are_accepted_close_on_exec(void **state)
{
    const struct grpc_method *const tables[] = {methods_table, NULL};
    struct grpc_server_options o = {tables, 100, -1, NULL};
    struct rig r = {.peer.fd = -1};
    struct sockaddr_un name;
    struct s3c_error err;
    socklen_t len;
    int client;

    (void)state;
    o.listen_fd = listen_abstract(&name, &len);
    CHECK_OK(grpc_server_new(&r.server, &o, &err), &err);
    client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&name, len), 0);
    rig_run(&r);
    assert_int_equal(grpc_server_connections(r.server), 1);
    assert_true(fcntl(r.server->conns->out.fd, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(r.server->conns->out.fd, F_GETFL) & O_NONBLOCK);
    close(client);
    rig_run(&r);
    assert_int_equal(grpc_server_connections(r.server), 0);
    grpc_server_free(r.server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(unary_calls_are_answered),
        CHECK_TEST(errors_come_as_status_and_encoded_text),
        CHECK_TEST(a_reply_may_come_later),
        CHECK_TEST(both_sides_may_speak_in_turns),
        CHECK_TEST(many_small_messages_share_frames),
        CHECK_TEST(calls_run_side_by_side),
        CHECK_TEST(connections_are_independent),
        CHECK_TEST(a_cancelled_call_ends_at_once),
        CHECK_TEST(deadlines_are_kept),
        CHECK_TEST(pings_are_answered),
        CHECK_TEST(stopping_flushes_and_ends_open_calls),
        CHECK_TEST(the_loop_serves_watches_timers_and_wakes),
        CHECK_TEST(no_descriptors_left_means_accepting_later),
        CHECK_TEST(connections_are_accepted_close_on_exec),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
