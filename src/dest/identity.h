/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who this destination is, the same after a restart: so that it knows the uploads that an earlier run of it left behind. At most one live process
 * of a machine (to be exact: of a network namespace) has an identity.
 */
#ifndef S3C_DEST_IDENTITY_H
#define S3C_DEST_IDENTITY_H

#include <stdbool.h>

#include "config/settings.h"

struct s3c_identity {
    bool held;
    int lock;        /* if it is held: a socket that holds it as long as the process lives */
    uint32_t writer; /* if it is held: in the names of files (dest/name.h) */
};

/*
 * Made from the machine, its host name, endpoint, bucket, prefix, key.template and shard.index. Not held where another process has it, or where
 * sockets cannot be had. 0, S3C_E_NOMEM.
 */
S3C_MUST_USE int s3c_identity_take(struct s3c_identity *ret, const struct s3c_settings *s,
                                   struct s3c_error *err);
void s3c_identity_done(struct s3c_identity *id); /* idempotent */

#endif
