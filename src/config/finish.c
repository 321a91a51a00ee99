/* SPDX-License-Identifier: Apache-2.0 */
/* What all values mean together: precedence, the AWS environment and profile, defaults, and the rules between options. */
#include "config/config.h"

#include <errno.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/error.h"
#include "base/view.h"

#define FIELD(f) offsetof(struct s3c_settings, f)

static const char *env(const struct s3c_config *c, const char *name)
{
    const char *text = c->getenv_fn(c->getenv_ctx, name);
    return text && *text ? text : NULL;
}

static const char *set_text(const struct s3c_config_value *v)
{
    for (size_t k = 0; k < S3C_ORIGINS; k++)
        if (v->text[k])
            return v->text[k];
    return NULL;
}

static bool is_true(const char *text)
{
    return text && s3c_view_eq_nocase(s3c_view_str(text), S3C_VIEW("true"));
}

/* Where an option may come from when nobody set it, best first. */
struct fallback {
    size_t field;
    const char *env[2];
    const char *profile[2];
};

static int fall_back(struct s3c_config *c, const struct fallback *f)
{
    struct s3c_config_value *v = s3c_config_value_of(c, f->field);
    const char *text = NULL;

    if (set_text(v))
        return 0;
    for (size_t i = 0; i < 2 && !text; i++)
        text = f->env[i] ? env(c, f->env[i]) : NULL;
    for (size_t i = 0; i < 2 && !text; i++)
        text = f->profile[i] && *f->profile[i] ? f->profile[i] : NULL;
    if (!text)
        return 0;
    v->found = s3c_strdup(text); /* the environment may change, the profile is freed */
    return v->found ? 0 : S3C_E_NOMEM;
}

static int read_profile(struct s3c_config *c, struct s3c_profile *ret)
{
    const char *name = set_text(s3c_config_value_of(c, FIELD(profile)));
    struct s3c_error err;
    int r;

    r = s3c_profile_load(ret, name, c->getenv_fn, c->getenv_ctx, &err);
    if (r < 0 && r != S3C_E_NOMEM)
        return s3c_config_complain(c, "aws.profile: %s", err.message);
    return r;
}

static int read_host(struct s3c_config *c)
{
    struct s3c_profile p = {0};
    bool ignore = is_true(env(c, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"));
    int r;

    r = read_profile(c, &p);
    if (r == 0) {
        const struct fallback fallbacks[] = {
            {FIELD(region), {"AWS_REGION", "AWS_DEFAULT_REGION"}, {p.region}},
            {FIELD(ca_bundle), {"AWS_CA_BUNDLE"}, {p.ca_bundle}},
            {FIELD(endpoint),
             {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"},
             {p.s3_endpoint_url, p.endpoint_url}},
        };
        size_t n = sizeof(fallbacks) / sizeof(fallbacks[0]) -
                   (ignore ? 1 : 0); /* the endpoint is the last one */
        for (size_t i = 0; i < n && r == 0; i++)
            r = fall_back(c, &fallbacks[i]);
    }
    s3c_profile_done(&p);
    return r;
}

static int complain_value(struct s3c_config *c, const struct s3c_option *o,
                          const struct s3c_config_value *v, const char *why)
{
    char shown[S3C_VALUE_SHOWN];

    if (o->secret ||
        (o->type == S3C_TYPE_URL && strchr(v->effective, '@'))) /* a password may be in it */
        return s3c_config_complain(c, "%s: the value %s%s%s", o->name, why,
                                   o->allowed ? "; allowed: " : "", o->allowed ? o->allowed : "");
    return s3c_config_complain(c, "%s: \"%s\" %s%s%s", o->name, s3c_value_show(shown, v->effective),
                               why, o->allowed ? "; allowed: " : "", o->allowed ? o->allowed : "");
}

static int evaluate(struct s3c_config *c, const struct s3c_option *o, struct s3c_config_value *v)
{
    const char *why;

    v->effective = set_text(v);
    if (!v->effective)
        v->effective = v->found ? v->found : o->def;
    if (!v->effective) {
        if (!o->required)
            return 0;
        return s3c_config_complain(c, "%s: required, but not set%s%s", o->name,
                                   o->allowed ? "; allowed: " : "", o->allowed ? o->allowed : "");
    }
    if (s3c_value_parse(o, v->effective, &c->settings, &why) < 0)
        return complain_value(c, o, v, why);
    if (o->type == S3C_TYPE_PATH && access(v->effective, R_OK) < 0) {
        char shown[S3C_VALUE_SHOWN];
        return s3c_config_complain(c, "%s: \"%s\" cannot be read: %s", o->name,
                                   s3c_value_show(shown, v->effective), strerror(errno));
    }
    return 0;
}

static int check_keys(struct s3c_config *c)
{
    const struct s3c_settings *s = &c->settings;

    if (!s->access_key_id != !s->secret_access_key)
        return s3c_config_complain(
            c,
            "%s is set, but %s is not: set both, or neither for the environment and the AWS profile",
            s->access_key_id ? "aws.access-key-id" : "aws.secret-access-key",
            s->access_key_id ? "aws.secret-access-key" : "aws.access-key-id");
    if (s->session_token && !s->access_key_id)
        return s3c_config_complain(
            c, "aws.session-token is set, but the key pair is not: the three belong together");
    return 0;
}

static int check_region(struct s3c_config *c)
{
    struct s3c_config_value *v = s3c_config_value_of(c, FIELD(region));
    const char *region = c->settings.region;
    char shown[S3C_VALUE_SHOWN];

    if (!region) {
        if (!s3c_config_value_of(c, FIELD(endpoint))->effective)
            return s3c_config_complain(
                c,
                "aws.region: required on AWS; set it, AWS_REGION or the profile's region (or set "
                "aws.endpoint for another server)");
        region = v->effective = c->settings.region = "us-east-1";
    }
    /* It becomes a part of the host name on AWS, and of the signature everywhere. */
    for (const char *p = region; *p; p++)
        if (!(*p >= 'a' && *p <= 'z') && !(*p >= 'A' && *p <= 'Z') && !(*p >= '0' && *p <= '9') &&
            *p != '-' && *p != '_')
            return s3c_config_complain(
                c, "aws.region: \"%s\" is not a region's name; allowed: letters, digits, hyphens",
                s3c_value_show(shown, region));
    return 0;
}

static int check_bucket(struct s3c_config *c)
{
    const char *bucket = c->settings.bucket;
    char shown[S3C_VALUE_SHOWN];
    bool bad = false;

    if (!bucket)
        return 0;
    for (const char *p = bucket; *p; p++)
        bad |= (unsigned char)*p <= 0x20 || (unsigned char)*p >= 0x7f || strchr("/\\?#%", *p);
    if (!bad && strlen(bucket) <= 255 && strcmp(bucket, ".") != 0 && strcmp(bucket, "..") != 0)
        return 0;
    return s3c_config_complain(
        c,
        "aws.bucket: \"%s\" is not a bucket's name; give the name alone, without s3:// or a path",
        s3c_value_show(shown, bucket));
}

static bool is_set(struct s3c_config *c, size_t field)
{
    return set_text(s3c_config_value_of(c, field)) != NULL;
}

/* The Go SDK's batch is the open file here: of the two that say the same thing, the smaller one that was set counts. */
static void merge_batch(struct s3c_config *c)
{
    struct s3c_settings *s = &c->settings;
    const int64_t most = 100000; /* as buffer-size */

    if (s->sdk_batch_size > 0 &&
        (!is_set(c, FIELD(buffer_size)) || s->sdk_batch_size < s->buffer_size))
        s->buffer_size = s->sdk_batch_size < most ? s->sdk_batch_size : most;
    if (s->sdk_batch_delay_ns > 0 &&
        (!is_set(c, FIELD(file_max_age_ns)) || s->file_max_age_ns == 0 ||
         s->sdk_batch_delay_ns < s->file_max_age_ns))
        s->file_max_age_ns = s->sdk_batch_delay_ns;
}

static bool is_json(struct s3c_config *c)
{
    const char *format = s3c_config_value_of(c, FIELD(format))->effective;

    return format && s3c_view_eq_nocase(s3c_view_str(format), S3C_VIEW("json"));
}

/* Snappy has no form that tools would read JSON from. */
static int check_compression(struct s3c_config *c)
{
    struct s3c_settings *s = &c->settings;

    if (!is_set(c, FIELD(compression)))
        s->compression =
            s->format == S3C_FORMAT_PARQUET ? S3C_COMPRESSION_ZSTD : S3C_COMPRESSION_NONE;
    if (is_json(c) && s->compression == S3C_COMPRESSION_SNAPPY)
        return s3c_config_complain(
            c, "compression: snappy goes with format parquet; with json: none, gzip or zstd");
    return 0;
}

static int check_columns(struct s3c_config *c)
{
    const struct s3c_settings *s = &c->settings;

    if (s->columns == S3C_COLUMNS_TYPED && is_json(c))
        return s3c_config_complain(
            c, "parquet.columns: typed goes with format parquet; JSON has no columns");
    if (s->schema_file && s->columns != S3C_COLUMNS_TYPED)
        return s3c_config_complain(
            c, "schema: without effect; it goes with format parquet and parquet.columns typed");
    return 0;
}

/* What a host that used the option would refuse: a template whose last action is never closed. */
static int check_record_format(struct s3c_config *c)
{
    const char *text = c->settings.sdk_record_options, *action = NULL;

    if (!text || c->settings.sdk_record_format != S3C_RECORD_TEMPLATE)
        return 0;
    for (const char *p = strstr(text, "{{"); p; p = strstr(p + 2, "{{"))
        action = p;
    if (!action || strstr(action + 2, "}}"))
        return 0;
    return s3c_config_complain(
        c, "sdk.record.format.options: the template has \"{{\" without \"}}\" after it");
}

static int report(const struct s3c_config *c, struct s3c_error *err)
{
    char text[sizeof(err->message)];
    size_t n = 0;

    if (c->problem_count == 0)
        return 0;
    text[0] = '\0';
    for (size_t i = 0; i < c->problem_count && n < sizeof(text); i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", i ? "; " : "", c->problems[i]);
    return s3c_error_set(err, S3C_E_INVALID, "%s", text);
}

int s3c_config_finish(struct s3c_config *c, struct s3c_error *err)
{
    const struct s3c_option *o;
    size_t n;
    int r;

    if (c->finished)
        return s3c_error_set(err, S3C_E_INVALID, "configuration: finished twice");
    c->finished = true;
    o = s3c_options(&n);
    r = read_host(c);
    for (size_t i = 0; i < n && r == 0; i++)
        if (s3c_option_is_for(&o[i], c->side))
            r = evaluate(c, &o[i], &c->values[i]);
    if (r == 0)
        r = check_keys(c);
    if (r == 0)
        r = check_region(c);
    if (r == 0)
        r = check_bucket(c);
    if (r == 0)
        r = check_compression(c);
    if (r == 0)
        r = check_columns(c);
    if (r == 0 && (c->side & S3C_DESTINATION))
        r = s3c_config_parse_names(c);
    if (r == 0)
        r = s3c_config_parse_schema(c);
    if (r == 0)
        r = check_record_format(c);
    if (r == 0)
        merge_batch(c);
    return r < 0 ? s3c_error_nomem(err) : report(c, err);
}
