/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <string.h>

#include "base/json.h"
#include "base/json_plain.h"

/* Plain or not by the definition: escaping adds nothing but the quotes, and it is ASCII. */
static bool is_plain_by_definition(struct s3c_view v)
{
    struct s3c_buf out = S3C_BUF_INIT(4096);
    bool plain;

    for (size_t i = 0; i < v.len; i++)
        if ((unsigned char)v.ptr[i] >= 0x80)
            return false;
    CHECK_OK(s3c_json_string_portable(&out, v, S3C_JSON_GO), NULL);
    plain = out.len == v.len + 2;
    s3c_buf_done(&out);
    return plain;
}

/* Each byte at each place of texts of each length around the widths, the neighbours being the highest plain byte. */
static void knows_each_byte_in_each_place(void **state)
{
    (void)state;
    for (size_t len = 1; len <= 84; len += len == 36 ? 26 : 1) {
        struct check_guard g = check_guard_new(NULL, len);
        const struct s3c_view v = {g.ptr, len};

        for (size_t at = 0; at < len; at++) {
            memset(g.ptr, '~', len);
            for (int c = 0; c < 256; c++) {
                g.ptr[at] = (char)c;
                if (s3c_json_is_plain(v) != is_plain_by_definition(v))
                    fail_msg("byte %d at %zu of %zu", c, at, len);
            }
        }
        check_guard_free(&g);
    }
    assert_true(s3c_json_is_plain((struct s3c_view){NULL, 0}));
}

/* The eight-byte test borrows from byte to byte: that may only ever happen where the answer is no already. */
static void is_not_misled_by_neighbours(void **state)
{
    static const char edge[] = {0,   1,   0x1f, 0x20, 0x21, '"',        '#',
                                '%', '&', '\'', ';',  '<',  '=',        '>',
                                '?', '[', '\\', ']',  0x7f, (char)0x80, (char)0xff};
    char text[8] = "abcdefgh";

    (void)state;
    for (size_t i = 0; i < sizeof(edge); i++)
        for (size_t j = 0; j < sizeof(edge); j++)
            for (size_t k = 0; k < sizeof(edge); k++) {
                const struct s3c_view v = {text, 8};

                text[2] = edge[i], text[3] = edge[j], text[4] = edge[k];
                assert_int_equal(s3c_json_is_plain(v), is_plain_by_definition(v));
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(knows_each_byte_in_each_place),
        CHECK_TEST(is_not_misled_by_neighbours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
