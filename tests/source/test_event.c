/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "base/view.h"
#include "source/event.h"

static struct s3c_event event(const char *key, int64_t second, uint32_t following)
{
    return (struct s3c_event){.op = S3C_OP_UPDATE,
                              .second = second,
                              .following = following,
                              .listed = true,
                              .key = s3c_view_str(key),
                              .version_id = S3C_VIEW("v"),
                              .etag = S3C_VIEW("e")};
}

static int add(struct s3c_events *s, const char *key, int64_t second, uint32_t following, bool same)
{
    struct s3c_event e = event(key, second, following);

    return s3c_events_add(s, &e, same);
}

static void check_next(struct s3c_events *s, const char *key, int64_t second, uint32_t following)
{
    const struct s3c_event *e = s3c_events_next(s);

    assert_non_null(e);
    CHECK_VIEW(e->key, key);
    assert_int_equal(e->second, second);
    assert_int_equal(e->following, following);
    CHECK_VIEW(e->version_id, "v");
}

static void orders_by_second_key_and_visibility(void **state)
{
    struct s3c_events s = S3C_EVENTS_INIT;

    (void)state;
    for (int again = 0; again < 2; again++) {
        CHECK_OK(add(&s, "a", 9, 0, false),
                 NULL); /* a straggler comes first in its key, last in time */
        CHECK_OK(add(&s, "a", 5, 2, true), NULL);
        CHECK_OK(add(&s, "a", 5, 1, true), NULL);
        CHECK_OK(add(&s, "a", 5, 0, true), NULL);
        CHECK_OK(add(&s, "a\xff", 4, 0, false), NULL);
        CHECK_OK(add(&s, "b", 5, 0, false), NULL);
        CHECK_OK(add(&s, "b", 4, 0, true), NULL);
        s3c_events_sort(&s);
        check_next(&s, "a\xff", 4, 0);
        check_next(&s, "b", 4, 0);
        check_next(&s, "a", 5, 2);
        check_next(&s, "a", 5, 1);
        check_next(&s, "a", 5, 0);
        check_next(&s, "b", 5, 0);
        check_next(&s, "a", 9, 0);
        assert_null(s3c_events_next(&s));
        s3c_events_clear(&s);
        assert_int_equal(s3c_events_bytes(&s), 0);
    }
    s3c_events_done(&s);
}

static void cuts_in_the_middle(void **state)
{
    struct s3c_events s = S3C_EVENTS_INIT;

    (void)state;
    for (int64_t i = 0; i < 100; i++)
        CHECK_OK(add(&s, "k", 10 + i % 50, 0, false), NULL);
    assert_in_range(s3c_events_cut(&s, 9, 60), 30, 40);
    for (int i = 0; i < 200; i++)
        CHECK_OK(add(&s, "gone", 60, 0, false), NULL);
    assert_int_equal(s3c_events_cut(&s, 9, 60), 10);
    s3c_events_done(&s);
}

static void survives_lack_of_memory(void **state)
{
    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_events s = S3C_EVENTS_INIT;
        int r = 0;

        for (int i = 0; r == 0 && i < 200; i++)
            r = add(&s, "key", i, 0, false);
        CHECK_CODE(r, check_alloc_failed() ? S3C_E_NOMEM : 0);
        s3c_events_done(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(orders_by_second_key_and_visibility),
        CHECK_TEST(cuts_in_the_middle),
        CHECK_TEST(survives_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
