/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/connector.h"

#include "base/banned.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/view.h"
#include "plugin/params.h"

/*
 * Configure or Open on the worker. It outlives its call, whose client may give up at any time; then `call` is NULL, the state is
 * Errored already, and what the job brings is dropped.
 */
struct connector_step {
    struct job job;
    struct connector *connector;
    struct grpc_call *call;
    struct s3c_config *config; /* Configure: not yet the connector's */
    const struct s3c_log *log;
    char *position; /* Open */
    size_t position_len;
    void *engine; /* Open: what it brought */
};

const char *connector_state_name(enum connector_state state)
{
    static const char *const names[] = {
        [CONNECTOR_INITIAL] = "Initial",       [CONNECTOR_CONFIGURING] = "Configuring",
        [CONNECTOR_CONFIGURED] = "Configured", [CONNECTOR_STARTING] = "Starting",
        [CONNECTOR_STARTED] = "Started",       [CONNECTOR_INITIATING_RUN] = "InitiatingRun",
        [CONNECTOR_RUNNING] = "Running",       [CONNECTOR_INITIATING_STOP] = "InitiatingStop",
        [CONNECTOR_STOPPING] = "Stopping",     [CONNECTOR_TEARING_DOWN] = "TearingDown",
        [CONNECTOR_TORN_DOWN] = "TornDown",    [CONNECTOR_ERRORED] = "Errored",
    };
    return names[state];
}

void connector_init(struct connector *c, struct plugin *p, enum s3c_side side,
                    const struct connector_engine *engine)
{
    *c = (struct connector){.plugin = p, .side = side, .engine = engine};
}

void connector_done(struct connector *c)
{
    s3c_config_free(S3C_TAKE(c->config));
}

void connector_set_state(struct connector *c, enum connector_state state)
{
    c->state = state;
    if (c->state_changed)
        c->state_changed(c);
}

int connector_expect(const struct connector *c, enum connector_state expected,
                     struct s3c_error *err)
{
    if (c->state == expected)
        return 0;
    return s3c_error_set(err, S3C_E_INVALID,
                         "expected connector state \"[%s]\", actual connector state is \"%s\"",
                         connector_state_name(expected), connector_state_name(c->state));
}

bool connector_is_past_run(const struct connector *c)
{
    return c->state == CONNECTOR_RUNNING || c->state == CONNECTOR_STOPPING ||
           c->state == CONNECTOR_TORN_DOWN || c->state == CONNECTOR_ERRORED;
}

static void free_step(struct connector_step *s)
{
    s3c_config_free(s->config);
    s3c_free(s->position);
    s3c_free(s);
}

/* The call is in the connector's hands from here; 0, or it has been failed. */
static int begin_step(struct connector *c, struct grpc_call *call, struct connector_step **ret)
{
    struct connector_step *s = s3c_zalloc(sizeof(*s));
    struct s3c_error err;

    if (!s) {
        (void)s3c_error_nomem(&err);
        connector_set_state(c, CONNECTOR_ERRORED);
        plugin_fail(call, NULL, &err);
        return S3C_E_NOMEM;
    }
    s->connector = c;
    s->call = call;
    s->log = plugin_log_sink(c->plugin->log);
    *ret = s;
    return 0;
}

static void submit_step(struct connector_step *s, enum connector_state meanwhile)
{
    s->connector->step = s;
    grpc_call_set_user(s->call, s);
    connector_set_state(s->connector, meanwhile);
    jobs_submit(s->connector->plugin->jobs, &s->job);
}

/* Takes the step off the connector. Returns its call, NULL if nobody waits any more. */
static struct grpc_call *end_step(struct connector_step *s)
{
    struct grpc_call *call = s->call;

    if (call) {
        grpc_call_set_user(call, NULL);
        s->connector->step = NULL;
        s->call = NULL;
    }
    return call;
}

static void answer_step(struct connector *c, struct grpc_call *call, enum connector_state after,
                        int r, const struct s3c_error *err)
{
    if (r < 0) {
        connector_set_state(c, CONNECTOR_ERRORED);
        plugin_fail(call, NULL, err);
    } else {
        connector_set_state(c, after);
        plugin_reply_empty(call);
    }
}

static int run_configure(struct job *j, struct s3c_error *err)
{
    struct connector_step *s = (struct connector_step *)j;
    const struct connector_engine *e = s->connector->engine;

    return (e->check ? e->check : s3c_check_bucket)(s->config, s->log, err);
}

static void configure_done(struct job *j, int r, const struct s3c_error *err)
{
    struct connector_step *s = (struct connector_step *)j;
    struct grpc_call *call = end_step(s);

    if (call) {
        if (r >= 0)
            s->connector->config = S3C_TAKE(s->config);
        answer_step(s->connector, call, CONNECTOR_CONFIGURED, r, err);
    }
    free_step(s);
}

/* 0: s->config is there and right; else the call has been failed. */
static int configure_now(struct connector_step *s, struct s3c_view message)
{
    struct connector *c = s->connector;
    struct s3c_buf problems = S3C_BUF_INIT(PARAMS_PROBLEMS_MAX);
    struct s3c_error err;
    int r = params_parse(&s->config, c->side, message, &problems, &err);

    if (r == 0 && c->engine->configured)
        r = c->engine->configured(c, s->config, &err);
    if (r < 0)
        connector_set_state(c, CONNECTOR_ERRORED);
    if (r == S3C_E_PROTOCOL)
        plugin_fail_malformed(s->call);
    else if (r == S3C_E_INVALID && problems.len > 0)
        grpc_call_finish(s->call, GRPC_UNKNOWN, problems.ptr);
    else if (r < 0)
        plugin_fail(s->call, NULL, &err);
    s3c_buf_done(&problems);
    return r;
}

void connector_configure(struct connector *c, struct grpc_call *call, struct s3c_view message)
{
    struct connector_step *s;
    struct s3c_error err;

    if (connector_expect(c, CONNECTOR_INITIAL, &err) < 0) {
        plugin_fail(call, NULL, &err);
        return;
    }
    if (begin_step(c, call, &s) < 0)
        return;
    if (configure_now(s, message) < 0) {
        free_step(s);
        return;
    }
    s->job = (struct job){.run = run_configure, .done = configure_done};
    submit_step(s, CONNECTOR_CONFIGURING);
}

static int run_open(struct job *j, struct s3c_error *err)
{
    struct connector_step *s = (struct connector_step *)j;
    struct connector *c = s->connector;
    struct s3c_view position = {s->position, s->position_len};

    /* The configuration stays where it is until the worker has ended. */
    return c->engine->open(&s->engine, c->config, s->log, position, err);
}

static void open_done(struct job *j, int r, const struct s3c_error *err)
{
    struct connector_step *s = (struct connector_step *)j;
    struct connector *c = s->connector;
    struct grpc_call *call = end_step(s);
    struct s3c_error own;

    if (call && r >= 0) {
        r = c->engine->opened(c, s->engine, &own);
        err = &own;
        if (r >= 0)
            s->engine = NULL;
    }
    if (call)
        answer_step(c, call, CONNECTOR_STARTED, r, err);
    if (s->engine)
        c->engine->close(s->engine);
    free_step(s);
}

void connector_open(struct connector *c, struct grpc_call *call, struct s3c_view message)
{
    struct connector_step *s;
    struct s3c_view position;
    struct s3c_error err;

    if (connector_expect(c, CONNECTOR_CONFIGURED, &err) < 0) {
        plugin_fail(call, NULL, &err);
        return;
    }
    if (plugin_bytes_field(message, 1, &position) < 0) {
        plugin_fail_malformed(call);
        return;
    }
    if (begin_step(c, call, &s) < 0)
        return;
    s->position = s3c_viewdup(position);
    s->position_len = position.len;
    if (!s->position) {
        (void)s3c_error_nomem(&err);
        answer_step(c, call, CONNECTOR_ERRORED, S3C_E_NOMEM, &err);
        free_step(s);
        return;
    }
    s->job = (struct job){.run = run_open, .done = open_done};
    submit_step(s, CONNECTOR_STARTING);
}

void connector_step_end(struct grpc_call *call, bool cancelled)
{
    struct connector_step *s = grpc_call_user(call);

    (void)cancelled; /* a step that is still there was not answered */
    if (!s)
        return;
    (void)end_step(s);
    connector_set_state(s->connector, CONNECTOR_ERRORED);
}

void connector_abort_step(struct connector *c)
{
    struct s3c_error err;
    struct grpc_call *call;

    if (!c->step)
        return;
    call = end_step(c->step);
    (void)s3c_error_set(&err, S3C_E_CANCELLED, "the connector was torn down meanwhile");
    plugin_fail(call, NULL, &err);
}

void connector_lifecycle(struct grpc_call *call, struct s3c_view message)
{
    (void)message;
    plugin_reply_empty(call);
}
