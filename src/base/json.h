/* SPDX-License-Identifier: Apache-2.0 */
/* JSON string escaping, the hot path of both JSON forms: SIMD (SSE2/AVX2 by cpu detection, NEON) with a portable twin that gives the same bytes. */
#ifndef S3C_BASE_JSON_H
#define S3C_BASE_JSON_H

#include "base/buf.h"

enum s3c_json_style {
    S3C_JSON_PLAIN, /* RFC 8259: '"', '\\', control characters (\b \f \n \r \t, else \u00xx) */
    S3C_JSON_GO,    /* as encoding/json: also '<' '>' '&' and U+2028, U+2029 */
};

/* Appends `"` + escaped + `"`. v must be valid UTF-8 (not checked). 0, S3C_E_NOMEM, S3C_E_TOO_LARGE. */
S3C_MUST_USE int s3c_json_string(struct s3c_buf *out, struct s3c_view v, enum s3c_json_style style);
S3C_MUST_USE int s3c_json_string_portable(struct s3c_buf *out, struct s3c_view v,
                                          enum s3c_json_style style);
/*
 * Checks and escapes in one go: 0 appended; S3C_E_RECORD when v is not valid UTF-8 (nothing appended); S3C_E_NOMEM, S3C_E_TOO_LARGE.
 */
S3C_MUST_USE int s3c_json_string_checked(struct s3c_buf *out, struct s3c_view v,
                                         enum s3c_json_style style);

#endif
