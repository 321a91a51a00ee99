/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"

#include <string.h>

void s3d_clock_init(struct s3d_clock *c, bool is_virtual)
{
    *c = (struct s3d_clock){.is_virtual = is_virtual,
                            .virtual_ns = S3D_VIRTUAL_START,
                            .http_sec = INT64_MIN,
                            .list_sec = INT64_MIN};
}

int64_t s3d_clock_now(const struct s3d_clock *c)
{
    return c->is_virtual ? c->virtual_ns : s3c_wall_ns(s3c_clock_system());
}

int64_t s3d_mono_ns(void)
{
    return s3c_mono_ns(s3c_clock_system());
}

struct s3c_view s3d_clock_http(struct s3d_clock *c, int64_t ns)
{
    int64_t sec = s3c_floor_sec(ns);

    if (sec != c->http_sec) {
        c->http_len = s3c_time_format_http(c->http_text, sec * S3C_NS_PER_SEC);
        c->http_sec = sec;
    }
    return (struct s3c_view){c->http_text, c->http_len};
}

void s3d_clock_write_list(struct s3d_clock *c, char *p, int64_t ns, enum s3d_granularity g)
{
    int64_t sec = s3c_floor_sec(ns);
    int ms = g == S3D_GRANULARITY_1MS ? (int)((ns - sec * S3C_NS_PER_SEC) / S3C_NS_PER_MS) : 0;

    if (sec != c->list_sec) {
        (void)s3c_time_format_rfc3339(c->list_text, sec * S3C_NS_PER_SEC);
        c->list_sec = sec;
    }
    memcpy(p, c->list_text, 19);
    p[19] = '.';
    p[20] = (char)('0' + ms / 100);
    p[21] = (char)('0' + ms / 10 % 10);
    p[22] = (char)('0' + ms % 10);
    p[23] = 'Z';
}
