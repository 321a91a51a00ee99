/* SPDX-License-Identifier: Apache-2.0 */
/* A pass fed by hand: what it absorbs after a start, what it takes for late, and that a failed one changes nothing. Also patience. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "base/view.h"
#include "source/pass.h"
#include "source/patience.h"

struct listed {
    const char *key, *id;
    int64_t second;
    bool marker;
    bool ends_page;
};

static int feed(struct s3c_pass *p, const struct listed *l, size_t n, struct s3c_error *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < n; i++) {
        struct s3c_list_entry e = {.key = s3c_view_str(l[i].key),
                                   .version_id = s3c_view_str(l[i].id),
                                   .etag = S3C_VIEW("e"),
                                   .size = 1,
                                   .last_modified_ns = l[i].second * S3C_NS_PER_SEC + 5,
                                   .is_marker = l[i].marker,
                                   .ends_page = l[i].ends_page};

        r = s3c_pass_entry(p, &e, err);
    }
    return r;
}

struct passes {
    struct s3c_index index;
    struct s3c_unseen unseen;
    struct s3c_borders borders;
    struct s3c_absorb absorb;
    int64_t after;
    char text[512];
};

/* "create:a@15 ..." */
static void events_text(struct s3c_events *events, char *dst, size_t size)
{
    const struct s3c_event *e;
    size_t n = 0;

    dst[0] = '\0';
    s3c_events_sort(events);
    while ((e = s3c_events_next(events)))
        n += (size_t)snprintf(dst + n, size - n, "%s%s:%.*s@%lld", n ? " " : "",
                              e->op == S3C_OP_CREATE   ? "create"
                              : e->op == S3C_OP_UPDATE ? "update"
                                                       : "delete",
                              (int)e->key.len, e->key.ptr, (long long)e->second);
}

static int pass(struct passes *s, int64_t closed, const struct listed *l, size_t n)
{
    struct s3c_pass_options o = {.old = &s->index,
                                 .index_max_bytes = UINT64_MAX,
                                 .borders = &s->borders,
                                 .unseen = &s->unseen,
                                 .absorb = s->absorb,
                                 .after = s->after,
                                 .closed = closed,
                                 .server_second = closed + 2,
                                 .versions = true};
    struct s3c_index next;
    struct s3c_pass p;
    int r = s3c_pass_init(&p, &o, NULL);

    if (r < 0)
        return r;
    r = feed(&p, l, n, NULL);
    if (r == 0)
        r = s3c_pass_finish(&p, &next, NULL);
    if (r == 0) {
        events_text(&p.events, s->text, sizeof(s->text));
        s3c_unseen_commit(&s->unseen);
        s3c_index_done(&s->index);
        s->index = next;
        s->after = closed;
        s->absorb.kind = S3C_ABSORB_NONE;
    }
    s3c_pass_done(&p);
    return r;
}

#define PASS(s, closed, ...)                                  \
    pass((s), (closed), (const struct listed[]){__VA_ARGS__}, \
         sizeof((const struct listed[]){__VA_ARGS__}) / sizeof(struct listed))

static void passes_done(struct passes *s)
{
    s3c_index_done(&s->index);
    s3c_unseen_done(&s->unseen);
    s3c_borders_done(&s->borders);
}

/* The latest version of "k" is gone and its last one is missing too, where a page ends: is the last one gone, or was it skipped? */
static void believes_removals_at_a_border_when_seen_twice(void **state)
{
    struct passes s = {.after = 10};

    (void)state;
    CHECK_OK(PASS(&s, 20, {"k", "3", 13, false}, {"k", "2", 12, false}, {"k", "1", 11, false},
                  {"m", "1", 14, false}),
             NULL);
    CHECK_OK(PASS(&s, 30, {"k", "2", 12, false, true}, {"m", "1", 14, false}), NULL);
    assert_string_equal(s.text, "");
    assert_true(s3c_borders_doubt(&s.borders));

    s3c_borders_again(&s.borders);
    CHECK_OK(PASS(&s, 31, {"k", "2", 12, false, true}, {"m", "1", 14, false}), NULL);
    assert_string_equal(s.text, "update:k@31");
    assert_false(s3c_borders_doubt(&s.borders));
    passes_done(&s);
}

/* What was skipped shows up again: nothing had been removed but the version that the marker named. */
static void forgets_doubts_when_the_rest_is_back(void **state)
{
    struct passes s = {.after = 10};

    (void)state;
    CHECK_OK(PASS(&s, 20, {"k", "3", 13, true}, {"k", "2", 12, false}, {"k", "1", 11, false}),
             NULL);
    CHECK_OK(PASS(&s, 30, {"k", "3", 13, true, true}, {"m", "1", 14, false}), NULL);
    assert_string_equal(s.text, "create:m@30");
    s3c_borders_again(&s.borders);
    CHECK_OK(PASS(&s, 31, {"k", "1", 11, false}, {"m", "1", 14, false, true}), NULL);
    assert_string_equal(s.text, "create:k@31");
    assert_false(s3c_borders_doubt(&s.borders));
    passes_done(&s);
}

static void absorbs_what_lies_before_a_cdc_position(void **state)
{
    struct passes s = {.after = 9,
                       .absorb = {S3C_ABSORB_CDC, S3C_VIEW("k"), .second = 10, .following = 1}};

    (void)state;
    CHECK_OK(PASS(&s, 20, {"a", "1", 10, false}, {"b", "2", 9, false}, {"b", "1", 8, false},
                  {"k", "4", 11, false}, {"k", "3", 10, false}, {"k", "2", 10, false},
                  {"k", "1", 3, false}, {"m", "1", 10, true}, {"n", "1", 9, true}),
             NULL);
    assert_string_equal(s.text, "update:k@10 delete:m@10 update:k@11");
    CHECK_OK(PASS(&s, 30, {"a", "1", 10, false}, {"k", "4", 11, false}), NULL);
    assert_string_equal(s.text, "delete:b@30");
    passes_done(&s);
}

static void absorbs_what_lies_before_a_snapshot_position(void **state)
{
    struct passes s = {.after = 10, .absorb = {S3C_ABSORB_SNAPSHOT, S3C_VIEW("k"), .second = 10}};

    (void)state;
    CHECK_OK(PASS(&s, 20, {"a", "1", 10, false}, {"k", "2", 12, false}, {"k", "1", 4, false},
                  {"z", "1", 10, false}),
             NULL);
    assert_string_equal(s.text, "update:k@12 create:z@20");
    passes_done(&s);
}

static void leaves_late_entries_to_the_next_pass(void **state)
{
    struct passes s = {.after = 10};

    (void)state;
    CHECK_OK(
        PASS(&s, 20, {"a", "null", 15, false}, {"b", "1", 21, false}, {"c", "1", 99999, false}),
        NULL);
    assert_string_equal(s.text, "create:a@15 create:c@20"); /* c is of the future */
    CHECK_OK(
        PASS(&s, 21, {"a", "null", 22, false}, {"b", "1", 21, false}, {"c", "1", 99999, false}),
        NULL);
    assert_string_equal(s.text,
                        "create:b@21"); /* a has changed again; it is neither gone nor news */
    CHECK_OK(
        PASS(&s, 22, {"a", "null", 22, false}, {"b", "1", 21, false}, {"c", "1", 99999, false}),
        NULL);
    assert_string_equal(s.text, "update:a@22");
    passes_done(&s);
}

static void tries_again_what_was_not_seen(void **state)
{
    struct passes s = {.after = 10};
    struct s3c_list_entry e = {.version_id = S3C_VIEW("1"),
                               .etag = S3C_VIEW("e"),
                               .size = 1,
                               .last_modified_ns = 15 * S3C_NS_PER_SEC + 5};
    struct s3c_event event = {.key = S3C_VIEW("a"), .print = s3c_fingerprint(&e)};

    (void)state;
    CHECK_OK(PASS(&s, 20, {"a", "1", 15, false}, {"b", "1", 15, false}), NULL);
    CHECK_OK(s3c_unseen_mark(&s.unseen, &event), NULL);
    event.key = S3C_VIEW("b");
    CHECK_OK(s3c_unseen_mark(&s.unseen, &event), NULL);
    CHECK_OK(PASS(&s, 30, {"a", "1", 15, false}), NULL);
    assert_string_equal(s.text, "create:a@30");
    CHECK_OK(PASS(&s, 40, {"a", "1", 15, false}), NULL);
    assert_string_equal(s.text, "");
    passes_done(&s);
}

static void a_failed_pass_changes_nothing(void **state)
{
    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct passes s = {.after = 10};
        struct s3c_event event = {.key = S3C_VIEW("a")};
        int r = s3c_unseen_mark(&s.unseen, &event);

        if (r == 0)
            r = PASS(&s, 20, {"a", "2", 15, false}, {"a", "1", 15, true}, {"b", "1", 15, false});
        if (r == 0) {
            r = PASS(&s, 30, {"a", "3", 25, false}, {"a", "2", 15, false}, {"c", "1", 25, false});
            if (r == 0)
                assert_string_equal(s.text, "update:a@25 create:c@25 delete:b@30");
            else
                assert_int_equal(s.index.keys, 2);
        }
        CHECK_CODE(r, check_alloc_failed() ? S3C_E_NOMEM : 0);
        passes_done(&s);
    }
}

static void is_patient_with_what_may_pass(void **state)
{
    struct s3c_error denied = {.code = S3C_E_DENIED},
                     broken = {.code = S3C_E_CONNECT, .retryable = true},
                     garbage = {.code = S3C_E_PROTOCOL};
    struct s3c_patience p = {0};
    int64_t at = 0;

    (void)state;
    assert_true(s3c_patience_again(&p, &denied, 100, 1, &at));
    assert_int_equal(at, 100 + 5 * S3C_NS_PER_SEC);
    assert_true(s3c_patience_again(&p, &denied, 100, 1, &at));
    assert_false(s3c_patience_again(&p, &denied, 100, 1, &at));
    p = (struct s3c_patience){0};
    for (int i = 0; i < 100; i++) {
        assert_true(s3c_patience_again(&p, &broken, 100, UINT32_MAX, &at));
        assert_in_range(at, 100, 100 + 20 * S3C_NS_PER_SEC);
    }
    p = (struct s3c_patience){0};
    assert_false(s3c_patience_again(&p, &garbage, 100, 1, &at));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(absorbs_what_lies_before_a_cdc_position),
        CHECK_TEST(absorbs_what_lies_before_a_snapshot_position),
        CHECK_TEST(leaves_late_entries_to_the_next_pass),
        CHECK_TEST(believes_removals_at_a_border_when_seen_twice),
        CHECK_TEST(forgets_doubts_when_the_rest_is_back),
        CHECK_TEST(tries_again_what_was_not_seen),
        CHECK_TEST(a_failed_pass_changes_nothing),
        CHECK_TEST(is_patient_with_what_may_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
