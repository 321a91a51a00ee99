/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"

#include "check.h"

#include "base/view.h"

enum { LONGEST = 300 };

static void random_bytes(unsigned char *dst, size_t n, uint64_t *seed)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = (unsigned char)(check_random(seed) >> 32);
}

/* RFC 4648 section 10. */
static void encodes_and_decodes_the_rfc_examples(void **state)
{
    static const struct {
        const char *plain, *encoded;
    } cases[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    _cleanup_(s3c_buf_done) struct s3c_buf b = S3C_BUF_INIT(100);
    char text[16];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t n = s3c_base64_encode(text, cases[i].plain, strlen(cases[i].plain));

        CHECK_VIEW(((struct s3c_view){text, n}), cases[i].encoded);
        assert_int_equal(n, s3c_base64_size(strlen(cases[i].plain)));
        s3c_buf_clear(&b);
        CHECK_CODE(s3c_base64_decode(&b, (struct s3c_view){text, n}, NULL), 0);
        CHECK_VIEW(s3c_buf_view(&b), cases[i].plain);
    }
}

/* All lengths, each with its input and output at the end of memory; then all places in a cache line. */
static void both_encoders_agree(void **state)
{
    unsigned char bytes[LONGEST + 64];
    char expected[LONGEST / 3 * 4 + 8];
    uint64_t seed = 1;

    (void)state;
    for (size_t n = 0; n <= LONGEST; n++) {
        struct check_guard in, out = check_guard_new(NULL, s3c_base64_size(n));

        random_bytes(bytes, sizeof(bytes), &seed);
        in = check_guard_new(bytes, n);
        assert_int_equal(s3c_base64_encode_portable(expected, bytes, n), s3c_base64_size(n));
        assert_int_equal(s3c_base64_encode(out.ptr, in.ptr, n), s3c_base64_size(n));
        assert_memory_equal(out.ptr, expected, s3c_base64_size(n));
        check_guard_free(&in);
        check_guard_free(&out);
    }
    for (size_t shift = 0; shift < 64; shift++) {
        char out[LONGEST / 3 * 4 + 64];

        s3c_base64_encode_portable(expected, bytes + shift, LONGEST);
        s3c_base64_encode(out + shift % 32, bytes + shift, LONGEST);
        assert_memory_equal(out + shift % 32, expected, s3c_base64_size(LONGEST));
    }
}

static void what_is_encoded_decodes(void **state)
{
    _cleanup_(s3c_buf_done) struct s3c_buf b = S3C_BUF_INIT(LONGEST + 2);
    unsigned char bytes[LONGEST];
    uint64_t seed = 2;

    (void)state;
    for (size_t n = 0; n <= LONGEST; n++) {
        struct check_guard text = check_guard_new(NULL, s3c_base64_size(n));

        random_bytes(bytes, n, &seed);
        s3c_base64_encode(text.ptr, bytes, n);
        s3c_buf_clear(&b);
        CHECK_CODE(s3c_base64_decode(&b, (struct s3c_view){text.ptr, text.len}, NULL), 0);
        assert_int_equal(b.len, n);
        if (n)
            assert_memory_equal(b.ptr, bytes, n);
        check_guard_free(&text);
    }
}

static void refuses_what_is_no_base64(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"Zg", "multiple of 4"},      {"Zg=", "multiple of 4"},
        {"Zm9vZg=", "multiple of 4"}, {"====", "character 1 "},
        {"Z===", "character 2 "},     {"Zg=a", "character 3 "},
        {"Zm9-", "character 4 "},     {"Zm9\n", "character 4 "},
        {"Z_9v", "character 2 "},     {"Zg==Zg==", "character 5 "},
        {"Zm9vZh==", "character 6 "}, {"Zm9=", "character 3 "},
        {"\x80m9v", "character 1 "},  {"Zm9v?m9vZm9v", "character 5 "},
    };
    _cleanup_(s3c_buf_done) struct s3c_buf b = S3C_BUF_INIT(100);

    (void)state;
    CHECK_CODE(s3c_buf_add_str(&b, "kept"), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct s3c_error err = {0};

        CHECK_CODE(s3c_base64_decode(&b, s3c_view_str(cases[i].text), &err), S3C_E_INVALID);
        CHECK_HAS(err.message, cases[i].message);
        CHECK_VIEW(s3c_buf_view(&b), "kept");
    }
}

static void decoding_reports_what_does_not_fit(void **state)
{
    struct s3c_buf small = S3C_BUF_INIT(2);

    (void)state;
    CHECK_CODE(s3c_base64_decode(&small, S3C_VIEW("Zm9v"), NULL), S3C_E_TOO_LARGE);
    s3c_buf_done(&small);
    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_buf b = S3C_BUF_INIT(100);

        CHECK_CODE(s3c_base64_decode(&b, S3C_VIEW("Zm9v"), NULL),
                   check_alloc_failed() ? S3C_E_NOMEM : 0);
        s3c_buf_done(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(encodes_and_decodes_the_rfc_examples),
        CHECK_TEST(both_encoders_agree),
        CHECK_TEST(what_is_encoded_decodes),
        CHECK_TEST(refuses_what_is_no_base64),
        CHECK_TEST(decoding_reports_what_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
