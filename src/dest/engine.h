/* SPDX-License-Identifier: Apache-2.0 */
/* The destination put together from its parts: what s3c_destination_open does after the bucket has been looked at, and what tests and benchmarks
 * do with a sink of their own. */
#ifndef S3C_DEST_ENGINE_H
#define S3C_DEST_ENGINE_H

#include <s3c/destination.h>

#include "dest/identity.h"
#include "dest/sink.h"
#include "format/format.h"
#include "session/session.h"

struct s3c_destination_parts {
    const struct s3c_settings *settings; /* borrowed, like clock and log */
    const struct s3c_clock *clock;
    const struct s3c_log *log;
    struct s3c_session
        *session; /* these three are taken over, also on failure; session may be NULL */
    struct s3c_sink *sink;
    struct s3c_format *format;
    struct s3c_identity identity; /* taken over, like the three above; names the writer */
    bool honours_if_none_match;   /* the server does, for write.once */
    uint64_t
        random; /* seeds the jitter of retries, and names the writer where no identity is held */
};
S3C_MUST_USE int s3c_destination_new(struct s3c_destination **ret,
                                     const struct s3c_destination_parts *parts,
                                     struct s3c_error *err);

/* The part-size option, but a quarter of memory.limit at most, or S3's least: while one part goes up the next one gathers. */
uint64_t s3c_destination_part_size(const struct s3c_settings *s);

void s3c_destination_parts_release(
    struct s3c_destination_parts *parts); /* what was taken over; parts may be missing (NULL) */

#endif
