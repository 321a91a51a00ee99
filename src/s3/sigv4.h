/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS Signature Version 4: a pure signer. Bytes and a clock value in, the URL to put on the wire and
 * the header lines out; no I/O, no clock, no global state.
 *
 * What is signed is what is returned: the target is built once and goes to the wire byte for byte.
 * A signer keeps the signing key of the last (date, region, service, secret) and its scratch memory, so
 * that signing allocates nothing once warm. Used by one thread at a time.
 */
#ifndef S3C_S3_SIGV4_H
#define S3C_S3_SIGV4_H

#include "base/buf.h"
#include "s3/creds.h"

#define S3C_SIGN_MAX_QUERY   24 /* pairs of the caller */
#define S3C_SIGN_MAX_HEADERS 16 /* of the caller */
#define S3C_UNSIGNED_PAYLOAD "UNSIGNED-PAYLOAD"
#define S3C_EMPTY_SHA256     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

struct s3c_pair {
    struct s3c_view name, value;
};

enum s3c_sign_form {
    S3C_SIGN_S3,      /* the path is signed as given; x-amz-content-sha256 is sent and signed */
    S3C_SIGN_GENERIC, /* other services: the signed path is encoded once more, no content hash header */
    S3C_SIGN_QUERY, /* S3 presigned: everything in the query, nothing but what is given in headers */
};

struct s3c_sign_request {
    struct s3c_view method; /* "GET" */
    struct s3c_view
        url_prefix; /* scheme and authority in front of the path, e.g. "https://host:9000"; may be empty */
    struct s3c_view host; /* value of the Host header, as the HTTP client will send it */
    struct s3c_view path; /* begins with '/', already percent-encoded: see s3c_endpoint_path */
    const struct s3c_pair *
        query; /* raw names and values; encoded and sorted here. {versions, ""} gives "versions=" */
    size_t query_count;
    const struct s3c_pair *
        headers; /* to send and sign besides host and the x-amz-* ones made here; any order and case */
    size_t header_count;
    struct s3c_view payload_hash; /* 64 hex digits, S3C_UNSIGNED_PAYLOAD, ... */
    struct s3c_view region;
    struct s3c_view service; /* empty = "s3" */
    int64_t time_ns;         /* wall clock, already corrected for the server's skew */
    const struct s3c_creds *creds;
    enum s3c_sign_form form;
    bool normalize;       /* GENERIC: removes "//", "." and ".." from the signed path */
    unsigned expires_sec; /* QUERY */
};

struct s3c_signed {  /* all NUL-terminated, inside the buffer given: valid until that changes */
    const char *url; /* url_prefix + path + "?" + query; the query as signed */
    const char *headers[S3C_SIGN_MAX_HEADERS +
                        4]; /* "name: value": the caller's, then x-amz-*, Authorization */
    size_t header_count;
    char signature[65];
};

struct s3c_signer;
S3C_MUST_USE int s3c_signer_new(struct s3c_signer **ret, struct s3c_error *err);
void s3c_signer_free(struct s3c_signer *s); /* wipes keys; NULL is fine */
void s3c_signer_freep(struct s3c_signer **s);

/* Clears `out` and fills it. 0, S3C_E_NOMEM, S3C_E_TOO_LARGE (out's cap), S3C_E_INVALID (too many pairs, control characters in a header). */
S3C_MUST_USE int s3c_sign(struct s3c_signer *s, const struct s3c_sign_request *r,
                          struct s3c_buf *out, struct s3c_signed *ret, struct s3c_error *err);

/* SHA-256 of a payload as the 64 hex digits that payload_hash wants; no NUL. */
void s3c_signer_hash(struct s3c_signer *s, struct s3c_view payload, char hex[64]);

/* Stages of the last s3c_sign, for vectors and for people who debug a SignatureDoesNotMatch. Valid until the next one. */
struct s3c_view s3c_signer_canonical(const struct s3c_signer *s);
struct s3c_view s3c_signer_string_to_sign(const struct s3c_signer *s);
/* Signs any text with the signing key of the last s3c_sign (chunk signatures). hex: 64 digits, no NUL. */
void s3c_signer_sign_text(struct s3c_signer *s, struct s3c_view text, char hex[64]);

#endif
