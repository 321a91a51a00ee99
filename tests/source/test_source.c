/* SPDX-License-Identifier: Apache-2.0 */
/* The source as a whole on a fake bucket: one behaviour a test. Random histories: test_model.c. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#include "rig.h"

#define SEC S3C_NS_PER_SEC

static char text[4096];

#define CHECK_SEEN(r, from, want) \
    assert_string_equal(rig_text((r), (from), text, sizeof(text)), (want))

static long long second_of(const struct rig *r)
{
    return (long long)(r->bucket.wall_ns / SEC);
}

static void starts_with_an_empty_bucket(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r, FAKE_ENABLED);
    CHECK_OK(rig_start(&r, NULL, 0), &r.err);
    rig_drain(&r);
    assert_int_equal(r.count, 0);
    assert_true(rig_stats(&r).cdc);
    fake_put(&r.bucket, "a", "1");
    rig_pass(&r);
    CHECK_SEEN(&r, 0, "create:a=1");
    rig_done(&r);
}

static void reads_the_snapshot_then_changes(void **state)
{
    char want[64];
    struct rig r;
    long long w0;

    (void)state;
    rig_init(&r, FAKE_UNVERSIONED);
    r.bucket.page = 2;
    fake_put(&r.bucket, "c_s1", "3");
    fake_put(&r.bucket, "a", "1");
    fake_put(&r.bucket, "b", "");
    fake_pass_time(&r.bucket, 100 * SEC);
    fake_put(&r.bucket, "aa", "too new");
    CHECK_OK(rig_start(&r, NULL, 0), &r.err);
    w0 = rig_stats(&r).closed_second;
    assert_in_range(second_of(&r) - w0, 2, 3);
    rig_drain(&r);
    CHECK_SEEN(&r, 0, "snapshot:a=1 snapshot:b= snapshot:c_s1=3");
    snprintf(want, sizeof(want), "a_s%lld", w0);
    assert_string_equal(r.seen[0].position, want);
    snprintf(want, sizeof(want), "c_s1_c%lld", w0);
    assert_string_equal(r.seen[2].position, want);
    assert_false(r.seen[0].has_version);
    fake_put(&r.bucket, "a", "changed");
    fake_delete(&r.bucket, "b");
    rig_pass(&r);
    CHECK_SEEN(&r, 3, "update:a=changed create:aa=too new delete:b");
    assert_true(r.seen[5].action_delete && r.seen[5].nil);
    rig_pass(&r);
    assert_int_equal(r.count, 6);
    assert_int_equal(rig_stats(&r).index_keys, 3);
    rig_done(&r);
}

static void follows_versions(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r, FAKE_ENABLED);
    r.bucket.page = 3;
    fake_put(&r.bucket, "a", "1");
    fake_put(&r.bucket, "gone", "x");
    fake_pass_time(&r.bucket, SEC);
    fake_put(&r.bucket, "a", "2");
    fake_delete(&r.bucket, "gone");
    fake_pass_time(&r.bucket, 100 * SEC);
    CHECK_OK(rig_start(&r, NULL, 0), &r.err);
    rig_drain(&r);
    CHECK_SEEN(&r, 0, "snapshot:a=2");
    fake_pass_time(&r.bucket, SEC);
    fake_put(&r.bucket, "a", "3");
    fake_delete(&r.bucket, "a");
    fake_pass_time(&r.bucket, SEC);
    fake_put(&r.bucket, "a", "4");
    rig_pass(&r);
    CHECK_SEEN(&r, 1, "update:a=3 delete:a create:a=4");
    assert_string_equal(strrchr(r.seen[1].position, '.'), ".1");
    assert_true(r.seen[2].has_version);
    fake_remove(&r.bucket, 0); /* a=4: the marker is on top again */
    rig_pass(&r);
    CHECK_SEEN(&r, 4, "delete:a");
    fake_remove(&r.bucket, 0); /* the marker: undeleted */
    rig_pass(&r);
    CHECK_SEEN(&r, 5, "create:a=3");
    fake_remove(&r.bucket, 1); /* a=2, below */
    rig_pass(&r);
    assert_int_equal(r.count, 6);
    fake_remove(&r.bucket, 0);
    rig_pass(&r);
    CHECK_SEEN(&r, 6, "update:a=1");
    fake_remove(&r.bucket, 0);
    rig_pass(&r);
    CHECK_SEEN(&r, 7, "delete:a");
    assert_false(r.seen[7].has_version);
    rig_done(&r);
}

static void finds_late_multipart_uploads(void **state)
{
    struct rig r;
    int64_t began;

    (void)state;
    rig_init(&r, FAKE_ENABLED);
    fake_put(&r.bucket, "a", "1");
    fake_pass_time(&r.bucket, 50 * SEC);
    began = r.bucket.wall_ns;
    CHECK_OK(rig_start(&r, NULL, 0), &r.err);
    rig_drain(&r);
    fake_put(&r.bucket, "a", "2");
    rig_pass(&r);
    fake_put_at(&r.bucket, "a", "old", began - SEC);
    fake_put_at(&r.bucket, "big", "late", began);
    rig_pass(&r);
    CHECK_SEEN(&r, 1, "update:a=2 update:a=old create:big=late");
    assert_false(r.seen[2].latest);
    assert_int_equal(r.seen[2].position[0], 'a');
    rig_done(&r);
}

/* Between the listing and the GETs the bucket changes. */
static void vanish(struct fake_bucket *b)
{
    while (b->count > 0)
        fake_remove_locked(b, 0);
}

static void overwrite(struct fake_bucket *b)
{
    fake_put_locked(b, "a", "newer", b->wall_ns);
}

static void skips_what_vanished(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r, FAKE_UNVERSIONED);
    fake_put(&r.bucket, "a", "1");
    fake_put(&r.bucket, "b", "1");
    fake_pass_time(&r.bucket, 50 * SEC);
    CHECK_OK(rig_start(&r, NULL, 0), &r.err);
    rig_drain(&r);
    fake_put(&r.bucket, "a", "2");
    fake_put(&r.bucket, "new", "2");
    r.bucket.after_list = vanish;
    rig_pass(&r);
    CHECK_SEEN(&r, 2, "");
    assert_int_equal(rig_stats(&r).skipped_changed, 2);
    rig_pass(&r); /* the reader still had a=1, never had new */
    CHECK_SEEN(&r, 2, "delete:a delete:b");
    rig_done(&r);
}

static void reads_what_was_overwritten_later(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r, FAKE_UNVERSIONED);
    fake_put(&r.bucket, "a", "1");
    fake_put(&r.bucket, "b", "1");
    fake_pass_time(&r.bucket, 50 * SEC);
    r.bucket.after_list = overwrite;
    CHECK_OK(rig_start(&r, NULL, 0), &r.err);
    rig_drain(&r);
    CHECK_SEEN(&r, 0, "snapshot:b=1");
    rig_pass(&r);
    CHECK_SEEN(&r, 1, "create:a=newer");
    fake_put(&r.bucket, "a", "3");
    r.bucket.after_list = overwrite;
    rig_pass(&r);
    assert_int_equal(r.count, 2);
    rig_pass(&r);
    CHECK_SEEN(&r, 2, "update:a=newer");
    rig_done(&r);
}

static void the_last_of_the_snapshot_says_so_although_others_vanish(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r, FAKE_UNVERSIONED);
    fake_put(&r.bucket, "a", "1");
    fake_put(&r.bucket, "b", "1");
    fake_put(&r.bucket, "c", "1");
    fake_pass_time(&r.bucket, 50 * SEC);
    CHECK_OK(rig_start(&r, NULL, 0), &r.err);
    pthread_mutex_lock(&r.bucket.lock);
    while (r.bucket.count > 1)
        fake_remove_locked(&r.bucket, 1);
    pthread_mutex_unlock(&r.bucket.lock);
    rig_drain(&r);
    assert_in_range(r.count, 1, 3);
    assert_non_null(strstr(r.seen[r.count - 1].position, "_c"));
    rig_done(&r);
}

static void ends_after_the_snapshot(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r, FAKE_UNVERSIONED);
    fake_put(&r.bucket, "a", "1");
    fake_pass_time(&r.bucket, 50 * SEC);
    CHECK_OK(rig_start_once(&r), &r.err);
    rig_drain(&r);
    CHECK_CODE(r.result, S3C_END);
    CHECK_SEEN(&r, 0, "snapshot:a=1");
    rig_forget(&r);
    fake_put(&r.bucket, "b", "too new");
    CHECK_OK(rig_start_once(&r), &r.err);
    rig_drain(&r);
    rig_pass(&r);
    CHECK_CODE(r.result, S3C_END);
    CHECK_SEEN(&r, 0, "snapshot:a=1 create:b=too new");
    rig_done(&r);
}

static void waits_when_the_date_goes_back(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r, FAKE_ENABLED);
    CHECK_OK(rig_start(&r, NULL, 0), &r.err);
    rig_drain(&r);
    __atomic_sub_fetch(&r.bucket.wall_ns, 7200 * SEC, __ATOMIC_RELAXED);
    fake_put(&r.bucket, "a", "1");
    rig_pass(&r);
    assert_int_equal(r.count, 0);
    CHECK_HAS(r.logged, "went back");
    rig_pass(&r);
    rig_pass(&r);
    CHECK_SEEN(&r, 0, "create:a=1");
    rig_done(&r);
}

static void sees_that_versioning_was_switched_on(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r, FAKE_UNVERSIONED);
    fake_put(&r.bucket, "a", "1");
    fake_pass_time(&r.bucket, 50 * SEC);
    CHECK_OK(rig_start(&r, NULL, 0), &r.err);
    rig_drain(&r);
    r.bucket.mode = FAKE_ENABLED;
    rig_pass(&r);
    assert_int_equal(r.count, 1); /* emits nothing by itself */
    fake_put(&r.bucket, "a", "2");
    fake_put(&r.bucket, "a", "3");
    rig_pass(&r);
    CHECK_SEEN(&r, 1, "update:a=2 update:a=3");
    assert_true(r.seen[1].has_version);
    rig_done(&r);
}

static void too_large_is_refused_or_skipped(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r, FAKE_UNVERSIONED);
    r.settings.object_max_bytes = 4;
    fake_put(&r.bucket, "a", "1");
    fake_put(&r.bucket, "b", "12345");
    fake_put(&r.bucket, "c", "1");
    fake_pass_time(&r.bucket, 50 * SEC);
    CHECK_OK(rig_start(&r, NULL, 0), &r.err);
    rig_drain(&r);
    CHECK_CODE(r.result, S3C_E_TOO_LARGE);
    CHECK_SEEN(&r, 0, "snapshot:a=1");
    CHECK_HAS(r.err.message, "\"b\"");
    CHECK_HAS(r.err.message, "object.max-bytes");
    CHECK_HAS(r.err.message, "object.too-large");
    rig_drain(&r);
    CHECK_CODE(r.result, S3C_E_TOO_LARGE);
    rig_forget(&r);
    r.settings.too_large = S3C_SKIP;
    CHECK_OK(rig_start(&r, NULL, 0), &r.err);
    rig_drain(&r);
    CHECK_SEEN(&r, 0, "snapshot:a=1 snapshot:c=1");
    assert_int_equal(rig_stats(&r).skipped_too_large, 1);
    rig_pass(&r);
    assert_int_equal(r.count, 2);
    rig_done(&r);
}

static void archived_is_refused_or_skipped(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r, FAKE_UNVERSIONED);
    r.bucket.archived = true;
    fake_put(&r.bucket, "a", "1");
    fake_pass_time(&r.bucket, 50 * SEC);
    CHECK_OK(rig_start(&r, NULL, 0), &r.err);
    rig_drain(&r);
    CHECK_CODE(r.result, S3C_E_ARCHIVED);
    CHECK_HAS(r.err.message, "object.archived");
    r.settings.archived = S3C_SKIP;
    CHECK_OK(rig_start(&r, NULL, 0), &r.err);
    rig_drain(&r);
    assert_int_equal(r.count, 0);
    assert_int_equal(rig_stats(&r).skipped_archived, 1);
    rig_done(&r);
}

static void waits_out_a_broken_server(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r, FAKE_ENABLED);
    CHECK_OK(rig_start(&r, NULL, 0), &r.err);
    rig_drain(&r);
    fake_put(&r.bucket, "a", "1");
    r.bucket.fail_503 = 8;
    rig_pass(&r);
    CHECK_CODE(r.result, S3C_AGAIN);
    CHECK_SEEN(&r, 0, "create:a=1");
    CHECK_HAS(r.logged, "tried again");
    rig_done(&r);
}

static void fails_at_start_and_after_three_refusals(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r, FAKE_ENABLED);
    r.bucket.fail_503 = 50;
    assert_true(rig_start(&r, NULL, 0) < 0);
    r.bucket.fail_503 = 0;
    CHECK_CODE(rig_start(&r, "no position", 11), S3C_E_POSITION);
    fake_put(&r.bucket, "a", "1");
    fake_put(&r.bucket, "b", "1");
    fake_pass_time(&r.bucket, 50 * SEC);
    r.bucket.deny = 2;
    CHECK_OK(rig_start(&r, NULL, 0), &r.err);
    rig_drain(&r);
    CHECK_SEEN(&r, 0, "snapshot:a=1 snapshot:b=1");
    rig_forget(&r);
    r.bucket.deny = 1000;
    CHECK_OK(rig_start(&r, NULL, 0), &r.err);
    rig_drain(&r);
    CHECK_CODE(r.result, S3C_E_DENIED);
    rig_done(&r);
}

/* More changes in one pass than a quarter of memory.limit holds. */
static void takes_many_changes_in_slices(void **state)
{
    struct rig r;
    char key[32];

    (void)state;
    rig_init(&r, FAKE_UNVERSIONED);
    r.settings.memory_limit = 64 << 10;
    CHECK_OK(rig_start(&r, NULL, 0), &r.err);
    rig_drain(&r);
    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof(key), "k%03d", i * 7 % 1000);
        fake_put(&r.bucket, key, "1");
        if (i % 50 == 0)
            fake_pass_time(&r.bucket, SEC);
    }
    for (int i = 0; i < 100 && r.count < 1000; i++)
        rig_pass(&r);
    assert_int_equal(r.count, 1000);
    CHECK_HAS(r.logged, "slices");
    for (size_t i = 1; i < r.count; i++)
        assert_true(strtoll(strrchr(r.seen[i - 1].position, 'c') + 1, NULL, 10) <=
                    strtoll(strrchr(r.seen[i].position, 'c') + 1, NULL, 10));
    rig_forget(&r);
    pthread_mutex_lock(&r.bucket.lock);
    vanish(&r.bucket);
    pthread_mutex_unlock(&r.bucket.lock);
    for (int i = 0; i < 10 && r.count < 1000; i++)
        rig_pass(&r);
    assert_int_equal(r.count, 1000);
    for (size_t i = 0; i < r.count; i++)
        assert_int_equal(r.seen[i].op, S3C_OP_DELETE);
    rig_done(&r);
}

static void an_object_beyond_the_limit_runs_alone(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r, FAKE_UNVERSIONED);
    r.settings.memory_limit = 1; /* every one of them is */
    for (char k = 'a'; k <= 'z'; k++)
        fake_put(&r.bucket, (char[2]){k, '\0'}, "body");
    fake_pass_time(&r.bucket, 50 * SEC);
    CHECK_OK(rig_start(&r, NULL, 0), &r.err);
    rig_drain(&r);
    assert_int_equal(r.count, 26);
    rig_done(&r);
}

static void wakes_and_waits(void **state)
{
    struct s3c_record record;
    struct rig r;
    size_t n;

    (void)state;
    rig_init(&r, FAKE_ENABLED);
    CHECK_OK(rig_start(&r, NULL, 0), &r.err);
    rig_drain(&r);
    assert_true(s3c_source_fd(r.source) >= 0);
    assert_true(s3c_source_timeout_ms(r.source) > 1000);
    s3c_source_wake(r.source);
    CHECK_CODE(s3c_source_read(r.source, &record, 1, &n, -1, &r.err), S3C_AGAIN);
    rig_done(&r);
}

static void fill(struct rig *r)
{
    fake_put(&r->bucket, "a", "1");
    fake_put(&r->bucket, "b", "2");
    fake_delete(&r->bucket, "c");
    fake_pass_time(&r->bucket, 50 * SEC);
}

/* Snapshot and one pass. 0 or the failure that ended it. */
static int run_through(struct rig *r)
{
    int result = rig_start(r, NULL, 0);

    rig_forget(r);
    if (result < 0)
        return result;
    rig_drain(r);
    if (r->result == S3C_AGAIN) {
        fake_put(&r->bucket, "a", "3");
        rig_pass(r);
    }
    rig_stop(r);
    return r->result < 0 ? r->result : 0;
}

/* Memory that runs out on either thread ends the stream or does no harm. */
static void survives_lack_of_memory(void **state)
{
    struct rig r;
    int result;

    (void)state;
    rig_init(&r, FAKE_ENABLED);
    fill(&r);
    CHECK_OK(run_through(&r), &r.err); /* the client's caches are filled */
    FOR_EACH_ALLOC_FAILURE
    {
        result = run_through(&r);
        if (result < 0)
            CHECK_CODE(result, S3C_E_NOMEM);
        else
            CHECK_SEEN(&r, 0, "snapshot:a=3 snapshot:b=2 update:a=3");
    }
    assert_int_equal(result, 0);
    rig_done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(starts_with_an_empty_bucket),
        CHECK_TEST(reads_the_snapshot_then_changes),
        CHECK_TEST(follows_versions),
        CHECK_TEST(finds_late_multipart_uploads),
        CHECK_TEST(skips_what_vanished),
        CHECK_TEST(reads_what_was_overwritten_later),
        CHECK_TEST(the_last_of_the_snapshot_says_so_although_others_vanish),
        CHECK_TEST(ends_after_the_snapshot),
        CHECK_TEST(waits_when_the_date_goes_back),
        CHECK_TEST(sees_that_versioning_was_switched_on),
        CHECK_TEST(too_large_is_refused_or_skipped),
        CHECK_TEST(archived_is_refused_or_skipped),
        CHECK_TEST(waits_out_a_broken_server),
        CHECK_TEST(fails_at_start_and_after_three_refusals),
        CHECK_TEST(takes_many_changes_in_slices),
        CHECK_TEST(an_object_beyond_the_limit_runs_alone),
        CHECK_TEST(wakes_and_waits),
        CHECK_TEST(survives_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
