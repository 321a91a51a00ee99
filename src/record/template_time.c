/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times in names. Every field but %j and %s is a part of the basic form YYYYMMDDTHHMMSSZ, which base/clock.h writes without libc: strftime would know
 * locales, and gmtime is slow for something that is done for each record.
 */
#include "record/template_private.h"

#include "base/banned.h"
#include "base/clock.h"

enum { YEAR = 0, MONTH = 4, DAY = 6, HOUR = 9, MINUTE = 11, SECOND = 13 };

static size_t letter_width(char letter)
{
    switch (letter) {
    case '%':
        return 1;
    case 'm':
    case 'd':
    case 'H':
    case 'M':
    case 'S':
        return 2;
    case 'j':
        return 3;
    case 'Y':
        return 4;
    case 'T':
        return 8;
    case 'F':
        return 10;
    case 's':
        return 11;
    default:
        return 0;
    }
}

size_t s3c_template_time_width(struct s3c_view format, struct s3c_view *bad)
{
    size_t width = 0;

    for (size_t i = 0; i < format.len; i++) {
        size_t w = 1;

        if (format.ptr[i] == '%') {
            w = i + 1 < format.len ? letter_width(format.ptr[i + 1]) : 0;
            if (w == 0) {
                size_t shown = format.len - i < 2 ? format.len - i : 2;

                *bad = s3c_view_first(s3c_view_skip(format, i), shown);
                return 0;
            }
            i++;
        }
        width += w;
    }
    *bad = s3c_view_skip(format, format.len);
    return width;
}

static int two_digits(const char *p)
{
    return (p[0] - '0') * 10 + (p[1] - '0');
}

static int day_of_year(const char *basic)
{
    static const short before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int year = two_digits(basic + YEAR) * 100 + two_digits(basic + YEAR + 2);
    int month = two_digits(basic + MONTH);
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return before[month - 1] + (leap && month > 2) + two_digits(basic + DAY);
}

static char *put(char *p, const char *text, size_t n)
{
    memcpy(p, text, n);
    return p + n;
}

/* Three two-digit fields beside each other in the basic form, with something between them. */
static char *put_three(char *p, const char *first, size_t first_width, char between)
{
    p = put(p, first, first_width);
    *p++ = between;
    p = put(p, first + first_width, 2);
    *p++ = between;
    return put(p, first + first_width + 2, 2);
}

static char *put_letter(char *p, char letter, const char *basic, int64_t ns)
{
    char number[16];

    switch (letter) {
    case 'Y':
        return put(p, basic + YEAR, 4);
    case 'm':
        return put(p, basic + MONTH, 2);
    case 'd':
        return put(p, basic + DAY, 2);
    case 'H':
        return put(p, basic + HOUR, 2);
    case 'M':
        return put(p, basic + MINUTE, 2);
    case 'S':
        return put(p, basic + SECOND, 2);
    case 'F':
        return put_three(p, basic + YEAR, 4, '-');
    case 'T':
        return put_three(p, basic + HOUR, 2, ':');
    case 'j':
        (void)snprintf(number, sizeof(number), "%03d", day_of_year(basic));
        return put(p, number, 3);
    case 's':
        return put(p, number,
                   (size_t)snprintf(number, sizeof(number), "%lld", (long long)s3c_floor_sec(ns)));
    default:
        *p++ = '%';
        return p;
    }
}

int s3c_template_time(struct s3c_buf *out, struct s3c_view format, int64_t ns)
{
    char basic[S3C_TIME_TEXT_SIZE], *p;
    int r = s3c_buf_reserve(out, 6 * format.len); /* %s gives the most: 11 for two */

    if (r < 0)
        return r;
    (void)s3c_time_format_basic(basic, ns);
    p = out->ptr + out->len;
    for (size_t i = 0; i < format.len; i++) {
        if (format.ptr[i] == '%')
            p = put_letter(p, format.ptr[++i], basic, ns);
        else
            *p++ = format.ptr[i];
    }
    out->len = (size_t)(p - out->ptr);
    return 0;
}
