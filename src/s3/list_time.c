/* SPDX-License-Identifier: Apache-2.0 */
#include "s3/list_time.h"

#include <string.h>

#define FAR (INT64_MAX / 2) /* beyond it times are cut to what 64 bits hold, and no longer add up */

/* Two digits, or a value beyond every range when they are none. */
static unsigned two(const char *p)
{
    unsigned a = (unsigned char)p[0] - '0', b = (unsigned char)p[1] - '0';

    return a > 9 || b > 9 ? 1000 : 10 * a + b;
}

/* "YYYY-MM-DDTHH:MM:SS.mmmZ", the form of nearly all servers: the time of day. -1: it is another form. */
static int64_t time_of_day(struct s3c_view v)
{
    const char *p = v.ptr;
    unsigned h, m, s, hundredths, ms;

    if (v.len != 24 || p[10] != 'T' || p[13] != ':' || p[16] != ':' || p[19] != '.' || p[23] != 'Z')
        return -1;
    h = two(p + 11);
    m = two(p + 14);
    s = two(p + 17);
    hundredths = two(p + 20);
    ms = (unsigned char)p[22] - '0';
    if (h > 23 || m > 59 || s > 59 || hundredths > 99 || ms > 9)
        return -1;
    return ((h * 60 + m) * 60 + s) * S3C_NS_PER_SEC + (hundredths * 10 + ms) * S3C_NS_PER_MS;
}

int s3c_list_time(struct s3c_list_day *day, struct s3c_view v, int64_t *ret_ns)
{
    int64_t tod = time_of_day(v);
    int r;

    if (tod >= 0 && !memcmp(v.ptr, day->date, sizeof day->date)) {
        *ret_ns = day->start_ns + tod;
        return 0;
    }
    r = s3c_time_parse_rfc3339(v, ret_ns);
    if (r == 0 && tod >= 0 && *ret_ns<FAR && * ret_ns> - FAR) {
        memcpy(day->date, v.ptr, sizeof day->date);
        day->start_ns = *ret_ns - tod;
    }
    return r;
}
