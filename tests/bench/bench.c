/* SPDX-License-Identifier: Apache-2.0 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static double started_sec;

static double mono_sec(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void bench_start(void)
{
    started_sec = mono_sec();
}

struct bench_usage bench_now(void)
{
    struct rusage r;
    struct bench_usage u;

    getrusage(RUSAGE_SELF, &r);
    u.user_sec = (double)r.ru_utime.tv_sec + (double)r.ru_utime.tv_usec * 1e-6;
    u.sys_sec = (double)r.ru_stime.tv_sec + (double)r.ru_stime.tv_usec * 1e-6;
    u.cpu_sec = u.user_sec + u.sys_sec;
    u.wall_sec = mono_sec() - started_sec;
    u.max_rss_kib = r.ru_maxrss;
    return u;
}

struct bench_usage bench_since(struct bench_usage a, struct bench_usage b)
{
    b.cpu_sec -= a.cpu_sec;
    b.user_sec -= a.user_sec;
    b.sys_sec -= a.sys_sec;
    b.wall_sec -= a.wall_sec;
    return b;
}

struct bench_usage bench_sum(struct bench_usage so_far, struct bench_usage then)
{
    then.cpu_sec += so_far.cpu_sec;
    then.user_sec += so_far.user_sec;
    then.sys_sec += so_far.sys_sec;
    then.wall_sec += so_far.wall_sec;
    return then;
}

void bench_print(const char *what, uint64_t units, uint64_t bytes, struct bench_usage u,
                 double first_ms)
{
    printf(
        "{\"what\":\"%s\",\"units\":%llu,\"bytes\":%llu,\"cpu_sec\":%.6f,\"user_sec\":%.6f,\"sys_sec\":%.6f,"
        "\"wall_sec\":%.6f,\"first_ms\":%.3f,\"max_rss_kib\":%ld}\n",
        what, (unsigned long long)units, (unsigned long long)bytes, u.cpu_sec, u.user_sec,
        u.sys_sec, u.wall_sec, first_ms, u.max_rss_kib);
}

void bench_check(int r, const struct s3c_error *err, const char *what)
{
    if (r >= 0)
        return;
    fprintf(stderr, "%s: %s\n", what, err->message);
    exit(1);
}

struct s3c_config *bench_config(enum s3c_side side, int argc, char **argv)
{
    struct s3c_config *c = NULL;
    struct s3c_error err;

    bench_check(s3c_config_new(&c, side, &err), &err, "config");
    for (int i = 0; i < argc; i++) {
        char *eq = strchr(argv[i], '=');

        if (!eq) {
            fprintf(stderr, "%s: expected name=value\n", argv[i]);
            exit(2);
        }
        struct s3c_view name = {argv[i], (size_t)(eq - argv[i])}, value = {eq + 1, strlen(eq + 1)};
        bench_check(s3c_config_set(c, name, value, S3C_FROM_FILE, &err), &err, "config");
    }
    bench_check(s3c_config_finish(c, &err), &err, "config");
    return c;
}
