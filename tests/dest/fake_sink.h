/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sink and a clock that a test plays: deliveries stay under way until the test finishes them; waiting lets the clock run
 * instead of the test.
 */
#ifndef S3C_TESTS_FAKE_SINK_H
#define S3C_TESTS_FAKE_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "dest/sink.h"

enum { FAKE_SINK_MAX = 4096 };

/* What was put, or came by stream so far. */
struct fake_body {
    char *ptr; /* NUL-terminated */
    size_t len;
    size_t unsent; /* streams: what the sink says that it holds; all, until the test sets it */
    bool streamed, ended;
};

struct fake_sink {
    struct s3c_sink base;
    struct s3c_clock clock;
    int64_t wall_ns, mono_ns;

    struct s3c_delivery
        *under_way[FAKE_SINK_MAX]; /* in order of put and begin; NULL once finished */
    size_t puts;
    char keys[FAKE_SINK_MAX][160]; /* of each put */
    struct fake_body bodies[FAKE_SINK_MAX];
    const char *last_body; /* of the last put */
    size_t cancels;
    int refuse;          /* code for the next put, 0 = take it */
    int refuse_append;   /* code for the next append or end */
    bool finish_at_once; /* each put succeeds by itself, each stream when it is ended */
    bool cancelled_ones_come_back;

    struct s3c_delivery *finished, **finished_tail;
    bool woken;
    bool released;
    int64_t wake_at_ns; /* wakes by itself then; 0 = never */
};

void fake_sink_init(struct fake_sink *s);
void fake_sink_done(struct fake_sink *s);
/* Finishes the n-th put (from 0): code 0 or an error with this text. */
void fake_sink_finish(struct fake_sink *s, size_t n, int code, bool retryable, const char *message);
size_t fake_sink_under_way(const struct fake_sink *s);

#endif
