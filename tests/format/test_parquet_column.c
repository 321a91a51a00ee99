/* SPDX-License-Identifier: Apache-2.0 */
/* What a column holds, through dictionaries that come and go and records that are taken back. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "base/view.h"
#include "format/parquet_bytes.h"
#include "format/parquet_column.h"

static const struct s3c_parquet_node text = {.type = S3C_PARQUET_BYTES};
static const struct s3c_parquet_node list = {.type = S3C_PARQUET_INT64, .max_def = 2, .max_rep = 1};

static struct s3c_cell text_cell(char room[16], unsigned v)
{
    (void)snprintf(room, 16, "value-%u", v);
    return (struct s3c_cell){.value.bytes = s3c_view_str(room)};
}

/* The i-th value, as a page would get it. */
static struct s3c_view value_at(const struct s3c_column *c, size_t i)
{
    const char *p = c->plain.ptr;

    if (c->state == S3C_COLUMN_DICTIONARY)
        return s3c_dictionary_value(&c->dictionary,
                                    ((const uint32_t *)(const void *)c->numbers.ptr)[i]);
    if (c->width > 0)
        return (struct s3c_view){p + i * c->width, c->width};
    for (; i > 0; i--)
        p += sizeof(uint32_t) + s3c_get_le32(p);
    return (struct s3c_view){p + sizeof(uint32_t), s3c_get_le32(p)};
}

static void check_text(const struct s3c_column *c, size_t count, unsigned distinct)
{
    assert_int_equal(c->values, count);
    for (size_t i = 0; i < count; i += 37) {
        char room[16];

        CHECK_VIEW(value_at(c, i), (text_cell(room, (unsigned)i % distinct), room));
    }
}

static void add_text(struct s3c_column *c, size_t from, size_t to, unsigned distinct)
{
    for (size_t i = from; i < to; i++) {
        char room[16];
        struct s3c_cell cell = text_cell(room, (unsigned)i % distinct);

        CHECK_OK(s3c_column_add(c, &cell), NULL);
    }
}

static void keeps_a_dictionary_of_values_that_repeat(void **state)
{
    struct s3c_column c;

    (void)state;
    s3c_column_init(&c, &text);
    add_text(&c, 0, 1024, 200);
    assert_int_equal(c.state, S3C_COLUMN_SAMPLE);
    add_text(&c, 1024, 5000, 200);
    assert_int_equal(c.state, S3C_COLUMN_DICTIONARY);
    assert_int_equal(c.dictionary.count, 200);
    check_text(&c, 5000, 200);
    CHECK_OK(s3c_column_settle(&c), NULL);
    assert_int_equal(c.state, S3C_COLUMN_DICTIONARY);
    s3c_column_clear(&c);
    add_text(&c, 0, 3000, 3000);
    assert_int_equal(c.state, S3C_COLUMN_PLAIN);
    check_text(&c, 3000, 3000);
    s3c_column_done(&c);
}

static void leaves_a_dictionary_that_grows(void **state)
{
    struct s3c_column c;

    (void)state;
    s3c_column_init(&c, &text);
    add_text(&c, 0, 2000, 100);
    assert_int_equal(c.state, S3C_COLUMN_DICTIONARY);
    for (unsigned i = 2000; i < 4000; i++) {
        char room[16];
        struct s3c_cell cell = text_cell(room, i);

        CHECK_OK(s3c_column_add(&c, &cell), NULL);
    }
    assert_int_equal(c.state, S3C_COLUMN_PLAIN);
    assert_int_equal(c.values, 4000);
    CHECK_VIEW(value_at(&c, 1999), "value-99");
    CHECK_VIEW(value_at(&c, 2000), "value-2000");
    CHECK_VIEW(value_at(&c, 3999), "value-3999");
    s3c_column_done(&c);
}

static void settles_few_values_by_their_size(void **state)
{
    struct s3c_column c;

    (void)state;
    s3c_column_init(&c, &text);
    add_text(&c, 0, 3, 3);
    CHECK_OK(s3c_column_settle(&c), NULL);
    assert_int_equal(c.state, S3C_COLUMN_PLAIN);
    s3c_column_clear(&c);
    add_text(&c, 0, 50, 2);
    CHECK_OK(s3c_column_settle(&c), NULL);
    assert_int_equal(c.state, S3C_COLUMN_DICTIONARY);
    check_text(&c, 50, 2);
    s3c_column_done(&c);
}

static int add_list(struct s3c_column *c, int64_t first, size_t count)
{
    int r = 0;

    for (size_t i = 0; i < count && r == 0; i++) {
        struct s3c_cell cell = {.rep = i > 0, .def = 2, .value.i64 = first + (int64_t)i};

        r = s3c_column_add(c, &cell);
    }
    return r;
}

static void takes_the_last_record_back(void **state)
{
    static const struct s3c_cell null = {.def = 0};
    struct s3c_column c;

    (void)state;
    s3c_column_init(&c, &list);
    for (int round = 0; round < 1000; round++) { /* plain first, then with a dictionary */
        CHECK_OK(add_list(&c, 7, 3), NULL);
        CHECK_OK(s3c_column_add(&c, &null), NULL);
        CHECK_OK(add_list(&c, 1000 + round * 10, 5), NULL);
        s3c_column_undo(&c);
        s3c_column_undo(&c);
    }
    assert_int_equal(c.state, S3C_COLUMN_DICTIONARY);
    assert_int_equal(c.dictionary.count, 3);
    assert_int_equal(c.values, 3000);
    assert_int_equal(s3c_column_entries(&c), 4000);
    for (size_t i = 0; i < 3000; i++)
        assert_int_equal(s3c_get_le64(value_at(&c, i).ptr), 7 + i % 3);
    for (size_t i = 0; i < 4000; i++) {
        assert_int_equal(c.def.ptr[i], i % 4 == 3 ? 0 : 2);
        assert_int_equal(c.rep.ptr[i], i % 4 == 1 || i % 4 == 2);
    }
    s3c_column_done(&c);
}

/* A record that could not be added is taken back and added again. */
static void loses_nothing_without_memory(void **state)
{
    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_column c;

        s3c_column_init(&c, &list);
        for (int64_t i = 0; i < 900; i++)
            if (add_list(&c, i % 50 * 2, 2) < 0) {
                s3c_column_undo(&c);
                CHECK_OK(add_list(&c, i % 50 * 2, 2), NULL);
            }
        if (s3c_column_settle(&c) < 0)
            CHECK_OK(s3c_column_settle(&c), NULL);
        assert_int_equal(c.state, S3C_COLUMN_DICTIONARY);
        assert_int_equal(c.dictionary.count, 100);
        for (size_t i = 0; i < 1800; i++)
            assert_int_equal(s3c_get_le64(value_at(&c, i).ptr), i % 100);
        s3c_column_done(&c);
    }
}

static void refuses_what_no_page_can_hold(void **state)
{
    struct s3c_cell huge = {.value.bytes = {"", ((size_t)1 << 30) + 1}}; /* never read */
    struct s3c_column c;

    (void)state;
    s3c_column_init(&c, &text);
    add_text(&c, 0, 2, 2);
    CHECK_CODE(s3c_column_add(&c, &huge), S3C_E_TOO_LARGE);
    s3c_column_undo(&c);
    check_text(&c, 2, 2);
    s3c_column_done(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(keeps_a_dictionary_of_values_that_repeat),
        CHECK_TEST(leaves_a_dictionary_that_grows),
        CHECK_TEST(settles_few_values_by_their_size),
        CHECK_TEST(takes_the_last_record_back),
        CHECK_TEST(loses_nothing_without_memory),
        CHECK_TEST(refuses_what_no_page_can_hold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
