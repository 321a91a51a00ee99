/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8, character by character; s3c_utf8_valid is in base/view.h. Pure. */
#ifndef S3C_BASE_UTF8_H
#define S3C_BASE_UTF8_H

#include <stdarg.h>

#include "base/view.h"

/* n, less the bytes of a character that p[0, n) begins but does not end: where a text that was cut should end. */
size_t s3c_utf8_whole(const char *p, size_t n);
/* vsnprintf for messages: one line of valid UTF-8, cut to fit between characters; other bytes and control characters become '?'. */
void s3c_utf8_format_line(char *dst, size_t size, const char *fmt, va_list args)
    __attribute__((format(printf, 3, 0)));

#endif
