/* SPDX-License-Identifier: Apache-2.0 */
/* JSON lines (format/json.h) as one gzip or zstd stream: same content type, with a content encoding, `.json.gz` or `.json.zst`. */
#ifndef S3C_FORMAT_JSON_COMPRESSED_H
#define S3C_FORMAT_JSON_COMPRESSED_H

#include "format/codec.h"
#include "format/format.h"

/* codec: S3C_CODEC_GZIP or S3C_CODEC_ZSTD. 0, S3C_E_NOMEM. */
S3C_MUST_USE int s3c_json_compressed_format_new(struct s3c_format **ret, enum s3c_codec codec,
                                                struct s3c_error *err);

#endif
