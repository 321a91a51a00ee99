/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests (OpenSSL libcrypto), hex and base64. Contexts are created once and reused, because fetching an algorithm costs more
 * than hashing a request. A context is used by one thread at a time.
 */
#ifndef S3C_BASE_DIGEST_H
#define S3C_BASE_DIGEST_H

#include "base/buf.h"

#define S3C_SHA256_SIZE 32
#define S3C_SHA256_HEX  64

struct s3c_hasher; /* SHA-256 and HMAC-SHA-256 over reused contexts */
S3C_MUST_USE int s3c_hasher_new(struct s3c_hasher **ret,
                                struct s3c_error *err); /* 0, S3C_E_NOMEM */
void s3c_hasher_free(struct s3c_hasher *h);
void s3c_hasher_freep(struct s3c_hasher **h);

void s3c_sha256(struct s3c_hasher *h, struct s3c_view v, uint8_t out[S3C_SHA256_SIZE]);
void s3c_hmac_sha256(struct s3c_hasher *h, struct s3c_view key, struct s3c_view message,
                     uint8_t out[S3C_SHA256_SIZE]);

void s3c_md5(struct s3c_view v, uint8_t out[16]); /* only for ETag checks */

/* Lower-case hex, 2n characters, no NUL. */
void s3c_hex(char *dst, const uint8_t *p, size_t n);

/* Standard base64 with padding (RFC 4648 4), SIMD with a portable twin. */
size_t s3c_base64_size(size_t n); /* of n bytes encoded */
size_t s3c_base64_encode(char *dst, const void *p,
                         size_t n); /* dst has s3c_base64_size(n) bytes; returns that */
S3C_MUST_USE int s3c_base64_decode(struct s3c_buf *out, struct s3c_view v,
                                   struct s3c_error *err); /* 0, INVALID, NOMEM, TOO_LARGE */
/* The portable encoder, for the test that holds both against each other. */
size_t s3c_base64_encode_portable(char *dst, const void *p, size_t n);

/* 128-bit non-cryptographic hash of a run of bytes, stable across versions and machines (on-disk and in-memory index). */
struct s3c_hash128 {
    uint64_t lo, hi;
};
struct s3c_hash128 s3c_hash128(const void *p, size_t n, uint64_t seed);

#endif
