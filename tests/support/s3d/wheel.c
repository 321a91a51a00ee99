/* SPDX-License-Identifier: Apache-2.0 */
#include "wheel.h"

#include <string.h>

void s3d_wheel_init(struct s3d_wheel *w, int64_t now_ns)
{
    memset(w, 0, sizeof *w);
    w->tick = now_ns / S3D_WHEEL_TICK_NS;
}

void s3d_timer_set(struct s3d_wheel *w, struct s3d_timer *t, int64_t at_ns)
{
    int64_t tick = (at_ns + S3D_WHEEL_TICK_NS - 1) / S3D_WHEEL_TICK_NS;
    struct s3d_timer **slot;

    t->tick = tick > w->tick ? tick : w->tick + 1;
    slot = &w->slot[t->tick % S3D_WHEEL_SLOTS];
    t->next = *slot;
    t->link = slot;
    if (t->next)
        t->next->link = &t->next;
    *slot = t;
    w->armed++;
}

void s3d_timer_cancel(struct s3d_wheel *w, struct s3d_timer *t)
{
    if (!t->link)
        return;
    *t->link = t->next;
    if (t->next)
        t->next->link = t->link;
    t->link = NULL;
    w->armed--;
}

/* A timer that fires may set or cancel others, so the slot is searched again from its head after each. */
static void fire_slot(struct s3d_wheel *w, int64_t tick)
{
    struct s3d_timer *t = w->slot[tick % S3D_WHEEL_SLOTS];

    while (t) {
        if (t->tick > tick) {
            t = t->next;
            continue;
        }
        s3d_timer_cancel(w, t);
        t->fire(t);
        t = w->slot[tick % S3D_WHEEL_SLOTS];
    }
}

void s3d_wheel_turn(struct s3d_wheel *w, int64_t now_ns)
{
    int64_t now = now_ns / S3D_WHEEL_TICK_NS;

    if (!w->armed)
        w->tick = now;
    while (w->tick < now)
        fire_slot(w, ++w->tick);
}

int64_t s3d_wheel_wait_ns(const struct s3d_wheel *w, int64_t now_ns)
{
    int64_t tick = w->tick + 1, end = w->tick + S3D_WHEEL_SLOTS;

    if (!w->armed)
        return -1;
    while (tick < end && !w->slot[tick % S3D_WHEEL_SLOTS])
        tick++;
    return tick * S3D_WHEEL_TICK_NS > now_ns ? tick * S3D_WHEEL_TICK_NS - now_ns : 0;
}
