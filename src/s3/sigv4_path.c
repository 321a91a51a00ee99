/* SPDX-License-Identifier: Apache-2.0 */
#include "s3/sigv4_path.h"

#include "base/view.h"

/* Cuts the last segment that was written after `start`. */
static void drop_segment(struct s3c_buf *out, size_t start)
{
    while (out->len > start && out->ptr[out->len - 1] != '/')
        out->len--;
    if (out->len > start)
        out->len--;
}

int s3c_sigv4_generic_path(struct s3c_buf *out, struct s3c_view path, bool normalize)
{
    struct s3c_view segment, rest = path;
    size_t start = out->len;
    bool more = true;
    int r = 0;

    if (!normalize)
        return s3c_percent_encode(out, path, true);
    while (more && r == 0) {
        more = s3c_view_split(rest, '/', &segment, &rest);
        if (!more)
            segment = rest;
        if (!segment.len || s3c_view_eq_str(segment, "."))
            continue;
        if (s3c_view_eq_str(segment, "..")) {
            drop_segment(out, start);
            continue;
        }
        r = s3c_buf_add_char(out, '/');
        if (r == 0)
            r = s3c_percent_encode(out, segment, false);
    }
    if (r == 0 && (out->len == start || s3c_view_ends(path, S3C_VIEW("/"))))
        r = s3c_buf_add_char(out, '/');
    return r;
}
