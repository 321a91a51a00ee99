/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>

#include "base/banned.h"
#include "base/utf8.h"

void s3c_logf(const struct s3c_log *log, enum s3c_log_level level, const char *fmt, ...)
{
    char line[1024];
    va_list args;

    if (!log || level > log->level)
        return;
    va_start(args, fmt);
    s3c_utf8_format_line(line, sizeof(line), fmt, args);
    va_end(args);
    log->write(log->ctx, level, line);
}
