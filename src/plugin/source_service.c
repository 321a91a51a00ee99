/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stop and Teardown may come in any state, Run may end in any; what must hold: no record is sent after Stop was answered, the position in
 * that answer is the last one sent, and nothing waits for acknowledgements, which hosts send late, in bursts or not at all.
 */
#include "plugin/source_service.h"

#include "base/banned.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/view.h"
#include "plugin/connector.h"
#include "plugin/source_stream.h"

#define STOP_WAIT_NS (60 * S3C_NS_PER_SEC)

struct stop { /* a call of Stop that came too early */
    struct source_service *service;
    struct grpc_call *call;
    struct grpc_watch timer;
    struct stop *next;
};

struct source_service {
    struct connector connector; /* first: the engine's callbacks get it */
    const struct source_backend *backend;
    struct connector_engine engine;
    struct source_stream *stream;
    struct grpc_call *run; /* NULL: there is none, or it has ended */
    bool run_half_closed;
    struct stop *stops;
};

static struct source_service *service_of(const struct grpc_call *c)
{
    return plugin_of(c)->source;
}

static const struct s3c_log *log_of(const struct source_service *s)
{
    return plugin_log_sink(s->connector.plugin->log);
}

static int open_engine(void **ret, const struct s3c_config *c, const struct s3c_log *log,
                       struct s3c_view position, struct s3c_error *err)
{
    struct s3c_source_options o = {.position = position, .log = log};
    struct s3c_source *source;
    int r = s3c_source_open(&source, c, &o, err);

    if (r == 0)
        *ret = source;
    return r;
}

static int read_engine(void *source, struct s3c_record *records, size_t max, size_t *ret_count,
                       struct s3c_error *err)
{
    return s3c_source_read(source, records, max, ret_count, 0, err);
}

static int engine_fd(void *source)
{
    return s3c_source_fd(source);
}

static int engine_timeout_ms(void *source)
{
    return s3c_source_timeout_ms(source);
}

static void close_engine(void *source)
{
    s3c_source_close(source);
}

const struct source_backend *source_backend_s3(void)
{
    static const struct source_backend backend = {
        .check = s3c_check_bucket,
        .open = open_engine,
        .reader = {read_engine, engine_fd, engine_timeout_ms, close_engine},
    };
    return &backend;
}

static int opened(struct connector *c, void *engine, struct s3c_error *err)
{
    struct source_service *s = (struct source_service *)c;
    struct source_stream_options o = {
        .server = c->plugin->server,
        .clock = s3c_clock_system(),
        .batch_size = s3c_config_number(c->config, "sdk.batch.size"),
        .batch_delay_ns = s3c_config_number(c->config, "sdk.batch.delay"),
    };
    int r = source_stream_new(&s->stream, &o, err);

    if (r == 0)
        source_stream_open(s->stream, &s->backend->reader, engine);
    return r;
}

static int configured(struct connector *c, const struct s3c_config *config, struct s3c_error *err)
{
    (void)err;
    plugin_log_context(
        c->plugin->log, "s3.source",
        s3c_config_text(config, s3c_option_find(S3C_VIEW("aws.bucket"), S3C_SOURCE)));
    return 0;
}

static void configure(struct grpc_call *c, struct s3c_view message)
{
    connector_configure(&service_of(c)->connector, c, message);
}

static void open_source(struct grpc_call *c, struct s3c_view message)
{
    connector_open(&service_of(c)->connector, c, message);
}

/* Run */

static int run(struct grpc_call *c, struct s3c_error *err)
{
    struct source_service *s = service_of(c);
    int r = connector_expect(&s->connector, CONNECTOR_STARTED, err);

    if (r < 0)
        return r;
    s->run = c;
    source_stream_attach(s->stream, c);
    connector_set_state(&s->connector, CONNECTOR_RUNNING);
    return 0;
}

/* Acknowledgements: a position says itself where to go on, and the host keeps it. */
static void acks(struct grpc_call *c, struct s3c_view message)
{
    struct s3c_view position;

    if (plugin_bytes_field(message, 1, &position) < 0)
        plugin_fail_malformed(c);
}

static size_t pull(struct grpc_call *c, struct grpc_piece *pieces, size_t max)
{
    struct source_service *s = service_of(c);
    bool failed = false;
    size_t n;

    (void)max; /* at least GRPC_MAX_PIECES */
    n = source_stream_pull(s->stream, pieces, &failed);
    if (failed)
        connector_set_state(&s->connector, CONNECTOR_ERRORED);
    return n;
}

static void run_half_closed(struct grpc_call *c)
{
    struct source_service *s = service_of(c);

    s->run_half_closed = true;
    if (s->connector.state != CONNECTOR_RUNNING)
        grpc_call_finish(c, GRPC_OK, NULL);
}

static void run_ended(struct grpc_call *c, bool cancelled)
{
    struct source_service *s = service_of(c);

    (void)cancelled;
    s->run = NULL;
    source_stream_close(s->stream);
    if (s->connector.state == CONNECTOR_RUNNING)
        connector_set_state(&s->connector, CONNECTOR_STOPPING);
}

/* Stop */

static void answer_stop(struct source_service *s, struct grpc_call *c)
{
    struct s3c_view last = s->stream ? source_stream_last_position(s->stream) : S3C_VIEW("");
    struct s3c_buf out = S3C_BUF_INIT(SIZE_MAX);
    struct s3c_error err;

    if (last.len > 0 && pb_add_bytes(&out, 1, last) < 0) {
        (void)s3c_error_nomem(&err);
        plugin_fail(c, "failed to stop connector", &err);
    } else {
        grpc_call_reply(c, s3c_buf_view(&out));
    }
    s3c_buf_done(&out);
}

static void stop_now(struct source_service *s, struct grpc_call *c)
{
    if (s->connector.state == CONNECTOR_RUNNING) {
        source_stream_stop(s->stream);
        connector_set_state(&s->connector, CONNECTOR_STOPPING);
        if (s->run && s->run_half_closed) /* nobody will cancel it: there is nothing to wait for */
            grpc_call_finish(s->run, GRPC_OK, NULL);
    } else {
        s3c_logf(log_of(s), S3C_LOG_WARN,
                 "connector state is not \"Running\" but \"%s\", skipping actual stop",
                 connector_state_name(s->connector.state));
    }
    answer_stop(s, c);
}

static void drop_stop(struct stop *stop)
{
    struct stop **at = &stop->service->stops;

    while (*at != stop)
        at = &(*at)->next;
    *at = stop->next;
    grpc_server_unwatch(stop->service->connector.plugin->server, &stop->timer);
    grpc_call_set_user(stop->call, NULL);
    s3c_free(stop);
}

static void stop_waited(struct grpc_watch *w)
{
    struct stop *stop = w->user;
    struct grpc_call *c = stop->call;
    struct s3c_error err;

    (void)s3c_error_set(&err, S3C_E_TIMEOUT,
                        "expected connector state \"[Running]\" within a minute, actual connector "
                        "state is \"%s\"",
                        connector_state_name(stop->service->connector.state));
    plugin_fail(c, "failed to stop connector", &err);
    drop_stop(stop);
}

static void stop_when_running(struct source_service *s, struct grpc_call *c)
{
    struct stop *stop = s3c_zalloc(sizeof(*stop));
    struct s3c_error err;
    int r;

    if (!stop) {
        (void)s3c_error_nomem(&err);
        plugin_fail(c, "failed to stop connector", &err);
        return;
    }
    *stop = (struct stop){.service = s, .call = c, .next = s->stops};
    stop->timer =
        (struct grpc_watch){.fd = -1,
                            .ready = stop_waited,
                            .user = stop,
                            .due_mono_ns = s3c_mono_ns(s3c_clock_system()) + STOP_WAIT_NS};
    r = grpc_server_watch(s->connector.plugin->server, &stop->timer, &err);
    if (r < 0) {
        plugin_fail(c, "failed to stop connector", &err);
        s3c_free(stop);
        return;
    }
    s->stops = stop;
    grpc_call_set_user(c, stop);
}

static void stop(struct grpc_call *c, struct s3c_view message)
{
    struct source_service *s = service_of(c);

    (void)message;
    if (connector_is_past_run(&s->connector))
        stop_now(s, c);
    else
        stop_when_running(s, c);
}

static void stop_ended(struct grpc_call *c, bool cancelled)
{
    (void)cancelled; /* one that was answered is in no list any more */
    if (grpc_call_user(c))
        drop_stop(grpc_call_user(c));
}

static void state_changed(struct connector *c)
{
    struct source_service *s = (struct source_service *)c;

    while (s->stops && connector_is_past_run(c)) {
        struct grpc_call *call = s->stops->call;

        drop_stop(s->stops);
        stop_now(s, call);
    }
}

/* The engine is closed when Run has ended: until then its last message may still be on its way. */
static void teardown(struct grpc_call *c, struct s3c_view message)
{
    struct source_service *s = service_of(c);

    (void)message;
    connector_abort_step(&s->connector);
    if (s->stream)
        source_stream_stop(s->stream);
    if (s->run)
        grpc_call_finish(s->run, GRPC_OK, NULL);
    else if (s->stream)
        source_stream_close(s->stream);
    connector_set_state(&s->connector, CONNECTOR_TORN_DOWN);
    plugin_reply_empty(c);
}

const struct grpc_method source_methods[] = {
    {.path = "/connector.v2.SourcePlugin/Configure",
     .message = configure,
     .end = connector_step_end},
    {.path = "/connector.v2.SourcePlugin/Open", .message = open_source, .end = connector_step_end},
    {.path = "/connector.v2.SourcePlugin/Run",
     .open = run,
     .message = acks,
     .half_close = run_half_closed,
     .pull = pull,
     .end = run_ended},
    {.path = "/connector.v2.SourcePlugin/Stop", .message = stop, .end = stop_ended},
    {.path = "/connector.v2.SourcePlugin/Teardown", .message = teardown},
    {.path = "/connector.v2.SourcePlugin/LifecycleOnCreated", .message = connector_lifecycle},
    {.path = "/connector.v2.SourcePlugin/LifecycleOnUpdated", .message = connector_lifecycle},
    {.path = "/connector.v2.SourcePlugin/LifecycleOnDeleted", .message = connector_lifecycle},
    {.path = NULL},
};

int source_service_new(struct source_service **ret, struct plugin *p,
                       const struct source_backend *backend, struct s3c_error *err)
{
    struct source_service *s = s3c_zalloc(sizeof(*s));

    if (!s)
        return s3c_error_nomem(err);
    s->backend = backend;
    s->engine = (struct connector_engine){.check = backend->check,
                                          .open = backend->open,
                                          .close = backend->reader.close,
                                          .opened = opened,
                                          .configured = configured};
    connector_init(&s->connector, p, S3C_SOURCE, &s->engine);
    s->connector.state_changed = state_changed;
    *ret = s;
    return 0;
}

void source_service_free(struct source_service *s)
{
    if (!s)
        return;
    source_stream_free(s->stream);
    connector_done(&s->connector);
    s3c_free(s);
}
