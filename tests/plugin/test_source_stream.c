/* SPDX-License-Identifier: Apache-2.0 */
/* How records become messages: batches, their limits, and how slow readers hold the engine back. */
#include "source_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB (1u << 20)

struct test {
    struct source_rig *r;
    struct rig_stream *run;
    size_t messages;
    char *payload;
};

static void begin(struct test *t, const char *name, const char *value)
{
    memset(t, 0, sizeof(*t));
    t->r = malloc(sizeof(*t->r));
    assert_non_null(t->r);
    source_rig_begin(t->r);
    t->run = source_rig_run(t->r, name, value);
}

static void end(struct test *t)
{
    source_rig_unary(t->r, "Teardown", S3C_VIEW(""), GRPC_OK, NULL);
    source_rig_end(t->r);
    free(t->r);
    free(t->payload);
}

/* Each record from now on has a payload of n bytes. */
static void payload(struct test *t, size_t n)
{
    t->payload = malloc(n);
    assert_non_null(t->payload);
    memset(t->payload, 'x', n);
    t->r->fake.payload = (struct s3c_view){t->payload, n};
}

/* Writes n records and takes them; `total` in all. Returns how many messages there have been. */
static size_t pass(struct test *t, size_t n, size_t total)
{
    source_rig_write(t->r, n);
    source_rig_receive(t->r, t->run, total, &t->messages);
    return t->messages;
}

static void a_batch_without_delay_never_waits(void **state)
{
    struct test t;

    (void)state;
    begin(&t, "sdk.batch.size", "10");
    assert_int_equal(pass(&t, 25, 25), 3);
    assert_int_equal(pass(&t, 10, 35), 4);
    assert_int_equal(pass(&t, 1, 36), 5);
    end(&t);
}

static void a_delay_alone_changes_nothing(void **state)
{
    struct test t;

    (void)state;
    begin(&t, "sdk.batch.delay", "1h");
    assert_int_equal(pass(&t, 5, 5), 5);
    end(&t);
}

/* Configure takes one setting more in this rig: size and delay in one go through a list of fields. */
static void begin_batch(struct test *t, const char *size, const char *delay)
{
    struct s3c_buf b;
    size_t mark;

    memset(t, 0, sizeof(*t));
    t->r = malloc(sizeof(*t->r));
    assert_non_null(t->r);
    source_rig_begin(t->r);
    (void)source_rig_settings(&b, "sdk.batch.size", size);
    CHECK_OK(pb_begin(&b, 1, &mark), NULL);
    CHECK_OK(pb_add_bytes(&b, 1, S3C_VIEW("sdk.batch.delay")), NULL);
    CHECK_OK(pb_add_bytes(&b, 2, s3c_view_str(delay)), NULL);
    CHECK_OK(pb_end(&b, mark), NULL);
    source_rig_unary(t->r, "Configure", s3c_buf_view(&b), GRPC_OK, NULL);
    s3c_buf_done(&b);
    source_rig_unary(t->r, "Open", S3C_VIEW(""), GRPC_OK, NULL);
    t->run = source_rig_call(t->r, "Run", S3C_VIEW(""));
}

static void a_batch_with_delay_waits_for_its_records(void **state)
{
    struct test t;

    (void)state;
    begin_batch(&t, "10", "1h");
    for (int i = 0; i < 3; i++) { /* in bits: what came first must survive the later reads */
        source_rig_write(t.r, 3);
        rig_run(&t.r->rig);
        assert_int_equal(rig_messages(t.run), 0);
    }
    assert_int_equal(pass(&t, 1, 10), 1);
    source_rig_write(t.r, 4);
    rig_run(&t.r->rig);
    assert_int_equal(rig_messages(t.run), 1);
    source_rig_stop_at(t.r, "p9"); /* the incomplete one is dropped: its records are read again */
    assert_int_equal(rig_messages(t.run), 1);
    end(&t);
}

static void a_delay_that_is_over_sends_what_there_is(void **state)
{
    struct test t;

    (void)state;
    begin_batch(&t, "1000", "20ms");
    assert_int_equal(pass(&t, 5, 5), 1); /* it comes although nothing else does */
    assert_int_equal(pass(&t, 7, 12), 2);
    source_rig_stop_at(t.r, "p11");
    end(&t);
}

static void large_payloads_survive_the_reads_of_a_batch(void **state)
{
    struct test t;

    (void)state;
    begin_batch(&t, "6", "1h");
    payload(&t, 10000);
    source_rig_write(t.r, 2);
    rig_run(&t.r->rig);
    source_rig_write(t.r, 2);
    rig_run(&t.r->rig);
    assert_int_equal(pass(&t, 2, 6), 1);
    assert_true(rig_message(t.run, 0).len > 60000);
    end(&t);
}

/* The host holds a batch in memory as well. */
static void four_mib_complete_a_batch(void **state)
{
    struct test t;

    (void)state;
    begin_batch(&t, "1000", "1h");
    payload(&t, MIB);
    source_rig_write(t.r, 7);
    source_rig_receive(t.r, t.run, 4, &t.messages);
    assert_int_equal(t.messages, 1);
    assert_int_equal(pass(&t, 1, 8), 2);
    end(&t);
}

static void the_engine_is_read_only_as_fast_as_the_client_reads(void **state)
{
    struct test t;
    size_t reads;

    (void)state;
    begin(&t, NULL, NULL);
    payload(&t, 200000);
    t.r->fake.most = 1;
    t.r->rig.peer.deaf = true;
    source_rig_write(t.r, 1000);
    for (int i = 0; i < 20; i++)
        rig_run(&t.r->rig);
    reads = t.r->fake.reads;
    assert_true(reads < 100);
    source_rig_write(t.r, 1); /* the descriptor rings; nobody asks */
    for (int i = 0; i < 20; i++)
        rig_run(&t.r->rig);
    assert_int_equal(t.r->fake.reads, reads);
    t.r->rig.peer.deaf = false;
    source_rig_receive(t.r, t.run, 1001, &t.messages);
    end(&t);
}

/* Stop while a message is on its way: it arrives, and is the last one. */
static void stop_names_what_is_still_on_its_way(void **state)
{
    struct test t;
    struct rig_stream *stop;
    struct s3c_view last;
    char want[16];
    size_t sent;

    (void)state;
    begin(&t, NULL, NULL);
    payload(&t, 200000);
    t.r->rig.peer.keeps_shut = true; /* 64 KiB of each stream's window, then nothing */
    source_rig_write(t.r, 50);
    rig_run(&t.r->rig);
    stop = source_rig_call(t.r, "Stop", S3C_VIEW(""));
    rig_run(&t.r->rig);
    t.r->rig.peer.keeps_shut = false;
    assert_int_equal(nghttp2_session_consume(t.r->rig.peer.h2, t.run->id, t.run->reply_len), 0);
    source_rig_wait(t.r, stop);
    for (int i = 0; i < 20; i++)
        rig_run(&t.r->rig);
    sent = rig_messages(t.run);
    assert_in_range(sent, 1, 10);
    assert_int_equal(plugin_bytes_field(rig_message(stop, 0), 1, &last), 0);
    (void)snprintf(want, sizeof(want), "p%zu", sent - 1);
    CHECK_VIEW(last, want);
    end(&t);
}

static void teardown_waits_for_nobody(void **state)
{
    struct test t;

    (void)state;
    begin(&t, NULL, NULL);
    payload(&t, 200000);
    t.r->rig.peer.keeps_shut = true;
    source_rig_write(t.r, 50);
    rig_run(&t.r->rig);
    /* the connection's window is open again, the stream's is not */
    assert_int_equal(nghttp2_session_consume_connection(t.r->rig.peer.h2, t.run->reply_len), 0);
    source_rig_unary(t.r, "Teardown", S3C_VIEW(""), GRPC_OK, NULL);
    assert_int_equal(t.r->fake.closed, 0); /* the payload on its way is the engine's */
    rig_reset(t.run, NGHTTP2_CANCEL);
    rig_run(&t.r->rig);
    assert_int_equal(t.r->fake.closed, 1);
    end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(a_batch_without_delay_never_waits),
        CHECK_TEST(a_delay_alone_changes_nothing),
        CHECK_TEST(a_batch_with_delay_waits_for_its_records),
        CHECK_TEST(a_delay_that_is_over_sends_what_there_is),
        CHECK_TEST(large_payloads_survive_the_reads_of_a_batch),
        CHECK_TEST(four_mib_complete_a_batch),
        CHECK_TEST(the_engine_is_read_only_as_fast_as_the_client_reads),
        CHECK_TEST(stop_names_what_is_still_on_its_way),
        CHECK_TEST(teardown_waits_for_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
