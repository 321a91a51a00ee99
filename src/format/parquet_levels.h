/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parquet's hybrid of runs and bit-packed groups (Encodings.md, "RLE"): levels and dictionary indices. Pure. All append to *out and
 * return 0, S3C_E_NOMEM or S3C_E_TOO_LARGE; after a failure *out may hold a part.
 */
#ifndef S3C_FORMAT_PARQUET_LEVELS_H
#define S3C_FORMAT_PARQUET_LEVELS_H

#include "base/buf.h"

/* Bits that the numbers 0 to `most` need; at least 1, because not every reader takes a width of 0. */
unsigned s3c_bit_width(uint32_t most);

/* n numbers of `width` bits (1 to 32), without a length in front: how dictionary indices are stored. */
S3C_MUST_USE int s3c_hybrid_add(struct s3c_buf *out, const uint32_t *v, size_t n, unsigned width);

/* n levels (each at most `most`, which is at least 1) with the 4 bytes of length in front that a v1 page wants. */
S3C_MUST_USE int s3c_levels_add(struct s3c_buf *out, const uint8_t *levels, size_t n,
                                unsigned most);

#endif
