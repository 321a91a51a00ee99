/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials: a vtable, so that the rest of the chain (IMDS, web identity, ...) can join later, and what exists now: fixed keys, the
 * environment, the shared credentials and config files with profiles. Providers are used from the I/O thread (get) and are
 * otherwise read-only. Secrets are wiped on free and never logged.
 */
#ifndef S3C_S3_CREDS_H
#define S3C_S3_CREDS_H

#include "base/clock.h"
#include "base/view.h"

struct s3c_creds { /* views into the provider; valid until its next get or release */
    struct s3c_view access_key_id, secret_access_key, session_token; /* token: empty = none */
    int64_t expires_ns;                                              /* wall clock; 0 = never */
};

struct s3c_creds_provider;
struct s3c_creds_provider_ops {
    /* Never blocks on the network here. 0, S3C_E_CREDENTIALS, S3C_E_NOMEM. */
    int (*get)(struct s3c_creds_provider *p, int64_t now_ns, struct s3c_creds *ret,
               struct s3c_error *err);
    void (*refresh)(
        struct s3c_creds_provider
            *p); /* the server said ExpiredToken: what get gave is stale; may do nothing */
    void (*release)(struct s3c_creds_provider *p);
};
struct s3c_creds_provider {
    const struct s3c_creds_provider_ops *ops;
};
void s3c_creds_provider_free(struct s3c_creds_provider *p); /* NULL is fine */

/* Copies. Key and secret must not be empty. */
S3C_MUST_USE int s3c_creds_static_new(struct s3c_creds_provider **ret, const struct s3c_creds *c,
                                      struct s3c_error *err);

/* The environment as a function, so that tests need no setenv; NULL = getenv. */
typedef const char *s3c_getenv_fn(void *ctx, const char *name);

/*
 * What a profile of ~/.aws/credentials and ~/.aws/config (or AWS_SHARED_CREDENTIALS_FILE, AWS_CONFIG_FILE) says. The files are INI as
 * the AWS CLI reads them: [name] / [profile name], `key = value`, comments # and ;, nested blocks skipped except the `services`
 * section that `services = NAME` points to (s3 -> endpoint_url). All strings are owned, NULL when absent.
 */
struct s3c_profile {
    char *access_key_id, *secret_access_key, *session_token;
    char *region, *endpoint_url, *s3_endpoint_url, *ca_bundle;
    const char *
        unsupported; /* static name of a setting that would give credentials in a way not supported yet, or NULL */
    bool found;
};
/* name: NULL = AWS_PROFILE, AWS_DEFAULT_PROFILE, "default". A profile that was named but is in neither file: S3C_E_CREDENTIALS. Missing files are
 * fine. 0, S3C_E_CREDENTIALS, S3C_E_IO, S3C_E_NOMEM. */
S3C_MUST_USE int s3c_profile_load(struct s3c_profile *ret, const char *name,
                                  s3c_getenv_fn *getenv_fn, void *ctx, struct s3c_error *err);
void s3c_profile_done(struct s3c_profile *p); /* wipes and frees; idempotent */

/*
 * The chain as it is now: the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN), unless a profile was named explicitly;
 * then the profile. S3C_E_CREDENTIALS (with all the places that were tried) when nothing is found, or half a pair.
 */
S3C_MUST_USE int s3c_creds_chain_new(struct s3c_creds_provider **ret, const char *profile_name,
                                     s3c_getenv_fn *getenv_fn, void *ctx, struct s3c_error *err);

#endif
