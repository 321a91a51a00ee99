/* SPDX-License-Identifier: Apache-2.0 */
/* Collecting values: who said what, under which name. What they mean together is finish.c's business. */
#include "config/config.h"

#include <stdarg.h>

#include "base/banned.h"
#include "base/error.h"
#include "base/view.h"

static const char *host_getenv(void *ctx, const char *name)
{
    (void)ctx;
    return getenv(name);
}

int s3c_config_new(struct s3c_config **ret, unsigned side, struct s3c_error *err)
{
    struct s3c_config *c;
    size_t n;

    (void)s3c_options(&n);
    c = s3c_zalloc(sizeof(*c));
    if (!c)
        return s3c_error_nomem(err);
    c->values = s3c_zalloc(n * sizeof(*c->values));
    if (!c->values) {
        s3c_free(c);
        return s3c_error_nomem(err);
    }
    c->side = side;
    c->getenv_fn = host_getenv;
    *ret = c;
    return 0;
}

static void free_text(char *text)
{
    if (text)
        s3c_wipe(text, strlen(text));
    s3c_free(text);
}

void s3c_config_free(struct s3c_config *c)
{
    size_t n;

    if (!c)
        return;
    (void)s3c_options(&n);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < S3C_ORIGINS; k++)
            free_text(c->values[i].text[k]);
        free_text(c->values[i].found);
    }
    for (size_t i = 0; i < c->problem_count; i++)
        s3c_free(c->problems[i]);
    s3c_template_free(c->names);
    s3c_schema_unref(c->settings.schema);
    s3c_free(c->values);
    s3c_free(c);
}

void s3c_config_set_env(struct s3c_config *c, s3c_getenv_fn *fn, void *ctx)
{
    c->getenv_fn = fn ? fn : host_getenv;
    c->getenv_ctx = fn ? ctx : NULL;
}

struct s3c_config_value *s3c_config_value_of(struct s3c_config *c, size_t field)
{
    const struct s3c_option *o;
    size_t n;

    o = s3c_options(&n);
    for (size_t i = 0; i < n; i++)
        if (o[i].field == field)
            return &c->values[i];
    return NULL; /* not reached: every field has its row */
}

int s3c_config_complain(struct s3c_config *c, const char *fmt, ...)
{
    char text[S3C_PROBLEM_MAX];
    va_list ap;
    char *copy;

    if (c->problem_count == S3C_PROBLEMS_MAX)
        return 0;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
    copy = s3c_strdup(text);
    if (!copy)
        return S3C_E_NOMEM;
    c->problems[c->problem_count++] = copy;
    return 0;
}

/* A name that is none: maybe the other side's, maybe mistyped. */
static int complain_unknown(struct s3c_config *c, struct s3c_view name)
{
    char shown[S3C_VALUE_SHOWN], raw[S3C_VALUE_SHOWN];
    const char *near;

    s3c_view_copy(raw, sizeof(raw), name);
    (void)s3c_value_show(shown, raw);
    if (s3c_option_find(name, c->side | S3C_PLUGIN))
        return s3c_config_complain(c, "%s: an option of the Conduit plugin only", shown);
    if (s3c_option_find(name, S3C_SOURCE | S3C_DESTINATION | (c->side & S3C_PLUGIN)))
        return s3c_config_complain(c, "%s: not an option of the %s, only of the %s", shown,
                                   (c->side & S3C_SOURCE) ? "source" : "destination",
                                   (c->side & S3C_SOURCE) ? "destination" : "source");
    near = s3c_option_nearest(name, c->side);
    if (near)
        return s3c_config_complain(c, "%s: unknown option; did you mean %s?", shown, near);
    return s3c_config_complain(c, "%s: unknown option", shown);
}

static int complain_twice(struct s3c_config *c, const struct s3c_option *o, const char *first,
                          const char *second, const struct s3c_config_value *v,
                          enum s3c_origin origin, struct s3c_view text)
{
    char a[S3C_VALUE_SHOWN], b[S3C_VALUE_SHOWN], raw[S3C_VALUE_SHOWN];

    if (o->secret)
        return s3c_config_complain(
            c, "%s and %s are set to different values: they are one option, give it once", first,
            second);
    s3c_view_copy(raw, sizeof(raw), text);
    return s3c_config_complain(
        c, "%s is \"%s\" and %s is \"%s\": they are one option, give it once", first,
        s3c_value_show(a, v->text[origin]), second, s3c_value_show(b, raw));
}

static const char *spelling_of(const struct s3c_option *o, struct s3c_view name)
{
    if (!o->alias)
        return o->name;
    return s3c_view_ends(s3c_view_str(o->alias), name) ? o->alias : o->name;
}

static int remember(struct s3c_config *c, const struct s3c_option *o, size_t row,
                    struct s3c_view name, struct s3c_view value, enum s3c_origin origin)
{
    struct s3c_config_value *v = &c->values[row];

    if (v->text[origin]) {
        if (s3c_view_eq_str(value, v->text[origin]))
            return 0;
        return complain_twice(c, o, v->spelling[origin], spelling_of(o, name), v, origin, value);
    }
    if (memchr(value.ptr, '\0', value.len))
        return s3c_config_complain(c, "%s: the value has a NUL byte", o->name);
    v->text[origin] = s3c_viewdup(value);
    if (!v->text[origin])
        return S3C_E_NOMEM;
    v->spelling[origin] = spelling_of(o, name);
    return 0;
}

int s3c_config_set(struct s3c_config *c, struct s3c_view name, struct s3c_view value,
                   enum s3c_origin origin, struct s3c_error *err)
{
    const struct s3c_option *o, *all;
    size_t n;
    int r = 0;

    if (c->finished)
        return s3c_error_set(err, S3C_E_INVALID, "configuration: set after finish");
    o = s3c_option_find(name, c->side);
    all = s3c_options(&n);
    if (!o)
        r = complain_unknown(c, name);
    else if (o->secret && origin == S3C_FROM_COMMAND_LINE)
        r = s3c_config_complain(
            c,
            "%s: refused on the command line, where every process can read it; use the config file, %s "
            "or an AWS profile",
            o->name,
            o->field == offsetof(struct s3c_settings, session_token) ? "AWS_SESSION_TOKEN"
                                                                     : "AWS_SECRET_ACCESS_KEY");
    else if (value.len > 0)
        r = remember(c, o, (size_t)(o - all), name, value, origin);
    return r < 0 ? s3c_error_nomem(err) : 0;
}

size_t s3c_config_problem_count(const struct s3c_config *c)
{
    return c->problem_count;
}

const char *s3c_config_problem(const struct s3c_config *c, size_t i)
{
    return i < c->problem_count ? c->problems[i] : "";
}

const char *s3c_config_text(const struct s3c_config *c, const struct s3c_option *o)
{
    const struct s3c_option *all;
    const char *text;
    size_t n;

    all = s3c_options(&n);
    text = c->values[o - all].effective;
    if (!text || !*text)
        return "";
    return o->secret ? "***" : text;
}

/* Where the typed value of the option is, if its type is one of `types`. */
static const void *typed(const struct s3c_config *c, const char *name, unsigned types)
{
    const struct s3c_option *o = s3c_option_find(s3c_view_str(name), c->side);

    return o && (types & 1u << o->type) ? (const char *)&c->settings + o->field : NULL;
}

int64_t s3c_config_number(const struct s3c_config *c, const char *name)
{
    const void *wide =
        typed(c, name, 1u << S3C_TYPE_INT | 1u << S3C_TYPE_SIZE | 1u << S3C_TYPE_DURATION);
    const void *word = typed(c, name, 1u << S3C_TYPE_BOOL | 1u << S3C_TYPE_ENUM);

    if (wide)
        return *(const int64_t *)wide;
    return word ? *(const int *)word : 0;
}

double s3c_config_float(const struct s3c_config *c, const char *name)
{
    const void *field = typed(c, name, 1u << S3C_TYPE_FLOAT);

    return field ? *(const double *)field : 0;
}

const struct s3c_settings *s3c_config_settings(const struct s3c_config *c)
{
    return &c->settings;
}
