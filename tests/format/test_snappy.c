/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "format/snappy.h"
#include "unpack.h"

/* Compresses to a block of memory that ends where the bound says, so that writing behind it is seen. Returns the compressed size. */
static size_t round_trip(struct s3c_view in)
{
    struct s3c_snappy_table *table = malloc(sizeof(*table));
    size_t room = s3c_snappy_bound(in.len), n;
    char *out = malloc(room);

    assert_non_null(table);
    assert_non_null(out);
    memset(table, 0x5a, sizeof(*table)); /* as if it had been used */
    n = s3c_snappy_compress(table, in, out);
    assert_true(n <= room);
    check_unpacked(S3C_CODEC_SNAPPY, (struct s3c_view){out, n}, in);
    free(out);
    free(table);
    return n;
}

/* Each in memory of its own size, so that reading behind it is seen. */
static size_t round_trip_of(const char *from, size_t n)
{
    char *copy = malloc(n > 0 ? n : 1);
    size_t packed;

    assert_non_null(copy);
    memcpy(copy, from, n);
    packed = round_trip((struct s3c_view){copy, n});
    free(copy);
    return packed;
}

static void gives_back_every_short_length(void **state)
{
    char zeros[300] = {0}, words[300], noise[300];
    uint64_t random = 7;

    (void)state;
    for (size_t i = 0; i < sizeof(noise); i++) {
        noise[i] = (char)check_random(&random);
        words[i] = "abcdefghijk"[i % 11];
    }
    for (size_t n = 0; n <= sizeof(noise); n++) {
        round_trip_of(zeros, n);
        round_trip_of(words, n);
        round_trip_of(noise, n);
    }
}

/* Noise of every length that has a tag of its own, then the same again: literals, then copies. */
static void gives_back_every_kind_of_tag(void **state)
{
    static const size_t lengths[] = {1,  4,  5,  11, 12,  59,  60,  61,    63,    64,    65,   67,
                                     68, 69, 72, 73, 128, 256, 257, 65535, 65536, 65537, 70000};
    char *text = malloc(3 * 70000);
    uint64_t random = 11;

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        size_t n = lengths[i];

        for (size_t k = 0; k < n; k++)
            text[k] = text[n + k] = (char)check_random(&random);
        for (size_t k = 0; k < 64; k++)
            text[2 * n + k] = (char)check_random(&random);
        round_trip_of(text, 2 * n + 64);
    }
    free(text);
}

/* What is 64 KiB back is seen, what is one byte further away is not: distances have 16 bits. */
static void looks_back_as_far_as_distances_go(void **state)
{
    enum { WINDOW = 65535, SAME = 1000 };
    char *text = malloc(WINDOW + 1 + SAME);
    uint64_t random = 13;
    size_t far, near;

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < WINDOW + 1; i++)
        text[i] = (char)check_random(&random);
    memcpy(text + WINDOW, text, SAME);
    near = round_trip_of(text, WINDOW + SAME);
    text[WINDOW] = (char)(text[0] ^ 1);
    memcpy(text + WINDOW + 1, text, SAME);
    far = round_trip_of(text, WINDOW + 1 + SAME);
    assert_true(near < WINDOW + SAME / 2);
    assert_true(far >= WINDOW + 1 + SAME);
    free(text);
}

/* Alphabets from one letter to all bytes, across many windows. */
static void gives_back_what_is_more_or_less_random(void **state)
{
    enum { MOST = 300000 };
    char *text = malloc(MOST);
    uint64_t random = 17;

    (void)state;
    assert_non_null(text);
    for (uint64_t letters = 1; letters <= 256; letters *= 2)
        for (size_t round = 0; round < 6; round++) {
            size_t n = check_random(&random) % MOST;

            for (size_t i = 0; i < n; i++)
                text[i] = (char)(check_random(&random) % letters);
            round_trip_of(text, n);
        }
    free(text);
}

/* Pieces of earlier text with changes, as rows of a table are. */
static void gives_back_what_repeats_at_any_distance(void **state)
{
    enum { MOST = 400000 };
    char *text = malloc(MOST);
    uint64_t random = 19;
    size_t n = 0;

    (void)state;
    assert_non_null(text);
    while (n < 200)
        text[n++] = (char)check_random(&random);
    while (n < MOST - 200) {
        size_t length = 1 + check_random(&random) % 150, from = check_random(&random) % (n - 150);

        memcpy(text + n, text + from, length);
        n += length;
        text[n++] = (char)check_random(&random);
    }
    assert_true(round_trip_of(text, n) < n);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(gives_back_every_short_length),
        CHECK_TEST(gives_back_every_kind_of_tag),
        CHECK_TEST(looks_back_as_far_as_distances_go),
        CHECK_TEST(gives_back_what_is_more_or_less_random),
        CHECK_TEST(gives_back_what_repeats_at_any_distance),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
