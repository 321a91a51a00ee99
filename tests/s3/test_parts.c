/* SPDX-License-Identifier: Apache-2.0 */
/* Cutting bodies and streams into parts: nothing is lost or moved, whatever the lengths that come. */
#include "check.h"

#include <string.h>

#include "base/mem.h"
#include "base/view.h"
#include "s3/parts.h"

#define MIB (UINT64_C(1) << 20)
#define TIB (UINT64_C(1) << 40)

static struct s3c_buf bytes(const char *text)
{
    struct s3c_buf b = S3C_BUF_INIT(SIZE_MAX);

    CHECK_OK(s3c_buf_add_str(&b, text), NULL);
    return b;
}

/* Appends and takes every part that is there: "aaaa|bbbb|". */
static void push(struct s3c_parts *p, const char *text, struct s3c_buf *out)
{
    struct s3c_buf b = bytes(text);
    struct s3c_part part;

    CHECK_OK(s3c_parts_append(p, &b), NULL);
    assert_null(b.ptr);
    while (s3c_parts_next(p, &part) == 1) {
        CHECK_OK(s3c_buf_add_view(out, part.body), NULL);
        CHECK_OK(s3c_buf_add_char(out, '|'), NULL);
        s3c_buf_done(&part.owned);
    }
}

static void cuts_a_body(void **state)
{
    struct s3c_parts p;
    struct s3c_part part;

    (void)state;
    s3c_parts_init_body(&p, S3C_VIEW("aaaabbbbcc"), 4);
    assert_int_equal(s3c_parts_next(&p, &part), 1);
    CHECK_VIEW(part.body, "aaaa");
    assert_null(part.owned.ptr);
    assert_int_equal(s3c_parts_next(&p, &part), 1);
    CHECK_VIEW(part.body, "bbbb");
    assert_false(s3c_parts_at_end(&p));
    assert_int_equal(s3c_parts_next(&p, &part), 1);
    CHECK_VIEW(part.body, "cc");
    assert_true(s3c_parts_at_end(&p));
    assert_int_equal(s3c_parts_next(&p, &part), 0);
    assert_int_equal(p.given, 3);
    s3c_parts_done(&p);
}

static void cuts_a_stream_of_any_pieces(void **state)
{
    _cleanup_(s3c_buf_done) struct s3c_buf out = S3C_BUF_INIT(SIZE_MAX);
    struct s3c_parts p;

    (void)state;
    s3c_parts_init_stream(&p, 4);
    push(&p, "aaaa", &out);     /* exactly a part */
    push(&p, "bb", &out);       /* less */
    push(&p, "", &out);         /* nothing */
    push(&p, "bbccccdd", &out); /* the rest of one, one, and the start of one */
    CHECK_VIEW(s3c_buf_view(&out), "aaaa|bbbb|cccc|");
    assert_int_equal(p.held, 2);
    assert_false(s3c_parts_at_end(&p));
    s3c_parts_end(&p);
    push(&p, "", &out);
    CHECK_VIEW(s3c_buf_view(&out), "aaaa|bbbb|cccc|dd|");
    assert_true(s3c_parts_at_end(&p));
    s3c_parts_done(&p);
    s3c_parts_done(&p);
}

static void gives_every_stream_a_part(void **state)
{
    struct s3c_parts p;
    struct s3c_part part;

    (void)state;
    s3c_parts_init_stream(&p, 4);
    assert_int_equal(s3c_parts_next(&p, &part), 0);
    s3c_parts_end(&p);
    assert_false(s3c_parts_at_end(&p));
    assert_int_equal(s3c_parts_next(&p, &part), 1);
    CHECK_VIEW(part.body, "");
    assert_true(s3c_parts_at_end(&p));
    s3c_buf_done(&part.owned);
    s3c_parts_done(&p);
}

static void ends_exactly_at_a_part(void **state)
{
    _cleanup_(s3c_buf_done) struct s3c_buf out = S3C_BUF_INIT(SIZE_MAX);
    struct s3c_parts p;

    (void)state;
    s3c_parts_init_stream(&p, 4);
    push(&p, "aaaa", &out);
    s3c_parts_end(&p);
    assert_true(s3c_parts_at_end(&p));
    push(&p, "", &out);
    CHECK_VIEW(s3c_buf_view(&out), "aaaa|");
    s3c_parts_done(&p);
}

static void makes_parts_larger_rather_than_too_many(void **state)
{
    uint64_t total = 0, size;
    struct s3c_parts p;

    (void)state;
    for (unsigned n = 1; n <= S3C_PARTS_MAX; n++) {
        size = s3c_part_size(5 * MIB, n);
        assert_true(n > 4500 || size == 5 * MIB);
        assert_true(n == 1 || size <= 5 * MIB || size <= total / 490);
        assert_true(size <= S3C_PART_MAX);
        total += size;
    }
    assert_true(total >= 5 * TIB);
    s3c_parts_init_body(&p, (struct s3c_view){"", 30001}, 1); /* never read */
    assert_int_equal(p.part_size, 4);
}

static void refuses_part_10001(void **state)
{
    struct s3c_buf b = S3C_BUF_INIT(SIZE_MAX);
    struct s3c_part part;
    struct s3c_parts p;
    size_t total = 0;

    (void)state;
    for (unsigned n = 1; n <= S3C_PARTS_MAX; n++)
        total += s3c_part_size(1, n);
    CHECK_OK(s3c_buf_reserve(&b, total + 1), NULL);
    memset(b.ptr, 'x', b.len = total + 1);
    s3c_parts_init_stream(&p, 1);
    CHECK_OK(s3c_parts_append(&p, &b), NULL);
    s3c_parts_end(&p);
    for (unsigned n = 1; n <= S3C_PARTS_MAX; n++) {
        assert_int_equal(s3c_parts_next(&p, &part), 1);
        s3c_buf_done(&part.owned);
    }
    CHECK_CODE(s3c_parts_next(&p, &part), S3C_E_TOO_LARGE);
    s3c_parts_done(&p);
}

static void changes_nothing_when_memory_is_out(void **state)
{
    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_buf a = S3C_BUF_INIT(SIZE_MAX), b = S3C_BUF_INIT(SIZE_MAX);
        struct s3c_part part = {.owned = S3C_BUF_INIT(0)};
        struct s3c_parts p;
        int r = 0;

        s3c_parts_init_stream(&p, 4);
        if (s3c_buf_add_str(&a, "aab") == 0 && s3c_buf_add_str(&b, "bcc") == 0)
            r = s3c_parts_append(&p, &a);
        if (r == 0 && p.held == 3)
            r = s3c_parts_append(&p, &b);
        if (r == 0 && p.held == 6)
            r = s3c_parts_next(&p, &part);
        assert_true(r == 1 || check_alloc_failed());
        if (r < 0 && p.held == 6) { /* once more, with memory */
            CHECK_CODE(r, S3C_E_NOMEM);
            assert_int_equal(s3c_parts_next(&p, &part), 1);
            CHECK_VIEW(part.body, "aabb");
        }
        s3c_buf_done(&part.owned);
        s3c_buf_done(&a);
        s3c_buf_done(&b);
        s3c_parts_done(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(cuts_a_body),
        CHECK_TEST(cuts_a_stream_of_any_pieces),
        CHECK_TEST(gives_every_stream_a_part),
        CHECK_TEST(ends_exactly_at_a_part),
        CHECK_TEST(makes_parts_larger_rather_than_too_many),
        CHECK_TEST(refuses_part_10001),
        CHECK_TEST(changes_nothing_when_memory_is_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
