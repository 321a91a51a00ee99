/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of a destination in every order that a host may come up with; the engine is the real one, over a sink that the test plays. */
#include "check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "../dest/fake_sink.h"
#include "../grpc/rig.h"
#include "base/error.h"
#include "config/settings.h"
#include "dest/engine.h"
#include "format/json.h"
#include "plugin/destination_service.h"
#include "record_text.h"

#define SERVICE "/connector.v2.DestinationPlugin/"

struct bed {
    struct rig rig;
    struct plugin plugin;
    struct fake_sink sink;
    struct s3c_sink_ops ops; /* the fake's, with a descriptor that can be polled */
    int fd;                  /* readable when rung */
    struct s3c_settings settings;
    int check_result, open_result; /* on the worker */
    bool opened;
};

static struct bed *current; /* the backend has no context of its own */

static int check_bucket(const struct s3c_config *c, const struct s3c_log *log,
                        struct s3c_error *err)
{
    assert_non_null(c);
    assert_non_null(log);
    return current->check_result < 0
               ? s3c_error_set(err, current->check_result, "the bucket says no")
               : 0;
}

static int open_engine(void **ret, const struct s3c_config *c, const struct s3c_log *log,
                       struct s3c_view position, struct s3c_error *err)
{
    struct s3c_destination_parts parts = {.settings = &current->settings,
                                          .clock = &current->sink.clock,
                                          .log = log,
                                          .sink = &current->sink.base,
                                          .random = 7};
    struct s3c_destination *d = NULL;
    int r;

    assert_int_equal(position.len, 0);
    assert_non_null(c);
    if (current->open_result < 0)
        return s3c_error_set(err, current->open_result, "the bucket says no");
    r = s3c_json_format_new(&parts.format, err);
    if (r == 0)
        r = s3c_destination_new(&d, &parts, err);
    current->opened = r == 0;
    *ret = d;
    return r;
}

static void wake(void *ctx)
{
    grpc_server_wake(((struct plugin *)ctx)->server);
}

static void woken(void *user)
{
    jobs_collect(((struct plugin *)user)->jobs);
}

static int sink_fd(const struct s3c_sink *sink)
{
    (void)sink;
    return current->fd;
}

/* As a sink whose delivery has come back. */
static void ring(struct bed *b)
{
    static const uint64_t one = 1;

    assert_int_equal(write(b->fd, &one, sizeof(one)), sizeof(one));
    rig_run(&b->rig);
    assert_int_equal(read(b->fd, &(uint64_t){0}, sizeof(one)), sizeof(one));
}

static struct bed *begin(void)
{
    static const struct destination_backend backend = {check_bucket, open_engine};
    struct bed *b = calloc(1, sizeof(*b));
    struct plugin *p;
    struct s3c_error err;

    assert_non_null(b);
    current = b;
    p = &b->plugin;
    fake_sink_init(&b->sink);
    b->sink.finish_at_once = true;
    b->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    assert_true(b->fd >= 0);
    b->ops = *b->sink.base.ops;
    b->ops.fd = sink_fd;
    b->sink.base.ops = &b->ops;
    b->settings = (struct s3c_settings){.prefix = "out",
                                        .key_template = "{prefix}{name}",
                                        .bucket = "lake",
                                        .buffer_size = 1000,
                                        .memory_limit = 1 << 20,
                                        .max_connections = 16};
    p->process.env.utilities_target = p->process.env.token = "";
    assert_int_equal(rig_start(&b->rig, destination_methods, p, 0), 0);
    p->server = b->rig.server;
    grpc_server_on_wake(p->server, woken);
    CHECK_OK(plugin_log_new(&p->log, open("/dev/null", O_WRONLY | O_CLOEXEC), "debug", &err), &err);
    CHECK_OK(jobs_new(&p->jobs, wake, p, &err), &err);
    CHECK_OK(destination_service_new(&p->destination, p, &backend, &err), &err);
    return b;
}

static void end(struct bed *b)
{
    assert_true(jobs_stop(b->plugin.jobs, 60000));
    rig_stop(&b->rig);
    destination_service_free(b->plugin.destination);
    jobs_free(b->plugin.jobs);
    plugin_log_free(b->plugin.log);
    if (b->opened) /* it checks that the engine has let it go */
        fake_sink_done(&b->sink);
    (void)close(b->fd);
    free(b);
}

static struct rig_stream *call(struct bed *b, const char *method, struct s3c_view message)
{
    char path[80];
    struct rig_stream *s;

    (void)snprintf(path, sizeof(path), SERVICE "%s", method);
    s = rig_open(&b->rig.peer, path, NULL);
    if (strcmp(method, "Run") != 0) {
        rig_say(s, message);
        rig_say_end(s);
    }
    rig_run(&b->rig);
    return s;
}

static void wait_for(struct bed *b, const struct rig_stream *s)
{
    for (int i = 0; i < 60000 && !s->closed; i++) {
        (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL); /* for the worker */
        rig_run(&b->rig);
    }
    assert_true(s->closed);
}

static void unary(struct bed *b, const char *method, struct s3c_view message,
                  enum grpc_status status, const char *text)
{
    struct rig_stream *s = call(b, method, message);

    wait_for(b, s);
    rig_expect(s, status, text);
}

static void add(struct s3c_buf *m, const char *name, const char *value)
{
    size_t mark = put_begin(m, 1);

    put_text(m, 1, name);
    put_text(m, 2, value);
    put_end(m, mark);
}

static struct s3c_view settings(struct s3c_buf *m, const char *name, const char *value)
{
    *m = (struct s3c_buf)S3C_BUF_INIT(1 << 20);
    add(m, "aws.bucket", "lake");
    add(m, "aws.endpoint", "http://127.0.0.1:1");
    add(m, "aws.accessKeyId", "AK");
    add(m, "aws.secretAccessKey", "SK");
    add(m, "format", "json");
    if (name)
        add(m, name, value);
    return s3c_buf_view(m);
}

static void configure(struct bed *b, const char *name, const char *value)
{
    struct s3c_buf m;

    unary(b, "Configure", settings(&m, name, value), GRPC_OK, NULL);
    s3c_buf_done(&m);
}

static const struct s3c_view nothing = S3C_VIEW("");

static struct rig_stream *start(struct bed *b, const char *name, const char *value)
{
    configure(b, name, value);
    unary(b, "Open", nothing, GRPC_OK, NULL);
    return call(b, "Run", nothing);
}

static void write_records(struct bed *b, struct rig_stream *run, int first, int count)
{
    struct s3c_buf m = S3C_BUF_INIT(1 << 20);

    for (int i = first; i < first + count; i++) {
        char position[16];
        size_t record = put_begin(&m, 1);

        (void)snprintf(position, sizeof(position), "p%d", i);
        put_record(&m, position, "payload");
        put_end(&m, record);
    }
    rig_say(run, s3c_buf_view(&m));
    s3c_buf_done(&m);
    rig_run(&b->rig);
}

/* Every acknowledgement that has come on the stream: "p0 p1 p2! ". */
static void expect_acks(const struct rig_stream *run, const char *text)
{
    char got[2000] = "";

    for (size_t i = 0; i < rig_messages(run); i++) {
        struct pb_reader acks, ack;

        pb_read(&acks, rig_message(run, i));
        while (pb_next(&acks) == 1) {
            size_t n = strlen(got);

            pb_read(&ack, acks.bytes);
            while (pb_next(&ack) == 1)
                if (ack.field == 1)
                    (void)snprintf(got + n, sizeof(got) - n, "%.*s", (int)ack.bytes.len,
                                   ack.bytes.ptr);
                else
                    (void)snprintf(got + strlen(got), sizeof(got) - strlen(got), "!");
            (void)snprintf(got + strlen(got), sizeof(got) - strlen(got), " ");
        }
    }
    assert_string_equal(got, text);
}

static struct s3c_view stop_message(const char *last)
{
    static char text[64];

    (void)snprintf(text, sizeof(text), "\x0a%c%s", (int)strlen(last), last);
    return s3c_view_str(text);
}

static void a_run_from_its_beginning_to_its_end(void **state)
{
    struct bed *b = begin();
    struct rig_stream *run = start(b, NULL, NULL);

    (void)state;
    write_records(b, run, 0, 2);
    write_records(b, run, 2, 1);
    expect_acks(run, "");
    unary(b, "Stop", stop_message("p2"), GRPC_OK, NULL);
    expect_acks(run, "p0 p1 p2 ");
    assert_false(run->closed);
    assert_int_equal(b->sink.puts, 1);
    rig_reset(run, NGHTTP2_CANCEL);
    rig_run(&b->rig);
    unary(b, "Teardown", nothing, GRPC_OK, NULL);
    unary(b, "Teardown", nothing, GRPC_OK, NULL);
    assert_true(b->sink.released);
    end(b);
}

static void records_that_s3_refuses_do_not_end_the_stream(void **state)
{
    struct bed *b = begin();
    struct rig_stream *run;

    (void)state;
    b->settings.buffer_size = 1;
    b->sink.finish_at_once = false;
    run = start(b, NULL, NULL);
    write_records(b, run, 0, 1);
    write_records(b, run, 1, 1);
    fake_sink_finish(&b->sink, 1, 0, false, NULL);
    fake_sink_finish(&b->sink, 0, S3C_E_DENIED, false, "denied");
    ring(b);
    expect_acks(run, "p0! p1 ");
    write_records(b, run, 2, 1);
    expect_acks(run, "p0! p1 ");
    fake_sink_finish(&b->sink, 2, 0, false, NULL);
    unary(b, "Stop", stop_message("p2"), GRPC_OK, NULL);
    expect_acks(run, "p0! p1 p2 ");
    end(b);
}

static void half_closing_flushes_and_ends_the_run(void **state)
{
    struct bed *b = begin();
    struct rig_stream *run = start(b, NULL, NULL);

    (void)state;
    write_records(b, run, 0, 1);
    rig_say_end(run);
    wait_for(b, run);
    rig_expect(run, GRPC_OK, NULL);
    expect_acks(run, "p0 ");
    end(b);
}

static void garbage_ends_the_run(void **state)
{
    struct bed *b = begin();
    struct rig_stream *run = start(b, NULL, NULL);

    (void)state;
    rig_say(run, S3C_VIEW("\x0a\x02\x0a\x09"));
    wait_for(b, run);
    rig_expect(run, GRPC_INTERNAL, NULL);
    assert_true(b->sink.released);
    unary(b, "Stop", stop_message("p0"), GRPC_OK, NULL);
    unary(b, "Stop", S3C_VIEW("\x0a"), GRPC_INTERNAL, NULL);
    unary(b, "Teardown", nothing, GRPC_OK, NULL);
    end(b);
}

static void calls_out_of_order_are_refused(void **state)
{
    struct bed *b = begin();
    struct rig_stream *run;
    struct s3c_buf m;

    (void)state;
    unary(b, "LifecycleOnDeleted", nothing, GRPC_OK, NULL);
    unary(b, "Open", nothing, GRPC_UNKNOWN,
          "expected connector state \"[Configured]\", actual connector state is \"Initial\"");
    run = call(b, "Run", nothing);
    wait_for(b, run);
    rig_expect(run, GRPC_UNKNOWN,
               "expected connector state \"[Started]\", actual connector state is \"Initial\"");
    unary(b, "Stop", stop_message("p0"), GRPC_OK, NULL); /* there is nothing to be stopped */
    run = start(b, NULL, NULL);
    unary(b, "Configure", settings(&m, NULL, NULL), GRPC_UNKNOWN,
          "expected connector state \"[Initial]\", actual connector state is \"Running\"");
    s3c_buf_done(&m);
    unary(b, "LifecycleOnUpdated", nothing, GRPC_OK, NULL);
    write_records(b, run, 0, 1);
    unary(b, "Teardown", nothing, GRPC_OK, NULL); /* with a run, without Stop */
    wait_for(b, run);
    expect_acks(run, "");
    assert_true(b->sink.released);
    end(b);
}

static void a_bucket_that_says_no_fails_configure_or_open(void **state)
{
    struct bed *b = begin();
    struct s3c_buf m;

    (void)state;
    b->check_result = S3C_E_NO_BUCKET;
    unary(b, "Configure", settings(&m, NULL, NULL), GRPC_UNKNOWN, "the bucket says no");
    s3c_buf_done(&m);
    unary(b, "Teardown", nothing, GRPC_OK, NULL);
    end(b);
    b = begin();
    b->open_result = S3C_E_DENIED;
    configure(b, NULL, NULL);
    unary(b, "Open", nothing, GRPC_UNKNOWN, "the bucket says no");
    unary(b, "Teardown", nothing, GRPC_OK, NULL);
    end(b);
}

static void a_cancelled_run_drops_what_nobody_will_hear_of(void **state)
{
    struct bed *b = begin();
    struct rig_stream *run = start(b, NULL, NULL);

    (void)state;
    write_records(b, run, 0, 1);
    rig_reset(run, NGHTTP2_CANCEL);
    rig_run(&b->rig);
    assert_true(b->sink.released);
    assert_int_equal(b->sink.puts, 0);
    unary(b, "Stop", stop_message("20"), GRPC_OK, NULL); /* v0.19 does that */
    end(b);
}

static void a_stop_may_be_cancelled_and_asked_again(void **state)
{
    struct bed *b = begin();
    struct rig_stream *run, *stop, *second;

    (void)state;
    b->sink.finish_at_once = false;
    run = start(b, NULL, NULL);
    write_records(b, run, 0, 1);
    stop = call(b, "Stop", stop_message("p0"));
    second = call(b, "Stop", stop_message("p0"));
    rig_expect(second, GRPC_UNKNOWN,
               "failed to stop connector: the connector is being stopped already");
    rig_reset(stop, NGHTTP2_CANCEL);
    rig_run(&b->rig);
    second = call(b, "Stop", stop_message("p0"));
    assert_false(second->closed);
    unary(b, "Teardown", nothing, GRPC_OK, NULL);
    wait_for(b, second);
    rig_expect(second, GRPC_OK, NULL);
    end(b);
}

static void settings_reach_the_stream(void **state)
{
    struct bed *b = begin();
    struct rig_stream *run;

    (void)state;
    b->settings.buffer_size = 1;
    run = start(b, "sdk.rate.perSecond", "0.001");
    write_records(b, run, 0, 3);
    expect_acks(run, "p0 ");
    end(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(a_run_from_its_beginning_to_its_end),
        CHECK_TEST(records_that_s3_refuses_do_not_end_the_stream),
        CHECK_TEST(half_closing_flushes_and_ends_the_run),
        CHECK_TEST(garbage_ends_the_run),
        CHECK_TEST(calls_out_of_order_are_refused),
        CHECK_TEST(a_bucket_that_says_no_fails_configure_or_open),
        CHECK_TEST(a_cancelled_run_drops_what_nobody_will_hear_of),
        CHECK_TEST(a_stop_may_be_cancelled_and_asked_again),
        CHECK_TEST(settings_reach_the_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
