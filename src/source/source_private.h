/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a source on a client that exists already: what s3c_source_open does after its session, and what tests do on a fake. */
#ifndef S3C_SOURCE_SOURCE_PRIVATE_H
#define S3C_SOURCE_SOURCE_PRIVATE_H

#include <s3c/source.h>

#include "config/settings.h"
#include "s3/call.h"

struct s3c_source_env {
    struct s3c_client *client;
    const struct s3c_settings *settings;
    const struct s3c_clock *clock;
    const struct s3c_log *log;
    bool versions;            /* the bucket has, or had, versions */
    int64_t deadline_mono_ns; /* for the first listing reply */
};

/* All of env outlives the source. Waits for the first reply of the first listing; its failure is final. As s3c_source_open. */
S3C_MUST_USE int s3c_source_start(struct s3c_source **ret, const struct s3c_source_env *env,
                                  struct s3c_view position, bool snapshot_only,
                                  struct s3c_error *err);
/* Nothing is under way and the next pass is only a matter of time: all that was visible to the last pass has been given. */
bool s3c_source_idle(const struct s3c_source *s);

#endif
