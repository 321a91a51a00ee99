/* SPDX-License-Identifier: Apache-2.0 */
#include "avro/path.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"
#include "base/utf8.h"

#define STEP_MAX 60 /* bytes of one name */

/* What has no room in front pushes out the innermost steps: the outer ones say more. */
static void put(struct avro_path *p, const char *text, size_t n)
{
    char *at;

    if (p->len + n > AVRO_PATH_MAX) {
        size_t kept = AVRO_PATH_MAX - n;
        at = p->text + (AVRO_PATH_MAX - p->len);
        kept = s3c_utf8_whole(at, kept);
        memmove(p->text + (AVRO_PATH_MAX - kept), at, kept);
        p->len = kept;
    }
    p->len += n;
    memcpy(p->text + (AVRO_PATH_MAX - p->len), text, n);
}

static void put_name(struct avro_path *p, const char *before, struct s3c_view name,
                     const char *after)
{
    char text[STEP_MAX + 16];
    size_t n = name.len <= STEP_MAX ? name.len : s3c_utf8_whole(name.ptr, STEP_MAX);

    n = (size_t)snprintf(text, sizeof(text), "%s%.*s%s%s", before, (int)n, name.ptr,
                         n < name.len ? "..." : "", after);
    put(p, text, n);
}

void avro_path_field(struct avro_path *p, struct s3c_view name)
{
    put_name(p, ".", name, "");
}

void avro_path_key(struct avro_path *p, struct s3c_view key)
{
    put_name(p, "[\"", key, "\"]");
}

void avro_path_item(struct avro_path *p, uint64_t index)
{
    char text[24];
    int n = snprintf(text, sizeof(text), "[%" PRIu64 "]", index);

    put(p, text, (size_t)n);
}
