/* SPDX-License-Identifier: Apache-2.0 */
/* Asking a schema service, which is our own gRPC server in a thread: what is sent, what comes back, what is asked again. */
#include "check.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/view.h"
#include "grpc/pb.h"
#include "grpc/server.h"
#include "plugin/schema_client.h"

struct service {
    struct grpc_server *server;
    pthread_t thread;
    int result; /* of its loop */
    char target[40];
    atomic_int calls, fail_first; /* so many calls are answered with UNAVAILABLE */
    const char *status_text;      /* not NULL: UNKNOWN with it */
    int type;                     /* of the schema */
    bool empty;                   /* answers without a schema */
    bool silent;                  /* never answers */
    char token[40], asked[60];
};

static void reply_schema(struct grpc_call *c, const struct service *s)
{
    struct s3c_buf b = S3C_BUF_INIT(1000);
    size_t mark;

    if (!s->empty) {
        CHECK_OK(pb_begin(&b, 1, &mark), NULL);
        CHECK_OK(pb_add_varint(&b, 4, (uint64_t)s->type), NULL);
        CHECK_OK(pb_add_bytes(&b, 5, S3C_VIEW("\"int\"")), NULL);
        CHECK_OK(pb_end(&b, mark), NULL);
    }
    grpc_call_reply(c, s3c_buf_view(&b));
    s3c_buf_done(&b);
}

static void get_schema(struct grpc_call *c, struct s3c_view message)
{
    struct service *s = grpc_server_user(grpc_call_server(c));
    struct s3c_view subject = {"", 0};
    uint64_t version = 0;
    struct pb_reader p;

    s3c_view_copy(s->token, sizeof(s->token), grpc_call_metadata(c, "conduit-connector-token"));
    pb_read(&p, message);
    while (pb_next(&p) == 1) {
        if (p.field == 1)
            subject = p.bytes;
        else if (p.field == 2)
            version = p.number;
    }
    (void)snprintf(s->asked, sizeof(s->asked), "%.*s:%d", (int)subject.len, subject.ptr,
                   (int)(int64_t)version);
    if (atomic_fetch_add(&s->calls, 1) < atomic_load(&s->fail_first))
        grpc_call_finish(c, GRPC_UNAVAILABLE, "not yet");
    else if (s->status_text)
        grpc_call_finish(c, GRPC_UNKNOWN, s->status_text);
    else if (!s->silent)
        reply_schema(c, s);
}

static void *run(void *arg)
{
    struct service *s = arg;

    s->result = grpc_server_run(s->server, NULL);
    return NULL;
}

static void stop(void *user)
{
    grpc_server_stop(((struct service *)user)->server);
}

static void begin(struct service *s)
{
    static const struct grpc_method methods[] = {
        {.path = "/connutils.v1.SchemaService/GetSchema", .message = get_schema}, {.path = NULL}};
    static const struct grpc_method *const tables[] = {methods, NULL};
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    struct grpc_server_options o = {tables, 1 << 20, -1, s};

    memset(s, 0, sizeof(*s));
    s->type = 1;
    o.listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(o.listen_fd, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(listen(o.listen_fd, 10), 0);
    assert_int_equal(getsockname(o.listen_fd, (struct sockaddr *)&a, &len), 0);
    (void)snprintf(s->target, sizeof(s->target), "[::]:%d",
                   ntohs(a.sin_port)); /* as Conduit says it */
    CHECK_OK(grpc_server_new(&s->server, &o, NULL), NULL);
    grpc_server_on_wake(s->server, stop);
    assert_int_equal(pthread_create(&s->thread, NULL, run, s), 0);
}

static void end(struct service *s)
{
    grpc_server_wake(s->server);
    (void)pthread_join(s->thread, NULL);
    assert_int_equal(s->result, 0);
    grpc_server_free(s->server);
}

/* The text, or the error. */
static int ask(const char *target, struct s3c_buf *text, struct s3c_error *err)
{
    struct schema_client *c = NULL;
    int r;

    CHECK_OK(schema_client_new(&c, s3c_view_str(target), S3C_VIEW("tok en"), err), err);
    r = schema_client_fetch(c, S3C_VIEW("ctx:payload"), -7, text, err);
    schema_client_free(c);
    return r;
}

static void the_text_of_a_schema_comes_back(void **state)
{
    struct s3c_buf text = S3C_BUF_INIT(1000);
    struct s3c_error err;
    struct service s;

    (void)state;
    begin(&s);
    atomic_store(&s.fail_first, 2); /* asked again */
    CHECK_OK(ask(s.target, &text, &err), &err);
    CHECK_VIEW(s3c_buf_view(&text), "\"int\"");
    end(&s);
    assert_int_equal(atomic_load(&s.calls), 3);
    assert_string_equal(s.token, "tok en");
    assert_string_equal(s.asked, "ctx:payload:-7");
    s3c_buf_done(&text);
}

static void refuse(struct service *s, size_t max, int code, const char *says)
{
    struct s3c_buf text = S3C_BUF_INIT(max);
    struct s3c_error err;

    CHECK_CODE(ask(s->target, &text, &err), code);
    CHECK_HAS(err.message, says);
    assert_null(strstr(err.message, "tok en"));
    end(s);
    assert_int_equal(atomic_load(&s->calls), 1); /* that will not change */
    s3c_buf_done(&text);
}

static void what_the_service_refuses_is_not_asked_again(void **state)
{
    struct service s;

    (void)state;
    begin(&s);
    s.status_text = "schema version not found";
    refuse(&s, 1000, S3C_E_NOT_FOUND,
           "the schema service says: schema version not found (status 2)");
    begin(&s);
    s.status_text = "\"...\": invalid token";
    refuse(&s, 1000, S3C_E_PROTOCOL, "invalid token");
    begin(&s);
    s.type = 2;
    refuse(&s, 1000, S3C_E_PROTOCOL, "not of type avro (1), but of type 2");
    begin(&s);
    s.empty = true;
    refuse(&s, 1000, S3C_E_PROTOCOL, "no schema");
    begin(&s);
    refuse(&s, 3, S3C_E_TOO_LARGE, "more than 3 bytes");
}

static void without_a_service_there_is_an_error_that_says_so(void **state)
{
    struct s3c_buf text = S3C_BUF_INIT(1000);
    struct s3c_error err;

    (void)state;
    CHECK_CODE(ask("", &text, &err), S3C_E_INVALID);
    CHECK_HAS(err.message, "CONDUIT_CONNECTOR_UTILITIES_GRPC_TARGET");
    CHECK_CODE(ask("nonsense", &text, &err), S3C_E_INVALID);
    s3c_buf_done(&text);
}

static void *cancel_when_asked(void *arg)
{
    struct {
        struct service *s;
        struct schema_client *c;
    } *a = arg;

    while (atomic_load(&a->s->calls) == 0)
        (void)usleep(1000);
    schema_client_cancel(a->c);
    return NULL;
}

static void cancelled(bool silent)
{
    struct s3c_buf text = S3C_BUF_INIT(1000);
    struct service s;
    struct {
        struct service *s;
        struct schema_client *c;
    } arg = {&s, NULL};
    struct s3c_error err;
    pthread_t thread;

    begin(&s);
    s.silent = silent;
    atomic_store(&s.fail_first, silent ? 0 : 1000000);
    CHECK_OK(schema_client_new(&arg.c, s3c_view_str(s.target), S3C_VIEW("t"), &err), &err);
    assert_int_equal(pthread_create(&thread, NULL, cancel_when_asked, &arg), 0);
    CHECK_CODE(schema_client_fetch(arg.c, S3C_VIEW("s"), 1, &text, &err), S3C_E_CANCELLED);
    (void)pthread_join(thread, NULL);
    CHECK_CODE(schema_client_fetch(arg.c, S3C_VIEW("s"), 1, &text, &err), S3C_E_CANCELLED);
    schema_client_free(arg.c);
    end(&s);
    s3c_buf_done(&text);
}

static void a_cancel_ends_a_call_and_a_wait(void **state)
{
    (void)state;
    cancelled(true);
    cancelled(false);
}

static void running_out_of_memory_is_an_ordinary_error(void **state)
{
    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct schema_client *c = NULL;
        struct s3c_error err;
        int r = schema_client_new(&c, S3C_VIEW("127.0.0.1:1"), S3C_VIEW("t"), &err);

        CHECK_CODE(r, check_alloc_failed() ? S3C_E_NOMEM : 0);
        schema_client_free(c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(the_text_of_a_schema_comes_back),
        CHECK_TEST(what_the_service_refuses_is_not_asked_again),
        CHECK_TEST(without_a_service_there_is_an_error_that_says_so),
        CHECK_TEST(a_cancel_ends_a_call_and_a_wait),
        CHECK_TEST(running_out_of_memory_is_an_ordinary_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
