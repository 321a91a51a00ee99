/* SPDX-License-Identifier: Apache-2.0 */
#include "source/border.h"

#include "base/mem.h"

void s3c_borders_done(struct s3c_borders *b)
{
    s3c_free(b->met);
    *b = (struct s3c_borders){0};
}

int s3c_borders_believe(struct s3c_borders *b, struct s3c_view key, struct s3c_fingerprint entry)
{
    struct s3c_hash128 h = s3c_hash128(key.ptr, key.len, s3c_hash128(&entry, sizeof(entry), 0).lo);

    for (size_t i = 0; i < b->believed; i++)
        if (b->met[i].lo == h.lo && b->met[i].hi == h.hi)
            return 1;
    if (s3c_grow(&b->met, &b->cap, b->count + 1, sizeof(*b->met)) < 0)
        return S3C_E_NOMEM;
    b->met[b->count++] = h;
    return 0;
}

void s3c_borders_again(struct s3c_borders *b)
{
    b->believed = b->count;
}
