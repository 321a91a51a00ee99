/* SPDX-License-Identifier: Apache-2.0 */
/* Does the server keep "If-None-Match: *" on PUT? Asked once at start, because servers that do not know it overwrite in silence. */
#ifndef S3C_DEST_PROBE_H
#define S3C_DEST_PROBE_H

#include <stdbool.h>

#include "session/session.h"

/*
 * Puts an empty object of a random name into the folder of the files twice, and deletes it. Blocks, within the session's budget. *ret_honoured false: the server ignores
 * the header, refuses it, or we may not find out; the log says which. 0, S3C_E_NOMEM, or what kept the server from answering (not yet explained).
 */
S3C_MUST_USE int s3c_probe_if_none_match(const struct s3c_session *s, uint64_t random,
                                         bool *ret_honoured, struct s3c_error *err);

#endif
