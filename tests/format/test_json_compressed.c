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

static struct s3c_writer *new_writer(enum s3c_codec codec)
{
    struct s3c_writer *w = NULL;

    CHECK_OK(s3c_json_compressed_writer_new(&w, codec, NULL), NULL);
    return w;
}

static void says_what_it_is(void **state)
{
    struct s3c_writer *gzip = new_writer(S3C_CODEC_GZIP), *zstd = new_writer(S3C_CODEC_ZSTD);

    (void)state;
    assert_string_equal(gzip->ops->extension, "json.gz");
    assert_string_equal(gzip->ops->content_type, "application/json");
    assert_string_equal(gzip->ops->content_encoding, "gzip");
    assert_string_equal(zstd->ops->extension, "json.zst");
    assert_string_equal(zstd->ops->content_type, "application/json");
    assert_string_equal(zstd->ops->content_encoding, "zstd");
    gzip->ops->release(gzip);
    zstd->ops->release(zstd);
}

/* `count` records of one payload, in two files of the same writer. */
static void check_files(enum s3c_codec codec, int count, struct s3c_view payload)
{
    struct s3c_writer *w = new_writer(codec);

    for (int file = 0; file < 2; file++) {
        struct s3c_buf plain = S3C_BUF_INIT(SIZE_MAX), packed;

        for (int i = 0; i < count; i++) {
            char position[16];
            struct s3c_record r = record(position, i, payload);

            CHECK_OK(w->ops->add(w, &r, NULL), NULL);
            CHECK_OK(s3c_json_add(&plain, &r, NULL), NULL);
        }
        assert_int_equal(w->ops->size(w), w->ops->memory(w));
        CHECK_OK(w->ops->finish(w, &packed, NULL), NULL);
        assert_int_equal(w->ops->size(w), 0);
        check_unpacked(codec, s3c_buf_view(&packed), s3c_buf_view(&plain));
        s3c_buf_done(&plain);
        s3c_buf_done(&packed);
    }
    w->ops->release(w);
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

static void keeps_little_text(void **state)
{
    static char payload[10000];
    struct s3c_writer *w = new_writer(S3C_CODEC_ZSTD);

    (void)state;
    for (int i = 0; i < 1000; i++) {
        char position[16];
        struct s3c_record r = record(position, i, (struct s3c_view){payload, sizeof(payload)});

        CHECK_OK(w->ops->add(w, &r, NULL), NULL);
    }
    assert_true(w->ops->memory(w) < 600000); /* of 60 MB: zeros are six characters each */
    w->ops->release(w);
}

static void refuses_what_json_refuses(void **state)
{
    struct s3c_writer *w = new_writer(S3C_CODEC_GZIP);
    char position[16];
    struct s3c_record r = record(position, 1, S3C_VIEW("x"));
    struct s3c_error err;

    (void)state;
    r.operation = (enum s3c_operation)9;
    CHECK_CODE(w->ops->add(w, &r, &err), S3C_E_RECORD);
    assert_int_equal(w->ops->size(w), 0);
    w->ops->release(w);
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
            struct s3c_writer *w = NULL;
            struct s3c_error err;

            if (s3c_json_compressed_writer_new(&w, codecs[k], &err) < 0)
                continue;
            for (int i = 0; i < 3; i++) {
                char position[16];
                struct s3c_record r =
                    record(position, i, (struct s3c_view){payload, sizeof(payload)});

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
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(says_what_it_is),
        CHECK_TEST(holds_the_same_lines),
        CHECK_TEST(keeps_little_text),
        CHECK_TEST(refuses_what_json_refuses),
        CHECK_TEST(survives_allocation_failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
