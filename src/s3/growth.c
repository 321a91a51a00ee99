/* SPDX-License-Identifier: Apache-2.0 */
#include "s3/growth.h"

#include "base/clock.h"

#define FIRST_LIMIT 16
#define USEFUL_IDLE 25                  /* percent; with less, the process is the bottleneck */
#define FAR_NS      (2 * S3C_NS_PER_MS) /* no local server needs that long for its fastest answer */
#define FAR_WINDOW_NS \
    (8 *              \
     S3C_NS_PER_MS) /* 16 to 256 in four steps: before the first answer of a server 30 ms away */
#define NEAR_WINDOW_NS \
    (50 * S3C_NS_PER_MS) /* long enough to tell a rate from the scheduler's noise */
#define HOLD_NS    (1000 * S3C_NS_PER_MS)
#define TRIAL_GAIN 1.5

void s3c_growth_init(struct s3c_growth *g, size_t max)
{
    *g = (struct s3c_growth){.limit = max < FIRST_LIMIT ? max : FIRST_LIMIT, .max = max};
}

void s3c_growth_answer(struct s3c_growth *g, int64_t latency_ns)
{
    g->answers++;
    if (g->best_ns == 0 || latency_ns < g->best_ns)
        g->best_ns = latency_ns > 0 ? latency_ns : 1;
}

static void grow(struct s3c_growth *g)
{
    g->limit = g->limit * 2 < g->max ? g->limit * 2 : g->max;
}

static bool is_near(const struct s3c_growth *g)
{
    return g->best_ns > 0 && g->best_ns < FAR_NS;
}

/* The end of a window against a near server: judges the trial, or begins one. */
static void step_near(struct s3c_growth *g, int64_t now_ns, int idle_percent)
{
    double rate = (double)g->answers / (double)(now_ns - g->window_ns);

    if (g->trial_from > 0 && rate < g->base_rate * TRIAL_GAIN) {
        g->limit = g->trial_from;
        g->hold_ns = now_ns + HOLD_NS;
    }
    g->trial_from = 0;
    if (idle_percent < USEFUL_IDLE || now_ns < g->hold_ns || g->limit >= g->max)
        return;
    g->trial_from = g->limit;
    g->base_rate = rate;
    grow(g);
}

int64_t s3c_growth_consider(struct s3c_growth *g, int64_t now_ns, bool pressed, int idle_percent)
{
    int64_t length_ns = is_near(g) ? NEAR_WINDOW_NS : FAR_WINDOW_NS;

    if (g->took_for_far && is_near(g)) {
        g->took_for_far = false;
        g->window_ns = 0;
        g->limit = g->max < FIRST_LIMIT ? g->max : FIRST_LIMIT;
    }
    if (!pressed || (g->limit >= g->max && g->trial_from == 0)) {
        g->window_ns = 0;
        return 0;
    }
    if (g->window_ns > 0 && now_ns < g->window_ns + length_ns)
        return g->window_ns + length_ns;
    if (g->window_ns > 0) {
        if (is_near(g))
            step_near(g, now_ns, idle_percent);
        else if (idle_percent >= USEFUL_IDLE) {
            g->took_for_far = true;
            grow(g);
        }
    }
    g->window_ns = now_ns;
    g->answers = 0;
    return now_ns + length_ns;
}
