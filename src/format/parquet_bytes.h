/* SPDX-License-Identifier: Apache-2.0 */
/* Parquet's little-endian numbers, on any machine. */
#ifndef S3C_FORMAT_PARQUET_BYTES_H
#define S3C_FORMAT_PARQUET_BYTES_H

#include <stdint.h>
#include <string.h>

static inline uint32_t s3c_le32(uint32_t v)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return __builtin_bswap32(v);
#else
    return v;
#endif
}

static inline uint64_t s3c_le64(uint64_t v)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return __builtin_bswap64(v);
#else
    return v;
#endif
}

static inline void s3c_put_le32(char *dst, uint32_t v)
{
    v = s3c_le32(v);
    memcpy(dst, &v, sizeof(v));
}

static inline void s3c_put_le64(char *dst, uint64_t v)
{
    v = s3c_le64(v);
    memcpy(dst, &v, sizeof(v));
}

static inline uint32_t s3c_get_le32(const char *src)
{
    uint32_t v;

    memcpy(&v, src, sizeof(v));
    return s3c_le32(v);
}

static inline uint64_t s3c_get_le64(const char *src)
{
    uint64_t v;

    memcpy(&v, src, sizeof(v));
    return s3c_le64(v);
}

#endif
