/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include "check.h"

static const struct {
    const char *bytes;
    bool valid;
} cases[] = {
    {"", true},
    {"plain", true},
    {"\x7f", true},
    {"\xc2\x80", true},
    {"\xdf\xbf", true},
    {"\xe0\xa0\x80", true},
    {"\xed\x9f\xbf", true},
    {"\xee\x80\x80", true},
    {"\xef\xbf\xbf", true},
    {"\xf0\x90\x80\x80", true},
    {"\xf4\x8f\xbf\xbf", true},
    {"\x80", false},     /* a continuation alone */
    {"\xc0\x80", false}, /* overlong */
    {"\xc1\xbf", false},
    {"\xe0\x9f\xbf", false},
    {"\xf0\x8f\xbf\xbf", false},
    {"\xed\xa0\x80", false}, /* surrogates */
    {"\xed\xbf\xbf", false},
    {"\xf4\x90\x80\x80", false}, /* above U+10FFFF */
    {"\xf5\x80\x80\x80", false},
    {"\xff", false},
    {"\xc2", false}, /* cut off */
    {"\xe2\x82", false},
    {"\xf0\x9f\x98", false},
    {"\xc2\x41", false}, /* continuation missing */
    {"\xe2\x28\xa1", false},
    {"\xe2\x82\x28", false},
    {"\xf0\x28\x8c\xbc", false},
    {"\xf0\x90\x28\xbc", false},
    {"\xf0\x90\x8c\x28", false},
};

/* Each case at each place of a text that is longer than any register, with its end at the end of memory. */
static void judges_each_form_at_each_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t n = strlen(cases[i].bytes);

        for (size_t before = 0; before < 70; before++) {
            for (size_t after = 0; after < 70; after += 23) {
                struct check_guard g = check_guard_new(NULL, before + n + after);

                memset(g.ptr, 'a', g.len);
                memcpy(g.ptr + before, cases[i].bytes, n);
                assert_int_equal(s3c_utf8_valid((struct s3c_view){g.ptr, g.len}), cases[i].valid);
                check_guard_free(&g);
            }
        }
    }
}

static void every_two_byte_run_agrees_with_the_rule(void **state)
{
    (void)state;
    for (int a = 0; a < 256; a++) {
        for (int b = 0; b < 256; b++) {
            char s[2] = {(char)a, (char)b};
            bool two = a >= 0xc2 && a <= 0xdf && b >= 0x80 && b <= 0xbf;

            assert_int_equal(s3c_utf8_valid((struct s3c_view){s, 2}),
                             (a < 0x80 && b < 0x80) || two);
        }
    }
}

static void nil_is_valid(void **state)
{
    (void)state;
    assert_true(s3c_utf8_valid((struct s3c_view){NULL, 0}));
}

static void finds_where_a_cut_text_should_end(void **state)
{
    static const struct {
        const char *bytes;
        size_t whole;
    } cuts[] = {
        {"", 0},           {"abc", 3},
        {"ab\xc3", 2},     {"ab\xc3\xa4", 4},
        {"ab\xe2\x82", 2}, {"\xf0\x9f\x98", 0},
        {"a\xf0\x9f", 1},  {"\xf0\x9f\x98\x80", 4},
        {"\x80\x80", 2},   {"a\x80\x80\x80\x80", 5},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++)
        assert_int_equal(s3c_utf8_whole(cuts[i].bytes, strlen(cuts[i].bytes)), cuts[i].whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(judges_each_form_at_each_place),
        CHECK_TEST(every_two_byte_run_agrees_with_the_rule),
        CHECK_TEST(nil_is_valid),
        CHECK_TEST(finds_where_a_cut_text_should_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
