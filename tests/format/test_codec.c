/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "base/view.h"
#include "unpack.h"

enum { LARGEST = 3000000 };

static const enum s3c_codec all[] = {S3C_CODEC_NONE, S3C_CODEC_GZIP, S3C_CODEC_ZSTD,
                                     S3C_CODEC_SNAPPY};

#define CODECS (sizeof(all) / sizeof(all[0]))

static struct s3c_compressor *new_compressor(enum s3c_codec codec)
{
    struct s3c_compressor *c = NULL;

    CHECK_OK(s3c_compressor_new(&c, codec, NULL), NULL);
    return c;
}

/* Words and noise, so that there is something to find and something not to. */
static char *make_text(size_t n)
{
    char *text = malloc(n);
    uint64_t random = 3;

    assert_non_null(text);
    for (size_t i = 0; i < n; i++)
        text[i] = i / 1000 % 2 ? (char)check_random(&random) : "a row of text "[i % 14];
    return text;
}

static void gives_blocks_back(void **state)
{
    static const size_t sizes[] = {0, 1, 100, 65535, 65536, 65537, LARGEST};
    char *text = make_text(LARGEST);

    (void)state;
    for (size_t k = 0; k < CODECS; k++) {
        struct s3c_compressor *c = new_compressor(all[k]);
        struct s3c_buf out = S3C_BUF_INIT(SIZE_MAX);

        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            struct s3c_view v = {text, sizes[i]};

            s3c_buf_clear(&out);
            CHECK_OK(s3c_buf_add_str(&out, "before"), NULL);
            CHECK_OK(s3c_compress_block(c, v, &out), NULL);
            check_unpacked(all[k], s3c_view_skip(s3c_buf_view(&out), 6), v);
        }
        s3c_buf_done(&out);
        s3c_compressor_free(c);
    }
    free(text);
}

static void gives_streams_back(void **state)
{
    static const size_t pieces[] = {1, 1000, 300000, LARGEST};
    char *text = make_text(LARGEST);
    const struct s3c_view whole = {text, LARGEST};

    (void)state;
    for (size_t k = 0; k < CODECS - 1; k++) /* snappy has no streams */
        for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
            struct s3c_compressor *c = new_compressor(all[k]);
            struct s3c_buf out = S3C_BUF_INIT(SIZE_MAX);
            size_t n = pieces[i] == 1 ? 5000 : LARGEST;

            for (size_t at = 0; at < n; at += pieces[i]) {
                struct s3c_view v = {text + at, n - at < pieces[i] ? n - at : pieces[i]};

                CHECK_OK(s3c_compress_piece(c, v, false, &out), NULL);
            }
            CHECK_OK(s3c_compress_piece(c, S3C_VIEW(""), true, &out), NULL);
            check_unpacked(all[k], s3c_buf_view(&out), s3c_view_first(whole, n));
            s3c_buf_done(&out);
            s3c_compressor_free(c);
        }
    free(text);
}

/* The second time everything inside the compressor has been used, also for something else. */
static void gives_the_same_bytes_for_the_same_bytes(void **state)
{
    char *text = make_text(200000);

    (void)state;
    for (size_t k = 0; k < CODECS; k++) {
        if (all[k] == S3C_CODEC_GZIP)
            continue; /* see format/codec.h */
        struct s3c_compressor *c = new_compressor(all[k]);
        struct s3c_buf first = S3C_BUF_INIT(SIZE_MAX), again = first, other = first;

        CHECK_OK(s3c_compress_block(c, (struct s3c_view){text, 200000}, &first), NULL);
        if (all[k] != S3C_CODEC_SNAPPY) {
            CHECK_OK(s3c_compress_piece(c, (struct s3c_view){text, 777}, false, &other), NULL);
            s3c_compress_restart(c);
        }
        CHECK_OK(s3c_compress_block(c, (struct s3c_view){text + 5, 9999}, &other), NULL);
        CHECK_OK(s3c_compress_block(c, (struct s3c_view){text, 200000}, &again), NULL);
        assert_int_equal(first.len, again.len);
        assert_memory_equal(first.ptr, again.ptr, first.len);
        s3c_buf_done(&first);
        s3c_buf_done(&again);
        s3c_buf_done(&other);
        s3c_compressor_free(c);
    }
    free(text);
}

static void computes_the_usual_crc(void **state)
{
    (void)state;
    assert_int_equal(s3c_crc32(S3C_VIEW("123456789")), 0xcbf43926);
    assert_int_equal(s3c_crc32(S3C_VIEW("")), 0);
}

static void survives_allocation_failures(void **state)
{
    char *text = make_text(100000);
    const struct s3c_view v = {text, 100000};

    (void)state;
    for (size_t k = 0; k < CODECS; k++)
        FOR_EACH_ALLOC_FAILURE
        {
            struct s3c_compressor *c = NULL;
            struct s3c_buf out = S3C_BUF_INIT(SIZE_MAX);
            struct s3c_error err;
            int r = s3c_compressor_new(&c, all[k], &err);

            if (r == 0)
                r = s3c_compress_block(c, v, &out);
            CHECK_CODE(r, check_alloc_failed() ? S3C_E_NOMEM : 0);
            s3c_buf_done(&out);
            s3c_compressor_free(c);
        }
    free(text);
}

/* A piece that failed was not taken: given again, it makes the same stream. */
static void takes_a_piece_again(void **state)
{
    char *text = make_text(100000);
    const struct s3c_view v = {text, 100000};

    (void)state;
    for (size_t k = 0; k < CODECS - 1; k++)
        FOR_EACH_ALLOC_FAILURE
        {
            struct s3c_compressor *c = NULL;
            struct s3c_buf out = S3C_BUF_INIT(SIZE_MAX);
            struct s3c_error err;

            if (s3c_compressor_new(&c, all[k], &err) < 0)
                continue;
            if (s3c_compress_piece(c, v, false, &out) < 0)
                CHECK_OK(s3c_compress_piece(c, v, false, &out), NULL);
            if (s3c_compress_piece(c, S3C_VIEW(""), true, &out) < 0)
                CHECK_OK(s3c_compress_piece(c, S3C_VIEW(""), true, &out), NULL);
            check_unpacked(all[k], s3c_buf_view(&out), v);
            s3c_buf_done(&out);
            s3c_compressor_free(c);
        }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(gives_blocks_back),
        CHECK_TEST(gives_streams_back),
        CHECK_TEST(gives_the_same_bytes_for_the_same_bytes),
        CHECK_TEST(computes_the_usual_crc),
        CHECK_TEST(survives_allocation_failures),
        CHECK_TEST(takes_a_piece_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
