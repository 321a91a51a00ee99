/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include "base/banned.h"

static int64_t read_clock(clockid_t id)
{
    struct timespec t;

    /* Cannot fail: both clocks exist on every Linux. */
    (void)clock_gettime(id, &t);
    return (int64_t)t.tv_sec * S3C_NS_PER_SEC + t.tv_nsec;
}

static int64_t system_wall_ns(void *ctx)
{
    (void)ctx;
    return read_clock(CLOCK_REALTIME);
}

static int64_t system_mono_ns(void *ctx)
{
    (void)ctx;
    return read_clock(CLOCK_MONOTONIC);
}

const struct s3c_clock *s3c_clock_system(void)
{
    static const struct s3c_clock clock = {.wall_ns = system_wall_ns, .mono_ns = system_mono_ns};

    return &clock;
}

int64_t s3c_floor_sec(int64_t ns)
{
    return ns / S3C_NS_PER_SEC - (ns % S3C_NS_PER_SEC < 0);
}
