/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include "check.h"

#include "base/view.h"

enum { LONGEST = 300 };

static const enum s3c_json_style styles[] = {S3C_JSON_PLAIN, S3C_JSON_GO};

static void escapes_what_must_be(void **state)
{
    static const struct {
        const char *in, *plain, *go;
    } cases[] = {
        {"", "\"\"", "\"\""},
        {"a\"b\\c/", "\"a\\\"b\\\\c/\"", "\"a\\\"b\\\\c/\""},
        {"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\"", "\"\\b\\f\\n\\r\\t\""},
        {"\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\"", "\"\\u0001\\u001f\x7f\""},
        {"<&>", "\"<&>\"", "\"\\u003c\\u0026\\u003e\""},
        {"\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xa7", "\"\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xa7\"",
         "\"\\u2028\\u2029\xe2\x80\xa7\""},
        {"\xe2\x82\xac \xc3\xa4 \xf0\x9f\x98\x80", "\"\xe2\x82\xac \xc3\xa4 \xf0\x9f\x98\x80\"",
         "\"\xe2\x82\xac \xc3\xa4 \xf0\x9f\x98\x80\""},
    };
    _cleanup_(s3c_buf_done) struct s3c_buf b = S3C_BUF_INIT(10000);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        s3c_buf_clear(&b);
        CHECK_CODE(s3c_json_string(&b, s3c_view_str(cases[i].in), S3C_JSON_PLAIN), 0);
        CHECK_VIEW(s3c_buf_view(&b), cases[i].plain);
        s3c_buf_clear(&b);
        CHECK_CODE(s3c_json_string(&b, s3c_view_str(cases[i].in), S3C_JSON_GO), 0);
        CHECK_VIEW(s3c_buf_view(&b), cases[i].go);
    }
    s3c_buf_clear(&b);
    CHECK_CODE(s3c_json_string(&b, S3C_VIEW("a\0b"), S3C_JSON_PLAIN), 0);
    CHECK_VIEW(s3c_buf_view(&b), "\"a\\u0000b\"");
    s3c_buf_clear(&b);
    CHECK_CODE(s3c_json_string(&b, (struct s3c_view){NULL, 0}, S3C_JSON_GO), 0);
    CHECK_VIEW(s3c_buf_view(&b), "\"\"");
}

static void expect_twins_agree(struct s3c_view v)
{
    for (size_t i = 0; i < 2; i++) {
        _cleanup_(s3c_buf_done) struct s3c_buf fast = S3C_BUF_INIT(1u << 20),
                                               slow = S3C_BUF_INIT(1u << 20);

        CHECK_CODE(s3c_json_string(&fast, v, styles[i]), 0);
        CHECK_CODE(s3c_json_string_portable(&slow, v, styles[i]), 0);
        assert_int_equal(fast.len, slow.len);
        assert_memory_equal(fast.ptr, slow.ptr, slow.len);
    }
}

/* Each byte value at each place of a text longer than two registers, its end at the end of memory. */
static void twins_agree_on_each_byte_at_each_place(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 70; n += 3) {
        struct check_guard g = check_guard_new(NULL, n);

        for (int c = 0; c < 256; c++) {
            memset(g.ptr, 'a', n);
            g.ptr[(size_t)c * 7 % n] = (char)c;
            expect_twins_agree((struct s3c_view){g.ptr, n});
        }
        check_guard_free(&g);
    }
    for (size_t place = 0; place < 70; place++) {
        static const char special[] = "\"\\\n<>&\xe2";
        char text[70];

        for (size_t i = 0; i < sizeof(special) - 1; i++) {
            memset(text, 'a', sizeof(text));
            text[place] = special[i];
            expect_twins_agree((struct s3c_view){text, sizeof(text)});
        }
    }
}

/* Texts of every length, from none to many special bytes. */
static void twins_agree_on_random_texts(void **state)
{
    static const char pick[] = "\"\\\n\x01<>&\xe2\x80\xa8\xa9";
    char text[LONGEST];
    uint64_t seed = 5;

    (void)state;
    for (unsigned rare = 1; rare < 40; rare = rare * 2 + 1) {
        for (size_t n = 0; n <= LONGEST; n++) {
            struct check_guard g;

            for (size_t i = 0; i < n; i++) {
                uint64_t r = check_random(&seed) >> 20;

                text[i] =
                    r % rare == 0 ? pick[(r >> 10) % (sizeof(pick) - 1)] : (char)('a' + r % 26);
            }
            g = check_guard_new(text, n);
            expect_twins_agree((struct s3c_view){g.ptr, n});
            check_guard_free(&g);
        }
    }
}

static void characters_across_pieces_are_seen_whole(void **state)
{
    _cleanup_(s3c_freep) char *text = s3c_alloc(20000);

    (void)state;
    assert_non_null(text);
    for (size_t shift = 4090; shift < 4100; shift++) {
        memset(text, 'x', 20000);
        memcpy(text + shift, "\xe2\x80\xa8", 3);
        memcpy(text + shift + 4096, "\xf0\x9f\x98\x80", 4);
        expect_twins_agree((struct s3c_view){text, 20000});
    }
    memset(text, '\xa8', 20000); /* no UTF-8 at all must not stop it either */
    expect_twins_agree((struct s3c_view){text, 20000});
    memset(text, '\x01', 20000);
    expect_twins_agree((struct s3c_view){text, 20000});
}

static void checked_refuses_invalid_utf8(void **state)
{
    _cleanup_(s3c_buf_done) struct s3c_buf b = S3C_BUF_INIT(100);

    (void)state;
    CHECK_CODE(s3c_json_string_checked(&b, S3C_VIEW("\xc3\xa4"), S3C_JSON_GO), 0);
    CHECK_CODE(s3c_json_string_checked(&b, S3C_VIEW("ok \xc3"), S3C_JSON_GO), S3C_E_RECORD);
    CHECK_VIEW(s3c_buf_view(&b), "\"\xc3\xa4\"");
}

/* The cap counts what is written, not what was reserved for the worst case; and it is all or nothing. */
static void the_cap_is_exact(void **state)
{
    static const char text[] = "0123456789abcdef0123456789abcdef\n<\"end";

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        _cleanup_(s3c_buf_done) struct s3c_buf whole = S3C_BUF_INIT(10000);

        CHECK_CODE(s3c_json_string(&whole, s3c_view_str(text), styles[i]), 0);
        for (size_t max = 0; max <= whole.len + 1; max++) {
            _cleanup_(s3c_buf_done) struct s3c_buf b = S3C_BUF_INIT(max);

            CHECK_CODE(s3c_json_string(&b, s3c_view_str(text), styles[i]),
                       max < whole.len ? S3C_E_TOO_LARGE : 0);
            assert_int_equal(b.len, max < whole.len ? 0 : whole.len);
            if (b.len)
                assert_memory_equal(b.ptr, whole.ptr, b.len);
        }
    }
}

static void survives_out_of_memory(void **state)
{
    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_buf b = S3C_BUF_INIT(1000);

        CHECK_CODE(s3c_json_string_checked(&b, S3C_VIEW("some \"text\""), S3C_JSON_GO),
                   check_alloc_failed() ? S3C_E_NOMEM : 0);
        assert_true(check_alloc_failed() == (b.len == 0));
        s3c_buf_done(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(escapes_what_must_be),
        CHECK_TEST(twins_agree_on_each_byte_at_each_place),
        CHECK_TEST(twins_agree_on_random_texts),
        CHECK_TEST(characters_across_pieces_are_seen_whole),
        CHECK_TEST(checked_refuses_invalid_utf8),
        CHECK_TEST(the_cap_is_exact),
        CHECK_TEST(survives_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
