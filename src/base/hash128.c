/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two lanes of multiply-and-fold (the building block of wyhash), each of which sees every byte, so that a multiplication by zero
 * in one lane does not lose what the other has. Bytes are read as little-endian numbers on every machine. Changing a constant
 * here makes every index on disk unreadable: tests/base/test_digest.c pins some values.
 */
#include "base/digest.h"

#include "base/banned.h"

/* Odd numbers with balanced bits: the fractional parts of square roots of small primes, last bit set. */
static const uint64_t K[5] = {
    UINT64_C(0x6a09e667f3bcc909), UINT64_C(0xbb67ae8584caa73b), UINT64_C(0x3c6ef372fe94f82b),
    UINT64_C(0xa54ff53a5f1d36f1), UINT64_C(0x510e527fade682d1),
};

static uint64_t fold(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t load64(const unsigned char *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof(v));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    return v;
}

static void mix(struct s3c_hash128 *h, const unsigned char block[16])
{
    uint64_t a = load64(block), b = load64(block + 8);
    uint64_t lo = fold(a ^ K[0], b ^ h->lo), hi = fold(b ^ K[1], a ^ h->hi);

    h->lo = lo;
    h->hi = hi;
}

struct s3c_hash128 s3c_hash128(const void *p, size_t n, uint64_t seed)
{
    struct s3c_hash128 h = {seed ^ K[2], fold(seed ^ K[3], (uint64_t)n ^ K[4])};
    const unsigned char *s = p;
    size_t left = n;

    for (; left > 16; left -= 16, s += 16)
        mix(&h, s);
    if (left) {
        unsigned char last[16] = {0};

        memcpy(last, s, left);
        mix(&h, last);
    }
    return (struct s3c_hash128){fold(h.lo ^ K[1], h.hi ^ K[3] ^ (uint64_t)n),
                                fold(h.hi ^ K[0], h.lo ^ K[4])};
}
