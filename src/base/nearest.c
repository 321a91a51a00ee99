/* SPDX-License-Identifier: Apache-2.0 */
#include "base/nearest.h"

#include "base/banned.h"

#define NAME_MAX_LEN 48 /* longer names are compared by their beginning */

/* The form in which names are compared: people forget hyphens, dots and case, not letters. */
static size_t fold(char dst[NAME_MAX_LEN], struct s3c_view v)
{
    size_t n = 0;

    for (size_t i = 0; i < v.len && n < NAME_MAX_LEN; i++) {
        char c = v.ptr[i];
        if (c == '-' || c == '.' || c == '_')
            continue;
        dst[n++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    return n;
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned m = a < b ? a : b;
    return m < c ? m : c;
}

/* Optimal string alignment: three rows are enough, since a swap looks back two. */
static unsigned distance(const char *a, size_t na, const char *b, size_t nb)
{
    unsigned rows[3][NAME_MAX_LEN + 1];

    for (size_t j = 0; j <= nb; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= na; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= nb; j++) {
            unsigned cost = a[i - 1] == b[j - 1] ? 0 : 1;
            row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + cost);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                above2[j - 2] + 1 < row[j])
                row[j] = above2[j - 2] + 1;
        }
    }
    return rows[na % 3][nb];
}

void s3c_nearest_init(struct s3c_nearest *n, struct s3c_view name)
{
    *n = (struct s3c_nearest){.name = name, .distance = UINT32_MAX};
}

void s3c_nearest_offer(struct s3c_nearest *n, const char *candidate)
{
    char a[NAME_MAX_LEN], b[NAME_MAX_LEN];
    size_t na, nb;
    unsigned d;
    bool holds;

    if (!candidate)
        return;
    na = fold(a, n->name);
    nb = fold(b, s3c_view_str(candidate));
    d = distance(a, na, b, nb);
    holds = na >= 4 && memmem(b, nb, a, na) != NULL;
    if (!holds && d * 3 > nb)
        return;
    if (d < n->distance) {
        n->distance = d;
        n->best = candidate;
    }
}
