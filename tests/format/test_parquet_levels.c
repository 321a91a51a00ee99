/* SPDX-License-Identifier: Apache-2.0 */
/* What is written is read back by a decoder that was written for this test, from Encodings.md. */
#include "check.h"

#include <string.h>

#include "format/parquet_bytes.h"
#include "format/parquet_levels.h"

static uint64_t read_varint(const unsigned char *p, size_t *at)
{
    uint64_t v = 0;
    unsigned shift = 0;

    do
        v |= (uint64_t)(p[*at] & 0x7f) << shift, shift += 7;
    while (p[(*at)++] & 0x80);
    return v;
}

static uint32_t read_bits(const unsigned char *p, size_t bit, unsigned width)
{
    uint32_t v = 0;

    for (unsigned i = 0; i < width; i++, bit++)
        v |= (uint32_t)(p[bit / 8] >> bit % 8 & 1) << i;
    return v;
}

/* Fails unless `p` holds exactly the n numbers. */
static void check_numbers(const unsigned char *p, size_t size, const uint32_t *v, size_t n,
                          unsigned width)
{
    size_t at = 0, done = 0;

    while (done < n) {
        uint64_t head = read_varint(p, &at), count = head >> 1;

        if (head & 1) {
            for (uint64_t i = 0; i < count * 8; i++, done += done < n)
                assert_int_equal(read_bits(p + at, i * width, width), done < n ? v[done] : 0);
            at += count * width;
        } else {
            assert_true(count <= n - done);
            for (uint64_t i = 0; i < count; i++)
                assert_int_equal(read_bits(p + at, 0, width), v[done++]);
            at += (width + 7) / 8;
        }
    }
    assert_int_equal(at, size);
}

static void check_round_trip(const uint32_t *v, size_t n, unsigned width)
{
    struct s3c_buf out = S3C_BUF_INIT(SIZE_MAX);

    CHECK_OK(s3c_hybrid_add(&out, v, n, width), NULL);
    check_numbers((const unsigned char *)out.ptr, out.len, v, n, width);
    s3c_buf_done(&out);
}

static void packs_as_the_specification_shows(void **state)
{
    static const uint32_t v[] = {0, 1, 2, 3, 4, 5, 6, 7};
    static const unsigned char expected[] = {0x03, 0x88, 0xc6, 0xfa};
    struct s3c_buf out = S3C_BUF_INIT(100);

    (void)state;
    CHECK_OK(s3c_hybrid_add(&out, v, 8, 3), NULL);
    assert_int_equal(out.len, sizeof(expected));
    assert_memory_equal(out.ptr, expected, sizeof(expected));
    s3c_buf_done(&out);
}

static void keeps_every_number(void **state)
{
    static const size_t lengths[] = {0, 1, 7, 8, 9, 15, 16, 17, 63, 64, 65, 1000};
    uint64_t random = 1;
    uint32_t v[1000];

    (void)state;
    for (unsigned width = 1; width <= 32; width++)
        for (size_t l = 0; l < sizeof(lengths) / sizeof(lengths[0]); l++)
            for (unsigned sticky = 1; sticky <= 16; sticky *= 4) {
                for (size_t i = 0; i < lengths[l]; i++) {
                    bool again = i > 0 && check_random(&random) % sticky != 0;
                    v[i] = again ? v[i - 1] : (uint32_t)(check_random(&random) >> (64 - width));
                }
                check_round_trip(v, lengths[l], width);
            }
}

static void writes_runs_short(void **state)
{
    struct s3c_buf out = S3C_BUF_INIT(100);
    uint32_t v[1000];

    (void)state;
    for (size_t i = 0; i < 1000; i++)
        v[i] = 77;
    CHECK_OK(s3c_hybrid_add(&out, v, 1000, 7), NULL);
    assert_int_equal(out.len, 3); /* two bytes of count, one of value */
    s3c_buf_done(&out);
}

static void puts_the_length_before_levels(void **state)
{
    uint8_t levels[3000] = {0};
    uint32_t wide[3000];
    struct s3c_buf out = S3C_BUF_INIT(SIZE_MAX);

    (void)state;
    CHECK_OK(s3c_levels_add(&out, levels, sizeof(levels), 1), NULL);
    assert_int_equal(out.len, 4 + 3);
    assert_int_equal(s3c_get_le32(out.ptr), 3);
    s3c_buf_clear(&out);
    for (size_t i = 0; i < sizeof(levels); i++)
        wide[i] = levels[i] = (uint8_t)(i % 100 < 30 ? 2 : i * i % 7 % 3); /* stretches and runs */
    CHECK_OK(s3c_levels_add(&out, levels, sizeof(levels), 2), NULL);
    assert_int_equal(s3c_get_le32(out.ptr), out.len - 4);
    check_numbers((const unsigned char *)out.ptr + 4, out.len - 4, wide, sizeof(levels), 2);
    s3c_buf_done(&out);
}

static void knows_widths(void **state)
{
    (void)state;
    assert_int_equal(s3c_bit_width(0), 1);
    assert_int_equal(s3c_bit_width(1), 1);
    assert_int_equal(s3c_bit_width(2), 2);
    assert_int_equal(s3c_bit_width(255), 8);
    assert_int_equal(s3c_bit_width(256), 9);
    assert_int_equal(s3c_bit_width(UINT32_MAX), 32);
}

static void survives_allocation_failures(void **state)
{
    uint8_t levels[5000];

    (void)state;
    for (size_t i = 0; i < sizeof(levels); i++)
        levels[i] = i % 3 == 0;
    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_buf out = S3C_BUF_INIT(SIZE_MAX);
        int r = s3c_levels_add(&out, levels, sizeof(levels), 1);

        CHECK_CODE(r, check_alloc_failed() ? S3C_E_NOMEM : 0);
        s3c_buf_done(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(packs_as_the_specification_shows),
        CHECK_TEST(keeps_every_number),
        CHECK_TEST(writes_runs_short),
        CHECK_TEST(puts_the_length_before_levels),
        CHECK_TEST(knows_widths),
        CHECK_TEST(survives_allocation_failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
