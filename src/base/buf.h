/* SPDX-License-Identifier: Apache-2.0 */
/* Growable bytes; the contract is in the public header. */
#ifndef S3C_BASE_BUF_H
#define S3C_BASE_BUF_H

#include <s3c/buf.h>

#include "base/mem.h"

/* Gives back memory that is not used, where it is worth it: for bytes that will be kept and counted for a while. */
void s3c_buf_trim(struct s3c_buf *b);

#endif
