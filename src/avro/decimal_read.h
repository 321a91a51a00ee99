/* SPDX-License-Identifier: Apache-2.0 */
/* Decimals from text, exactly: nothing is rounded. Pure. */
#ifndef S3C_AVRO_DECIMAL_READ_H
#define S3C_AVRO_DECIMAL_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "avro/big.h"

#define AVRO_DECIMAL_ROOM (AVRO_BIG_BYTES_MAX + 5)

/*
 * The number that the text says, times 10^scale (at most AVRO_DECIMAL_SCALE_MAX), as a big-endian two's complement number of the fewest bytes. Text: a JSON number
 * ("-12.50", "1e3"; zeros in front do no harm), or a fraction of whole numbers as Go prints it ("25/2"). 0; S3C_E_RECORD and *why (static text, to follow the
 * number): it is none, or has digits beyond the scale, or too many.
 */
S3C_MUST_USE int avro_decimal_read(struct s3c_view text, unsigned scale,
                                   uint8_t dst[AVRO_DECIMAL_ROOM], size_t *ret_len,
                                   const char **why);
/* Whether a big-endian two's complement number has at most `precision` decimal digits. */
bool avro_decimal_fits(struct s3c_view unscaled, unsigned precision);
/* Bytes that every number of so many digits fits in, two's complement. */
size_t avro_decimal_width(unsigned precision);

#endif
