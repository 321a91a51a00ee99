/* SPDX-License-Identifier: Apache-2.0 */
#include "dest/name.h"

#include <inttypes.h>

#include "base/banned.h"
#include "base/clock.h"

int s3c_namer_name(struct s3c_namer *n, int64_t wall_ns, struct s3c_buf *out)
{
    int64_t now_ns = wall_ns > n->last_ns ? wall_ns : n->last_ns;
    int64_t fraction_ns = now_ns - s3c_floor_sec(now_ns) * S3C_NS_PER_SEC;
    char text[S3C_TIME_TEXT_SIZE];
    int r;

    (void)s3c_time_format_basic(text, now_ns);
    r = s3c_buf_addf(out, "%.15s.%09" PRId64 "Z-%08" PRIx32 "-%06" PRIu64, text, fraction_ns,
                     n->writer, n->number + 1);
    if (r < 0)
        return r;
    n->last_ns = now_ns;
    n->number++;
    return 0;
}

int s3c_name_of_position(struct s3c_hasher *h, struct s3c_view position, unsigned further,
                         struct s3c_buf *out)
{
    uint8_t hash[S3C_SHA256_SIZE];
    char hex[S3C_SHA256_SIZE];

    s3c_sha256(h, position, hash);
    s3c_hex(hex, hash, sizeof(hex) / 2);
    return further == 0 ? s3c_buf_add(out, hex, sizeof(hex))
                        : s3c_buf_addf(out, "%.*s-%u", (int)sizeof(hex), hex, further);
}
