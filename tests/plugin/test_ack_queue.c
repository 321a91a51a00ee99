/* SPDX-License-Identifier: Apache-2.0 */
/* One acknowledgement a record, in order, whoever refuses it. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "base/view.h"
#include "grpc/pb.h"
#include "plugin/ack_queue.h"

/* The acknowledgements as text: "p1 p2! " with '!' and the error where there is one. */
static void print(const struct ack_queue *q, char *dst, size_t size)
{
    struct pb_reader acks, ack;

    dst[0] = '\0';
    pb_read(&acks, s3c_buf_view(&q->out));
    while (pb_next(&acks) == 1) {
        struct s3c_view position = {"", 0}, error = {NULL, 0};
        size_t n = strlen(dst);

        assert_int_equal(acks.field, 1);
        pb_read(&ack, acks.bytes);
        while (pb_next(&ack) == 1)
            *(ack.field == 1 ? &position : &error) = ack.bytes;
        (void)snprintf(dst + n, size - n, "%.*s%s%.*s ", (int)position.len, position.ptr,
                       error.ptr ? "!" : "", (int)error.len, error.ptr ? error.ptr : "");
    }
}

static int refuse(struct ack_queue *q, const char *position, const char *why)
{
    return ack_queue_refuse(q, s3c_view_str(position), why);
}

static void expect(const struct ack_queue *q, const char *text)
{
    char got[200];

    print(q, got, sizeof(got));
    assert_string_equal(got, text);
}

static void refused_ones_wait_for_their_turn(void **state)
{
    const struct s3c_error failed = {.code = S3C_E_DENIED, .message = "denied"};
    const struct s3c_error silent = {.code = S3C_E_TIMEOUT};
    struct s3c_ack acks[] = {
        {S3C_VIEW("p0"), NULL}, {S3C_VIEW("p2"), &failed}, {S3C_VIEW(""), &silent}};
    struct ack_queue q;

    (void)state;
    ack_queue_init(&q);
    assert_true(ack_queue_is_complete(&q));
    ack_queue_given(&q, 1);
    CHECK_OK(refuse(&q, "p1", "bad"), NULL);
    ack_queue_given(&q, 2);
    CHECK_OK(refuse(&q, "p4", ""), NULL);
    CHECK_OK(refuse(&q, "", "bad too"), NULL);
    CHECK_OK(ack_queue_answer(&q, NULL, 0), NULL);
    expect(&q, "");
    CHECK_OK(ack_queue_answer(&q, acks, 1), NULL);
    expect(&q, "p0 p1!bad ");
    assert_false(ack_queue_is_complete(&q));
    CHECK_OK(ack_queue_answer(&q, acks + 1, 2), NULL);
    expect(&q, "p0 p1!bad p2!denied !timed out p4!unknown error !bad too ");
    assert_true(ack_queue_is_complete(&q));
    assert_int_equal(q.failed, 5);
    ack_queue_done(&q);
}

static void refused_ones_alone_are_answered_at_once(void **state)
{
    struct ack_queue q;

    (void)state;
    ack_queue_init(&q);
    CHECK_OK(refuse(&q, "p0", "x"), NULL);
    CHECK_OK(ack_queue_answer(&q, NULL, 0), NULL);
    expect(&q, "p0!x ");
    ack_queue_done(&q);
}

static void what_was_not_answered_is_freed(void **state)
{
    struct ack_queue q;

    (void)state;
    ack_queue_init(&q);
    ack_queue_given(&q, 1);
    CHECK_OK(refuse(&q, "p1", "x"), NULL);
    CHECK_OK(refuse(&q, "p2", "x"), NULL);
    ack_queue_done(&q);
    ack_queue_done(&q);
}

static void running_out_of_memory_is_an_ordinary_error(void **state)
{
    const struct s3c_ack ack = {S3C_VIEW("p0"), NULL};

    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct ack_queue q;
        int r;

        ack_queue_init(&q);
        ack_queue_given(&q, 1);
        r = refuse(&q, "p1", "x");
        if (r == 0)
            r = ack_queue_answer(&q, &ack, 1);
        CHECK_CODE(r, check_alloc_failed() ? S3C_E_NOMEM : 0);
        ack_queue_done(&q);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(refused_ones_wait_for_their_turn),
        CHECK_TEST(refused_ones_alone_are_answered_at_once),
        CHECK_TEST(what_was_not_answered_is_freed),
        CHECK_TEST(running_out_of_memory_is_an_ordinary_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
