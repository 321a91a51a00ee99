/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text forms of time, without libc's: gmtime is slow, knows time zones and cannot be fed from a view. Civil dates after Howard
 * Hinnant's "chrono-Compatible Low-Level Date Algorithms", with years that begin in March.
 */
#include "base/clock.h"

#include "base/banned.h"

static const char month_names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char day_names[] = "SunMonTueWedThuFriSat";

struct civil {
    int year, month, day, hour, minute, second;
};

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int month_days(int year, int month)
{
    static const char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && is_leap(year));
}

static int64_t days_from_civil(int year, int month, int day)
{
    int y = year - (month <= 2), era = y / 400, in_era = y - era * 400;
    int in_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return (int64_t)era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

static void civil_from_days(int64_t days, struct civil *c)
{
    int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
    int in_era = (int)(z - era * 146097);
    int year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int in_year = in_era - (365 * year + year / 4 - year / 100);
    int month = (5 * in_year + 2) / 153;

    c->day = in_year - (153 * month + 2) / 5 + 1;
    c->month = month < 10 ? month + 3 : month - 9;
    c->year = (int)(year + era * 400) + (c->month <= 2);
}

static struct civil civil_from_sec(int64_t sec)
{
    int64_t days = sec / 86400 - (sec % 86400 < 0);
    int in_day = (int)(sec - days * 86400);
    struct civil c = {.hour = in_day / 3600, .minute = in_day / 60 % 60, .second = in_day % 60};

    civil_from_days(days, &c);
    return c;
}

/* Checks the ranges and converts. */
static int civil_to_sec(const struct civil *c, int offset_sec, int64_t *ret_sec)
{
    int second = c->second == 60 ? 59 : c->second;

    if (c->year < 1 || c->month < 1 || c->month > 12 || c->day < 1 ||
        c->day > month_days(c->year, c->month) || c->hour > 23 || c->minute > 59 || c->second > 60)
        return S3C_E_INVALID;
    *ret_sec = days_from_civil(c->year, c->month, c->day) * 86400 + c->hour * 3600 +
               c->minute * 60 + second - offset_sec;
    return 0;
}

/* What int64_t nanoseconds cannot hold becomes their first or last moment. */
static int civil_to_ns(const struct civil *c, int offset_sec, int64_t fraction_ns, int64_t *ret_ns)
{
    int64_t sec, ns;
    int r = civil_to_sec(c, offset_sec, &sec);

    if (r < 0)
        return r;
    if (__builtin_mul_overflow(sec, S3C_NS_PER_SEC, &ns) ||
        __builtin_add_overflow(ns, fraction_ns, &ns))
        ns = sec < 0 ? INT64_MIN : INT64_MAX;
    *ret_ns = ns;
    return 0;
}

/* A cursor over the text. Each take_ function cuts its part off the front, or sets failed and changes nothing else. */
struct scan {
    struct s3c_view v;
    bool failed;
};

static bool peek(const struct scan *s, char c)
{
    return s->v.len && s->v.ptr[0] == c;
}

static void take_char(struct scan *s, char c)
{
    if (peek(s, c))
        s->v = s3c_view_skip(s->v, 1);
    else
        s->failed = true;
}

static int take_digits(struct scan *s, size_t n)
{
    int value = 0;

    if (s->v.len < n) {
        s->failed = true;
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        unsigned digit = (unsigned char)s->v.ptr[i] - (unsigned)'0';

        if (digit > 9) {
            s->failed = true;
            return 0;
        }
        value = value * 10 + (int)digit;
    }
    s->v = s3c_view_skip(s->v, n);
    return value;
}

/* Index of the three-letter name at the front, counted from 1. */
static int take_name(struct scan *s, const char *names)
{
    for (int i = 0; s->v.len >= 3 && names[3 * i]; i++) {
        if (memcmp(s->v.ptr, names + 3 * i, 3) == 0) {
            s->v = s3c_view_skip(s->v, 3);
            return i + 1;
        }
    }
    s->failed = true;
    return 0;
}

static void take_clock(struct scan *s, struct civil *c)
{
    c->hour = take_digits(s, 2);
    take_char(s, ':');
    c->minute = take_digits(s, 2);
    take_char(s, ':');
    c->second = take_digits(s, 2);
}

static int64_t take_fraction(struct scan *s)
{
    int64_t value = 0, scale = S3C_NS_PER_SEC;

    if (!peek(s, '.'))
        return 0;
    take_char(s, '.');
    while (s->v.len && s->v.ptr[0] >= '0' && s->v.ptr[0] <= '9' && scale > 1) {
        scale /= 10;
        value += (s->v.ptr[0] - '0') * scale;
        s->v = s3c_view_skip(s->v, 1);
    }
    if (scale == S3C_NS_PER_SEC)
        s->failed = true;
    return value;
}

static int take_offset_sec(struct scan *s)
{
    bool west = peek(s, '-');
    int hours, minutes;

    if (peek(s, 'Z') || peek(s, 'z')) {
        s->v = s3c_view_skip(s->v, 1);
        return 0;
    }
    take_char(s, west ? '-' : '+');
    hours = take_digits(s, 2);
    take_char(s, ':');
    minutes = take_digits(s, 2);
    if (hours > 23 || minutes > 59)
        s->failed = true;
    return (west ? -60 : 60) * (hours * 60 + minutes);
}

static int scan_rfc3339(struct s3c_view v, struct civil *c, int64_t *fraction, int *offset)
{
    struct scan s = {v, false};

    *c = (struct civil){.year = take_digits(&s, 4)};
    take_char(&s, '-');
    c->month = take_digits(&s, 2);
    take_char(&s, '-');
    c->day = take_digits(&s, 2);
    take_char(&s, peek(&s, 't') ? 't' : peek(&s, ' ') ? ' ' : 'T');
    take_clock(&s, c);
    *fraction = take_fraction(&s);
    *offset = take_offset_sec(&s);
    return s.failed || s.v.len ? S3C_E_INVALID : 0;
}

int s3c_time_parse_rfc3339(struct s3c_view v, int64_t *ret_ns)
{
    struct civil c;
    int64_t fraction;
    int offset, r = scan_rfc3339(v, &c, &fraction, &offset);

    return r < 0 ? r : civil_to_ns(&c, offset, fraction, ret_ns);
}

int s3c_time_parse_sec(struct s3c_view v, int64_t *ret_sec, int64_t *ret_fraction_ns)
{
    struct civil c;
    int offset, r = scan_rfc3339(v, &c, ret_fraction_ns, &offset);

    return r < 0 ? r : civil_to_sec(&c, offset, ret_sec);
}

/* "06 Nov 1994 08:49:37 GMT", after "Sun, " */
static void take_fixdate(struct scan *s, struct civil *c)
{
    c->day = take_digits(s, 2);
    take_char(s, ' ');
    c->month = take_name(s, month_names);
    take_char(s, ' ');
    c->year = take_digits(s, 4);
    take_char(s, ' ');
    take_clock(s, c);
}

/* "06-Nov-94 08:49:37 GMT", after "Sunday, "; years of two digits are 1970 to 2069 */
static void take_rfc850(struct scan *s, struct civil *c)
{
    int year;

    c->day = take_digits(s, 2);
    take_char(s, '-');
    c->month = take_name(s, month_names);
    take_char(s, '-');
    year = take_digits(s, 2);
    c->year = year + (year < 70 ? 2000 : 1900);
    take_char(s, ' ');
    take_clock(s, c);
}

/* "Nov  6 08:49:37 1994", after "Sun " */
static void take_c_form(struct scan *s, struct civil *c)
{
    c->month = take_name(s, month_names);
    take_char(s, ' ');
    if (peek(s, ' ')) {
        take_char(s, ' ');
        c->day = take_digits(s, 1);
    } else {
        c->day = take_digits(s, 2);
    }
    take_char(s, ' ');
    take_clock(s, c);
    take_char(s, ' ');
    c->year = take_digits(s, 4);
}

static void take_gmt(struct scan *s)
{
    take_char(s, ' ');
    take_char(s, 'G');
    take_char(s, 'M');
    take_char(s, 'T');
}

int s3c_time_parse_http(struct s3c_view v, int64_t *ret_ns)
{
    struct scan s = {v, false};
    struct civil c = {0};
    struct s3c_view day_name, rest;

    if (s3c_view_split(v, ',', &day_name, &rest)) {
        s.v = day_name;
        (void)take_name(&s, day_names);
        s.v = rest;
        take_char(&s, ' ');
        if (day_name.len == 3)
            take_fixdate(&s, &c);
        else
            take_rfc850(&s, &c);
        take_gmt(&s);
    } else {
        (void)take_name(&s, day_names);
        take_char(&s, ' ');
        take_c_form(&s, &c);
    }
    if (s.failed || s.v.len)
        return S3C_E_INVALID;
    return civil_to_ns(&c, 0, 0, ret_ns);
}

static char *put_digits(char *dst, int value, int n)
{
    for (int i = n - 1; i >= 0; i--) {
        dst[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return dst + n;
}

static char *put_text(char *dst, const char *s, size_t n)
{
    memcpy(dst, s, n);
    return dst + n;
}

static char *put_clock(char *dst, const struct civil *c)
{
    dst = put_digits(dst, c->hour, 2);
    *dst++ = ':';
    dst = put_digits(dst, c->minute, 2);
    *dst++ = ':';
    return put_digits(dst, c->second, 2);
}

static size_t put_end(char *start, char *end)
{
    *end = '\0';
    return (size_t)(end - start);
}

size_t s3c_time_format_basic(char *dst, int64_t ns)
{
    struct civil c = civil_from_sec(s3c_floor_sec(ns));
    char *p = put_digits(dst, c.year, 4);

    p = put_digits(p, c.month, 2);
    p = put_digits(p, c.day, 2);
    *p++ = 'T';
    p = put_digits(p, c.hour, 2);
    p = put_digits(p, c.minute, 2);
    p = put_digits(p, c.second, 2);
    *p++ = 'Z';
    return put_end(dst, p);
}

size_t s3c_time_format_rfc3339(char *dst, int64_t ns)
{
    int64_t sec = s3c_floor_sec(ns);
    struct civil c = civil_from_sec(sec);
    /* sec * 1e9 may lie below INT64_MIN, the difference never does. */
    int fraction = (int)((uint64_t)ns - (uint64_t)sec * (uint64_t)S3C_NS_PER_SEC);
    char *p = put_digits(dst, c.year, 4);

    *p++ = '-';
    p = put_digits(p, c.month, 2);
    *p++ = '-';
    p = put_digits(p, c.day, 2);
    *p++ = 'T';
    p = put_clock(p, &c);
    if (fraction) {
        *p++ = '.';
        p = put_digits(p, fraction, 9);
        while (p[-1] == '0')
            p--;
    }
    *p++ = 'Z';
    return put_end(dst, p);
}

size_t s3c_time_format_http(char *dst, int64_t ns)
{
    int64_t sec = s3c_floor_sec(ns), days = s3c_floor_sec(ns) / 86400 - (sec % 86400 < 0);
    struct civil c = civil_from_sec(sec);
    int week_day = (int)((days % 7 + 11) % 7); /* 1970-01-01 was a Thursday, number 4 */
    char *p = put_text(dst, day_names + 3 * week_day, 3);

    p = put_text(p, ", ", 2);
    p = put_digits(p, c.day, 2);
    *p++ = ' ';
    p = put_text(p, month_names + 3 * (c.month - 1), 3);
    *p++ = ' ';
    p = put_digits(p, c.year, 4);
    *p++ = ' ';
    p = put_clock(p, &c);
    return put_end(dst, put_text(p, " GMT", 4));
}
