/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <string.h>

#include "base/view.h"
#include "format/parquet_stats.h"

static void finds_lowest_and_highest(void **state)
{
    static const char *const values[] = {"b",  "a\xff",    "abcdefgh", "abcdefghi",
                                         "ab", "\xc3\xa4", "abcdefg"};
    struct s3c_bounds b = {.any = false}, other = {.any = false};

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        s3c_bounds_add(&b, S3C_ORDER_BYTES, s3c_view_str(values[i]));
    CHECK_VIEW(b.min, "ab");
    CHECK_VIEW(b.max, "\xc3\xa4");
    s3c_bounds_join(&b, S3C_ORDER_BYTES, &other);
    CHECK_VIEW(b.min, "ab");
    s3c_bounds_add(&other, S3C_ORDER_BYTES, S3C_VIEW(""));
    s3c_bounds_join(&b, S3C_ORDER_BYTES, &other);
    CHECK_VIEW(b.min, "");
    CHECK_VIEW(b.max, "\xc3\xa4");
}

/* A zero at the end is a byte like any other, although a short value's head is filled up with zeros. */
static void tells_short_values_from_zeros(void **state)
{
    struct s3c_bounds b = {.any = false};

    (void)state;
    s3c_bounds_add(&b, S3C_ORDER_BYTES, S3C_VIEW("a\0\0"));
    s3c_bounds_add(&b, S3C_ORDER_BYTES, S3C_VIEW("a"));
    s3c_bounds_add(&b, S3C_ORDER_BYTES, S3C_VIEW("a\0\0\0"));
    assert_int_equal(b.min.len, 1);
    assert_int_equal(b.max.len, 4);
}

static void agrees_with_sorting(void **state)
{
    char pool[200][12];
    struct s3c_bounds b = {.any = false};
    struct s3c_view low, high;
    uint64_t random = 7;

    (void)state;
    for (size_t i = 0; i < 200; i++) {
        struct s3c_view v = {pool[i], check_random(&random) % 12};

        for (size_t k = 0; k < v.len; k++)
            pool[i][k] = (char)(check_random(&random) % 3 * 127);
        if (i == 0 || s3c_view_cmp(v, low) < 0)
            low = v;
        if (i == 0 || s3c_view_cmp(v, high) > 0)
            high = v;
        s3c_bounds_add(&b, S3C_ORDER_BYTES, v);
        assert_int_equal(s3c_view_cmp(b.min, low), 0);
        assert_int_equal(s3c_view_cmp(b.max, high), 0);
    }
}

struct cut {
    struct s3c_buf out;
    struct s3c_bound below, above;
};

static struct s3c_view bound_of(const struct cut *c, const struct s3c_bound *b)
{
    return (struct s3c_view){c->out.ptr + b->offset, b->len};
}

static void cut(struct cut *c, struct s3c_view v, bool utf8)
{
    *c = (struct cut){.out = S3C_BUF_INIT(1000)};
    CHECK_OK(s3c_bound_below(&c->out, utf8 ? S3C_ORDER_TEXT : S3C_ORDER_BYTES, v, &c->below), NULL);
    CHECK_OK(s3c_bound_above(&c->out, utf8 ? S3C_ORDER_TEXT : S3C_ORDER_BYTES, v, &c->above), NULL);
    if (!c->above.known)
        return;
    assert_true(c->below.known);
    assert_true(s3c_view_cmp(bound_of(c, &c->below), v) <= 0);
    assert_true(s3c_view_cmp(bound_of(c, &c->above), v) >= 0);
    assert_true(c->below.len <= S3C_BOUND_MAX && c->above.len <= S3C_BOUND_MAX + 3);
    assert_int_equal(c->below.exact, s3c_view_cmp(bound_of(c, &c->below), v) == 0);
    assert_int_equal(c->above.exact, s3c_view_cmp(bound_of(c, &c->above), v) == 0);
    if (utf8)
        assert_true(s3c_utf8_valid(bound_of(c, &c->below)) &&
                    s3c_utf8_valid(bound_of(c, &c->above)));
}

static void cuts_bytes(void **state)
{
    char v[100];
    struct cut c;

    (void)state;
    memset(v, 'x', sizeof(v));
    cut(&c, (struct s3c_view){v, 64}, false);
    assert_true(c.below.exact && c.above.exact);
    s3c_buf_done(&c.out);
    cut(&c, (struct s3c_view){v, 65}, false);
    assert_int_equal(bound_of(&c, &c.above).ptr[63], 'y');
    s3c_buf_done(&c.out);
    memset(v + 10, 0xff, sizeof(v) - 10);
    cut(&c, (struct s3c_view){v, 100}, false);
    assert_int_equal(c.above.len, 10);
    s3c_buf_done(&c.out);
    memset(v, 0xff, sizeof(v));
    cut(&c, (struct s3c_view){v, 100}, false);
    assert_false(c.above.known);
    s3c_buf_done(&c.out);
}

/* The character at the cut, what it may become, and nothing where none is higher. */
static void cuts_text_between_characters(void **state)
{
    static const struct {
        const char *character, *raised;
    } cases[] = {
        {"a", "b"},
        {"\x7f", "\xc2\x80"},
        {"\xdf\xbf", "\xe0\xa0\x80"},
        {"\xed\x9f\xbf", "\xee\x80\x80"}, /* U+D7FF: surrogates are left out */
        {"\xef\xbf\xbf", "\xf0\x90\x80\x80"},
        {"\xf4\x8f\xbf\xbf", NULL}, /* U+10FFFF: the one before it is raised */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (size_t before = 60; before <= 64; before++) {
            char text[100];
            size_t n = before, k = strlen(cases[i].character);
            struct cut c;

            memset(text, 'x', sizeof(text));
            for (; n + k <= 70; n += k)
                memcpy(text + n, cases[i].character, k);
            cut(&c, (struct s3c_view){text, n}, true);
            assert_false(c.above.exact);
            if (cases[i].raised && before + k <= 64)
                assert_true(s3c_view_ends(bound_of(&c, &c.above), s3c_view_str(cases[i].raised)));
            else
                assert_true(s3c_view_ends(bound_of(&c, &c.above), S3C_VIEW("y")));
            s3c_buf_done(&c.out);
        }
}

static void survives_allocation_failures(void **state)
{
    char v[100] = "v";

    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_buf out = S3C_BUF_INIT(1000);
        struct s3c_bound b;
        int r = s3c_bound_above(&out, S3C_ORDER_BYTES, (struct s3c_view){v, sizeof(v)}, &b);

        CHECK_CODE(r, check_alloc_failed() ? S3C_E_NOMEM : 0);
        s3c_buf_done(&out);
    }
}

/* ---- numbers ---- */

struct numbers {
    enum s3c_order order;
    size_t width, count;
    const char *values; /* PLAIN, one after the other */
    const char *min, *max;
};

static void check_numbers(const struct numbers *n)
{
    struct s3c_bounds b = {.any = false};
    struct s3c_buf out = S3C_BUF_INIT(SIZE_MAX);
    struct s3c_bound below, above;

    for (size_t i = 0; i < n->count; i++)
        s3c_bounds_add(&b, n->order, (struct s3c_view){n->values + i * n->width, n->width});
    assert_true(b.any);
    CHECK_OK(s3c_bound_below(&out, n->order, b.min, &below), NULL);
    CHECK_OK(s3c_bound_above(&out, n->order, b.max, &above), NULL);
    assert_true(below.known && above.known && below.len == n->width && above.len == n->width);
    assert_memory_equal(out.ptr + below.offset, n->min, n->width);
    assert_memory_equal(out.ptr + above.offset, n->max, n->width);
    assert_int_equal(below.exact, memcmp(b.min.ptr, n->min, n->width) == 0);
    s3c_buf_done(&out);
}

static void knows_nan(void **state)
{
    const struct s3c_view nan = S3C_VIEW("\1\0\xc0\xff"), infinity = S3C_VIEW("\0\0\x80\x7f");
    const struct s3c_view wide = S3C_VIEW("\0\0\0\0\0\0\xf8\x7f");

    (void)state;
    assert_true(s3c_is_nan(S3C_ORDER_FLOAT, nan));
    assert_true(s3c_is_nan(S3C_ORDER_DOUBLE, wide));
    assert_false(s3c_is_nan(S3C_ORDER_FLOAT, infinity));
    assert_false(s3c_is_nan(S3C_ORDER_INT32, nan)); /* its bytes are a number there */
    assert_false(s3c_order_has_nan(S3C_ORDER_INT64));
}

static void orders_numbers_by_their_type(void **state)
{
    static const struct numbers cases[] = {
        {S3C_ORDER_BOOLEAN, 1, 2, "\1\0", "\0", "\1"},
        {S3C_ORDER_INT32, 4, 3,
         "\1\0\0\0"
         "\xff\xff\xff\xff"
         "\0\1\0\0",
         "\xff\xff\xff\xff", "\0\1\0\0"},
        {S3C_ORDER_INT64, 8, 3,
         "\0\0\0\0\0\0\0\x80"
         "\5\0\0\0\0\0\0\0"
         "\xfe\xff\xff\xff\xff\xff\xff\xff",
         "\0\0\0\0\0\0\0\x80", "\5\0\0\0\0\0\0\0"},
        /* -2, NaN, 1.5 */
        {S3C_ORDER_FLOAT, 4, 3,
         "\0\0\0\xc0"
         "\0\0\xc0\x7f"
         "\0\0\xc0\x3f",
         "\0\0\0\xc0", "\0\0\xc0\x3f"},
        /* only a zero: both zeros are within the bounds */
        {S3C_ORDER_DOUBLE, 8, 1, "\0\0\0\0\0\0\0\0", "\0\0\0\0\0\0\0\x80", "\0\0\0\0\0\0\0\0"},
        {S3C_ORDER_DOUBLE, 8, 1, "\0\0\0\0\0\0\0\x80", "\0\0\0\0\0\0\0\x80", "\0\0\0\0\0\0\0\0"},
        /* -inf, inf */
        {S3C_ORDER_DOUBLE, 8, 2,
         "\0\0\0\0\0\0\xf0\x7f"
         "\0\0\0\0\0\0\xf0\xff",
         "\0\0\0\0\0\0\xf0\xff", "\0\0\0\0\0\0\xf0\x7f"},
        /* -1, 1, -256 as three bytes; and what differs behind the eighth byte */
        {S3C_ORDER_DECIMAL, 3, 3,
         "\xff\xff\xff"
         "\0\0\1"
         "\xff\0\0",
         "\xff\0\0", "\0\0\1"},
        {S3C_ORDER_DECIMAL, 9, 2,
         "\xff\xff\xff\xff\xff\xff\xff\xff\1"
         "\xff\xff\xff\xff\xff\xff\xff\xff\2",
         "\xff\xff\xff\xff\xff\xff\xff\xff\1", "\xff\xff\xff\xff\xff\xff\xff\xff\2"},
        {S3C_ORDER_FIXED, 2, 2,
         "\xff\0"
         "\1\xff",
         "\1\xff", "\xff\0"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_numbers(&cases[i]);
}

static void takes_nan_for_no_value(void **state)
{
    struct s3c_bounds b = {.any = false};

    (void)state;
    s3c_bounds_add(&b, S3C_ORDER_FLOAT, (struct s3c_view){"\0\0\xc0\x7f", 4});
    s3c_bounds_add(&b, S3C_ORDER_DOUBLE, (struct s3c_view){"\1\0\0\0\0\0\xf0\xff", 8});
    assert_false(b.any);
}

/* A shorter value would not be one of the column's. */
static void cuts_no_value_of_fixed_length(void **state)
{
    struct s3c_buf out = S3C_BUF_INIT(SIZE_MAX);
    char v[S3C_BOUND_MAX + 1] = "x";
    struct s3c_bound b;

    (void)state;
    CHECK_OK(s3c_bound_below(&out, S3C_ORDER_FIXED, (struct s3c_view){v, sizeof(v)}, &b), NULL);
    assert_false(b.known);
    CHECK_OK(s3c_bound_above(&out, S3C_ORDER_FIXED, (struct s3c_view){v, sizeof(v)}, &b), NULL);
    assert_false(b.known);
    CHECK_OK(s3c_bound_above(&out, S3C_ORDER_DECIMAL, (struct s3c_view){v, sizeof(v)}, &b), NULL);
    assert_true(b.known && b.exact && b.len == sizeof(v));
    s3c_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(finds_lowest_and_highest),
        CHECK_TEST(tells_short_values_from_zeros),
        CHECK_TEST(agrees_with_sorting),
        CHECK_TEST(cuts_bytes),
        CHECK_TEST(cuts_text_between_characters),
        CHECK_TEST(survives_allocation_failures),
        CHECK_TEST(knows_nan),
        CHECK_TEST(orders_numbers_by_their_type),
        CHECK_TEST(takes_nan_for_no_value),
        CHECK_TEST(cuts_no_value_of_fixed_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
