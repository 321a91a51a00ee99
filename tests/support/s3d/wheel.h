/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timer wheel with slots of 100 microseconds (a reply that comes a millisecond late makes a client that waits for 30 of them look 3 %
 * slower than it is): thousands of delayed replies are set, fired and cancelled in constant time each.
 * A timer is embedded in its owner and must be cancelled before the owner goes.
 */
#ifndef S3D_WHEEL_H
#define S3D_WHEEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define S3D_WHEEL_SLOTS   4096
#define S3D_WHEEL_TICK_NS INT64_C(100000)

struct s3d_timer {
    struct s3d_timer *next, **link; /* link is NULL when not set */
    int64_t tick;
    void (*fire)(struct s3d_timer *t);
};

struct s3d_wheel {
    struct s3d_timer *slot[S3D_WHEEL_SLOTS];
    int64_t tick; /* every slot up to here was looked at */
    size_t armed;
};

void s3d_wheel_init(struct s3d_wheel *w, int64_t now_ns);
/* Fires at the first turn that is not before at_ns. */
void s3d_timer_set(struct s3d_wheel *w, struct s3d_timer *t, int64_t at_ns);
void s3d_timer_cancel(struct s3d_wheel *w, struct s3d_timer *t);
void s3d_wheel_turn(struct s3d_wheel *w, int64_t now_ns);
/* Nanoseconds until something may fire; -1: nothing is set. */
int64_t s3d_wheel_wait_ns(const struct s3d_wheel *w, int64_t now_ns);

#endif
