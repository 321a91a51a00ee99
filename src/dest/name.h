/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of the files that one writer makes (DESIGN 5): <prefix>[/]YYYYMMDDTHHMMSS.nnnnnnnnnZ-<writer>-<number>.<extension>. Sorted by bytes they are in the order in
 * which they were made, also when the wall clock goes back. Pure; not thread-safe.
 */
#ifndef S3C_DEST_NAME_H
#define S3C_DEST_NAME_H

#include <stdint.h>

#include "base/digest.h"
#include "base/view.h"

struct s3c_namer {
    struct s3c_view prefix; /* borrowed */
    const char *extension;  /* borrowed; without the dot */
    uint32_t writer;        /* random: tells writers apart that start in the same nanosecond */
    uint64_t number; /* of the last name; the first is 1, and beyond 999,999 it gets longer */
    int64_t last_ns; /* wall clock of the last name */
};

/*
 * Appends the next {name} of key.template: all of the above between the prefix and the extension. The number is not used up by a failure, and *out has no
 * half name. 0, S3C_E_NOMEM, S3C_E_TOO_LARGE. */
S3C_MUST_USE int s3c_namer_name(struct s3c_namer *n, int64_t wall_ns, struct s3c_buf *out);
/* {name} with write.once: the first 16 bytes of the SHA-256 of the first record's position in hex, and "-N" behind it for N > 0: another file of that name is in
 * the way. 0, S3C_E_NOMEM, S3C_E_TOO_LARGE. */
S3C_MUST_USE int s3c_name_of_position(struct s3c_hasher *h, struct s3c_view position,
                                      unsigned further, struct s3c_buf *out);

/* Appends the next name; *out has no half name after a failure, and the number is not used up. 0, S3C_E_NOMEM, S3C_E_TOO_LARGE. */
S3C_MUST_USE int s3c_namer_next(struct s3c_namer *n, int64_t wall_ns, struct s3c_buf *out);

#endif
