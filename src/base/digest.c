/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One fetched algorithm and one context, restarted for each message: with OpenSSL 3 the fetch and the allocation cost more than
 * hashing the few hundred bytes of a request. HMAC is built here from two runs of that context: keeping its key's midstates would
 * save two of some twenty block operations, but copying a context allocates.
 */
#include "base/digest.h"

#include <openssl/evp.h>

#include "base/banned.h"
#include "base/error.h"
#include "base/view.h"

enum { SHA256_BLOCK = 64 };

struct s3c_hasher {
    EVP_MD *sha256;
    EVP_MD_CTX *ctx;
};

int s3c_hasher_new(struct s3c_hasher **ret, struct s3c_error *err)
{
    _cleanup_(s3c_hasher_freep) struct s3c_hasher *h = s3c_zalloc(sizeof(*h));

    if (!h)
        return s3c_error_nomem(err);
    h->sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
    h->ctx = EVP_MD_CTX_new();
    if (!h->sha256 || !h->ctx || !EVP_DigestInit_ex2(h->ctx, h->sha256, NULL))
        return s3c_error_nomem(err);
    *ret = S3C_TAKE(h);
    return 0;
}

void s3c_hasher_free(struct s3c_hasher *h)
{
    if (!h)
        return;
    EVP_MD_CTX_free(h->ctx);
    EVP_MD_free(h->sha256);
    s3c_free(h);
}

void s3c_hasher_freep(struct s3c_hasher **h)
{
    s3c_hasher_free(*h);
    *h = NULL;
}

/*
 * Hashes a prefix (of HMAC; may be empty) and a message. On a context that was started once only a provider without memory can
 * fail; the zeros that come out then make a signature that the server refuses, which is an ordinary error.
 */
static void hash_both(struct s3c_hasher *h, struct s3c_view prefix, struct s3c_view message,
                      uint8_t *out)
{
    int ok = EVP_DigestInit_ex2(h->ctx, NULL, NULL);

    if (prefix.len)
        ok &= EVP_DigestUpdate(h->ctx, prefix.ptr, prefix.len);
    if (message.len)
        ok &= EVP_DigestUpdate(h->ctx, message.ptr, message.len);
    ok &= EVP_DigestFinal_ex(h->ctx, out, NULL);
    if (!ok)
        memset(out, 0, S3C_SHA256_SIZE);
}

void s3c_sha256(struct s3c_hasher *h, struct s3c_view v, uint8_t out[S3C_SHA256_SIZE])
{
    hash_both(h, (struct s3c_view){NULL, 0}, v, out);
}

void s3c_hmac_sha256(struct s3c_hasher *h, struct s3c_view key, struct s3c_view message,
                     uint8_t out[S3C_SHA256_SIZE])
{
    uint8_t block[SHA256_BLOCK] = {0}, inner[S3C_SHA256_SIZE];
    struct s3c_view pad = {(const char *)block, sizeof(block)},
                    inner_view = {(const char *)inner, sizeof(inner)};

    if (key.len > sizeof(block))
        s3c_sha256(h, key, block);
    else if (key.len)
        memcpy(block, key.ptr, key.len);
    for (size_t i = 0; i < sizeof(block); i++)
        block[i] ^= 0x36;
    hash_both(h, pad, message, inner);
    for (size_t i = 0; i < sizeof(block); i++)
        block[i] ^= 0x36 ^ 0x5c;
    hash_both(h, pad, inner_view, out);
    s3c_wipe(block, sizeof(block));
    s3c_wipe(inner, sizeof(inner));
}

void s3c_md5(struct s3c_view v, uint8_t out[16])
{
    if (!EVP_Digest(v.ptr ? v.ptr : "", v.len, out, NULL, EVP_md5(), NULL))
        memset(out, 0, 16); /* a FIPS provider has none: an ETag of zeros equals nobody's */
}

void s3c_hex(char *dst, const uint8_t *p, size_t n)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        dst[2 * i] = digits[p[i] >> 4];
        dst[2 * i + 1] = digits[p[i] & 15];
    }
}
