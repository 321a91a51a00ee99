/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's wall clock: the system's, or a virtual one that stands still until it is told to move. It also keeps the texts of
 * the last second printed, because a listing prints the same second thousands of times.
 */
#ifndef S3D_CLOCK_H
#define S3D_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

#define S3D_VIRTUAL_START (INT64_C(1767225600) * S3C_NS_PER_SEC) /* 2026-01-01T00:00:00Z */

struct s3d_clock {
    bool is_virtual;
    int64_t virtual_ns;
    int64_t http_sec, list_sec; /* what the two texts below hold */
    size_t http_len;
    char http_text[S3C_TIME_TEXT_SIZE];
    char list_text[S3C_TIME_TEXT_SIZE];
};

enum s3d_granularity {
    S3D_GRANULARITY_1S,  /* AWS: 2026-01-01T00:00:00.000Z */
    S3D_GRANULARITY_1MS, /* Ceph, MinIO: 2026-01-01T00:00:00.123Z */
};
#define S3D_LIST_TIME_LEN 24

void s3d_clock_init(struct s3d_clock *c, bool is_virtual);
int64_t s3d_clock_now(const struct s3d_clock *c);
int64_t s3d_mono_ns(void); /* for delays; never virtual */
/* The text of an HTTP date; valid until the next call. */
struct s3c_view s3d_clock_http(struct s3d_clock *c, int64_t ns);
/* Writes S3D_LIST_TIME_LEN bytes at p. */
void s3d_clock_write_list(struct s3d_clock *c, char *p, int64_t ns, enum s3d_granularity g);

#endif
