/* SPDX-License-Identifier: Apache-2.0 */
/*
 * {name} of key.template: what tells the files of a destination apart. Pure; not thread-safe.
 *
 * Plain: YYYYMMDDTHHMMSS.nnnnnnnnnZ-<writer>-<number> (DESIGN 5). Sorted by bytes they are in the order in which they were made, also when the wall clock
 * goes back.
 */
#ifndef S3C_DEST_NAME_H
#define S3C_DEST_NAME_H

#include <stdint.h>

#include "base/digest.h"

struct s3c_namer {
    uint32_t writer; /* tells writers apart that start in the same nanosecond */
    uint64_t number; /* of the last name; the first is 1, and beyond 999,999 it gets longer */
    int64_t last_ns; /* wall clock of the last name */
};

/* Appends the next name; *out has no half name after a failure, and the number is not used up. 0, S3C_E_NOMEM, S3C_E_TOO_LARGE. */
S3C_MUST_USE int s3c_namer_name(struct s3c_namer *n, int64_t wall_ns, struct s3c_buf *out);

/*
 * With write.once: the first 16 bytes of the SHA-256 of the first record's position in hex, and "-N" behind it for N > 0: another file of that name is in the
 * way. 0, S3C_E_NOMEM, S3C_E_TOO_LARGE.
 */
S3C_MUST_USE int s3c_name_of_position(struct s3c_hasher *h, struct s3c_view position,
                                      unsigned further, struct s3c_buf *out);

#endif
