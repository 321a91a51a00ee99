/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What source and destination have in common: the state with its rules (conduit-protocol.md 6), the settings, and the one call
 * (Configure or Open) that is moving the state on while it blocks on the worker. Embedded in either service. Loop's thread only.
 */
#ifndef S3C_PLUGIN_CONNECTOR_H
#define S3C_PLUGIN_CONNECTOR_H

#include <s3c/config.h>

#include "plugin/plugin_private.h"

/* As the Go SDK has them; it only grows, and an error is the end of it. */
enum connector_state {
    CONNECTOR_INITIAL,
    CONNECTOR_CONFIGURING,
    CONNECTOR_CONFIGURED,
    CONNECTOR_STARTING,
    CONNECTOR_STARTED,
    CONNECTOR_INITIATING_RUN,
    CONNECTOR_RUNNING,
    CONNECTOR_INITIATING_STOP,
    CONNECTOR_STOPPING,
    CONNECTOR_TEARING_DOWN,
    CONNECTOR_TORN_DOWN,
    CONNECTOR_ERRORED,
};

struct connector;

/* How a side opens its engine. */
struct connector_engine {
    /* On the worker, at most 10 s: whether the bucket can be used. NULL: s3c_check_bucket. */
    int (*check)(const struct s3c_config *c, const struct s3c_log *log, struct s3c_error *err);
    /* On the worker, at most 10 s. `c` is finished and outlives the engine. */
    int (*open)(void **ret_engine, const struct s3c_config *c, const struct s3c_log *log,
                struct s3c_view position, struct s3c_error *err);
    void (*close)(void *engine); /* one that nobody wants any more; on the loop */
    /* On the loop: the engine is yours now; the state becomes Started after it. Negative: Open fails, and the engine is closed. */
    int (*opened)(struct connector *c, void *engine, struct s3c_error *err);
    /* On the loop, before the bucket is looked at: more checks of the settings. May be NULL. */
    int (*configured)(struct connector *c, const struct s3c_config *config, struct s3c_error *err);
};

struct connector_step;

struct connector {
    struct plugin *plugin;
    enum s3c_side side;
    const struct connector_engine *engine;
    void (*state_changed)(struct connector *c); /* after every change; may be NULL */
    enum connector_state state;
    struct s3c_config
        *config; /* finished; NULL until Configure succeeded; lives until connector_done */
    struct connector_step *step; /* Configure or Open under way; NULL: none */
};

void connector_init(struct connector *c, struct plugin *p, enum s3c_side side,
                    const struct connector_engine *engine);
/* After the worker has ended. */
void connector_done(struct connector *c);

void connector_set_state(struct connector *c, enum connector_state state);
const char *connector_state_name(enum connector_state state);
/* 0; else S3C_E_INVALID with the SDK's text: expected connector state "[Configured]", actual connector state is "Initial". */
S3C_MUST_USE int connector_expect(const struct connector *c, enum connector_state expected,
                                  struct s3c_error *err);
bool connector_is_past_run(
    const struct connector *c); /* Stop need not wait: Running, Stopping, TornDown, Errored */

/* `message` and `end` of Configure and Open. */
void connector_configure(struct connector *c, struct grpc_call *call, struct s3c_view message);
void connector_open(struct connector *c, struct grpc_call *call, struct s3c_view message);
void connector_step_end(struct grpc_call *call, bool cancelled);
/* For Teardown: the step under way, if any, fails now; what it brings is dropped. */
void connector_abort_step(struct connector *c);

/* `message` of LifecycleOnCreated, OnUpdated, OnDeleted: nothing is to be done, in any state. */
void connector_lifecycle(struct grpc_call *call, struct s3c_view message);

#endif
