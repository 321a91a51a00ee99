/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time: a vtable so that tests can stand still, jump and go back; and the text forms of time that S3 and Conduit use.
 * One time type inside: int64_t nanoseconds (wall: since 1970-01-01 UTC, monotonic: since some start). Units are in the names.
 */
#ifndef S3C_BASE_CLOCK_H
#define S3C_BASE_CLOCK_H

#include <stdint.h>

#include "base/view.h"

#define S3C_NS_PER_MS  INT64_C(1000000)
#define S3C_NS_PER_SEC INT64_C(1000000000)

struct s3c_clock {
    int64_t (*wall_ns)(void *ctx);
    int64_t (*mono_ns)(void *ctx);
    void *ctx;
};
/* The system's clock. Thread-safe. */
const struct s3c_clock *s3c_clock_system(void);
static inline int64_t s3c_wall_ns(const struct s3c_clock *c)
{
    return c->wall_ns(c->ctx);
}
static inline int64_t s3c_mono_ns(const struct s3c_clock *c)
{
    return c->mono_ns(c->ctx);
}

/* Seconds of ns, rounded towards minus infinity: what "truncated to whole seconds" means everywhere (DESIGN 4.2). */
int64_t s3c_floor_sec(int64_t ns);

/*
 * RFC 3339 / ISO 8601 as servers print it: YYYY-MM-DDTHH:MM:SS, 0 to 9 digits of fraction, Z or +hh:mm or -hh:mm; 'T' may be
 * 't' or a space, 'Z' may be 'z'. A leap second 60 counts as 59. Years 1 to 9999; what int64_t nanoseconds cannot hold (before
 * 1677, after 2262) becomes INT64_MIN or INT64_MAX. 0 or S3C_E_INVALID.
 */
S3C_MUST_USE int s3c_time_parse_rfc3339(struct s3c_view v, int64_t *ret_ns);
/* The same in two numbers, which hold all of those years; the fraction is of the second that *ret_sec names, 0 to 999,999,999. 0 or S3C_E_INVALID. */
S3C_MUST_USE int s3c_time_parse_sec(struct s3c_view v, int64_t *ret_sec, int64_t *ret_fraction_ns);
/* HTTP Date (RFC 9110 5.6.7): IMF-fixdate, and the two obsolete forms (years of two digits: 1970 to 2069).
 * The day's name must be one, but is not compared. Ranges as above. 0 or S3C_E_INVALID. */
S3C_MUST_USE int s3c_time_parse_http(struct s3c_view v, int64_t *ret_ns);

#define S3C_TIME_TEXT_SIZE 40
/* "20260101T000000Z" (SigV4), "2026-01-01T00:00:00.123456789Z" (fraction cut at the last non-zero digit, none when 0),
 * "Thu, 01 Jan 2026 00:00:00 GMT". `dst` has S3C_TIME_TEXT_SIZE bytes; each returns the length without the NUL. */
size_t s3c_time_format_basic(char *dst, int64_t ns);
size_t s3c_time_format_rfc3339(char *dst, int64_t ns);
size_t s3c_time_format_http(char *dst, int64_t ns);

/* Go's duration syntax: "300ms", "1.5h", "1h2m", "-2s" is parsed too; "0" needs no unit. 0 or S3C_E_INVALID (also overflow). */
S3C_MUST_USE int s3c_duration_parse(struct s3c_view v, int64_t *ret_ns);
/* As Go prints it: "1.5s", "1h2m0s", "300ms", "0s". `dst` has S3C_TIME_TEXT_SIZE bytes. */
size_t s3c_duration_format(char *dst, int64_t ns);

#endif
