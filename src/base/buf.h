/* SPDX-License-Identifier: Apache-2.0 */
/* Growable bytes; the contract is in the public header. */
#ifndef S3C_BASE_BUF_H
#define S3C_BASE_BUF_H

#include <s3c/buf.h>

#include "base/mem.h"

#endif
