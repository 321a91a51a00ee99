/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials and profiles against tests/vectors/profile: `config` and `credentials` as the AWS files, `environment` (ARGUMENT=name:
 * the profile is an argument), `expected` = what comes out of chain and profile, or a part of the error.
 */
#include "check.h"
#include "vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/view.h"
#include "s3/creds.h"
#include "s3/profile_text.h"

struct environment {
    const struct check_vector *vector;
    char text[4096]; /* NAME\0value\0... */
    size_t len;
    char config[1100], credentials[1100];
};

static const char *find(const struct environment *e, const char *name)
{
    for (const char *p = e->text; p < e->text + e->len;) {
        const char *value = p + strlen(p) + 1;

        if (!strcmp(p, name))
            return value;
        p = value + strlen(value) + 1;
    }
    return NULL;
}

static const char *lookup(void *ctx, const char *name)
{
    const struct environment *e = ctx;

    if (!strcmp(name, "AWS_CONFIG_FILE"))
        return e->config;
    if (!strcmp(name, "AWS_SHARED_CREDENTIALS_FILE"))
        return e->credentials;
    return find(e, name);
}

static void load(struct environment *e, const struct check_vector *v)
{
    size_t len = 0;
    char *text = check_vector_read(v, "environment", &len);

    *e = (struct environment){.vector = v};
    (void)snprintf(e->config, sizeof e->config, "%s/config", v->dir);
    (void)snprintf(e->credentials, sizeof e->credentials, "%s/credentials", v->dir);
    assert_true(len < sizeof e->text);
    if (text)
        memcpy(e->text, text, len);
    free(text);
    e->len = len;
    for (size_t i = 0; i < len; i++) {
        if (e->text[i] == '\n')
            e->text[i] = '\0';
        else if (e->text[i] == '=')
            e->text[i] = '\0';
    }
}

static const char *shown(const char *s)
{
    return s ? s : "-";
}

static int describe(struct environment *e, char *out, size_t size, struct s3c_error *err)
{
    _cleanup_(s3c_profile_done) struct s3c_profile p = {0};
    struct s3c_creds_provider *chain = NULL;
    struct s3c_creds c;
    int r;

    r = s3c_creds_chain_new(&chain, find(e, "ARGUMENT"), lookup, e, err);
    if (r == 0)
        r = s3c_profile_load(&p, find(e, "ARGUMENT"), lookup, e, err);
    if (r == 0)
        r = chain->ops->get(chain, 0, &c, err);
    if (r == 0)
        (void)snprintf(
            out, size, "key=%.*s secret=%.*s token=%.*s region=%s endpoint=%s s3=%s ca=%s\n",
            (int)c.access_key_id.len, c.access_key_id.ptr, (int)c.secret_access_key.len,
            c.secret_access_key.ptr, (int)c.session_token.len, c.session_token.ptr, shown(p.region),
            shown(p.endpoint_url), shown(p.s3_endpoint_url), shown(p.ca_bundle));
    s3c_creds_provider_free(chain);
    return r;
}

static void check_vector(const struct check_vector *v)
{
    struct environment e;
    struct s3c_error err = {0};
    char got[1024] = "", *expected;
    size_t len;
    int r;

    load(&e, v);
    r = describe(&e, got, sizeof got, &err);
    expected = check_vector_read(v, "expected", &len);
    assert_non_null(expected);
    if (!strncmp(expected, "error ", 6)) {
        expected[len - 1] = '\0';
        CHECK_CODE(r, S3C_E_CREDENTIALS);
        CHECK_HAS(err.message, expected + 6);
        assert_null(strstr(err.message, "HIDDEN"));
    } else {
        CHECK_OK(r, &err);
        assert_string_equal(got, expected);
    }
    free(expected);
}

static void finds_what_each_vector_expects(void **state)
{
    (void)state;
    check_each_vector("profile", check_vector);
}

static void fail_allocations(const struct check_vector *v)
{
    struct environment e;

    if (strcmp(v->name, "services") != 0 && strcmp(v->name, "environment") != 0 &&
        strcmp(v->name, "credentials-win-over-config") != 0)
        return;
    load(&e, v);
    FOR_EACH_ALLOC_FAILURE
    {
        char got[1024];
        struct s3c_error err = {0};
        int r = describe(&e, got, sizeof got, &err);

        CHECK_CODE(r, check_alloc_failed() ? S3C_E_NOMEM : 0);
    }
}

static void survives_every_allocation_failure(void **state)
{
    (void)state;
    check_each_vector("profile", fail_allocations);
}

static void copies_fixed_keys(void **state)
{
    char key[] = "AK", secret[] = "SK", token[] = "T";
    struct s3c_creds in = {s3c_view_str(key), s3c_view_str(secret), s3c_view_str(token), 42}, out;
    struct s3c_creds_provider *p;
    struct s3c_error err = {0};

    (void)state;
    CHECK_OK(s3c_creds_static_new(&p, &in, &err), &err);
    memset(key, 'x', 2);
    memset(secret, 'x', 2);
    memset(token, 'x', 1);
    p->ops->refresh(p);
    CHECK_OK(p->ops->get(p, 0, &out, &err), &err);
    CHECK_VIEW(out.access_key_id, "AK");
    CHECK_VIEW(out.secret_access_key, "SK");
    CHECK_VIEW(out.session_token, "T");
    assert_int_equal(out.expires_ns, 42);
    s3c_creds_provider_free(p);
    s3c_creds_provider_free(NULL);
    in.secret_access_key.len = 0;
    CHECK_CODE(s3c_creds_static_new(&p, &in, &err), S3C_E_CREDENTIALS);
}

/* ---- where the files are ---- */

static char home[256];

static const char *only_home(void *ctx, const char *name)
{
    (void)ctx;
    if (!strcmp(name, "HOME"))
        return home;
    return !strcmp(name, "AWS_CONFIG_FILE") ? "~/elsewhere" : NULL;
}

static void write_file(const char *name, const char *text)
{
    char path[512];
    FILE *f;

    (void)snprintf(path, sizeof path, "%s/%s", home, name);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void remove_file(const char *name)
{
    char path[512];

    (void)snprintf(path, sizeof path, "%s/%s", home, name);
    (void)remove(path);
}

static void looks_below_the_home_directory(void **state)
{
    struct s3c_profile p = {0};
    struct s3c_error err = {0};
    char dir[512];

    (void)state;
    (void)snprintf(home, sizeof home, "/tmp/s3c-test-creds-XXXXXX");
    assert_non_null(mkdtemp(home));
    (void)snprintf(dir, sizeof dir, "%s/.aws", home);
    assert_int_equal(mkdir(dir, 0700), 0);
    write_file(".aws/credentials", "[default]\naws_access_key_id=A\n");
    write_file("elsewhere", "[default]\nregion=r\n");
    CHECK_OK(s3c_profile_load(&p, NULL, only_home, NULL, &err), &err);
    assert_string_equal(p.access_key_id, "A");
    assert_string_equal(p.region, "r");
    assert_true(p.found);
    s3c_profile_done(&p);
    s3c_profile_done(&p);
    remove_file("elsewhere");
    remove_file(".aws/credentials");
    check_append(dir, sizeof(dir), "/credentials", strlen("/credentials"));
    assert_int_equal(mkdir(dir, 0700), 0); /* no file, but no missing one either */
    CHECK_CODE(s3c_profile_load(&p, NULL, only_home, NULL, &err), S3C_E_IO);
    CHECK_HAS(err.message, ".aws/credentials");
    remove_file(".aws/credentials");
    remove_file(".aws");
    assert_int_equal(rmdir(home), 0);
}

static void parse_prefix(void *ctx, char *p, size_t n)
{
    struct s3c_profile profile = {0};
    struct s3c_view v = {p, n};

    (void)ctx;
    CHECK_OK(s3c_profile_parse(&profile, v, v, "default"), NULL);
    s3c_profile_done(&profile);
}

static void stays_inside_every_prefix(void **state)
{
    (void)state;
    check_each_prefix(
        S3C_VIEW(
            "\xef\xbb\xbf[profile \"default\"]\r\nregion : x\ns3 =\n a = b\n[default]\nservices=s\n[services s]\ns3=\n endpoint_url=e"),
        parse_prefix, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(finds_what_each_vector_expects),
        CHECK_TEST(survives_every_allocation_failure),
        CHECK_TEST(copies_fixed_keys),
        CHECK_TEST(looks_below_the_home_directory),
        CHECK_TEST(stays_inside_every_prefix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
