/* SPDX-License-Identifier: Apache-2.0 */
/* The text inside is that of the plain writer, which tests/format/test_json.c judges. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "base/view.h"
#include "format/json.h"
#include "format/json_compressed.h"
#include "unpack.h"

static const enum s3c_codec codecs[] = {S3C_CODEC_GZIP, S3C_CODEC_ZSTD};

static struct s3c_record record(char position[16], int i, struct s3c_view payload)
{
    (void)snprintf(position, 16, "p%d", i);
    return (struct s3c_record){.operation = S3C_OP_CREATE,
                               .position = s3c_view_str(position),
                               .metadata_nil = true,
                               .key = {S3C_DATA_RAW, S3C_VIEW("k")},
                               .after = {S3C_DATA_RAW, payload}};
}

static struct s3c_format *new_format(enum s3c_codec codec)
{
    struct s3c_format *f = NULL;

    CHECK_OK(s3c_json_compressed_format_new(&f, codec, NULL), NULL);
    return f;
}

static struct s3c_writer *new_writer(struct s3c_format *f)
{
    struct s3c_writer *w = NULL;
    char position[16];
    struct s3c_record first = record(position, 0, S3C_VIEW(""));

    CHECK_OK(f->ops->open(f, &first, &w, NULL), NULL);
    return w;
}

static void says_what_it_is(void **state)
{
    struct s3c_format *gzip = new_format(S3C_CODEC_GZIP), *zstd = new_format(S3C_CODEC_ZSTD);

    (void)state;
    assert_string_equal(gzip->ops->extension, "json.gz");
    assert_string_equal(gzip->ops->content_type, "application/json");
    assert_string_equal(gzip->ops->content_encoding, "gzip");
    assert_string_equal(zstd->ops->extension, "json.zst");
    assert_string_equal(zstd->ops->content_type, "application/json");
    assert_string_equal(zstd->ops->content_encoding, "zstd");
    assert_false(gzip->ops->takes_avro);
    gzip->ops->release(gzip);
    zstd->ops->release(zstd);
}

static void puts_all_records_into_one_file(void **state)
{
    struct s3c_format *f = new_format(S3C_CODEC_GZIP);
    struct s3c_buf variant = S3C_BUF_INIT(100);
    char position[16];
    struct s3c_record r = record(position, 1, S3C_VIEW("x"));

    (void)state;
    CHECK_OK(f->ops->variant(f, &r, &variant, NULL), NULL);
    assert_int_equal(variant.len, 0);
    f->ops->release(f);
}

static void add_to_both(struct s3c_writer *w, struct s3c_buf *plain, int i, struct s3c_view payload)
{
    char position[16];
    struct s3c_record r = record(position, i, payload);

    CHECK_OK(w->ops->add(w, &r, NULL), NULL);
    CHECK_OK(s3c_json_add(plain, &r, NULL), NULL);
}

/* `count` records of one payload, in two files of the same writer. */
static void check_files(enum s3c_codec codec, int count, struct s3c_view payload)
{
    struct s3c_format *f = new_format(codec);
    struct s3c_writer *w = new_writer(f);

    for (int file = 0; file < 2; file++) {
        struct s3c_buf plain = S3C_BUF_INIT(SIZE_MAX), packed;

        for (int i = 0; i < count; i++)
            add_to_both(w, &plain, i, payload);
        assert_true(w->ops->memory(w) >= w->ops->size(w));
        CHECK_OK(w->ops->finish(w, &packed, NULL), NULL);
        assert_int_equal(w->ops->size(w), 0);
        check_unpacked(codec, s3c_buf_view(&packed), s3c_buf_view(&plain));
        s3c_buf_done(&plain);
        s3c_buf_done(&packed);
    }
    w->ops->release(w);
    f->ops->release(f);
}

static void holds_the_same_lines(void **state)
{
    static char payload[600000];

    (void)state;
    memset(payload, 'x', sizeof(payload));
    for (size_t k = 0; k < 2; k++) {
        check_files(codecs[k], 0, S3C_VIEW(""));
        check_files(codecs[k], 1, S3C_VIEW("one"));
        check_files(codecs[k], 20000, S3C_VIEW("many, so that there are several chunks"));
        check_files(codecs[k], 5, (struct s3c_view){payload, sizeof(payload)});
    }
}

/* Pieces taken while the file is written and what finish gives are one file. */
static void gives_finished_bytes_away(void **state)
{
    static char payload[50000];

    (void)state;
    for (size_t k = 0; k < 2; k++) {
        struct s3c_format *f = new_format(codecs[k]);
        struct s3c_writer *w = new_writer(f);
        struct s3c_buf plain = S3C_BUF_INIT(SIZE_MAX), packed = plain, part;
        uint64_t random = 7;
        size_t pieces = 0, size;

        for (int i = 0; i < 400; i++) {
            for (size_t j = 0; j < sizeof(payload); j += 8)
                payload[j] = (char)('a' + check_random(&random) % 26);
            add_to_both(w, &plain, i, (struct s3c_view){payload, sizeof(payload)});
            if (w->ops->ready(w) < 100000)
                continue;
            size = w->ops->size(w);
            CHECK_OK(w->ops->take(w, &part, NULL), NULL);
            assert_int_equal(w->ops->ready(w), 0);
            assert_int_equal(w->ops->size(w), size);
            CHECK_OK(s3c_buf_add_view(&packed, s3c_buf_view(&part)), NULL);
            s3c_buf_done(&part);
            pieces++;
        }
        assert_true(pieces > 2);
        CHECK_OK(w->ops->finish(w, &part, NULL), NULL);
        CHECK_OK(s3c_buf_add_view(&packed, s3c_buf_view(&part)), NULL);
        check_unpacked(codecs[k], s3c_buf_view(&packed), s3c_buf_view(&plain));
        s3c_buf_done(&part);
        s3c_buf_done(&packed);
        s3c_buf_done(&plain);
        w->ops->release(w);
        f->ops->release(f);
    }
}

/* Two large files and a small one at a time, none of which may see the others' bytes; the last is given up half-way. */
static void keeps_open_files_apart(void **state)
{
    static char payload[30000];

    (void)state;
    memset(payload, 'z', sizeof(payload));
    for (size_t k = 0; k < 2; k++) {
        struct s3c_format *f = new_format(codecs[k]);
        struct s3c_writer *w[4];
        struct s3c_buf plain[4], packed;

        for (size_t i = 0; i < 4; i++) {
            w[i] = new_writer(f);
            plain[i] = (struct s3c_buf)S3C_BUF_INIT(SIZE_MAX);
        }
        for (int n = 0; n < 50; n++)
            for (size_t i = 0; i < 4; i++)
                add_to_both(w[i], &plain[i], n, (struct s3c_view){payload, i == 1 ? 10 : 30000});
        for (size_t i = 0; i < 3; i++) {
            CHECK_OK(w[i]->ops->finish(w[i], &packed, NULL), NULL);
            check_unpacked(codecs[k], s3c_buf_view(&packed), s3c_buf_view(&plain[i]));
            s3c_buf_done(&packed);
        }
        for (size_t i = 0; i < 4; i++) {
            s3c_buf_done(&plain[i]);
            w[i]->ops->release(w[i]);
        }
        f->ops->release(f);
    }
}

/* A thousand partitions with a few KiB each cost little more than those; a large file costs its compressor as well. */
static void counts_what_it_holds(void **state)
{
    static char payload[10000];

    (void)state;
    memset(payload, 'x', sizeof(payload));
    for (size_t k = 0; k < 2; k++) {
        struct s3c_format *f = new_format(codecs[k]);
        struct s3c_writer *w = new_writer(f);
        struct s3c_buf plain = S3C_BUF_INIT(SIZE_MAX);

        assert_true(w->ops->memory(w) < 1000);
        add_to_both(w, &plain, 0, S3C_VIEW("a few bytes"));
        assert_true(w->ops->memory(w) < 2000);
        for (int i = 0; i < 20; i++)
            add_to_both(w, &plain, i, (struct s3c_view){payload, sizeof(payload)});
        assert_in_range(w->ops->memory(w), plain.len, plain.cap + 1000);
        for (int i = 0; i < 20; i++)
            add_to_both(w, &plain, i, (struct s3c_view){payload, sizeof(payload)});
        assert_in_range(w->ops->memory(w), 350000, 2500000);
        s3c_buf_done(&plain);
        w->ops->release(w);
        f->ops->release(f);
    }
}

static void keeps_little_text(void **state)
{
    static char payload[10000];
    struct s3c_format *f = new_format(S3C_CODEC_ZSTD);
    struct s3c_writer *w = new_writer(f);

    (void)state;
    for (int i = 0; i < 1000; i++) {
        char position[16];
        struct s3c_record r = record(position, i, (struct s3c_view){payload, sizeof(payload)});

        CHECK_OK(w->ops->add(w, &r, NULL), NULL);
    }
    assert_true(w->ops->size(w) < 600000); /* of 60 MB: zeros are six characters each */
    assert_true(w->ops->memory(w) < 3000000);
    w->ops->release(w);
    f->ops->release(f);
}

static void refuses_what_json_refuses(void **state)
{
    struct s3c_format *f = new_format(S3C_CODEC_GZIP);
    struct s3c_writer *w = new_writer(f);
    char position[16];
    struct s3c_record r = record(position, 1, S3C_VIEW("x"));
    struct s3c_error err;

    (void)state;
    r.operation = (enum s3c_operation)9;
    CHECK_CODE(w->ops->add(w, &r, &err), S3C_E_RECORD);
    assert_int_equal(w->ops->size(w), 0);
    w->ops->release(w);
    f->ops->release(f);
}

/* Whatever fails: what was added is in the file, what was not is not, and the next file is a good one. */
static void survives_allocation_failures(void **state)
{
    static char payload[300000];

    (void)state;
    memset(payload, 'y', sizeof(payload));
    for (size_t k = 0; k < 2; k++)
        FOR_EACH_ALLOC_FAILURE
        {
            struct s3c_buf plain = S3C_BUF_INIT(SIZE_MAX), packed = plain;
            struct s3c_format *f = NULL;
            struct s3c_writer *w = NULL;
            struct s3c_error err;
            char position[16];
            struct s3c_record r = record(position, 0, S3C_VIEW(""));

            if (s3c_json_compressed_format_new(&f, codecs[k], &err) < 0)
                continue;
            if (f->ops->open(f, &r, &w, &err) < 0) {
                f->ops->release(f);
                continue;
            }
            for (int i = 0; i < 3; i++) {
                r = record(position, i, (struct s3c_view){payload, sizeof(payload)});
                if (w->ops->add(w, &r, &err) == 0)
                    while (s3c_json_add(&plain, &r, &err) < 0) {
                    }
            }
            if (w->ops->finish(w, &packed, &err) == 0)
                check_unpacked(codecs[k], s3c_buf_view(&packed), s3c_buf_view(&plain));
            assert_int_equal(w->ops->size(w), 0);
            s3c_buf_done(&packed);
            s3c_buf_done(&plain);
            w->ops->release(w);
            f->ops->release(f);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(says_what_it_is),
        CHECK_TEST(holds_the_same_lines),
        CHECK_TEST(puts_all_records_into_one_file),
        CHECK_TEST(gives_finished_bytes_away),
        CHECK_TEST(keeps_open_files_apart),
        CHECK_TEST(counts_what_it_holds),
        CHECK_TEST(keeps_little_text),
        CHECK_TEST(refuses_what_json_refuses),
        CHECK_TEST(survives_allocation_failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
