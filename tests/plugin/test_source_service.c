/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of a source in every order that a host may come up with. */
#include "source_rig.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"

static struct source_rig *begin(void)
{
    struct source_rig *r = malloc(sizeof(*r));

    assert_non_null(r);
    source_rig_begin(r);
    return r;
}

static void end(struct source_rig *r)
{
    source_rig_end(r);
    free(r);
}

static const struct s3c_view nothing = S3C_VIEW("");

static void refuse(struct source_rig *r, const char *method, const char *text)
{
    source_rig_unary(r, method, nothing, GRPC_UNKNOWN, text);
}

static void refuse_run(struct source_rig *r, const char *text)
{
    struct rig_stream *s = source_rig_call(r, "Run", nothing);

    source_rig_wait(r, s);
    rig_expect(s, GRPC_UNKNOWN, text);
}

static void configure(struct source_rig *r)
{
    struct s3c_buf b;

    source_rig_unary(r, "Configure", source_rig_settings(&b, NULL, NULL), GRPC_OK, NULL);
    s3c_buf_done(&b);
}

static void teardown(struct source_rig *r)
{
    source_rig_unary(r, "Teardown", nothing, GRPC_OK, NULL);
}

static void a_run_from_its_beginning_to_its_end(void **state)
{
    struct source_rig *r = begin();
    struct rig_stream *run = source_rig_run(r, NULL, NULL);
    size_t messages;

    (void)state;
    source_rig_write(r, 100);
    source_rig_receive(r, run, 100, &messages);
    assert_int_equal(messages, 100); /* without batches each record goes by itself */
    rig_say(run, S3C_VIEW("\x0a\x02p0\x0a\x02p1"));
    source_rig_write(r, 1);
    source_rig_receive(r, run, 101, &messages);
    source_rig_stop_at(r, "p100");
    source_rig_write(r, 10); /* comes too late */
    rig_say(run, S3C_VIEW("\x0a\x04p100"));
    rig_run(&r->rig);
    assert_int_equal(rig_messages(run), 101);
    assert_false(run->closed); /* it stays open for acknowledgements */
    source_rig_stop_at(r, "p100");
    rig_reset(run, NGHTTP2_CANCEL);
    rig_run(&r->rig);
    assert_int_equal(r->fake.closed, 1);
    teardown(r);
    teardown(r);
    end(r);
}

static void calls_out_of_order_are_refused(void **state)
{
    struct source_rig *r = begin();
    struct rig_stream *run;

    (void)state;
    refuse(r, "Open",
           "expected connector state \"[Configured]\", actual connector state is \"Initial\"");
    refuse_run(r, "expected connector state \"[Started]\", actual connector state is \"Initial\"");
    run = source_rig_run(r, NULL, NULL);
    refuse(r, "Configure",
           "expected connector state \"[Initial]\", actual connector state is \"Running\"");
    refuse(r, "Open",
           "expected connector state \"[Configured]\", actual connector state is \"Running\"");
    refuse_run(r, "expected connector state \"[Started]\", actual connector state is \"Running\"");
    assert_false(run->closed); /* none of them has harmed it */
    rig_reset(run, NGHTTP2_CANCEL);
    rig_run(&r->rig);
    refuse_run(r, "expected connector state \"[Started]\", actual connector state is \"Stopping\"");
    teardown(r);
    refuse(r, "Configure",
           "expected connector state \"[Initial]\", actual connector state is \"TornDown\"");
    end(r);
}

static void lifecycle_calls_are_fine_in_any_state(void **state)
{
    static const char *const calls[] = {"LifecycleOnCreated", "LifecycleOnUpdated",
                                        "LifecycleOnDeleted"};
    struct source_rig *r = begin();
    struct s3c_buf b;

    (void)state;
    for (int i = 0; i < 3; i++) {
        source_rig_unary(r, calls[i], source_rig_settings(&b, NULL, NULL), GRPC_OK, NULL);
        s3c_buf_done(&b);
    }
    configure(r);
    for (int i = 0; i < 3; i++)
        source_rig_unary(r, calls[i], nothing, GRPC_OK, NULL);
    teardown(r);
    end(r);
}

static void a_refused_step_is_final(void **state)
{
    struct source_rig *r = begin();
    struct s3c_buf b;

    (void)state;
    r->fake.check_result = S3C_E_NO_BUCKET;
    source_rig_unary(r, "Configure", source_rig_settings(&b, NULL, NULL), GRPC_UNKNOWN,
                     "the fake says no");
    refuse(r, "Open",
           "expected connector state \"[Configured]\", actual connector state is \"Errored\"");
    s3c_buf_done(&b);
    source_rig_stop_at(r, "");
    teardown(r);
    end(r);

    r = begin();
    configure(r);
    r->fake.open_result = S3C_E_POSITION;
    refuse(r, "Open", "the fake says no");
    refuse_run(r, "expected connector state \"[Started]\", actual connector state is \"Errored\"");
    source_rig_stop_at(r, "");
    teardown(r);
    end(r);
}

static void wrong_settings_never_reach_the_bucket(void **state)
{
    struct source_rig *r = begin();
    struct rig_stream *s;
    struct s3c_buf b;

    (void)state;
    r->fake.check_result = S3C_E_NO_BUCKET;
    s = source_rig_call(r, "Configure", source_rig_settings(&b, "settle", "1.5s"));
    source_rig_wait(r, s);
    CHECK_HAS(s->grpc_message, "failed to parse configuration: config invalid: settle");
    s3c_buf_done(&b);
    teardown(r);
    end(r);
}

static void a_message_that_is_none_is_refused(void **state)
{
    struct source_rig *r = begin();
    struct rig_stream *run;

    (void)state;
    source_rig_unary(r, "Configure", S3C_VIEW("\x0a\x05x"), GRPC_INTERNAL, NULL);
    end(r);
    r = begin();
    configure(r);
    source_rig_unary(r, "Open", S3C_VIEW("\xff"), GRPC_INTERNAL, NULL);
    source_rig_unary(r, "Open", nothing, GRPC_OK, NULL); /* the other one was no step */
    run = source_rig_call(r, "Run", nothing);
    rig_say(run, S3C_VIEW("\x0a\x05x"));
    source_rig_wait(r, run);
    rig_expect(run, GRPC_INTERNAL, NULL);
    teardown(r);
    end(r);
}

static void a_failure_ends_run_after_what_came_before_it(void **state)
{
    struct source_rig *r = begin();
    struct rig_stream *run = source_rig_run(r, "sdk.batch.size", "100");
    size_t messages;

    (void)state;
    r->fake.end = S3C_E_NO_BUCKET;
    source_rig_write(r, 42);
    source_rig_wait(r, run);
    rig_expect(run, GRPC_UNKNOWN, "read plugin error: the bucket is gone");
    source_rig_receive(r, run, 42, &messages);
    assert_int_equal(messages, 1);
    source_rig_stop_at(r, "p41");
    teardown(r);
    end(r);
}

static void an_end_ends_run_well(void **state)
{
    struct source_rig *r = begin();
    struct rig_stream *run = source_rig_run(r, NULL, NULL);
    size_t messages;

    (void)state;
    r->fake.end = S3C_END;
    source_rig_write(r, 3);
    source_rig_wait(r, run);
    rig_expect(run, GRPC_OK, NULL);
    source_rig_receive(r, run, 3, &messages);
    source_rig_stop_at(r, "p2");
    teardown(r);
    end(r);
}

/* Stop may come before Run does; it is answered once that runs, and the other way round by what makes that impossible. */
static void an_early_stop_waits_for_run(void **state)
{
    struct source_rig *r = begin();
    struct rig_stream *stop, *given_up, *run;

    (void)state;
    stop = source_rig_call(r, "Stop", nothing);
    given_up = source_rig_call(r, "Stop", nothing);
    rig_reset(given_up, NGHTTP2_CANCEL);
    configure(r);
    source_rig_unary(r, "Open", nothing, GRPC_OK, NULL);
    assert_false(stop->closed);
    run = source_rig_call(r, "Run", nothing);
    source_rig_wait(r, stop);
    rig_expect(stop, GRPC_OK, NULL);
    source_rig_write(r, 5);
    rig_run(&r->rig);
    assert_int_equal(rig_messages(run), 0);
    teardown(r);
    end(r);

    r = begin();
    stop = source_rig_call(r, "Stop", nothing);
    teardown(r);
    source_rig_wait(r, stop);
    rig_expect(stop, GRPC_OK, NULL);
    end(r);
}

static void teardown_ends_run_at_once(void **state)
{
    struct source_rig *r = begin();
    struct rig_stream *run = source_rig_run(r, NULL, NULL);
    size_t messages;

    (void)state;
    source_rig_write(r, 3);
    source_rig_receive(r, run, 3, &messages);
    teardown(r);
    source_rig_wait(r, run);
    rig_expect(run, GRPC_OK, NULL);
    assert_int_equal(r->fake.closed, 1);
    end(r);
}

static void teardown_before_run_closes_the_engine(void **state)
{
    struct source_rig *r = begin();

    (void)state;
    configure(r);
    source_rig_unary(r, "Open", nothing, GRPC_OK, NULL);
    teardown(r);
    assert_int_equal(r->fake.closed, 1);
    end(r);
}

/* While the worker blocks, the loop answers: cancelled calls, Teardown, and the step that it tears down. */
static void a_blocked_step_can_be_cancelled_and_torn_down(void **state)
{
    static const char *const steps[] = {"Configure", "Open"};
    struct s3c_buf b;

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct source_rig *r = begin();
        struct rig_stream *step;
        struct s3c_view message = source_rig_settings(&b, NULL, NULL);
        sem_t hold;

        (void)sem_init(&hold, 0, 0);
        if (i & 1)
            configure(r);
        r->fake.hold = &hold;
        step = source_rig_call(r, steps[i & 1], i & 1 ? nothing : message);
        assert_false(step->closed);
        if (i & 2) {
            rig_reset(step, NGHTTP2_CANCEL);
            refuse(
                r, "Open",
                "expected connector state \"[Configured]\", actual connector state is \"Errored\"");
        }
        teardown(r);
        if (!(i & 2)) {
            source_rig_wait(r, step);
            rig_expect(step, GRPC_UNKNOWN, "the connector was torn down meanwhile");
        }
        (void)sem_post(&hold);
        end(r); /* the engine that comes too late is closed */
        s3c_buf_done(&b);
        (void)sem_destroy(&hold);
    }
}

static void a_connection_that_breaks_ends_all_its_calls(void **state)
{
    struct source_rig *r = begin();

    (void)state;
    (void)source_rig_run(r, NULL, NULL);
    (void)source_rig_call(r, "Run", nothing);
    rig_hang_up(&r->rig.peer);
    rig_run(&r->rig);
    assert_int_equal(r->fake.closed, 1);
    end(r);

    r = begin();
    (void)source_rig_call(r, "Stop", nothing);
    rig_hang_up(&r->rig.peer);
    rig_run(&r->rig);
    end(r);
}

/* A client that will not acknowledge any more: Run has nothing to wait for after Stop. */
static void run_ends_after_stop_when_the_client_has_closed_its_half(void **state)
{
    for (int first = 0; first < 2; first++) {
        struct source_rig *r = begin();
        struct rig_stream *run = source_rig_run(r, NULL, NULL);
        size_t messages;

        (void)state;
        if (first)
            rig_say_end(run);
        source_rig_write(r, 2);
        source_rig_receive(r, run, 2, &messages);
        assert_false(run->closed);
        source_rig_stop_at(r, "p1");
        if (!first)
            rig_say_end(run);
        source_rig_wait(r, run);
        rig_expect(run, GRPC_OK, NULL);
        teardown(r);
        end(r);
    }
}

/* A call that may fail, or lose its connection: whether it went well. */
static bool went_well(struct source_rig *r, const char *method, struct s3c_view message)
{
    struct rig_stream *s = source_rig_call(r, method, message);

    for (int i = 0; i < 60000 && !s->closed && grpc_server_connections(r->plugin.server) > 0; i++) {
        (void)nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL); /* for the worker */
        rig_run(&r->rig);
    }
    assert_true(s->closed || grpc_server_connections(r->plugin.server) == 0);
    return s->closed && strcmp(s->grpc_status, "0") == 0;
}

/* All of a source's life; returns whether nothing failed. */
static bool live(struct source_rig *r, struct s3c_view settings)
{
    struct rig_stream *run;
    bool fine;

    fine = went_well(r, "Configure", settings) && went_well(r, "Open", S3C_VIEW("\x0a\x02p9"));
    if (fine) {
        run = source_rig_call(r, "Run", nothing);
        source_rig_write(r, 3);
        rig_run(&r->rig);
        fine = rig_messages(run) == 3 && went_well(r, "Stop", nothing);
    }
    return went_well(r, "Teardown", nothing) && fine;
}

static void running_out_of_memory_fails_a_call_only(void **state)
{
    struct source_rig *r = malloc(sizeof(*r));
    struct s3c_buf b;
    struct s3c_view settings;

    (void)state;
    assert_non_null(r);
    settings = source_rig_settings(&b, NULL, NULL);
    FOR_EACH_ALLOC_FAILURE
    {
        int n = source_rig_try(r);

        if (n == 0)
            assert_true(live(r, settings) || check_alloc_failed());
        else
            CHECK_CODE(n, S3C_E_NOMEM);
        source_rig_end(r);
    }
    s3c_buf_done(&b);
    free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(a_run_from_its_beginning_to_its_end),
        CHECK_TEST(calls_out_of_order_are_refused),
        CHECK_TEST(lifecycle_calls_are_fine_in_any_state),
        CHECK_TEST(a_refused_step_is_final),
        CHECK_TEST(wrong_settings_never_reach_the_bucket),
        CHECK_TEST(a_message_that_is_none_is_refused),
        CHECK_TEST(a_failure_ends_run_after_what_came_before_it),
        CHECK_TEST(an_end_ends_run_well),
        CHECK_TEST(an_early_stop_waits_for_run),
        CHECK_TEST(teardown_ends_run_at_once),
        CHECK_TEST(teardown_before_run_closes_the_engine),
        CHECK_TEST(a_blocked_step_can_be_cancelled_and_torn_down),
        CHECK_TEST(a_connection_that_breaks_ends_all_its_calls),
        CHECK_TEST(run_ends_after_stop_when_the_client_has_closed_its_half),
        CHECK_TEST(running_out_of_memory_fails_a_call_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
