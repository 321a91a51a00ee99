/* SPDX-License-Identifier: Apache-2.0 */
#include "avro/big.h"

#include <string.h>

#include "base/banned.h"

static void trim(struct avro_big *b)
{
    while (b->n > 0 && b->limb[b->n - 1] == 0)
        b->n--;
}

uint32_t avro_big_divide(struct avro_big *b, uint32_t d)
{
    uint64_t rest = 0;

    for (size_t i = b->n; i-- > 0;) {
        rest = rest << 32 | b->limb[i];
        b->limb[i] = (uint32_t)(rest / d);
        rest %= d;
    }
    trim(b);
    return (uint32_t)rest;
}

static uint32_t remainder_of(const struct avro_big *b, uint32_t d)
{
    uint64_t rest = 0;

    for (size_t i = b->n; i-- > 0;)
        rest = (rest << 32 | b->limb[i]) % d;
    return (uint32_t)rest;
}

void avro_big_multiply(struct avro_big *b, uint32_t f)
{
    uint64_t carry = 0;

    for (size_t i = 0; i < b->n; i++) {
        carry += (uint64_t)b->limb[i] * f;
        b->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry)
        b->limb[b->n++] = (uint32_t)carry;
}

bool avro_big_read(struct s3c_view v, struct avro_big *ret)
{
    bool negative = v.len > 0 && ((unsigned char)v.ptr[0] & 0x80);
    uint32_t carry = negative;

    memset(ret, 0, sizeof(*ret));
    ret->n = v.len / 4 + 1;
    for (size_t i = 0; i < v.len; i++) {
        uint32_t byte = (unsigned char)v.ptr[v.len - 1 - i];
        if (negative) {
            byte = (byte ^ 0xff) + carry;
            carry = byte >> 8;
        }
        ret->limb[i / 4] |= (byte & 0xff) << (8 * (i % 4));
    }
    if (carry && negative) /* 0x80 00 ... 00 negated has a bit more */
        ret->limb[v.len / 4] |= 1u << (8 * (v.len % 4));
    trim(ret);
    return negative;
}

unsigned avro_big_cancel(struct avro_big *b, uint32_t factor, unsigned max)
{
    unsigned times = 0;

    while (times < max && remainder_of(b, factor) == 0) {
        (void)avro_big_divide(b, factor);
        times++;
    }
    return times;
}

int avro_big_digits(struct avro_big *b, struct s3c_view digits)
{
    memset(b, 0, sizeof(*b));
    while (digits.len > 0 && *digits.ptr == '0')
        digits = s3c_view_skip(digits, 1);
    if (digits.len > AVRO_BIG_DIGITS_MAX)
        return S3C_E_TOO_LARGE;
    for (size_t i = 0; i < digits.len; i++) {
        uint64_t carry = (uint64_t)(digits.ptr[i] - '0');

        avro_big_multiply(b, 10);
        for (size_t k = 0; carry > 0; k++) {
            carry += b->limb[k];
            b->limb[k] = (uint32_t)carry;
            carry >>= 32;
            if (k >= b->n)
                b->n = k + 1;
        }
    }
    return 0;
}

void avro_big_ten(struct avro_big *b, unsigned power)
{
    for (; power >= 9; power -= 9)
        avro_big_multiply(b, AVRO_BIG_TEN9);
    for (; power > 0; power--)
        avro_big_multiply(b, 10);
}

int avro_big_compare(const struct avro_big *a, const struct avro_big *b)
{
    if (a->n != b->n)
        return a->n < b->n ? -1 : 1;
    for (size_t i = a->n; i-- > 0;)
        if (a->limb[i] != b->limb[i])
            return a->limb[i] < b->limb[i] ? -1 : 1;
    return 0;
}

size_t avro_big_write(const struct avro_big *b, bool negative, uint8_t *dst)
{
    size_t n = 4 * b->n + 1; /* with a byte for the sign */
    uint32_t carry = negative;
    size_t skip = 0;

    for (size_t i = 0; i < n; i++) {
        uint32_t byte = i / 4 < b->n ? b->limb[i / 4] >> (8 * (i % 4)) & 0xff : 0;
        if (negative) {
            byte = (byte ^ 0xff) + carry;
            carry = byte >> 8;
        }
        dst[n - 1 - i] = (uint8_t)byte;
    }
    /* a byte that only repeats the sign of the next one says nothing */
    while (skip + 1 < n && dst[skip] == ((dst[skip + 1] & 0x80) ? 0xff : 0))
        skip++;
    memmove(dst, dst + skip, n - skip);
    return n - skip;
}
