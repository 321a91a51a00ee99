/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that break the rules, and memory that runs out: it costs the call or the connection, never more. */
#include "rig.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "grpc/server_private.h"
#include "methods.h"

static struct rig_stream *send_raw(struct rig *r, const char *path, struct s3c_view bytes)
{
    struct rig_stream *s = rig_open(&r->peer, path, NULL);

    rig_say_raw(s, bytes);
    rig_say_end(s);
    rig_run(r);
    return s;
}

static void bad_messages_end_their_call(void **state)
{
    static const struct {
        const char *path;
        struct s3c_view bytes;
        enum grpc_status status;
        const char *text;
    } cases[] = {
        {"/t/Later",
         {"\0\0\x40\0\1", 5},
         GRPC_RESOURCE_EXHAUSTED,
         "received message larger than max (4194305 vs. 4194304)"},
        {"/t/Chat",
         {"\0\xff\xff\xff\xff", 5},
         GRPC_RESOURCE_EXHAUSTED,
         "received message larger than max (4294967295 vs. 4194304)"},
        {"/t/Later",
         {"\1\0\0\0\1x", 6},
         GRPC_UNIMPLEMENTED,
         "compressed messages are not supported"},
        {"/t/Later",
         {"\7\0\0\0\1x", 6},
         GRPC_INTERNAL,
         "the request is no gRPC: bad message flags"},
        {"/t/Later", {"\0\0\0\0\5x", 6}, GRPC_INTERNAL, "the request ended inside a message"},
        {"/t/Later", {"\0\0", 2}, GRPC_INTERNAL, "the request ended inside a message"},
        {"/t/Later", {"", 0}, GRPC_INTERNAL, "the request has no message"},
        {"/t/Later",
         {"\0\0\0\0\1x\0\0\0\0\1y", 12},
         GRPC_INTERNAL,
         "more than one request message"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct methods m = {0};
        struct rig r;

        CHECK_OK(rig_start(&r, methods_table, &m, 0), NULL);
        rig_expect(send_raw(&r, cases[i].path, cases[i].bytes), cases[i].status, cases[i].text);
        assert_true(m.opened == 1 && m.ended == 1 && m.cancelled == 1);
        rig_expect(send_raw(&r, "/t/Echo", S3C_VIEW("\0\0\0\0\1x")), GRPC_OK, "");
        rig_stop(&r);
    }
}

static void what_is_no_grpc_gets_an_http_status(void **state)
{
    static const char *const get[] = {":method", "GET",        ":scheme", "http", ":path",
                                      "/t/Echo", ":authority", "x",       NULL};
    static const char *const json[] = {
        ":method", "POST",         ":scheme",          "http", ":path", "/t/Echo", ":authority",
        "x",       "content-type", "application/json", NULL};
    static const char *const typeless[] = {":method", "POST",       ":scheme", "http", ":path",
                                           "/t/Echo", ":authority", "x",       NULL};
    struct methods m = {0};
    struct rig_stream *s;
    struct rig r;

    (void)state;
    CHECK_OK(rig_start(&r, methods_table, &m, 0), NULL);
    s = rig_open_with(&r.peer, get);
    rig_run(&r);
    assert_true(s->closed);
    assert_string_equal(s->http_status, "405");
    s = rig_open_with(&r.peer, json);
    rig_run(&r);
    assert_string_equal(s->http_status, "415");
    s = rig_open_with(&r.peer, typeless);
    rig_run(&r);
    assert_string_equal(s->http_status, "415");
    assert_int_equal(m.opened, 0);
    rig_stop(&r);
}

static void huge_headers_end_their_call(void **state)
{
    char big[20000];
    const char *fields[] = {
        ":method", "POST",         ":scheme",          "http",  ":path", "/t/Echo", ":authority",
        "x",       "content-type", "application/grpc", "x-one", big,     "x-two",   big,
        NULL};
    struct methods m = {0};
    struct rig_stream *s;
    struct rig r;

    (void)state;
    memset(big, 'x', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    CHECK_OK(rig_start(&r, methods_table, &m, 0), NULL);
    s = rig_open_with(&r.peer, fields);
    rig_run(&r);
    rig_expect(s, GRPC_RESOURCE_EXHAUSTED, "the request's headers are too large");
    assert_int_equal(m.opened, 0);
    rig_stop(&r);
}

static void garbage_costs_its_own_connection_only(void **state)
{
    static const struct s3c_view garbage[] = {
        {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27},
        {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x01\x06\x00\x00\x00\x00\x00x",
         34}, /* PING of 1 byte */
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\x00\x00\x00\x00\x00\x01",
         33}, /* 16 MiB of DATA */
        {"\0", 1},
    };
    struct methods m = {0};
    struct rig r;

    (void)state;
    CHECK_OK(rig_start(&r, methods_table, &m, 0), NULL);
    for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        struct rig_peer p;

        CHECK_OK(rig_connect(&r, &p, 0), NULL);
        assert_int_equal(send(p.fd, garbage[i].ptr, garbage[i].len, 0), garbage[i].len);
        rig_run(&r);
        assert_int_equal(grpc_server_connections(r.server), 1);
        rig_hang_up(&p);
    }
    rig_expect(send_raw(&r, "/t/Echo", S3C_VIEW("\0\0\0\0\1x")), GRPC_OK, "");
    rig_stop(&r);
}

static void calls_beyond_the_limit_are_refused(void **state)
{
    struct methods m = {0};
    struct rig r;
    struct rig_stream *s = NULL;
    size_t open = 0;

    (void)state;
    CHECK_OK(rig_start(&r, methods_table, &m, 0), NULL);
    for (size_t i = 0; i < 2 * GRPC_MAX_STREAMS; i++) {
        s = rig_open(&r.peer, "/t/Later", NULL);
        rig_say(s, S3C_VIEW("x"));
    }
    rig_run(&r);
    for (s = r.peer.streams; s; s = s->next)
        open += !s->closed;
    assert_true(m.opened <= GRPC_MAX_STREAMS);
    assert_true(m.opened - m.ended <= GRPC_MAX_STREAMS);
    assert_true(open >= GRPC_MAX_STREAMS); /* the client's library keeps the rest for later */
    rig_stop(&r);
    assert_int_equal(m.ended, m.opened);
}

static void pings_that_nobody_collects_do_not_pile_up(void **state)
{
    struct methods m = {0};
    struct rig_peer flooder;
    struct rig r;

    (void)state;
    CHECK_OK(rig_start(&r, methods_table, &m, 0), NULL);
    CHECK_OK(rig_connect(&r, &flooder, 0), NULL);
    flooder.deaf = true;
    for (size_t i = 0; i < 200; i++) {
        for (size_t j = 0; j < 500; j++)
            assert_int_equal(nghttp2_submit_ping(flooder.h2, 0, NULL), 0);
        rig_step(&r, &flooder);
    }
    assert_true(check_mem_live() <
                5000); /* answers that are kept, if it is still connected at all */
    rig_expect(send_raw(&r, "/t/Echo", S3C_VIEW("\0\0\0\0\1x")), GRPC_OK, "");
    rig_hang_up(&flooder);
    rig_stop(&r);
}

static void run_a_few_calls(struct rig *r)
{
    struct rig_stream *chat = rig_open(&r->peer, "/t/Chat", NULL);

    rig_say(chat, S3C_VIEW("?"));
    (void)rig_open(&r->peer, "/t/Stream", NULL);
    (void)send_raw(r, "/t/Fail", S3C_VIEW("\0\0\0\0\1x"));
    (void)send_raw(r, "/t/Echo", S3C_VIEW("\0\0\0\0\1x"));
    rig_reset(chat, NGHTTP2_CANCEL);
    rig_run(r);
}

static void out_of_memory_costs_a_call_or_its_connection(void **state)
{
    char payload[6000];

    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct methods m = {.payload = payload, .to_send = 5, .size = 6000};
        struct rig r;
        int result = rig_start(&r, methods_table, &m, 0);

        assert_true(result == 0 || result == S3C_E_NOMEM);
        assert_true(result == 0 || check_alloc_failed());
        if (result == 0)
            run_a_few_calls(&r);
        if (result == 0 && !check_alloc_failed())
            assert_true(m.opened == 4 && grpc_server_connections(r.server) == 1);
        rig_stop(&r);
        assert_int_equal(m.ended, m.opened);
    }
}

/* A call ends while its bytes wait for a socket that takes nothing; their copy fails. */
static void out_of_memory_while_bytes_are_queued(void **state)
{
    char payload[100000];

    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct methods m = {.payload = payload, .to_send = 100, .size = sizeof(payload)};
        struct rig r;

        if (rig_start(&r, methods_table, &m, INT32_MAX) == 0) {
            struct rig_stream *s = rig_open(&r.peer, "/t/Stream", NULL);

            r.peer.deaf = true;
            rig_run(&r);
            rig_reset(s, NGHTTP2_CANCEL);
            rig_run(&r);
            memset(payload, 0, sizeof(payload));
            r.peer.deaf = false;
        }
        rig_stop(&r);
        assert_int_equal(m.ended, m.opened);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(bad_messages_end_their_call),
        CHECK_TEST(what_is_no_grpc_gets_an_http_status),
        CHECK_TEST(huge_headers_end_their_call),
        CHECK_TEST(garbage_costs_its_own_connection_only),
        CHECK_TEST(calls_beyond_the_limit_are_refused),
        CHECK_TEST(pings_that_nobody_collects_do_not_pile_up),
        CHECK_TEST(out_of_memory_costs_a_call_or_its_connection),
        CHECK_TEST(out_of_memory_while_bytes_are_queued),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
