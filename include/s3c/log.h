/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the library reports what no return value can carry: that it is retrying, that it skipped an object, that a server
 * behaves oddly. The library never writes to a stream itself; a face (command line, plugin) gives it a sink.
 *
 * The sink may be called from any thread of the library, one call at a time per client; it must not call back into the library.
 * `message` is one line of UTF-8 without its newline, without secrets, and valid only during the call.
 */
#ifndef S3C_LOG_H
#define S3C_LOG_H

#include <s3c/view.h>

#ifdef __cplusplus
extern "C" {
#endif

enum s3c_log_level { S3C_LOG_ERROR, S3C_LOG_WARN, S3C_LOG_INFO, S3C_LOG_DEBUG };

struct s3c_log {
    enum s3c_log_level level; /* messages above it are not made */
    void (*write)(void *ctx, enum s3c_log_level level, const char *message);
    void *ctx;
};

#ifdef __cplusplus
}
#endif
#endif
