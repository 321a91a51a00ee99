/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "base/view.h"
#include "format/parquet_schema.h"

static int add(struct s3c_parquet_schema *s, const char *name, enum s3c_parquet_type type,
               enum s3c_parquet_repetition repetition, uint32_t *ret)
{
    struct s3c_parquet_node n = {
        .name = s3c_view_str(name), .type = type, .repetition = repetition};

    return s3c_parquet_schema_add(s, &n, ret);
}

/* a: int32; b: optional group { c: repeated group { d: optional bytes, e: int64 } }; f: double */
static int build(struct s3c_parquet_schema *s, uint32_t *b, uint32_t *c)
{
    int r = s3c_parquet_schema_init(s);

    if (r == 0)
        r = add(s, "a", S3C_PARQUET_INT32, S3C_PARQUET_REQUIRED, NULL);
    if (r == 0)
        r = add(s, "b", S3C_PARQUET_GROUP, S3C_PARQUET_OPTIONAL, b);
    if (r == 0)
        r = add(s, "c", S3C_PARQUET_GROUP, S3C_PARQUET_REPEATED, c);
    if (r == 0)
        r = add(s, "d", S3C_PARQUET_BYTES, S3C_PARQUET_OPTIONAL, NULL);
    if (r == 0)
        r = add(s, "e", S3C_PARQUET_INT64, S3C_PARQUET_REQUIRED, NULL);
    if (r < 0)
        return r;
    s3c_parquet_schema_close(s);
    s3c_parquet_schema_close(s);
    return add(s, "f", S3C_PARQUET_DOUBLE, S3C_PARQUET_REQUIRED, NULL);
}

static void check_leaf(const struct s3c_parquet_schema *s, size_t leaf, const char *name,
                       unsigned max_def, unsigned max_rep)
{
    const struct s3c_parquet_node *n = s3c_parquet_leaf(s, leaf);

    CHECK_VIEW(n->name, name);
    assert_int_equal(n->max_def, max_def);
    assert_int_equal(n->max_rep, max_rep);
    assert_int_equal(n->first_leaf, leaf);
    assert_int_equal(n->leaves, 1);
}

static void numbers_leaves_and_knows_their_levels(void **state)
{
    struct s3c_parquet_schema s;
    uint32_t b, c;

    (void)state;
    CHECK_OK(build(&s, &b, &c), NULL);
    assert_int_equal(s.leaf_count, 4);
    check_leaf(&s, 0, "a", 0, 0);
    check_leaf(&s, 1, "d", 3, 1);
    check_leaf(&s, 2, "e", 2, 1);
    check_leaf(&s, 3, "f", 0, 0);
    assert_int_equal(s.nodes[0].children, 3);
    assert_int_equal(s.nodes[b].first_leaf, 1);
    assert_int_equal(s.nodes[b].leaves, 2);
    assert_int_equal(s.nodes[c].children, 2);
    assert_int_equal(s.nodes[c].parent, b);
    s3c_parquet_schema_done(&s);
    s3c_parquet_schema_done(&s);
}

static void bounds_its_levels(void **state)
{
    struct s3c_parquet_schema s;

    (void)state;
    CHECK_OK(s3c_parquet_schema_init(&s), NULL);
    for (int i = 0; i < S3C_PARQUET_LEVEL_MAX; i++)
        CHECK_OK(add(&s, "g", S3C_PARQUET_GROUP, S3C_PARQUET_OPTIONAL, NULL), NULL);
    CHECK_OK(add(&s, "x", S3C_PARQUET_INT32, S3C_PARQUET_REQUIRED, NULL), NULL);
    assert_int_equal(s3c_parquet_leaf(&s, 0)->max_def, S3C_PARQUET_LEVEL_MAX);
    CHECK_CODE(add(&s, "y", S3C_PARQUET_INT32, S3C_PARQUET_OPTIONAL, NULL), S3C_E_TOO_LARGE);
    s3c_parquet_schema_done(&s);
}

static void survives_without_memory(void **state)
{
    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_parquet_schema s;
        uint32_t b, c;

        CHECK_CODE(build(&s, &b, &c), check_alloc_failed() ? S3C_E_NOMEM : 0);
        s3c_parquet_schema_done(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(numbers_leaves_and_knows_their_levels),
        CHECK_TEST(bounds_its_levels),
        CHECK_TEST(survives_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
