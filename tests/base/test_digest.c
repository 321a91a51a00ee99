/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"

#include "check.h"

#include "base/view.h"

static void expect_hex(const uint8_t *digest, size_t n, const char *expected)
{
    char hex[2 * S3C_SHA256_SIZE];

    s3c_hex(hex, digest, n);
    CHECK_VIEW(((struct s3c_view){hex, 2 * n}), expected);
}

static struct s3c_view repeat(char *dst, char c, size_t n)
{
    memset(dst, c, n);
    return (struct s3c_view){dst, n};
}

/* FIPS 180-2's examples and the empty message. */
static void sha256_of_known_messages(void **state)
{
    static const struct {
        const char *message, *digest;
    } cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    _cleanup_(s3c_hasher_freep) struct s3c_hasher *h = NULL;
    uint8_t digest[S3C_SHA256_SIZE];

    (void)state;
    CHECK_CODE(s3c_hasher_new(&h, NULL), 0);
    for (int round = 0; round < 2; round++) { /* the second time over used contexts */
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            s3c_sha256(h, s3c_view_str(cases[i].message), digest);
            expect_hex(digest, sizeof(digest), cases[i].digest);
        }
    }
    s3c_sha256(h, (struct s3c_view){NULL, 0}, digest);
    expect_hex(digest, sizeof(digest), cases[0].digest);
}

/* RFC 4231, test cases 1, 2, 6 (a key longer than a block) and 7. */
static void hmac_of_rfc_4231(void **state)
{
    _cleanup_(s3c_hasher_freep) struct s3c_hasher *h = NULL;
    uint8_t out[S3C_SHA256_SIZE];
    char key[131];

    (void)state;
    CHECK_CODE(s3c_hasher_new(&h, NULL), 0);
    s3c_hmac_sha256(h, repeat(key, 0x0b, 20), S3C_VIEW("Hi There"), out);
    expect_hex(out, sizeof(out),
               "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    s3c_hmac_sha256(h, S3C_VIEW("Jefe"), S3C_VIEW("what do ya want for nothing?"), out);
    expect_hex(out, sizeof(out),
               "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    s3c_hmac_sha256(h, repeat(key, (char)0xaa, 131),
                    S3C_VIEW("Test Using Larger Than Block-Size Key - Hash Key First"), out);
    expect_hex(out, sizeof(out),
               "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    s3c_hmac_sha256(
        h, repeat(key, (char)0xaa, 131),
        S3C_VIEW(
            "This is a test using a larger than block-size key and a larger than block-size data. The key needs to "
            "be hashed before being used by the HMAC algorithm."),
        out);
    expect_hex(out, sizeof(out),
               "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
    s3c_hmac_sha256(h, (struct s3c_view){NULL, 0}, (struct s3c_view){NULL, 0}, out);
    expect_hex(out, sizeof(out),
               "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void md5_of_known_messages(void **state)
{
    uint8_t out[16];

    (void)state;
    s3c_md5((struct s3c_view){NULL, 0}, out);
    expect_hex(out, sizeof(out), "d41d8cd98f00b204e9800998ecf8427e");
    s3c_md5(S3C_VIEW("message digest"), out);
    expect_hex(out, sizeof(out), "f96b697d7cb7938d525a2f31aaf161d0");
}

static void hasher_survives_out_of_memory(void **state)
{
    (void)state;
    s3c_hasher_free(NULL);
    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_hasher *h = NULL;
        struct s3c_error err;

        CHECK_CODE(s3c_hasher_new(&h, &err), check_alloc_failed() ? S3C_E_NOMEM : 0);
        s3c_hasher_freep(&h);
    }
}

/* The index on disk holds these numbers: they may never change. */
static void hash128_is_pinned(void **state)
{
    static const struct {
        const char *text;
        uint64_t seed, lo, hi;
    } cases[] = {
        {"", 0, UINT64_C(0x06c3ba9ff8b91936), UINT64_C(0x1460d04a293a2647)},
        {"a", 0, UINT64_C(0x6b2438843dda7b9d), UINT64_C(0xdc75b706ca8b4af3)},
        {"a", 1, UINT64_C(0xc1804e63eada34ca), UINT64_C(0x11e5eae4bba2d4b7)},
        {"photos/2026/01/a", 0, UINT64_C(0xc0e049001af61ee6), UINT64_C(0xc7d2d67b746bd33d)},
        {"photos/2026/01/ab", 0, UINT64_C(0x5271fd76464dde77), UINT64_C(0x320250dee1566abc)},
        {"photos/2026/01/the-quick-brown-fox-jumps.jpeg", 42, UINT64_C(0x9c1230793bfa27a1),
         UINT64_C(0x3b07983e253367ed)},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct s3c_hash128 h = s3c_hash128(cases[i].text, strlen(cases[i].text), cases[i].seed);

        assert_int_equal(h.lo, cases[i].lo);
        assert_int_equal(h.hi, cases[i].hi);
    }
}

static unsigned bits_apart(struct s3c_hash128 a, struct s3c_hash128 b)
{
    return (unsigned)(__builtin_popcountll(a.lo ^ b.lo) + __builtin_popcountll(a.hi ^ b.hi));
}

/* Every bit of the input, the length and the seed change about half of the 128 bits. */
static void hash128_spreads_every_bit(void **state)
{
    unsigned char text[48];
    uint64_t seed = 3;

    (void)state;
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (unsigned char)check_random(&seed);
    for (size_t n = 0; n <= sizeof(text); n++) {
        struct s3c_hash128 h = s3c_hash128(text, n, 0);

        for (size_t bit = 0; bit < 8 * n; bit++) {
            text[bit / 8] ^= (unsigned char)(1u << bit % 8);
            assert_in_range(bits_apart(h, s3c_hash128(text, n, 0)), 30, 98);
            text[bit / 8] ^= (unsigned char)(1u << bit % 8);
        }
        if (n)
            assert_in_range(bits_apart(h, s3c_hash128(text, n - 1, 0)), 30, 98);
        assert_in_range(bits_apart(h, s3c_hash128(text, n, 1)), 30, 98);
    }
}

static void hash128_tells_runs_of_zeros_apart(void **state)
{
    static const char zeros[100];

    (void)state;
    for (size_t n = 0; n < sizeof(zeros); n++) {
        for (size_t m = 0; m < n; m++)
            assert_true(bits_apart(s3c_hash128(zeros, n, 0), s3c_hash128(zeros, m, 0)) > 20);
    }
}

static void hash128_reads_no_byte_too_far_and_no_alignment(void **state)
{
    static const char text[] = "photos/2026/01/02/the-quick-brown-fox-jumps-over-the-lazy-dog.jpeg";

    (void)state;
    for (size_t n = 0; n < sizeof(text); n++) {
        struct check_guard g = check_guard_new(text, n);

        assert_int_equal(bits_apart(s3c_hash128(text, n, 9), s3c_hash128(g.ptr, n, 9)), 0);
        check_guard_free(&g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(sha256_of_known_messages),
        CHECK_TEST(hmac_of_rfc_4231),
        CHECK_TEST(md5_of_known_messages),
        CHECK_TEST(hasher_survives_out_of_memory),
        CHECK_TEST(hash128_is_pinned),
        CHECK_TEST(hash128_spreads_every_bit),
        CHECK_TEST(hash128_tells_runs_of_zeros_apart),
        CHECK_TEST(hash128_reads_no_byte_too_far_and_no_alignment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
