/* SPDX-License-Identifier: Apache-2.0 */
/* Frame, failures and sizes; what the files mean is judged by pyarrow and DuckDB in tests/py/test_parquet.py. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "base/view.h"
#include "format/parquet.h"
#include "format/parquet_bytes.h"

static const enum s3c_codec codecs[] = {S3C_CODEC_NONE, S3C_CODEC_GZIP, S3C_CODEC_ZSTD,
                                        S3C_CODEC_SNAPPY};

static struct s3c_format *new_format(enum s3c_codec codec, size_t group_bytes)
{
    struct s3c_parquet_options o = {codec, group_bytes};
    struct s3c_format *f = NULL;

    CHECK_OK(s3c_parquet_format_new(&f, &o, NULL), NULL);
    return f;
}

static struct s3c_writer *new_writer(struct s3c_format *f)
{
    struct s3c_writer *w = NULL;

    CHECK_OK(f->ops->open(f, NULL, &w, NULL), NULL);
    return w;
}

static const struct s3c_metadata two[] = {{S3C_VIEW("a"), S3C_VIEW("1")},
                                          {S3C_VIEW("b"), S3C_VIEW("")}};

/* Each of the shapes that a record can have, in turn. */
static struct s3c_record record(char text[16], int i)
{
    struct s3c_record r = {.operation = (enum s3c_operation)(1 + i % 4)};

    (void)snprintf(text, 16, "p%08d", i);
    r.position = s3c_view_str(text);
    if (i % 3)
        r.key = (struct s3c_data){S3C_DATA_RAW, r.position};
    if (i % 5)
        r.after = (struct s3c_data){S3C_DATA_STRUCTURED,
                                    i % 5 == 1 ? S3C_VIEW("") : S3C_VIEW("{\"a\":1}")};
    r.metadata_nil = i % 7 == 0;
    if (i % 7 > 1) {
        r.metadata = two;
        r.metadata_count = 2;
    }
    return r;
}

static int add_records(struct s3c_writer *w, int from, int to, struct s3c_error *err)
{
    int r = 0;

    for (int i = from; i < to && r == 0; i++) {
        char text[16];
        struct s3c_record one = record(text, i);

        r = w->ops->add(w, &one, err);
    }
    return r;
}

static struct s3c_buf make_file(struct s3c_writer *w, int count)
{
    struct s3c_buf file;

    CHECK_OK(add_records(w, 0, count, NULL), NULL);
    CHECK_OK(w->ops->finish(w, &file, NULL), NULL);
    return file;
}

static void check_frame(struct s3c_view file)
{
    uint32_t footer;

    assert_true(file.len > 12);
    assert_memory_equal(file.ptr, "PAR1", 4);
    assert_memory_equal(file.ptr + file.len - 4, "PAR1", 4);
    footer = s3c_get_le32(file.ptr + file.len - 8);
    assert_true(footer > 0 && footer <= file.len - 12);
    assert_int_equal(file.ptr[file.len - 9], 0); /* the end of FileMetaData */
}

static void check_same(struct s3c_buf *a, struct s3c_buf *b)
{
    assert_int_equal(a->len, b->len);
    assert_memory_equal(a->ptr, b->ptr, a->len);
    s3c_buf_done(a);
    s3c_buf_done(b);
}

static void gives_the_same_bytes_for_the_same_records(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof(codecs) / sizeof(codecs[0]); k++) {
        struct s3c_format *f = new_format(codecs[k], 50000), *g = new_format(codecs[k], 50000);
        struct s3c_writer *w = new_writer(f), *fresh = new_writer(g);
        struct s3c_buf first = make_file(w, 5000), between = make_file(w, 7),
                       again = make_file(w, 5000);
        struct s3c_buf other = make_file(fresh, 5000), copy = S3C_BUF_INIT(SIZE_MAX);

        check_frame(s3c_buf_view(&first));
        check_frame(s3c_buf_view(&between));
        CHECK_OK(s3c_buf_add_view(&copy, s3c_buf_view(&first)), NULL);
        check_same(&first, &again);
        check_same(&copy, &other);
        s3c_buf_done(&between);
        w->ops->release(w);
        fresh->ops->release(fresh);
        f->ops->release(f);
        g->ops->release(g);
    }
}

static void makes_an_empty_file_of_no_records(void **state)
{
    struct s3c_format *f = new_format(S3C_CODEC_ZSTD, 1000);
    struct s3c_writer *w = new_writer(f);
    struct s3c_buf file = make_file(w, 0);

    (void)state;
    check_frame(s3c_buf_view(&file));
    assert_string_equal(f->ops->extension, "parquet");
    assert_string_equal(f->ops->content_type, "application/vnd.apache.parquet");
    assert_null(f->ops->content_encoding);
    s3c_buf_done(&file);
    w->ops->release(w);
    f->ops->release(f);
}

static void take(struct s3c_writer *w, struct s3c_buf *whole)
{
    size_t ready = w->ops->ready(w);
    struct s3c_buf part;

    if (ready == 0)
        return;
    CHECK_OK(w->ops->take(w, &part, NULL), NULL);
    assert_int_equal(part.len, ready);
    assert_int_equal(w->ops->ready(w), 0);
    CHECK_OK(s3c_buf_add_view(whole, s3c_buf_view(&part)), NULL);
    s3c_buf_done(&part);
}

/* A file that is sent while it is written is the same file, and its row groups bound what is held of it. */
static void lets_finished_row_groups_go(void **state)
{
    struct s3c_format *f = new_format(S3C_CODEC_ZSTD, 100000);
    struct s3c_writer *w = new_writer(f), *other = new_writer(f);
    struct s3c_buf rest, whole = S3C_BUF_INIT(SIZE_MAX), expected = make_file(other, 50000);
    size_t most = 0;

    (void)state;
    for (int i = 0; i < 50000; i++) {
        CHECK_OK(add_records(w, i, i + 1, NULL), NULL);
        take(w, &whole);
        assert_true(w->ops->size(w) > whole.len);
        most = w->ops->memory(w) > most ? w->ops->memory(w) : most;
    }
    assert_true(most < 700000); /* of about 3 MB */
    assert_true(whole.len > expected.len / 2);
    CHECK_OK(w->ops->finish(w, &rest, NULL), NULL);
    CHECK_OK(s3c_buf_add_view(&whole, s3c_buf_view(&rest)), NULL);
    assert_int_equal(w->ops->size(w), 0);
    s3c_buf_done(&rest);
    check_same(&whole, &expected);
    w->ops->release(w);
    other->ops->release(other);
    f->ops->release(f);
}

/* A thousand partitions may be open at a time. */
static void takes_little_memory_for_few_records(void **state)
{
    struct s3c_format *f = new_format(S3C_CODEC_ZSTD, 16 << 20);
    struct s3c_writer *w = new_writer(f);

    (void)state;
    CHECK_OK(add_records(w, 0, 3, NULL), NULL);
    assert_in_range(w->ops->memory(w), 100, 8 << 10);
    w->ops->release(w);
    f->ops->release(f);
}

static void expects_its_size(void **state)
{
    struct s3c_format *f = new_format(S3C_CODEC_ZSTD, 20000);
    struct s3c_writer *w = new_writer(f);
    struct s3c_buf file;
    size_t expected;

    (void)state;
    CHECK_OK(add_records(w, 0, 20000, NULL), NULL);
    expected = w->ops->size(w);
    CHECK_OK(w->ops->finish(w, &file, NULL), NULL);
    assert_true(expected > file.len / 2 && expected < file.len * 2);
    s3c_buf_done(&file);
    w->ops->release(w);
    f->ops->release(f);
}

static void refuses_what_is_no_record_and_keeps_the_file(void **state)
{
    static const struct s3c_metadata bad = {S3C_VIEW("n"), S3C_VIEW("\xc3")};
    struct s3c_format *f = new_format(S3C_CODEC_SNAPPY, 50000);
    struct s3c_writer *w = new_writer(f), *clean = new_writer(f);
    struct s3c_buf file, expected = make_file(clean, 10);
    struct s3c_record r;
    struct s3c_error err;
    char text[16];

    (void)state;
    CHECK_OK(add_records(w, 0, 10, NULL), NULL);
    r = record(text, 3);
    r.operation = (enum s3c_operation)5;
    CHECK_CODE(w->ops->add(w, &r, &err), S3C_E_RECORD);
    CHECK_HAS(err.message, "(5)");
    r = record(text, 3);
    r.metadata = &bad;
    r.metadata_count = 1;
    CHECK_CODE(w->ops->add(w, &r, &err), S3C_E_RECORD);
    CHECK_HAS(err.message, "metadata is not valid UTF-8");
    r = record(text, 3);
    r.after.bytes.len = ((size_t)1 << 30) + 1; /* never read */
    CHECK_CODE(w->ops->add(w, &r, &err), S3C_E_TOO_LARGE);
    CHECK_HAS(err.message, "1 GiB");
    CHECK_OK(w->ops->finish(w, &file, NULL), NULL);
    check_same(&file, &expected);
    w->ops->release(w);
    clean->ops->release(clean);
    f->ops->release(f);
}

static int open_file(struct s3c_format **f, struct s3c_writer **w, enum s3c_codec codec)
{
    struct s3c_parquet_options o = {codec, 4000};
    struct s3c_error err;
    int r = s3c_parquet_format_new(f, &o, &err);

    if (r < 0)
        return r;
    r = (*f)->ops->open(*f, NULL, w, &err);
    if (r < 0)
        (*f)->ops->release(*f);
    return r;
}

/* A record that could not be added can be added again, and the file is the same as if nothing had been. */
static void loses_nothing_without_memory(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof(codecs) / sizeof(codecs[0]); k++) {
        struct s3c_format *clean_format = new_format(codecs[k], 4000);
        struct s3c_writer *clean = new_writer(clean_format);
        struct s3c_buf expected = make_file(clean, 300);

        FOR_EACH_ALLOC_FAILURE
        {
            struct s3c_format *f = NULL;
            struct s3c_writer *w = NULL;
            struct s3c_error err;
            struct s3c_buf file;
            int r = open_file(&f, &w, codecs[k]);

            if (r < 0) {
                CHECK_CODE(r, S3C_E_NOMEM);
                continue;
            }
            for (int i = 0; i < 300; i++)
                if (add_records(w, i, i + 1, &err) < 0)
                    CHECK_OK(add_records(w, i, i + 1, &err), &err);
            r = w->ops->finish(w, &file, &err);
            if (r < 0) { /* the file is lost, the next one is whole */
                CHECK_CODE(r, S3C_E_NOMEM);
                file = make_file(w, 300);
            }
            if (file.len != expected.len || memcmp(file.ptr, expected.ptr, file.len) != 0)
                fail_msg("codec %zu: another file after allocation %zu of the run failed", k,
                         check_n_);
            s3c_buf_done(&file);
            w->ops->release(w);
            f->ops->release(f);
        }
        s3c_buf_done(&expected);
        clean->ops->release(clean);
        clean_format->ops->release(clean_format);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(gives_the_same_bytes_for_the_same_records),
        CHECK_TEST(makes_an_empty_file_of_no_records),
        CHECK_TEST(lets_finished_row_groups_go),
        CHECK_TEST(takes_little_memory_for_few_records),
        CHECK_TEST(expects_its_size),
        CHECK_TEST(refuses_what_is_no_record_and_keeps_the_file),
        CHECK_TEST(loses_nothing_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
