/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <string.h>

#include "base/mem.h"
#include "base/view.h"
#include "grpc/deframe.h"

#define MAX 100

/* Three messages: "one", nothing, "three". */
static const char stream[] = "\0\0\0\0\3one\0\0\0\0\0\0\0\0\0\5three";
static const struct s3c_view stream_view = {stream, sizeof(stream) - 1};

struct reader {
    struct grpc_deframer d;
    size_t count;
};

static int read_all(struct reader *r, struct s3c_view in)
{
    static const char *const expected[] = {"one", "", "three"};
    struct s3c_view m;
    int result;

    while ((result = grpc_deframe(&r->d, &in, &m)) > 0) {
        assert_true(r->count < 3);
        CHECK_VIEW(m, expected[r->count++]);
    }
    if (result == 0)
        assert_int_equal(in.len, 0);
    return result;
}

static void read_halves(void *ctx, struct s3c_view head, struct s3c_view tail)
{
    struct reader r = {.count = 0};

    (void)ctx;
    grpc_deframer_init(&r.d, MAX);
    CHECK_OK(read_all(&r, head), NULL);
    CHECK_OK(read_all(&r, tail), NULL);
    assert_int_equal(r.count, 3);
    assert_true(grpc_deframer_between(&r.d));
    grpc_deframer_done(&r.d);
}

static void messages_come_whole_wherever_the_stream_is_cut(void **state)
{
    (void)state;
    check_each_split(stream_view, read_halves, NULL);
}

static void bytes_one_at_a_time_make_the_same_messages(void **state)
{
    struct reader r = {.count = 0};

    (void)state;
    grpc_deframer_init(&r.d, MAX);
    for (size_t i = 0; i < stream_view.len; i++)
        CHECK_OK(read_all(&r, (struct s3c_view){stream + i, 1}), NULL);
    assert_int_equal(r.count, 3);
    grpc_deframer_done(&r.d);
}

static void a_message_in_one_run_is_not_copied(void **state)
{
    struct s3c_view in = stream_view, m;
    struct grpc_deframer d;

    (void)state;
    grpc_deframer_init(&d, MAX);
    assert_int_equal(grpc_deframe(&d, &in, &m), 1);
    assert_ptr_equal(m.ptr, stream + 5);
    assert_int_equal(check_mem_made(), 0);
    grpc_deframer_done(&d);
}

static int read_one(const char *bytes, size_t len)
{
    struct s3c_view in = {bytes, len}, m;
    struct grpc_deframer d;
    int r;

    grpc_deframer_init(&d, MAX);
    r = grpc_deframe(&d, &in, &m);
    grpc_deframer_done(&d);
    return r;
}

static void refuses_large_compressed_and_foreign_messages(void **state)
{
    (void)state;
    CHECK_CODE(read_one("\0\0\0\0\x65", 5), S3C_E_TOO_LARGE);
    CHECK_CODE(read_one("\0\xff\xff\xff\xff", 5), S3C_E_TOO_LARGE);
    CHECK_CODE(read_one("\1\0\0\0\1x", 6), S3C_E_INVALID);
    CHECK_CODE(read_one("\2\0\0\0\1x", 6), S3C_E_PROTOCOL);
    CHECK_CODE(read_one("\0\0\0\0\x64", 5), 0);
}

static void a_length_alone_takes_little_memory(void **state)
{
    const size_t huge = (size_t)1 << 31;
    struct s3c_view in = {"\0\x80\0\0\0x", 6}, m;
    struct grpc_deframer d;

    (void)state;
    grpc_deframer_init(&d, huge);
    assert_int_equal(grpc_deframe(&d, &in, &m), 0);
    assert_true(d.part.cap <= (size_t)2 << 20);
    grpc_deframer_done(&d);
}

static void long_messages_grow_and_are_let_go(void **state)
{
    enum { LENGTH = 5000000, RUN = 65536 };
    char *run = s3c_zalloc(RUN), prefix[5];
    struct grpc_deframer d;
    struct s3c_view in = {prefix, 5}, m;
    int r;

    (void)state;
    assert_non_null(run);
    grpc_deframer_init(&d, LENGTH);
    grpc_prefix_write((uint8_t *)prefix, LENGTH);
    r = grpc_deframe(&d, &in, &m);
    for (size_t left = LENGTH; left > 0; left -= in.len) {
        struct s3c_view piece = {run, left < RUN ? left : RUN};

        assert_int_equal(r, 0);
        in = piece;
        r = grpc_deframe(&d, &piece, &m);
    }
    assert_int_equal(r, 1);
    assert_int_equal(m.len, LENGTH);
    in = S3C_VIEW("\0\0\0\0\2xy");
    in.len = 6;
    assert_int_equal(grpc_deframe(&d, &in, &m), 0);
    assert_true(d.part.cap < 1000000);
    grpc_deframer_done(&d);
    s3c_free(run);
}

static void out_of_memory_is_told(void **state)
{
    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        CHECK_CODE(read_one("\0\0\0\0\3ab", 7), check_alloc_failed() ? S3C_E_NOMEM : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(messages_come_whole_wherever_the_stream_is_cut),
        CHECK_TEST(bytes_one_at_a_time_make_the_same_messages),
        CHECK_TEST(a_message_in_one_run_is_not_copied),
        CHECK_TEST(refuses_large_compressed_and_foreign_messages),
        CHECK_TEST(a_length_alone_takes_little_memory),
        CHECK_TEST(long_messages_grow_and_are_let_go),
        CHECK_TEST(out_of_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
