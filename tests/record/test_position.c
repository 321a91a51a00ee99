/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "base/view.h"
#include "record/position.h"

static struct s3c_view view(const char *s)
{
    return s3c_view_str(s);
}

static void check_parses(const char *text, enum s3c_phase phase, const char *key, int64_t second,
                         uint32_t following)
{
    struct s3c_buf out = S3C_BUF_INIT(4096);
    struct s3c_position p;
    struct s3c_error err;

    CHECK_OK(s3c_position_parse(&p, view(text), &err), &err);
    assert_int_equal(p.phase, phase);
    CHECK_VIEW(p.key, key);
    assert_int_equal(p.second, second);
    assert_int_equal(p.following, following);
    CHECK_OK(s3c_position_format(&out, &p), NULL);
    CHECK_VIEW(s3c_buf_view(&out), text);
    s3c_buf_done(&out);
}

static void parses_and_formats_both_phases(void **state)
{
    (void)state;
    check_parses("a_s0", S3C_PHASE_SNAPSHOT, "a", 0, 0);
    check_parses("a.txt_c1700000000", S3C_PHASE_CDC, "a.txt", 1700000000, 0);
    check_parses("a.txt_c1700000000.12", S3C_PHASE_CDC, "a.txt", 1700000000, 12);
    check_parses("k_c1.4294967295", S3C_PHASE_CDC, "k", 1, UINT32_MAX);
    check_parses("k_s9223372035", S3C_PHASE_SNAPSHOT, "k", 9223372035, 0);
}

static void splits_at_the_last_underscore(void **state)
{
    (void)state;
    check_parses("a_s1_c2", S3C_PHASE_CDC, "a_s1", 2, 0);
    check_parses("a_c5.3_s4", S3C_PHASE_SNAPSHOT, "a_c5.3", 4, 0);
    check_parses("__c4", S3C_PHASE_CDC, "_", 4, 0);
    check_parses("dir/\x01 \xff%_c4", S3C_PHASE_CDC, "dir/\x01 \xff%", 4, 0);
}

static void refuses_what_is_malformed(void **state)
{
    static const char *const wrong[] = {
        "",        "abc",         "_c1",      "_",
        "a_",      "a_x1",        "a_c",      "a_s",
        "a_c-1",   "a_c+1",       "a_c1 ",    "a_c 1",
        "a_c1.",   "a_c1.0",      "a_c1.-1",  "a_c1.4294967296",
        "a_c1.2.", "a_c1.2.3",    "a_s1.2",   "a_C1",
        "a_c.1",   "a_c0x10",     "a_c1700_", "a_c9223372036",
        "a_s1x",   "a_c1700.1e3", "a_sc1",    "a_c99999999999999999999",
    };
    struct s3c_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct s3c_position p = {.second = 42};

        CHECK_CODE(s3c_position_parse(&p, view(wrong[i]), &err), S3C_E_POSITION);
        assert_int_equal(p.second, 42);
        CHECK_HAS(err.message, wrong[i]);
        CHECK_HAS(err.message, "<key>_c<seconds>");
    }
    CHECK_CODE(s3c_position_parse(&(struct s3c_position){0}, view("x"), NULL), S3C_E_POSITION);
}

static void shows_malformed_bytes_as_text(void **state)
{
    struct s3c_position p;
    struct s3c_error err;
    char longer[1000];

    (void)state;
    CHECK_CODE(s3c_position_parse(&p, view("a\n\x1b\xff"), &err), S3C_E_POSITION);
    CHECK_HAS(err.message, "\"a\\x0a\\x1b\\xff\"");
    CHECK_CODE(s3c_position_parse(&p, view("\xc3\xa4"), &err), S3C_E_POSITION);
    CHECK_HAS(err.message, "\"\xc3\xa4\"");
    CHECK_CODE(s3c_position_parse(&p, (struct s3c_view){"a\0b", 3}, &err), S3C_E_POSITION);
    CHECK_HAS(err.message, "a\\x00b");

    for (size_t i = 0; i < sizeof(longer); i += 2)
        memcpy(longer + i, "\xc3\xa4", 2);
    longer[0] = 'x', longer[1] = 'y';
    CHECK_CODE(s3c_position_parse(&p, (struct s3c_view){longer, sizeof(longer)}, &err),
               S3C_E_POSITION);
    CHECK_HAS(err.message, "\xc3\xa4...\"");
    assert_true(s3c_utf8_valid(view(err.message)));
}

static struct s3c_position position(enum s3c_phase phase, const char *key, int64_t second,
                                    uint32_t following)
{
    return (struct s3c_position){phase, view(key), second, following};
}

static void orders_as_it_emits(void **state)
{
    const struct s3c_position order[] = {
        position(S3C_PHASE_SNAPSHOT, "a", 9, 0),    position(S3C_PHASE_SNAPSHOT, "b", 9, 0),
        position(S3C_PHASE_SNAPSHOT, "\xff", 9, 0), position(S3C_PHASE_CDC, "z", 1, 0),
        position(S3C_PHASE_CDC, "a", 2, 2),         position(S3C_PHASE_CDC, "a", 2, 1),
        position(S3C_PHASE_CDC, "a", 2, 0),         position(S3C_PHASE_CDC, "ab", 2, 7),
        position(S3C_PHASE_CDC, "b", 2, 0),         position(S3C_PHASE_CDC, "a", 3, 0),
    };
    const size_t n = sizeof(order) / sizeof(order[0]);

    (void)state;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            int r = s3c_position_cmp(&order[i], &order[j]);

            assert_int_equal((r > 0) - (r < 0), (i > j) - (i < j));
        }
    /* Every record of a snapshot has the same number; what it is does not matter for the order. */
    assert_int_equal(s3c_position_cmp(&(struct s3c_position){S3C_PHASE_SNAPSHOT, view("a"), 1, 0},
                                      &(struct s3c_position){S3C_PHASE_SNAPSHOT, view("a"), 2, 0}),
                     0);
}

static void formats_all_or_nothing(void **state)
{
    const struct s3c_position p = {S3C_PHASE_CDC, view("some-key"), 1700000000, 3};
    struct s3c_buf small = S3C_BUF_INIT(22);

    (void)state;
    CHECK_OK(s3c_buf_add_str(&small, "x"), NULL);
    CHECK_CODE(s3c_position_format(&small, &p), S3C_E_TOO_LARGE);
    CHECK_VIEW(s3c_buf_view(&small), "x");
    s3c_buf_done(&small);
    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_buf out = S3C_BUF_INIT(4096);
        int r = s3c_position_format(&out, &p);

        CHECK_CODE(r, check_alloc_failed() ? S3C_E_NOMEM : 0);
        CHECK_VIEW(s3c_buf_view(&out), r == 0 ? "some-key_c1700000000.3" : "");
        s3c_buf_done(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(parses_and_formats_both_phases),
        CHECK_TEST(splits_at_the_last_underscore),
        CHECK_TEST(refuses_what_is_malformed),
        CHECK_TEST(shows_malformed_bytes_as_text),
        CHECK_TEST(orders_as_it_emits),
        CHECK_TEST(formats_all_or_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
