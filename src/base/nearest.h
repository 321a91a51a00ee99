/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean ...?": of the names offered, the one that a mistyped name most likely meant. Pure, allocation-free. */
#ifndef S3C_BASE_NEAREST_H
#define S3C_BASE_NEAREST_H

#include "base/view.h"

struct s3c_nearest {
    struct s3c_view name; /* what was typed; borrowed */
    const char *best;     /* of those offered; borrowed; NULL as long as none is close enough */
    unsigned distance;
};

void s3c_nearest_init(struct s3c_nearest *n, struct s3c_view name);
/*
 * Edit distance (insert, delete, replace, swap of neighbours) that ignores case, hyphens and dots; a candidate must be nearer than
 * a third of its length, or hold the whole name (at least 4 characters). The first of equally near ones stays. NULL is skipped.
 */
void s3c_nearest_offer(struct s3c_nearest *n, const char *candidate);

#endif
