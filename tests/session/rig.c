/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include "check.h"

#include <string.h>

#include "base/view.h"
#include "config/config.h"
#include "config/fake_env.h"

#define STEP_NS (50 * S3C_NS_PER_MS)

/* A client waits at most this long before it tries again; whether it will cannot be seen from outside. */
#define QUIET_STEPS 20

static void pump(struct s3c_transport *t)
{
    struct fake_transport *f = (struct fake_transport *)t;
    int quiet = 0;

    f->woken = true;
    fake_run(f);
    for (int step = 0; quiet < QUIET_STEPS && step < 1000; step++) {
        quiet = f->pending_count > 0 ? 0 : quiet + 1;
        fake_advance(f, STEP_NS);
    }
}

static void keep(void *ctx, enum s3c_log_level level, const char *message)
{
    struct rig *g = ctx;

    (void)level;
    check_append(g->logged, sizeof(g->logged), message, strlen(message));
}

static int configure(struct rig *g, enum s3c_side side, struct s3c_error *err)
{
    static const char *const pairs[][2] = {{"aws.bucket", "bucket"},
                                           {"aws.endpoint", "http://host:9000"},
                                           {"aws.access-key-id", "AKID"},
                                           {"aws.secret-access-key", "hush"},
                                           {"prefix", "p"}};
    int r = s3c_config_new(&g->config, side, err);

    if (r == 0)
        s3c_config_set_env(g->config, fake_getenv, NULL);
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]) && r == 0; i++)
        r = s3c_config_set(g->config, s3c_view_str(pairs[i][0]), s3c_view_str(pairs[i][1]),
                           S3C_FROM_HOST, err);
    if (r == 0 && side == S3C_DESTINATION)
        r = s3c_config_set(g->config, S3C_VIEW("format"), S3C_VIEW("json"), S3C_FROM_HOST, err);
    return r == 0 ? s3c_config_finish(g->config, err) : r;
}

int rig_begin(struct rig *g, enum s3c_side side, const struct fake_reply *replies,
              struct s3c_error *err)
{
    static struct s3c_transport_ops ops; /* the fake's, but for wake */
    int r;

    *g = (struct rig){.log = {.level = S3C_LOG_DEBUG, .write = keep, .ctx = g}};
    r = configure(g, side, err);
    if (r < 0)
        return r;
    g->fake = fake_new();
    ops = *g->fake->base.ops;
    ops.wake = pump;
    g->fake->base.ops = &ops;
    for (; replies->status != 0 || replies->result != 0 || replies->stall; replies++)
        fake_push(g->fake, *replies);
    return s3c_session_init_over(&g->session, g->config, &g->log, &g->fake->base, &g->fake->clock,
                                 err);
}

void rig_end(struct rig *g)
{
    s3c_session_done(&g->session);
    s3c_config_free(g->config);
    g->config = NULL;
}
