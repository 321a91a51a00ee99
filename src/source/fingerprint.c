/* SPDX-License-Identifier: Apache-2.0 */
#include "source/fingerprint.h"

#include "base/digest.h"
#include "base/view.h"

#define PART_MAX 128

/* Copies v, or its hash where it is long, so that the hashed text fits the stack; ends it, so that parts cannot run together. */
static char *put_part(char *p, struct s3c_view v)
{
    struct s3c_hash128 h;

    if (v.len > PART_MAX) {
        h = s3c_hash128(v.ptr, v.len, 1);
        v = (struct s3c_view){(const char *)&h, sizeof(h)};
    }
    if (v.len > 0)
        memcpy(p, v.ptr, v.len);
    p[v.len] = '\0';
    return p + v.len + 1;
}

struct s3c_fingerprint s3c_fingerprint(const struct s3c_list_entry *e)
{
    char text[2 * (PART_MAX + 1) + 2 * sizeof(uint64_t)];
    char *p = put_part(text, e->version_id);
    struct s3c_hash128 h;
    uint64_t flags = 0;

    p = put_part(p, e->etag);
    memcpy(p, &e->size, sizeof(e->size));
    p += sizeof(e->size);
    memcpy(p, &e->last_modified_ns, sizeof(e->last_modified_ns));
    p += sizeof(e->last_modified_ns);
    h = s3c_hash128(text, (size_t)(p - text), 0);
    if (e->is_marker)
        flags |= S3C_FP_MARKER;
    if (s3c_view_eq_str(e->version_id, "null"))
        flags |= S3C_FP_NULL;
    return (struct s3c_fingerprint){h.lo, (h.hi & ~S3C_FP_FLAGS) | flags};
}
