/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <math.h>
#include <string.h>

#include "base/view.h"
#include "grpc/pb.h"

static const struct {
    uint64_t number;
    const char *bytes;
    size_t len;
} varints[] = {
    {0, "\x00", 1},
    {1, "\x01", 1},
    {127, "\x7f", 1},
    {128, "\x80\x01", 2},
    {300, "\xac\x02", 2},
    {16383, "\xff\x7f", 2},
    {16384, "\x80\x80\x01", 3},
    {UINT32_MAX, "\xff\xff\xff\xff\x0f", 5},
    {UINT64_MAX >> 1, "\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 9},
    {UINT64_MAX, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10},
};

static void varints_have_the_bytes_of_the_specification(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(varints) / sizeof(varints[0]); i++) {
        char bytes[16];

        assert_int_equal(pb_put_varint(bytes, varints[i].number) - bytes, varints[i].len);
        assert_memory_equal(bytes, varints[i].bytes, varints[i].len);
        assert_int_equal(pb_varint_size(varints[i].number), varints[i].len);
    }
}

/* A message with all that proto3 has, as `protoc --encode` writes it. */
static const char sample[] = "\x08\x96\x01"                         /* 1: 150 */
                             "\x12\x07testing"                      /* 2: "testing" */
                             "\x1d\x01\x02\x03\x84"                 /* 3: fixed32 0x84030201 */
                             "\x21\x00\x00\x00\x00\x00\x00\xf8\x3f" /* 4: 1.5 */
                             "\x2a\x00"                             /* 5: "" */
                             "\xf8\xff\xff\xff\x0f\x01";            /* 536870911: 1 */
static const struct s3c_view sample_view = {sample, sizeof(sample) - 1};

static void reads_every_wire_type(void **state)
{
    struct pb_reader r;

    (void)state;
    pb_read(&r, sample_view);
    assert_int_equal(pb_next(&r), 1);
    assert_true(r.field == 1 && r.wire == PB_VARINT && r.number == 150);
    assert_int_equal(pb_next(&r), 1);
    assert_true(r.field == 2 && r.wire == PB_BYTES);
    CHECK_VIEW(r.bytes, "testing");
    assert_int_equal(pb_next(&r), 1);
    assert_true(r.field == 3 && r.wire == PB_FIXED32 && r.number == 0x84030201);
    assert_int_equal(pb_next(&r), 1);
    assert_true(r.field == 4 && r.wire == PB_FIXED64 && r.number == 0x3ff8000000000000);
    assert_int_equal(pb_next(&r), 1);
    assert_true(r.field == 5 && r.wire == PB_BYTES && r.bytes.ptr && r.bytes.len == 0);
    assert_int_equal(pb_next(&r), 1);
    assert_true(r.field == 536870911 && r.wire == PB_VARINT && r.number == 1);
    assert_int_equal(pb_next(&r), 0);
    assert_int_equal(pb_next(&r), 0);
}

static void nothing_is_an_empty_message(void **state)
{
    struct pb_reader r;

    (void)state;
    pb_read(&r, (struct s3c_view){NULL, 0});
    assert_int_equal(pb_next(&r), 0);
}

static int read_all(struct s3c_view v)
{
    struct pb_reader r;
    int result;

    pb_read(&r, v);
    while ((result = pb_next(&r)) > 0)
        continue;
    return result;
}

static void cut_sample(void *ctx, char *p, size_t n)
{
    static const size_t whole[] = {0, 3, 12, 17, 26, 28, 34};
    bool *at_border = ctx;

    *at_border = false;
    for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
        *at_border |= n == whole[i];
    assert_int_equal(read_all((struct s3c_view){p, n}), *at_border ? 0 : S3C_E_PROTOCOL);
}

static void a_message_cut_anywhere_but_between_fields_is_an_error(void **state)
{
    bool at_border;

    (void)state;
    check_each_prefix(sample_view, cut_sample, &at_border);
}

static void refuses_what_no_writer_makes(void **state)
{
    static const struct s3c_view bad[] = {
        {"\x00\x01", 2},                                          /* field 0 */
        {"\x0b", 1},                                              /* group */
        {"\x0c", 1},                                              /* end of group */
        {"\x0e\x01", 2},                                          /* wire type 6 */
        {"\x0f\x01", 2},                                          /* wire type 7 */
        {"\x80\x80\x80\x80\x10\x01", 6},                          /* field 2^29 */
        {"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11},     /* length 2^64 - 1 */
        {"\x12\x02x", 3},                                         /* length beyond the end */
        {"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11},     /* 65 bits */
        {"\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 12}, /* eleven bytes */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(read_all(bad[i]), S3C_E_PROTOCOL);
}

static int write_sample(struct s3c_buf *b)
{
    size_t mark, inner;
    int r = pb_add_varint(b, 1, 150);

    r = r < 0 ? r : pb_add_bytes(b, 2, S3C_VIEW("testing"));
    r = r < 0 ? r : pb_begin(b, 3, &mark);
    r = r < 0 ? r : pb_begin(b, 1, &inner);
    r = r < 0 ? r : pb_add_double(b, 1, 1.5);
    r = r < 0 ? r : pb_end(b, inner);
    return r < 0 ? r : pb_end(b, mark);
}

static void writes_what_the_specification_says(void **state)
{
    static const char expected[] = "\x08\x96\x01"
                                   "\x12\x07testing"
                                   "\x1a\x0b\x0a\x09\x09\x00\x00\x00\x00\x00\x00\xf8\x3f";
    _cleanup_(s3c_buf_done) struct s3c_buf b = S3C_BUF_INIT(1000);

    (void)state;
    CHECK_OK(write_sample(&b), NULL);
    assert_int_equal(b.len, sizeof(expected) - 1);
    assert_memory_equal(b.ptr, expected, b.len);
}

static void long_nested_messages_make_room_for_their_length(void **state)
{
    static const size_t sizes[] = {0, 1, 125, 126, 127, 128, 16380, 16381, 16384, 2100000};
    char *big = s3c_zalloc(2100000);

    (void)state;
    assert_non_null(big);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        _cleanup_(s3c_buf_done) struct s3c_buf b = S3C_BUF_INIT(SIZE_MAX);
        struct pb_reader outer, inner;
        size_t mark;

        CHECK_OK(pb_begin(&b, 5, &mark), NULL);
        CHECK_OK(pb_add_bytes(&b, 7, (struct s3c_view){big, sizes[i]}), NULL);
        CHECK_OK(pb_end(&b, mark), NULL);
        pb_read(&outer, s3c_buf_view(&b));
        assert_int_equal(pb_next(&outer), 1);
        assert_int_equal(outer.field, 5);
        pb_read(&inner, outer.bytes);
        assert_int_equal(pb_next(&inner), 1);
        assert_true(inner.field == 7 && inner.bytes.len == sizes[i]);
        assert_int_equal(pb_next(&inner), 0);
        assert_int_equal(pb_next(&outer), 0);
    }
    s3c_free(big);
}

static void doubles_keep_all_their_bits(void **state)
{
    static const double values[] = {0.0, -0.0, 1e308, -5e-324, INFINITY};

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        _cleanup_(s3c_buf_done) struct s3c_buf b = S3C_BUF_INIT(100);
        struct pb_reader r;

        CHECK_OK(pb_add_double(&b, 9, values[i]), NULL);
        pb_read(&r, s3c_buf_view(&b));
        assert_int_equal(pb_next(&r), 1);
        assert_memory_equal(&r.number, &values[i], sizeof(r.number));
    }
}

static void a_full_buffer_gets_nothing(void **state)
{
    _cleanup_(s3c_buf_done) struct s3c_buf b = S3C_BUF_INIT(8);
    size_t mark;

    (void)state;
    CHECK_CODE(pb_add_bytes(&b, 2, S3C_VIEW("testing")), S3C_E_TOO_LARGE);
    assert_int_equal(b.len, 0);
    CHECK_OK(pb_begin(&b, 1, &mark), NULL);
    CHECK_OK(pb_add_bytes(&b, 1, S3C_VIEW("1234")), NULL);
    CHECK_CODE(pb_add_varint(&b, 1, 1), S3C_E_TOO_LARGE);
    CHECK_OK(pb_end(&b, mark), NULL);
}

static void out_of_memory_is_told(void **state)
{
    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_buf b = S3C_BUF_INIT(1000);
        int r = write_sample(&b);

        CHECK_CODE(r, check_alloc_failed() ? S3C_E_NOMEM : 0);
        s3c_buf_done(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(varints_have_the_bytes_of_the_specification),
        CHECK_TEST(reads_every_wire_type),
        CHECK_TEST(nothing_is_an_empty_message),
        CHECK_TEST(a_message_cut_anywhere_but_between_fields_is_an_error),
        CHECK_TEST(refuses_what_no_writer_makes),
        CHECK_TEST(writes_what_the_specification_says),
        CHECK_TEST(long_nested_messages_make_room_for_their_length),
        CHECK_TEST(doubles_keep_all_their_bits),
        CHECK_TEST(a_full_buffer_gets_nothing),
        CHECK_TEST(out_of_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
