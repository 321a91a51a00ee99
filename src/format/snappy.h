/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Raw snappy, as Parquet has it. libsnappy compresses 64 KiB at a time and forgets; this looks back 64 KiB everywhere, and takes no matches that are hardly
 * worth their three bytes: files are smaller, in less time. The same bytes in give the same bytes out. Pure.
 */
#ifndef S3C_FORMAT_SNAPPY_H
#define S3C_FORMAT_SNAPPY_H

#include <stddef.h>
#include <stdint.h>

#include <s3c/view.h>

/* Where bytes like these were seen last. Scratch memory: what is in it before does not matter. */
struct s3c_snappy_table {
    uint16_t seen[1 << 14];
};

/* Room that the compressed block may need, some of it only while it is made. */
size_t s3c_snappy_bound(size_t n);
/* Fewer than 4 GiB. Returns how many bytes of `out` are the compressed block. */
size_t s3c_snappy_compress(struct s3c_snappy_table *table, struct s3c_view in, char *out);

#endif
