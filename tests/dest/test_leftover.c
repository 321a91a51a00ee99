/* SPDX-License-Identifier: Apache-2.0 */
/* Whose uploads are whose: the identity that a restart finds again, and the names that it gives. */
#include "check.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/view.h"
#include "dest/leftover.h"
#include "dest/name.h"

static const struct s3c_settings settings = {
    .bucket = "b", .prefix = "test-of-identity", .key_template = "{prefix}{name}"};

static struct s3c_identity take(const struct s3c_settings *s)
{
    struct s3c_identity id;

    CHECK_OK(s3c_identity_take(&id, s, NULL), NULL);
    return id;
}

static void is_the_same_after_a_restart(void **state)
{
    struct s3c_identity a = take(&settings), b;

    (void)state;
    assert_true(a.held);
    assert_true(fcntl(a.lock, F_GETFD) & FD_CLOEXEC);
    s3c_identity_done(&a);
    s3c_identity_done(&a);
    b = take(&settings);
    assert_true(b.held);
    assert_int_equal(a.writer, b.writer);
    s3c_identity_done(&b);
}

static void is_held_once(void **state)
{
    struct s3c_identity a = take(&settings), b = take(&settings);

    (void)state;
    assert_true(a.held);
    assert_false(b.held);
    s3c_identity_done(&b);
    s3c_identity_done(&a);
}

static void is_another_for_other_settings(void **state)
{
    struct s3c_settings others[] = {settings, settings, settings, settings, settings};
    struct s3c_identity a = take(&settings);

    (void)state;
    others[0].bucket = "c";
    others[1].prefix = "test-of-identity/x";
    others[2].key_template = "{prefix}{shard}-{name}";
    others[3].shard_index = 1;
    others[4].endpoint = "http://localhost:9000";
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        struct s3c_identity b = take(&others[i]);

        assert_true(b.held);
        assert_int_not_equal(a.writer, b.writer);
        s3c_identity_done(&b);
    }
    s3c_identity_done(&a);
}

static void knows_the_names_that_it_gives(void **state)
{
    struct s3c_namer n = {.writer = 0x0badcafe, .number = 41};
    _cleanup_(s3c_buf_done) struct s3c_buf key = S3C_BUF_INIT(SIZE_MAX);

    (void)state;
    CHECK_OK(s3c_buf_add_str(&key, "some/prefix/dt=2026-11-23/x-"), NULL);
    CHECK_OK(s3c_namer_name(&n, INT64_C(1795435200123456789), &key), NULL);
    CHECK_OK(s3c_buf_add_str(&key, ".json.gz"), NULL);
    assert_true(s3c_leftover_is_ours(s3c_buf_view(&key), 0x0badcafe));
    assert_false(s3c_leftover_is_ours(s3c_buf_view(&key), 0x0badcaff));
}

static void leaves_everything_else_alone(void **state)
{
    static const char *const others[] = {
        "",
        "20261123T000000.123456789Z-0badcafe-",
        "20261123T000000.123456789Z-0badcafe-00042",
        "20261123T000000.123456789Z-0badcaf-000042.json",
        "20261123T000000.123456789Z-0BADCAFE-000042.json",
        "20261123T000000.12345678Z-0badcafe-000042.json",
        "20261123T00000.123456789Z-0badcafe-000042.json",
        "backup-0badcafe-000042.json",
        "x20261123T000000.123456789Z-0badcafe-x00042.json",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        assert_false(s3c_leftover_is_ours(s3c_view_str(others[i]), 0x0badcafe));
    assert_true(
        s3c_leftover_is_ours(S3C_VIEW("20261123T000000.123456789Z-0badcafe-1000042"), 0x0badcafe));
}

static void survives_every_allocation_failure(void **state)
{
    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_identity id = {0};

        CHECK_CODE(s3c_identity_take(&id, &settings, NULL), check_alloc_failed() ? S3C_E_NOMEM : 0);
        s3c_identity_done(&id);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(is_the_same_after_a_restart),   CHECK_TEST(is_held_once),
        CHECK_TEST(is_another_for_other_settings), CHECK_TEST(knows_the_names_that_it_gives),
        CHECK_TEST(leaves_everything_else_alone),  CHECK_TEST(survives_every_allocation_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
