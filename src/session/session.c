/* SPDX-License-Identifier: Apache-2.0 */
/* Putting a session together, and looking at the bucket before anything relies on it. */
#include "session/session.h"

#include "base/banned.h"
#include "base/error.h"
#include "base/log.h"
#include "base/view.h"
#include "config/config.h"
#include "http/transport.h"
#include "s3/reply.h"

/* One connect may not eat the whole budget: there is a second look to come, and the client tries again. */
#define OPEN_CONNECT_MS 4000

static int make_creds(struct s3c_session *s, const struct s3c_config *c, struct s3c_error *err)
{
    const struct s3c_settings *set = s->settings;
    struct s3c_creds fixed;

    if (!set->access_key_id)
        return s3c_creds_chain_new(&s->creds, set->profile, c->getenv_fn, c->getenv_ctx, err);
    fixed = (struct s3c_creds){.access_key_id = s3c_view_str(set->access_key_id),
                               .secret_access_key = s3c_view_str(set->secret_access_key),
                               .session_token = s3c_view_str(set->session_token)};
    return s3c_creds_static_new(&s->creds, &fixed, err);
}

static int make_client(struct s3c_session *s, struct s3c_transport *transport,
                       struct s3c_error *err)
{
    static const enum s3c_path_style styles[] = {[S3C_ADDRESSING_AUTO] = S3C_PATH_STYLE_AUTO,
                                                 [S3C_ADDRESSING_PATH] = S3C_PATH_STYLE_ON,
                                                 [S3C_ADDRESSING_VIRTUAL] = S3C_PATH_STYLE_OFF};
    const struct s3c_settings *set = s->settings;
    struct s3c_client_options o = {
        .bucket = s3c_view_str(set->bucket),
        .region = s3c_view_str(set->region),
        .endpoint = s3c_view_str(set->endpoint),
        .path_style = styles[set->path_style],
        .creds = s->creds,
        .transport = transport,
        .max_connections = (size_t)set->max_connections,
        .max_spare_bytes = (size_t)set->memory_limit / 2,
        .clock = s->clock,
        .log = s->log,
    };

    return s3c_client_new(&s->client, &o, err);
}

int s3c_session_init_over(struct s3c_session *s, const struct s3c_config *c,
                          const struct s3c_log *log, struct s3c_transport *transport,
                          const struct s3c_clock *clock, struct s3c_error *err)
{
    int r;

    *s = (struct s3c_session){.settings = s3c_config_settings(c), .log = log, .clock = clock};
    s->deadline_mono_ns = s3c_mono_ns(clock) + S3C_OPEN_BUDGET_MS * S3C_NS_PER_MS;
    r = make_creds(s, c, err);
    if (r < 0)
        transport->ops->release(transport);
    else
        r = make_client(s, transport, err);
    if (r < 0) {
        (void)s3c_session_explain(s, err);
        s3c_session_done(s);
        return r;
    }
    return 0;
}

int s3c_session_init(struct s3c_session *s, const struct s3c_config *c, const struct s3c_log *log,
                     struct s3c_error *err)
{
    const struct s3c_settings *set = s3c_config_settings(c);
    struct s3c_transport_curl_options o = {.ca_bundle = set->ca_bundle,
                                           .connect_timeout_ms = OPEN_CONNECT_MS,
                                           .max_connections = (size_t)set->max_connections};
    struct s3c_transport *transport;
    int r;

    *s = (struct s3c_session){0};
    if (!c->finished || c->problem_count > 0)
        return s3c_error_set(err, S3C_E_INVALID,
                             "configuration: it was not finished, or has problems");
    r = s3c_transport_curl_new(&transport, &o, err);
    if (r < 0)
        return r;
    return s3c_session_init_over(s, c, log, transport, s3c_clock_system(), err);
}

void s3c_session_done(struct s3c_session *s)
{
    s3c_client_free(S3C_TAKE(s->client));
    s3c_creds_provider_free(S3C_TAKE(s->creds));
}

static bool is_s3_answer(const struct s3c_call *c)
{
    return s3c_call_header(c, "x-amz-request-id").ptr ||
           s3c_call_header(c, "x-amz-bucket-region").ptr;
}

/* The server answered, and the answer was no. */
static bool is_refusal(int result)
{
    return result == S3C_E_DENIED || result == S3C_E_NO_BUCKET || result == S3C_E_NOT_FOUND ||
           result == S3C_E_HTTP;
}

/* The outcome of the list that follows a HEAD which left it open. Only an answer in S3's own words proves that S3 is there. */
static int judge_second_look(const struct s3c_call *c, int result, struct s3c_error *err)
{
    struct s3c_view body = s3c_buf_view(&c->reply);

    if (result == 0) {
        if (body.len > 0 && memmem(body.ptr, body.len, "ListBucketResult", 16))
            return 0;
        return s3c_error_set(err, S3C_E_PROTOCOL,
                             "ListObjectsV2 was answered with something that is no listing");
    }
    if (err)
        *err = c->error;
    if (!is_refusal(result))
        return result;
    if (c->error.s3_code[0] == '\0' && c->http_status < 500 && !is_s3_answer(c))
        return s3c_error_set(err, S3C_E_PROTOCOL,
                             "ListObjectsV2 was answered with HTTP status %d and no S3 error",
                             c->http_status);
    /* Not allowed to list, but known here: a destination may need no more. */
    return result == S3C_E_DENIED ? 0 : result;
}

static int look(struct s3c_session *s, struct s3c_call *c, struct s3c_error *err)
{
    int r;

    c->op = S3C_HEAD_BUCKET;
    c->deadline_mono_ns = s->deadline_mono_ns;
    r = s3c_client_perform(s->client, c, err);
    if (r == 0 && is_s3_answer(c))
        return 0;
    if (r < 0 && !is_refusal(r) && r != S3C_E_CREDENTIALS)
        return r; /* no answer at all: name, connection, TLS, time */
    s3c_call_reset(c);
    c->op = S3C_LIST_OBJECTS_V2;
    c->max_keys = 1;
    c->deadline_mono_ns = s->deadline_mono_ns;
    r = s3c_client_perform(s->client, c, NULL);
    return judge_second_look(c, r, err);
}

int s3c_session_check_bucket(struct s3c_session *s, struct s3c_error *err)
{
    struct s3c_error own;
    struct s3c_call *c;
    int r;

    c = s3c_call_new();
    if (!c)
        return s3c_error_nomem(err);
    r = look(s, c, err ? err : &own);
    s3c_call_free(c);
    if (r < 0)
        (void)s3c_session_explain(s, err);
    return r;
}

/* What servers answer who never heard of versioning. */
static bool knows_no_versioning(const struct s3c_call *c)
{
    return c->result == S3C_E_HTTP &&
           (c->http_status == 501 || c->http_status == 400 || c->http_status == 405);
}

static int try_versions(struct s3c_session *s, struct s3c_call *c, int64_t deadline_mono_ns,
                        enum s3c_versioning *ret, struct s3c_error *err)
{
    int r;

    s3c_call_reset(c);
    c->op = S3C_LIST_VERSIONS;
    c->max_keys = 1;
    c->prefix = s3c_view_str(s->settings->prefix);
    c->deadline_mono_ns = deadline_mono_ns;
    r = s3c_client_perform(s->client, c, err);
    if (r == 0) {
        *ret = S3C_VERSIONING_ENABLED;
        return 0;
    }
    if (r != S3C_E_DENIED && !knows_no_versioning(c))
        return r;
    s3c_logf(
        s->log, S3C_LOG_WARN,
        "bucket %s: neither GetBucketVersioning nor ListObjectVersions is allowed; it is read as if it were not versioned: "
        "versions between two passes are not seen",
        s->settings->bucket);
    *ret = S3C_VERSIONING_NEVER;
    return 0;
}

static int read_versioning(struct s3c_call *c, enum s3c_versioning *ret, struct s3c_error *err)
{
    static const enum s3c_versioning known[] = {
        [S3C_VERSIONING_STATUS_NEVER] = S3C_VERSIONING_NEVER,
        [S3C_VERSIONING_STATUS_ENABLED] = S3C_VERSIONING_ENABLED,
        [S3C_VERSIONING_STATUS_SUSPENDED] = S3C_VERSIONING_SUSPENDED};
    enum s3c_versioning_status status;
    int r;

    r = s3c_reply_versioning(c->reply.ptr, c->reply.len, &status, err);
    if (r < 0)
        return s3c_error_wrap(err, r, "GetBucketVersioning");
    *ret = known[status];
    return 0;
}

int s3c_session_versioning(struct s3c_session *s, int64_t deadline_mono_ns,
                           enum s3c_versioning *ret, struct s3c_error *err)
{
    struct s3c_call *c;
    int r;

    c = s3c_call_new();
    if (!c)
        return s3c_error_nomem(err);
    c->op = S3C_GET_VERSIONING;
    c->deadline_mono_ns = deadline_mono_ns;
    r = s3c_client_perform(s->client, c, err);
    if (r == 0)
        r = read_versioning(c, ret, err);
    else if (r == S3C_E_DENIED)
        r = try_versions(s, c, deadline_mono_ns, ret, err);
    else if (knows_no_versioning(c)) {
        *ret = S3C_VERSIONING_NEVER;
        r = 0;
    }
    s3c_call_free(c);
    return r;
}
