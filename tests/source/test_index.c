/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/view.h"
#include "source/index_edit.h"

#define NO_LIMIT UINT64_MAX

static struct s3c_fingerprint print_of(uint64_t n)
{
    return (struct s3c_fingerprint){n * 0x9e3779b97f4a7c15u, n << 3};
}

/* The model: key number -> number of fingerprints, 0 = not there; prints are print_of(key * 1000 + generation + i). */
struct model {
    unsigned count[3000];
    unsigned generation[3000];
};

static struct s3c_view key_text(char dst[64], size_t k)
{
    return (struct s3c_view){dst, (size_t)snprintf(dst, 64, "data/%03zu/part-%05zu", k / 100, k)};
}

static void prints_of(const struct model *m, size_t k, struct s3c_fingerprint *p)
{
    for (unsigned i = 0; i < m->count[k]; i++)
        p[i] = print_of(k * 1000 + m->generation[k] + i);
}

static void check_equal(const struct s3c_index *x, const struct model *m)
{
    struct s3c_index_cursor c;
    uint64_t keys = 0;
    char text[64];

    s3c_index_cursor_init(&c, x);
    for (size_t k = 0; k < 3000; k++) {
        struct s3c_fingerprint want[64];

        if (m->count[k] == 0)
            continue;
        keys++;
        assert_int_equal(s3c_index_cursor_next(&c), 0);
        assert_true(s3c_view_eq(c.key, key_text(text, k)));
        assert_int_equal(c.count, m->count[k]);
        prints_of(m, k, want);
        for (size_t i = 0; i < c.count; i++)
            assert_true(s3c_fingerprint_eq(s3c_index_cursor_print(&c, i), want[i]));
    }
    assert_int_equal(s3c_index_cursor_next(&c), S3C_END);
    s3c_index_cursor_done(&c);
    assert_int_equal(x->keys, keys);
}

/* One edit to what the model says, each key that is the same kept by the edit's own means. */
static int edit_to(struct s3c_index *x, const struct model *from, const struct model *to)
{
    struct s3c_index_edit e;
    struct s3c_index next;
    struct s3c_fingerprint p[64];
    char text[64];
    int r = s3c_index_edit_init(&e, x, NO_LIMIT, NULL);

    for (size_t k = 0; r == 0 && k < 3000; k++) {
        prints_of(to, k, p);
        if (from->count[k] == 0 && to->count[k] > 0)
            r = s3c_index_edit_insert(&e, key_text(text, k), p, to->count[k], NULL);
        else if (from->count[k] > 0 && from->count[k] == to->count[k] &&
                 from->generation[k] == to->generation[k])
            r = s3c_index_edit_keep(&e, NULL);
        else if (from->count[k] > 0)
            r = s3c_index_edit_replace(&e, p, to->count[k], NULL);
    }
    if (r == 0)
        r = s3c_index_edit_finish(&e, &next, NULL);
    s3c_index_edit_done(&e);
    if (r < 0)
        return r;
    s3c_index_done(x);
    *x = next;
    return 0;
}

static void change(struct model *m, uint64_t *seed, unsigned changes)
{
    for (unsigned i = 0; i < changes; i++) {
        size_t k = check_random(seed) % 3000;

        m->count[k] = check_random(seed) % 3 ? 0 : 1 + (unsigned)(check_random(seed) % 40);
        m->generation[k] = (unsigned)(check_random(seed) % 900);
    }
}

static void edits_like_the_model(void **state)
{
    static const unsigned sizes[] = {2000, 3, 0, 50, 1, 2000, 5, 5, 5, 0, 300};
    struct s3c_index x = S3C_INDEX_INIT;
    struct model *from = s3c_zalloc(sizeof(*from)), *to = s3c_zalloc(sizeof(*to));
    uint64_t seed = 7;

    (void)state;
    for (size_t i = 0; i < 4 * sizeof(sizes) / sizeof(sizes[0]); i++) {
        change(to, &seed, sizes[i % (sizeof(sizes) / sizeof(sizes[0]))]);
        CHECK_OK(edit_to(&x, from, to), NULL);
        check_equal(&x, to);
        *from = *to;
    }
    s3c_index_done(&x);
    s3c_free(from);
    s3c_free(to);
}

static int build(struct s3c_index *x, size_t keys, uint64_t max_bytes, struct s3c_error *err)
{
    struct s3c_index_builder b;
    int r = 0;

    s3c_index_builder_init(&b, max_bytes);
    for (size_t k = 0; r == 0 && k < keys; k++) {
        char text[64];
        struct s3c_fingerprint p = print_of(k);
        int n = snprintf(text, sizeof(text), "logs/2026/%02zu/%02zu/host-%03zu/%07zu.json",
                         k / 100000, k / 10000 % 10, k / 1000 % 10, k);

        r = s3c_index_builder_add(&b, (struct s3c_view){text, (size_t)n}, &p, 1, err);
    }
    if (r == 0)
        r = s3c_index_builder_finish(&b, x, err);
    s3c_index_builder_done(&b);
    return r;
}

/* DESIGN 4.4: 24 to 40 bytes per object for usual keys. */
static void needs_little_memory(void **state)
{
    struct s3c_index x;

    (void)state;
    CHECK_OK(build(&x, 1000000, NO_LIMIT, NULL), NULL);
    assert_int_equal(x.keys, 1000000);
    printf("index: %.1f bytes a key\n", (double)x.bytes / 1e6);
    assert_in_range(x.bytes / 1000000, 16, 40);
    s3c_index_done(&x);
}

static void shares_what_did_not_change(void **state)
{
    struct s3c_index x, next;
    struct s3c_index_edit e;
    struct s3c_fingerprint p = print_of(99);
    size_t live, n = 0;

    (void)state;
    CHECK_OK(build(&x, 100000, NO_LIMIT, NULL), NULL);
    live = check_mem_live();
    CHECK_OK(s3c_index_edit_init(&e, &x, NO_LIMIT, NULL), NULL);
    while (e.at_key)
        CHECK_OK(n++ == 50000 ? s3c_index_edit_replace(&e, &p, 1, NULL)
                              : s3c_index_edit_keep(&e, NULL),
                 NULL);
    CHECK_OK(s3c_index_edit_finish(&e, &next, NULL), NULL);
    s3c_index_edit_done(&e);
    assert_int_equal(next.keys, x.keys);
    assert_int_equal(check_mem_live(), live + 2); /* one block and the table of blocks */
    s3c_index_done(&x);
    s3c_index_done(&next);
}

static void stops_at_the_limit(void **state)
{
    struct s3c_index x;
    struct s3c_error err;

    (void)state;
    CHECK_CODE(build(&x, 100000, 100000, &err), S3C_E_TOO_LARGE);
    CHECK_HAS(err.message, "index.max-bytes");
    CHECK_HAS(err.message, "state.path");
}

static void survives_lack_of_memory(void **state)
{
    struct model *none = s3c_zalloc(sizeof(*none)), *some = s3c_zalloc(sizeof(*some)),
                 *more = s3c_zalloc(sizeof(*more));
    uint64_t seed = 3;

    (void)state;
    change(some, &seed, 1500);
    *more = *some;
    change(more, &seed, 20);
    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_index x = S3C_INDEX_INIT;
        int r = edit_to(&x, none, some);

        if (r == 0) {
            r = edit_to(&x, some, more);
            if (check_alloc_failed())
                check_equal(&x, r == 0 ? more : some); /* a failed edit leaves it as it was */
        }
        CHECK_CODE(r, check_alloc_failed() ? S3C_E_NOMEM : 0);
        s3c_index_done(&x);
    }
    s3c_free(none);
    s3c_free(some);
    s3c_free(more);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(edits_like_the_model),       CHECK_TEST(needs_little_memory),
        CHECK_TEST(shares_what_did_not_change), CHECK_TEST(stops_at_the_limit),
        CHECK_TEST(survives_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
