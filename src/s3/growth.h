/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many requests to have on the wire. Pure: time and observations in, a limit out.
 *
 * More connections help against distance, not against a busy server or a busy process, and each one beyond what is useful costs CPU
 * (caches, bookkeeping in libcurl: 40 % more per request with 128 than with 16 on a local server). So the limit begins low. While calls wait
 * and the process has time to spare, it doubles: at once where the fastest answer ever seen took milliseconds; otherwise on
 * trial, kept only if twice the connections really brought about twice the answers. A server that turns out to be near after all
 * (it was slow to start, the machine was busy) begins anew.
 */
#ifndef S3C_S3_GROWTH_H
#define S3C_S3_GROWTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct s3c_growth {
    size_t limit, max;
    int64_t window_ns; /* start of the window that is being observed; 0 = none */
    int64_t hold_ns;   /* no trial before */
    int64_t best_ns;   /* fastest answer ever; 0 = none yet */
    uint64_t answers;  /* in the window */
    bool took_for_far; /* it grew before the first fast answer came */
    size_t trial_from; /* limit before the trial under way; 0 = none */
    double base_rate;  /* answers per ns before the trial */
};

void s3c_growth_init(struct s3c_growth *g, size_t max);
void s3c_growth_answer(struct s3c_growth *g, int64_t latency_ns);
/*
 * To be called now and then; `pressed` tells that calls wait while `limit` requests are on the wire, idle_percent how much time
 * the I/O thread has left. Changes g->limit; returns when it wants to be called next (0 = when it is pressed again).
 */
int64_t s3c_growth_consider(struct s3c_growth *g, int64_t now_ns, bool pressed, int idle_percent);

#endif
