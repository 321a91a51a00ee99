/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Positions (DESIGN 4.2): `<key>_s<seconds>` in the snapshot, `<key>_c<seconds>` and `<key>_c<seconds>.<n>` after it, split at the
 * last underscore. n counts the events of the same key and second that still follow. Positions of the Go connector are the
 * same text without `.n`.
 */
#ifndef S3C_RECORD_POSITION_H
#define S3C_RECORD_POSITION_H

#include "base/buf.h"

enum s3c_phase { S3C_PHASE_SNAPSHOT, S3C_PHASE_CDC };

struct s3c_position {
    enum s3c_phase phase;
    struct s3c_view key; /* any bytes, borrowed */
    int64_t second; /* Unix seconds; W0 in the snapshot; in nanoseconds it still fits an int64_t */
    uint32_t following; /* n; 0 = none follows (no suffix) */
};

/* `text` must not be empty. The key borrows from it. S3C_E_POSITION shows the text (control bytes escaped) and the expected form. */
S3C_MUST_USE int s3c_position_parse(struct s3c_position *ret, struct s3c_view text,
                                    struct s3c_error *err);
S3C_MUST_USE int s3c_position_format(
    struct s3c_buf *out, const struct s3c_position *p); /* appends; 0, NOMEM, TOO_LARGE */
/* Order of emission: snapshot before CDC; snapshot by key; CDC by second, key, then the larger `following` first. <0, 0, >0. */
int s3c_position_cmp(const struct s3c_position *a, const struct s3c_position *b);

#endif
