/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks SigV4 signatures in the Authorization field. Written from the specification and on purpose apart from the product's own
 * signer, so that a mistake in one shows against the other.
 */
#ifndef S3D_AUTH_H
#define S3D_AUTH_H

#include "options.h"
#include "request.h"

struct s3d_auth;
struct s3d_auth *s3d_auth_new(
    const struct s3d_options *opt); /* opt is only read, and must outlive it */
void s3d_auth_free(struct s3d_auth *a);

/* NULL: signed well. Else the S3 error code; *ret_message is static text or NULL for the code's own. */
const char *s3d_auth_check(struct s3d_auth *a, const struct s3d_request *q, int64_t now_ns,
                           const char **ret_message);

/* Hashes the body for x-amz-content-sha256: 64 lower-case hex digits. */
void s3d_auth_sha256(struct s3d_auth *a, struct s3c_view body, char hex[64]);

#endif
