/* SPDX-License-Identifier: Apache-2.0 */
/* What the benchmark programs share: arguments into a config, the process's own accounting, one JSON line of figures. */
#ifndef S3C_TESTS_BENCH_H
#define S3C_TESTS_BENCH_H

#include <stdint.h>
#include <stdio.h>

#include <s3c/config.h>

struct bench_usage {
    double cpu_sec, user_sec, sys_sec, wall_sec;
    long max_rss_kib;
};

/* Figures of this process since it started (wall: since bench_start). */
void bench_start(void);
struct bench_usage bench_now(void);
/* b - a, but max_rss of b. */
struct bench_usage bench_since(struct bench_usage a, struct bench_usage b);
/* What was used in two stretches, so far and then. */
struct bench_usage bench_sum(struct bench_usage so_far, struct bench_usage then);
/* Prints {"what":...,"units":...,"bytes":...,"cpu_sec":...,...} and a newline. */
void bench_print(const char *what, uint64_t units, uint64_t bytes, struct bench_usage u,
                 double first_ms);

/* A finished config from name=value arguments; exits with a message where that fails. */
struct s3c_config *bench_config(enum s3c_side side, int argc, char **argv);
/* Exits with the error's message unless r is 0 or positive. */
void bench_check(int r, const struct s3c_error *err, const char *what);

#endif
