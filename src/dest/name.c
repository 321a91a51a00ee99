/* SPDX-License-Identifier: Apache-2.0 */
#include "dest/name.h"

#include <inttypes.h>

#include "base/banned.h"
#include "base/clock.h"

int s3c_namer_next(struct s3c_namer *n, int64_t wall_ns, struct s3c_buf *out)
{
    int64_t now_ns = wall_ns > n->last_ns ? wall_ns : n->last_ns;
    int64_t fraction_ns = now_ns - s3c_floor_sec(now_ns) * S3C_NS_PER_SEC;
    bool slash = n->prefix.len > 0 && !s3c_view_ends(n->prefix, S3C_VIEW("/"));
    char text[S3C_TIME_TEXT_SIZE];
    size_t before = out->len;
    int r;

    (void)s3c_time_format_basic(text, now_ns);
    r = s3c_buf_add_view(out, n->prefix);
    if (r == 0)
        r = s3c_buf_addf(out, "%s%.15s.%09" PRId64 "Z-%08" PRIx32 "-%06" PRIu64 ".%s",
                         slash ? "/" : "", text, fraction_ns, n->writer, n->number + 1,
                         n->extension);
    if (r < 0) {
        out->len = before;
        return r;
    }
    n->last_ns = now_ns;
    n->number++;
    return 0;
}
