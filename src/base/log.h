/* SPDX-License-Identifier: Apache-2.0 */
/* Making a log line for the sink that the face gave (include/s3c/log.h). NULL log: nothing happens. */
#ifndef S3C_BASE_LOG_H
#define S3C_BASE_LOG_H

#include <s3c/log.h>

/* One line of at most 1,023 bytes, cut at a UTF-8 border; control characters become '?'. */
void s3c_logf(const struct s3c_log *log, enum s3c_log_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
