/* SPDX-License-Identifier: Apache-2.0 */
/* A profile out of the text of the two AWS files: the pure part of s3c_profile_load. */
#ifndef S3C_S3_PROFILE_TEXT_H
#define S3C_S3_PROFILE_TEXT_H

#include "s3/creds.h"

/*
 * Fills *p, which is all zero. What the credentials file says wins; its keys never mix with a token of the config file.
 * 0 or S3C_E_NOMEM (*p may be half filled: s3c_profile_done).
 */
S3C_MUST_USE int s3c_profile_parse(struct s3c_profile *p, struct s3c_view config,
                                   struct s3c_view credentials, const char *name);

#endif
