/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decimals as Go's big.Rat prints them: numerator/denominator in lowest terms. The denominator is a power of ten, so that only twos and
 * fives can be cancelled. Numbers are little-endian in limbs of 32 bits.
 */
#include "avro/to_json.h"

#include "avro/schema.h"
#include "base/banned.h"
#include "base/view.h"

#define LIMBS    (AVRO_DECIMAL_BYTES_MAX / 4 + 1)
#define TEN9     1000000000u
#define TEXT_MAX (LIMBS * 10 + 10)

struct big {
    uint32_t limb[LIMBS];
    size_t n; /* the highest is not 0 */
};

static void trim(struct big *b)
{
    while (b->n > 0 && b->limb[b->n - 1] == 0)
        b->n--;
}

/* b /= d; returns the remainder. */
static uint32_t divide(struct big *b, uint32_t d)
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

static uint32_t remainder_of(const struct big *b, uint32_t d)
{
    uint64_t rest = 0;

    for (size_t i = b->n; i-- > 0;)
        rest = (rest << 32 | b->limb[i]) % d;
    return (uint32_t)rest;
}

/* The caller knows that there is room: |b| stays below 256^AVRO_DECIMAL_BYTES_MAX. */
static void multiply(struct big *b, uint32_t f)
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

/* The magnitude of a two's complement number; returns whether it is negative. */
static bool read_big(struct s3c_view v, struct big *ret)
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

/* Destroys b. */
static int add_digits(struct json_out *out, struct big *b)
{
    char text[TEXT_MAX];
    size_t at = sizeof(text);

    do {
        uint32_t part = divide(b, TEN9);
        for (int i = 0; i < 9 && (part > 0 || b->n > 0 || at == sizeof(text)); i++) {
            text[--at] = (char)('0' + part % 10);
            part /= 10;
        }
    } while (b->n > 0);
    return json_add_text(out, (struct s3c_view){text + at, sizeof(text) - at});
}

/* Takes a factor out of the number as often as it is there, at most `max` times; returns how often. */
static unsigned cancel(struct big *b, uint32_t factor, unsigned max)
{
    unsigned times = 0;

    while (times < max && remainder_of(b, factor) == 0) {
        (void)divide(b, factor);
        times++;
    }
    return times;
}

static int add_denominator(struct json_out *out, unsigned twos, unsigned fives)
{
    struct big b = {.limb = {1}, .n = 1};
    int r;

    if (twos == 0 && fives == 0)
        return 0;
    for (; twos > 0; twos--)
        multiply(&b, 2);
    for (; fives > 0; fives--)
        multiply(&b, 5);
    r = json_add_text(out, S3C_VIEW("/"));
    return r < 0 ? r : add_digits(out, &b);
}

int avro_add_decimal(struct json_out *out, struct s3c_view unscaled, unsigned scale)
{
    struct big b;
    unsigned twos = scale, fives = scale;
    bool negative;
    int r;

    if (unscaled.len > AVRO_DECIMAL_BYTES_MAX || scale > AVRO_DECIMAL_SCALE_MAX)
        return S3C_E_RECORD;
    negative = read_big(unscaled, &b);
    if (b.n == 0) {
        twos = fives = 0;
    } else {
        twos -= cancel(&b, 2, twos);
        fives -= cancel(&b, 5, fives);
    }
    r = json_add_text(out, negative ? S3C_VIEW("\"-") : S3C_VIEW("\""));
    if (r == 0)
        r = add_digits(out, &b);
    if (r == 0)
        r = add_denominator(out, twos, fives);
    return r < 0 ? r : json_add_text(out, S3C_VIEW("\""));
}
