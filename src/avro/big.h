/* SPDX-License-Identifier: Apache-2.0 */
/* Whole numbers of up to AVRO_BIG_BYTES_MAX bytes, as decimals have them: magnitudes, little-endian in limbs of 32 bits. Pure. */
#ifndef S3C_AVRO_BIG_H
#define S3C_AVRO_BIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/view.h"

#define AVRO_BIG_BYTES_MAX  1024
#define AVRO_BIG_LIMBS      (AVRO_BIG_BYTES_MAX / 4 + 1)
#define AVRO_BIG_DIGITS_MAX 2460 /* so many digits always fit */
#define AVRO_BIG_TEN9       1000000000u

struct avro_big {
    uint32_t limb[AVRO_BIG_LIMBS];
    size_t n; /* the highest is not 0 */
};

/* The magnitude of a big-endian two's complement number of at most AVRO_BIG_BYTES_MAX bytes; returns whether it is negative. */
bool avro_big_read(struct s3c_view v, struct avro_big *ret);
/* The other way round, without needless bytes; returns how many. dst: AVRO_BIG_BYTES_MAX + 5 bytes. */
size_t avro_big_write(const struct avro_big *b, bool negative, uint8_t *dst);
/* Of decimal digits only. 0; S3C_E_TOO_LARGE: more than AVRO_BIG_DIGITS_MAX, zeros in front not counted. */
S3C_MUST_USE int avro_big_digits(struct avro_big *b, struct s3c_view digits);

/* b *= f, b *= 10^power: the caller knows that there is room. */
void avro_big_multiply(struct avro_big *b, uint32_t f);
void avro_big_ten(struct avro_big *b, unsigned power);
/* b /= d; returns the remainder. */
uint32_t avro_big_divide(struct avro_big *b, uint32_t d);
/* Takes a factor out of the number, which is not 0, as often as it is there, at most `max` times; returns how often. */
unsigned avro_big_cancel(struct avro_big *b, uint32_t factor, unsigned max);
int avro_big_compare(const struct avro_big *a, const struct avro_big *b); /* as memcmp */

#endif
