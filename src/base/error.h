/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filling struct s3c_error. All accept err == NULL and return the code, so that `return s3c_error_set(...)` reads well. Messages are made
 * one line of valid UTF-8: control characters and bytes that are none become '?'; what does not fit is cut between characters.
 * Arguments may point into *err.
 */
#ifndef S3C_BASE_ERROR_H
#define S3C_BASE_ERROR_H

#include <s3c/error.h>

#include "base/banned.h"

/* Resets the whole struct, then fills code and message. retryable is false; set it afterwards where it is true. */
int s3c_error_set(struct s3c_error *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same with ": <strerror(errno_value)>" appended; code S3C_E_IO unless errno is ENOMEM (S3C_E_NOMEM). */
int s3c_error_errno(struct s3c_error *err, int errno_value, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Puts "<context>: " in front of the message there is; everything else stays. */
int s3c_error_wrap(struct s3c_error *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int s3c_error_nomem(struct s3c_error *err);

#endif
