/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results and errors of every s3c function.
 *
 * A function returns 0 (done), a positive code (a documented condition that the direct caller handles: S3C_END, S3C_AGAIN) or a
 * negative code (a failure, forwarded unchanged). The detail of a failure goes into a caller-owned struct s3c_error, always the
 * last parameter; NULL is allowed, and it is left untouched on success. Library code never prints and never exits.
 */
#ifndef S3C_ERROR_H
#define S3C_ERROR_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define S3C_PUBLIC   __attribute__((visibility("default")))
#define S3C_MUST_USE __attribute__((warn_unused_result))

enum s3c_code {
    S3C_OK = 0,

    S3C_END = 1,   /* nothing more will come */
    S3C_AGAIN = 2, /* nothing yet: the time given ran out, or the object was woken */

    S3C_E_NOMEM = -1, /* out of memory */
    S3C_E_INVALID =
        -2, /* an option, an argument or a call out of order: refused before any network use */
    S3C_E_POSITION = -3,  /* a malformed position */
    S3C_E_TOO_LARGE = -4, /* beyond a limit that the header or an option names */
    S3C_E_IO = -5,        /* a local file or stream (errno in the message) */
    S3C_E_RESOLVE = -6,   /* the host's name does not resolve */
    S3C_E_CONNECT = -7,   /* no connection, or the connection broke */
    S3C_E_TLS = -8,       /* handshake or certificate */
    S3C_E_TIMEOUT = -9,   /* the deadline passed, or the transfer stalled */
    S3C_E_PROTOCOL = -10, /* the answer is no S3: garbage, wrong XML, no-progress markers */
    S3C_E_CREDENTIALS =
        -11, /* none found, or refused (401, InvalidAccessKeyId, SignatureDoesNotMatch, ExpiredToken) */
    S3C_E_DENIED = -12,    /* 403: signed in, not allowed */
    S3C_E_NO_BUCKET = -13, /* the bucket does not exist */
    S3C_E_NOT_FOUND = -14, /* NoSuchKey, NoSuchVersion, NoSuchUpload, 405 on a delete marker */
    S3C_E_CHANGED = -15,   /* 412: the object is no longer the one that was listed */
    S3C_E_ARCHIVED = -16,  /* InvalidObjectState: restore it first */
    S3C_E_HTTP = -17,      /* any other S3 or HTTP error; http_status and s3_code say which */
    S3C_E_CANCELLED = -18, /* the caller gave up on it */
    S3C_E_RECORD = -19,    /* a malformed record line */
};

/* Fixed size, no allocation; copy it freely. Strings are NUL-terminated UTF-8 without secrets. */
struct s3c_error {
    int code;            /* enum s3c_code, negative */
    int http_status;     /* 0: there was no HTTP answer */
    bool retryable;      /* trying the same again later may work */
    char s3_code[64];    /* "NoSuchKey", or empty */
    char request_id[64]; /* x-amz-request-id, or empty */
    char message[1024];  /* what failed, on what, why, and what to do */
};

/* Static text for a code: "out of memory", "connection failed", ... Never NULL. */
S3C_PUBLIC const char *s3c_code_text(int code);

#ifdef __cplusplus
}
#endif
#endif
