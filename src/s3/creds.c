/* SPDX-License-Identifier: Apache-2.0 */
#include "s3/creds.h"

#include "base/error.h"
#include "base/mem.h"

struct fixed { /* a provider that always gives the same keys */
    struct s3c_creds_provider provider;
    struct s3c_creds creds;
    char *text; /* key, secret and token, one after the other */
    size_t size;
};

static int fixed_get(struct s3c_creds_provider *p, int64_t now_ns, struct s3c_creds *ret,
                     struct s3c_error *err)
{
    (void)now_ns;
    (void)err;
    *ret = ((struct fixed *)p)->creds;
    return 0;
}

static void fixed_refresh(struct s3c_creds_provider *p)
{
    (void)p; /* there is nothing newer */
}

static void fixed_release(struct s3c_creds_provider *p)
{
    struct fixed *f = (struct fixed *)p;

    s3c_wipe(f->text, f->size);
    s3c_free(f->text);
    s3c_free(f);
}

static const struct s3c_creds_provider_ops fixed_ops = {fixed_get, fixed_refresh, fixed_release};

void s3c_creds_provider_free(struct s3c_creds_provider *p)
{
    if (p)
        p->ops->release(p);
}

static struct s3c_view append(char **at, struct s3c_view v)
{
    struct s3c_view copy = {*at, v.len};

    if (v.len)
        memcpy(*at, v.ptr, v.len);
    *at += v.len;
    return copy;
}

int s3c_creds_static_new(struct s3c_creds_provider **ret, const struct s3c_creds *c,
                         struct s3c_error *err)
{
    struct fixed *f;
    char *at;

    if (!c->access_key_id.len || !c->secret_access_key.len)
        return s3c_error_set(
            err, S3C_E_CREDENTIALS,
            "an access key id and a secret access key are needed: one of them is empty");
    f = s3c_zalloc(sizeof *f);
    if (!f)
        return s3c_error_nomem(err);
    f->size = c->access_key_id.len + c->secret_access_key.len + c->session_token.len;
    f->text = at = s3c_alloc(f->size);
    if (!at) {
        s3c_free(f);
        return s3c_error_nomem(err);
    }
    f->provider.ops = &fixed_ops;
    f->creds.access_key_id = append(&at, c->access_key_id);
    f->creds.secret_access_key = append(&at, c->secret_access_key);
    f->creds.session_token = append(&at, c->session_token);
    f->creds.expires_ns = c->expires_ns;
    *ret = &f->provider;
    return 0;
}

/* ---- the chain ---- */

static const char *env(s3c_getenv_fn *getenv_fn, void *ctx, const char *name)
{
    const char *v = getenv_fn ? getenv_fn(ctx, name) : getenv(name);

    return v ? v : "";
}

/* 0: found; S3C_END: the environment says nothing. */
static int from_environment(struct s3c_creds_provider **ret, s3c_getenv_fn *getenv_fn, void *ctx,
                            struct s3c_error *err)
{
    struct s3c_creds c = {
        .access_key_id = s3c_view_str(env(getenv_fn, ctx, "AWS_ACCESS_KEY_ID")),
        .secret_access_key = s3c_view_str(env(getenv_fn, ctx, "AWS_SECRET_ACCESS_KEY")),
        .session_token = s3c_view_str(env(getenv_fn, ctx, "AWS_SESSION_TOKEN")),
    };

    if (!c.session_token.len)
        c.session_token =
            s3c_view_str(env(getenv_fn, ctx, "AWS_SECURITY_TOKEN")); /* its name before 2014 */
    if (!c.access_key_id.len && !c.secret_access_key.len)
        return S3C_END;
    if (!c.access_key_id.len || !c.secret_access_key.len)
        return s3c_error_set(err, S3C_E_CREDENTIALS,
                             "the environment has %s but not %s; set both or neither",
                             c.access_key_id.len ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
                             c.access_key_id.len ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
    return s3c_creds_static_new(ret, &c, err);
}

static int none_found(struct s3c_error *err, const struct s3c_profile *p, const char *name)
{
    if (p->unsupported)
        return s3c_error_set(
            err, S3C_E_CREDENTIALS,
            "the AWS profile%s%s has %s, which is not supported yet; export temporary keys into the environment",
            name ? " " : "", name ? name : "", p->unsupported);
    return s3c_error_set(
        err, S3C_E_CREDENTIALS,
        "no credentials found; tried %sthe profile%s%s of the AWS credentials and config files; set "
        "aws.access-key-id and aws.secret-access-key, or one of those",
        name ? "" : "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, ",
        name ? " " : "", name ? name : "");
}

static int from_profile(struct s3c_creds_provider **ret, const char *name, s3c_getenv_fn *getenv_fn,
                        void *ctx, struct s3c_error *err)
{
    _cleanup_(s3c_profile_done) struct s3c_profile p = {0};
    struct s3c_creds c;
    int r;

    r = s3c_profile_load(&p, name, getenv_fn, ctx, err);
    if (r < 0)
        return r;
    if (!p.access_key_id && !p.secret_access_key)
        return none_found(err, &p, name);
    if (!p.access_key_id || !p.secret_access_key)
        return s3c_error_set(err, S3C_E_CREDENTIALS,
                             "the AWS profile%s%s has %s but not %s; set both or neither",
                             name ? " " : "", name ? name : "",
                             p.access_key_id ? "aws_access_key_id" : "aws_secret_access_key",
                             p.access_key_id ? "aws_secret_access_key" : "aws_access_key_id");
    c = (struct s3c_creds){
        .access_key_id = s3c_view_str(p.access_key_id),
        .secret_access_key = s3c_view_str(p.secret_access_key),
        .session_token = s3c_view_str(p.session_token),
    };
    return s3c_creds_static_new(ret, &c, err);
}

int s3c_creds_chain_new(struct s3c_creds_provider **ret, const char *profile_name,
                        s3c_getenv_fn *getenv_fn, void *ctx, struct s3c_error *err)
{
    int r = S3C_END;

    if (!profile_name)
        r = from_environment(ret, getenv_fn, ctx, err);
    return r == S3C_END ? from_profile(ret, profile_name, getenv_fn, ctx, err) : r;
}
