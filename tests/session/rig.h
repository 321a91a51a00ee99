/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session over scripted answers that can be used with blocking calls: the transport plays its script inside wake, on the caller's thread,
 * and lets time pass as long as something is under way, and a second more.
 */
#ifndef S3C_TESTS_SESSION_RIG_H
#define S3C_TESTS_SESSION_RIG_H

#include "http/fake_transport.h"
#include "session/session.h"

#define RIG_REPLIES 12

struct rig {
    struct s3c_config *config;
    struct fake_transport *fake; /* the session's, as long as it lives */
    struct s3c_session session;
    struct s3c_log log;
    char logged[2000];
};

/* Everything, with `replies` up to the first that is all zero. 0 or what the session's init said. */
int rig_begin(struct rig *g, enum s3c_side side, const struct fake_reply *replies,
              struct s3c_error *err);
void rig_end(struct rig *g); /* idempotent */

#define RIG_S3 "x-amz-request-id: R\r\n"
#define RIG_ERROR(code) \
    "<?xml version=\"1.0\"?>\n<Error><Code>" code "</Code><Message>m</Message></Error>"
#define RIG_LIST(inside)                                                                 \
    "<?xml version=\"1.0\"?>\n<ListBucketResult><IsTruncated>false</IsTruncated>" inside \
    "</ListBucketResult>"

#endif
