/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>

#include "base/utf8.h"

static void append_text(struct s3c_error *err, const char *text)
{
    size_t len = strlen(err->message), room = sizeof(err->message) - 1 - len, n = strlen(text);

    if (n > room)
        n = s3c_utf8_whole(text, room);
    memcpy(err->message + len, text, n);
    err->message[len + n] = '\0';
}

int s3c_error_set(struct s3c_error *err, int code, const char *fmt, ...)
{
    char text[sizeof(err->message)];
    va_list args;

    if (!err)
        return code;
    va_start(args, fmt);
    s3c_utf8_format_line(text, sizeof(text), fmt, args);
    va_end(args);
    memset(err, 0, sizeof(*err));
    err->code = code;
    append_text(err, text);
    return code;
}

int s3c_error_errno(struct s3c_error *err, int errno_value, const char *fmt, ...)
{
    int code = errno_value == ENOMEM ? S3C_E_NOMEM : S3C_E_IO;
    char text[sizeof(err->message)], reason[128];
    va_list args;

    if (!err)
        return code;
    va_start(args, fmt);
    s3c_utf8_format_line(text, sizeof(text), fmt, args);
    va_end(args);
    memset(err, 0, sizeof(*err));
    err->code = code;
    append_text(err, text);
    append_text(err, ": ");
    append_text(err, strerror_r(errno_value, reason, sizeof(reason)));
    return code;
}

int s3c_error_wrap(struct s3c_error *err, int code, const char *fmt, ...)
{
    char context[sizeof(err->message)], before[sizeof(err->message)];
    va_list args;

    if (!err)
        return code;
    va_start(args, fmt);
    s3c_utf8_format_line(context, sizeof(context), fmt, args);
    va_end(args);
    memcpy(before, err->message, sizeof(before));
    err->message[0] = '\0';
    append_text(err, context);
    append_text(err, ": ");
    append_text(err, before);
    return code;
}

int s3c_error_nomem(struct s3c_error *err)
{
    return s3c_error_set(err, S3C_E_NOMEM, "out of memory");
}

const char *s3c_code_text(int code)
{
    switch ((enum s3c_code)code) {
    case S3C_OK:
        return "done";
    case S3C_END:
        return "nothing more will come";
    case S3C_AGAIN:
        return "nothing yet";
    case S3C_E_NOMEM:
        return "out of memory";
    case S3C_E_INVALID:
        return "invalid argument";
    case S3C_E_POSITION:
        return "malformed position";
    case S3C_E_TOO_LARGE:
        return "too large";
    case S3C_E_IO:
        return "input or output failed";
    case S3C_E_RESOLVE:
        return "name resolution failed";
    case S3C_E_CONNECT:
        return "connection failed";
    case S3C_E_TLS:
        return "TLS failed";
    case S3C_E_TIMEOUT:
        return "timed out";
    case S3C_E_PROTOCOL:
        return "the answer is not S3";
    case S3C_E_CREDENTIALS:
        return "credentials missing or refused";
    case S3C_E_DENIED:
        return "access denied";
    case S3C_E_NO_BUCKET:
        return "no such bucket";
    case S3C_E_NOT_FOUND:
        return "not found";
    case S3C_E_CHANGED:
        return "the object has changed";
    case S3C_E_ARCHIVED:
        return "the object is archived";
    case S3C_E_HTTP:
        return "the server answered with an error";
    case S3C_E_CANCELLED:
        return "cancelled";
    case S3C_E_RECORD:
        return "malformed record";
    }
    return "unknown error";
}
