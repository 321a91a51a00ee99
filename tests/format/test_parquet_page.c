/* SPDX-License-Identifier: Apache-2.0 */
/* Chunks by themselves; what their pages hold is judged by readers in tests/py/test_parquet.py. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "base/view.h"
#include "format/parquet_page.h"

static const struct s3c_parquet_node text = {.type = S3C_PARQUET_BYTES};

enum { LONG = 60 };

/* Bytes in which a compressor finds nothing. */
static void fill_with_noise(char value[LONG], uint32_t *state)
{
    for (size_t i = 0; i < LONG; i++) {
        *state = *state * 1664525u + 1013904223u;
        value[i] = (char)(*state >> 24);
    }
}

/* 3,000 values that do not repeat; the second column of three: long enough that zstd's least effort is chosen for it. */
static void add_noise(struct s3c_column *c)
{
    uint32_t state = 1;

    for (size_t i = 0; i < 3000; i++) {
        char value[LONG];
        struct s3c_cell cell = {.value.bytes = {value, sizeof(value)}};

        fill_with_noise(value, &state);
        CHECK_OK(s3c_column_add(c, &cell), NULL);
    }
}

/* 2,000 values of 200 different ones, which are like each other: a dictionary that compresses by how hard one looks. */
static void add_names(struct s3c_column *c)
{
    for (int i = 0; i < 2000; i++) {
        char value[LONG];
        int n = snprintf(value, sizeof(value), "warehouse/region-%03d/customer-%05d", i % 200 % 7,
                         i % 200 * 37);
        struct s3c_cell cell = {.value.bytes = {value, (size_t)n}};

        CHECK_OK(s3c_column_add(c, &cell), NULL);
    }
}

static struct s3c_buf write_chunk(struct s3c_page_writer *w, struct s3c_column *c)
{
    const struct s3c_buf empty = S3C_BUF_INIT(SIZE_MAX);
    struct s3c_layout layout = {empty, empty, empty, empty, 0, 0};
    struct s3c_buf out = empty;

    CHECK_OK(s3c_column_settle(c), NULL);
    CHECK_OK(s3c_chunk_write(w, &text, c, &out, &layout), NULL);
    s3c_buf_done(&layout.chunks);
    s3c_buf_done(&layout.pages);
    s3c_buf_done(&layout.bounds);
    return out;
}

/* Whatever was written before: files take turns with one compressor. */
static void writes_the_same_chunk_after_any_other(void **state)
{
    struct s3c_column names, noise;

    (void)state;
    s3c_column_init(&names, &text);
    s3c_column_init(&noise, &text);
    add_names(&names);
    add_noise(&noise);
    for (enum s3c_codec codec = S3C_CODEC_NONE; codec <= S3C_CODEC_SNAPPY; codec++) {
        struct s3c_page_writer w;
        struct s3c_buf first, between, again;

        CHECK_OK(s3c_page_writer_init(&w, codec, NULL), NULL);
        first = write_chunk(&w, &names);
        between = write_chunk(&w, &noise);
        again = write_chunk(&w, &names);
        assert_int_equal(names.state, S3C_COLUMN_DICTIONARY);
        assert_int_equal(again.len, first.len);
        assert_memory_equal(again.ptr, first.ptr, first.len);
        s3c_buf_done(&first);
        s3c_buf_done(&between);
        s3c_buf_done(&again);
        s3c_page_writer_done(&w);
    }
    s3c_column_done(&names);
    s3c_column_done(&noise);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(writes_the_same_chunk_after_any_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
