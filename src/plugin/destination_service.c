/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls of a destination, over plugin/destination_stream.h. Everything that happens ends in `settle`, which goes on with the stream and
 * tells the loop what it waits for now.
 */
#include "plugin/destination_service.h"

#include "base/banned.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/view.h"
#include "plugin/connector.h"
#include "plugin/destination_stream.h"
#include "plugin/schema_client.h"

struct destination_service {
    struct connector connector; /* first: the engine's callbacks get it */
    struct connector_engine engine;
    struct destination_stream stream;
    struct schema_client *client;
    struct schemas *schemas;
    struct grpc_watch watch; /* of the engine's descriptor and the stream's time */
    struct grpc_call *run;   /* NULL: there is none, or it has ended */
    struct grpc_call *stop;  /* not answered yet */
};

static struct destination_service *service_of(const struct grpc_call *c)
{
    return plugin_of(c)->destination;
}

/* ---- the engine ---- */

static int open_engine(void **ret, const struct s3c_config *c, const struct s3c_log *log,
                       struct s3c_view position, struct s3c_error *err)
{
    struct s3c_destination *engine;
    int r;

    (void)position; /* a destination has none */
    r = s3c_destination_open(&engine, c, log, err);
    if (r == 0)
        *ret = engine;
    return r;
}

const struct destination_backend *destination_backend_s3(void)
{
    static const struct destination_backend backend = {s3c_check_bucket, open_engine};

    return &backend;
}

static void close_engine(void *engine)
{
    s3c_destination_close(engine);
}

static int configured(struct connector *c, const struct s3c_config *config, struct s3c_error *err)
{
    (void)err;
    plugin_log_context(
        c->plugin->log, "s3.destination",
        s3c_config_text(config, s3c_option_find(S3C_VIEW("aws.bucket"), S3C_DESTINATION)));
    return 0;
}

static int opened(struct connector *c, void *engine, struct s3c_error *err)
{
    struct destination_service *d = (struct destination_service *)c;
    struct intake *in = &d->stream.intake;
    int r;

    d->watch.fd = s3c_destination_fd(engine);
    r = grpc_server_watch(c->plugin->server, &d->watch, err);
    if (r < 0)
        return r;
    rate_init(&in->rate, s3c_config_float(c->config, "sdk.rate.perSecond"),
              s3c_config_number(c->config, "sdk.rate.burst"), s3c_mono_ns(s3c_clock_system()));
    in->decode_key = s3c_config_number(c->config, "sdk.schema.extract.key.enabled") != 0;
    in->decode_payload = s3c_config_number(c->config, "sdk.schema.extract.payload.enabled") != 0;
    in->schemas = d->schemas;
    d->stream.idle_closes = s3c_config_number(c->config, "file.max-idle") > 0;
    in->log = plugin_log_sink(c->plugin->log);
    destination_stream_open(&d->stream, engine);
    return 0;
}

static void release_engine(struct destination_service *d)
{
    if (d->stream.engine)
        grpc_server_unwatch(d->connector.plugin->server, &d->watch);
    destination_stream_close(&d->stream);
}

/* ---- going on ---- */

static void fail_run(struct destination_service *d, int r, const struct s3c_error *err)
{
    struct grpc_call *run = S3C_TAKE(d->run);

    grpc_call_set_user(run, NULL);
    d->stream.listened_to = false;
    connector_set_state(&d->connector, CONNECTOR_ERRORED);
    if (r == S3C_E_PROTOCOL)
        plugin_fail_malformed(run);
    else
        plugin_fail(run, "write stream error", err);
    release_engine(d);
}

static void answer_stop(struct destination_service *d)
{
    struct grpc_call *stop = S3C_TAKE(d->stop);

    if (d->connector.state == CONNECTOR_RUNNING)
        connector_set_state(&d->connector, CONNECTOR_STOPPING);
    plugin_reply_empty(stop);
}

/* `err` is meant if r < 0. */
static void settle_after(struct destination_service *d, int r, struct s3c_error *err)
{
    struct destination_stream *s = &d->stream;

    if (r == 0)
        r = destination_stream_run(s, err);
    if (r < 0 && d->run)
        fail_run(d, r, err);
    else if (r < 0)
        release_engine(d);
    if (d->stop && s->stop == DESTINATION_FLUSHED)
        answer_stop(d);
    d->watch.due_mono_ns = destination_stream_due_ns(s);
    if (!d->run)
        return;
    grpc_call_hold(d->run, !destination_stream_is_ready(s));
    if (s->acks.out.len > 0)
        grpc_call_kick(d->run);
    else if (s->half_closed && destination_stream_is_settled(s))
        grpc_call_finish(d->run, GRPC_OK, NULL);
}

static void settle(struct destination_service *d)
{
    struct s3c_error err;

    settle_after(d, 0, &err);
}

static void engine_ready(struct grpc_watch *w)
{
    settle(w->user);
}

static void schema_ready(void *ctx)
{
    settle(ctx);
}

/* ---- Configure, Open ---- */

static void configure(struct grpc_call *c, struct s3c_view message)
{
    connector_configure(&service_of(c)->connector, c, message);
}

static void open_destination(struct grpc_call *c, struct s3c_view message)
{
    connector_open(&service_of(c)->connector, c, message);
}

/* ---- Run ---- */

/* The call's user is the service as long as it is the service's call. */
static int run(struct grpc_call *c, struct s3c_error *err)
{
    struct destination_service *d = service_of(c);
    int r = connector_expect(&d->connector, CONNECTOR_STARTED, err);

    if (r < 0)
        return r;
    d->run = c;
    d->stream.listened_to = true;
    grpc_call_set_user(c, d);
    connector_set_state(&d->connector, CONNECTOR_RUNNING);
    settle(d);
    return 0;
}

/* A host that does not batch sends many messages in one turn of the loop: what follows from them is done once, at its end. */
static void records(struct grpc_call *c, struct s3c_view message)
{
    struct destination_service *d = grpc_call_user(c);
    struct s3c_error err;
    int r;

    if (!d)
        return;
    r = destination_stream_message(&d->stream, message, &err);
    if (r < 0 || !destination_stream_is_ready(&d->stream))
        settle_after(d, r, &err);
    else
        d->watch.due_mono_ns = 1; /* has come already */
}

static void run_half_closed(struct grpc_call *c)
{
    struct destination_service *d = grpc_call_user(c);

    if (!d)
        return;
    d->stream.half_closed = true;
    settle(d);
}

static size_t pull(struct grpc_call *c, struct grpc_piece *pieces, size_t max)
{
    struct destination_service *d = grpc_call_user(c);
    struct s3c_view acks;

    (void)max; /* at least GRPC_MAX_PIECES */
    if (!d)
        return 0;
    acks = destination_stream_take_acks(&d->stream);
    settle(d); /* there is room for more, and perhaps all has been sent now */
    if (acks.len == 0)
        return 0;
    pieces[0] = (struct grpc_piece){acks.ptr, acks.len};
    return 1;
}

/* Nobody hears of acknowledgements any more: what was not acknowledged will be sent again, so it must not be written now. */
static void run_ended(struct grpc_call *c, bool cancelled)
{
    struct destination_service *d = grpc_call_user(c);

    (void)cancelled;
    if (!d)
        return;
    d->run = NULL;
    d->stream.listened_to = false;
    release_engine(d);
    if (d->connector.state == CONNECTOR_RUNNING)
        connector_set_state(&d->connector, CONNECTOR_STOPPING);
    settle(d);
}

/* ---- Stop, Teardown ---- */

static void stop(struct grpc_call *c, struct s3c_view message)
{
    struct destination_service *d = service_of(c);
    struct s3c_view last;
    struct s3c_error err;

    if (plugin_bytes_field(message, 1, &last) < 0) {
        plugin_fail_malformed(c);
        return;
    }
    if (d->stop) {
        (void)s3c_error_set(&err, S3C_E_INVALID, "the connector is being stopped already");
        plugin_fail(c, "failed to stop connector", &err);
        return;
    }
    if (destination_stream_stop(&d->stream, last, &err) < 0) {
        plugin_fail(c, "failed to stop connector", &err);
        return;
    }
    d->stop = c;
    settle(d);
}

static void stop_ended(struct grpc_call *c, bool cancelled)
{
    struct destination_service *d = service_of(c);

    (void)cancelled; /* the flush goes on */
    if (d->stop == c)
        d->stop = NULL;
}

static void teardown(struct grpc_call *c, struct s3c_view message)
{
    struct destination_service *d = service_of(c);

    (void)message;
    connector_abort_step(&d->connector);
    schema_client_cancel(d->client);
    if (d->run) /* what was pulled may still be on its way, so the engine goes when it has ended */
        grpc_call_finish(d->run, GRPC_OK, NULL);
    else
        release_engine(d);
    connector_set_state(&d->connector, CONNECTOR_TORN_DOWN);
    plugin_reply_empty(c);
    settle(d); /* a Stop that waits is answered as well */
}

const struct grpc_method destination_methods[] = {
    {.path = "/connector.v2.DestinationPlugin/Configure",
     .message = configure,
     .end = connector_step_end},
    {.path = "/connector.v2.DestinationPlugin/Open",
     .message = open_destination,
     .end = connector_step_end},
    {.path = "/connector.v2.DestinationPlugin/Run",
     .open = run,
     .message = records,
     .half_close = run_half_closed,
     .pull = pull,
     .end = run_ended},
    {.path = "/connector.v2.DestinationPlugin/Stop", .message = stop, .end = stop_ended},
    {.path = "/connector.v2.DestinationPlugin/Teardown", .message = teardown},
    {.path = "/connector.v2.DestinationPlugin/LifecycleOnCreated", .message = connector_lifecycle},
    {.path = "/connector.v2.DestinationPlugin/LifecycleOnUpdated", .message = connector_lifecycle},
    {.path = "/connector.v2.DestinationPlugin/LifecycleOnDeleted", .message = connector_lifecycle},
    {.path = NULL},
};

/* ---- construction ---- */

static int make_schemas(struct destination_service *d, struct plugin *p, struct s3c_error *err)
{
    struct schemas_options o = {.jobs = p->jobs,
                                .clock = s3c_clock_system(),
                                .fetch = schema_client_fetch,
                                .ready = schema_ready,
                                .ready_ctx = d};
    int r = schema_client_new(&d->client, s3c_view_str(p->process.env.utilities_target),
                              s3c_view_str(p->process.env.token), err);

    o.fetch_ctx = d->client;
    return r < 0 ? r : schemas_new(&d->schemas, &o, err);
}

int destination_service_new(struct destination_service **ret, struct plugin *p,
                            const struct destination_backend *backend, struct s3c_error *err)
{
    struct destination_service *d = s3c_zalloc(sizeof(*d));
    int r;

    if (!d)
        return s3c_error_nomem(err);
    d->engine = (struct connector_engine){.check = backend->check,
                                          .open = backend->open,
                                          .close = close_engine,
                                          .opened = opened,
                                          .configured = configured};
    connector_init(&d->connector, p, S3C_DESTINATION, &d->engine);
    destination_stream_init(&d->stream, s3c_clock_system());
    d->watch = (struct grpc_watch){.fd = -1, .ready = engine_ready, .user = d};
    r = make_schemas(d, p, err);
    if (r < 0) {
        destination_service_free(d);
        return r;
    }
    *ret = d;
    return 0;
}

void destination_service_free(struct destination_service *d)
{
    if (!d)
        return;
    destination_stream_done(&d->stream);
    schemas_free(d->schemas);
    schema_client_free(d->client);
    connector_done(&d->connector);
    s3c_free(d);
}
