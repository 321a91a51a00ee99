/* SPDX-License-Identifier: Apache-2.0 */
/* The sink that stores files in S3: one PutObject, or a multipart upload above put_max_bytes (which a single part would not make better). */
#ifndef S3C_DEST_UPLOAD_H
#define S3C_DEST_UPLOAD_H

#include "base/clock.h"
#include "dest/sink.h"
#include "s3/call.h"

#define S3C_PUT_MAX (UINT64_C(5) << 30) /* S3 takes no larger body in one request */

struct s3c_upload_options {
    struct s3c_client *client; /* borrowed, like the clock */
    const struct s3c_clock *clock;
    uint64_t put_max_bytes; /* at most S3C_PUT_MAX */
    uint64_t part_size;
};

S3C_MUST_USE int s3c_upload_sink_new(struct s3c_sink **ret, const struct s3c_upload_options *o,
                                     struct s3c_error *err);

#endif
