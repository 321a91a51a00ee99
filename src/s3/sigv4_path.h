/* SPDX-License-Identifier: Apache-2.0 */
/* The canonical path of services other than S3: encoded once more, and normalised where asked. */
#ifndef S3C_S3_SIGV4_PATH_H
#define S3C_S3_SIGV4_PATH_H

#include <stdbool.h>

#include "base/buf.h"

/* Appends to `out`, which has room for 3 * path.len + 1 bytes. 0, S3C_E_NOMEM, S3C_E_TOO_LARGE. */
S3C_MUST_USE int s3c_sigv4_generic_path(struct s3c_buf *out, struct s3c_view path, bool normalize);

#endif
