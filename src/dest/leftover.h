/* SPDX-License-Identifier: Apache-2.0 */
/* Uploads that an earlier run of this destination began and never completed: invisible, but they cost money until they are aborted. */
#ifndef S3C_DEST_LEFTOVER_H
#define S3C_DEST_LEFTOVER_H

#include <stdbool.h>

#include "dest/identity.h"
#include "session/session.h"

/* Whether the key holds a name that this writer gives: "YYYYMMDDTHHMMSS.nnnnnnnnnZ-<writer>-<digits>". Pure. */
bool s3c_leftover_is_ours(struct s3c_view key, uint32_t writer);

/*
 * Lists the uploads under our prefix and aborts those whose names are ours; nothing if the identity is not held. Blocks, at most for
 * half of what is left of the session's budget. It is a courtesy: nothing about it fails, the log says what was done and what could not be.
 */
void s3c_leftover_abort(const struct s3c_session *s, const struct s3c_identity *id);

#endif
