/* SPDX-License-Identifier: Apache-2.0 */
#include "s3/profile_text.h"

#include "base/mem.h"
#include "s3/ini.h"

enum file { CONFIG, CREDENTIALS };

/* Ways to get credentials that need more than the file. */
static const char *const elsewhere[] = {
    "role_arn",      "credential_process",      "sso_session",
    "sso_start_url", "web_identity_token_file", "login_session",
};

static void wipe_free(char **s)
{
    if (*s)
        s3c_wipe(*s, strlen(*s));
    s3c_freep(s);
}

void s3c_profile_done(struct s3c_profile *p)
{
    wipe_free(&p->access_key_id);
    wipe_free(&p->secret_access_key);
    wipe_free(&p->session_token);
    s3c_freep(&p->region);
    s3c_freep(&p->endpoint_url);
    s3c_freep(&p->s3_endpoint_url);
    s3c_freep(&p->ca_bundle);
}

/* `[profile NAME]` with optional quotes: the NAME; false for sections of another kind. */
static bool section_arg(struct s3c_view section, struct s3c_view kind, struct s3c_view *ret)
{
    if (!s3c_view_starts(section, kind) || section.len == kind.len)
        return false;
    section = s3c_view_skip(section, kind.len);
    if (section.ptr[0] != ' ' && section.ptr[0] != '\t')
        return false;
    section = s3c_view_trim(section);
    if (section.len >= 2 && (section.ptr[0] == '"' || section.ptr[0] == '\'') &&
        section.ptr[section.len - 1] == section.ptr[0])
        section = s3c_view_first(s3c_view_skip(section, 1), section.len - 2);
    *ret = section;
    return true;
}

static bool is_profile(struct s3c_view section, enum file file, const char *name)
{
    struct s3c_view arg;

    if (file == CREDENTIALS || s3c_view_eq_str(section, "default"))
        return s3c_view_eq_str(section, name);
    return section_arg(section, S3C_VIEW("profile"), &arg) && s3c_view_eq_str(arg, name);
}

static int set(char **field, struct s3c_view value)
{
    char *copy;

    if (!value.len)
        return 0;
    copy = s3c_viewdup(value);
    if (!copy)
        return S3C_E_NOMEM;
    wipe_free(field);
    *field = copy;
    return 0;
}

static void note_elsewhere(struct s3c_profile *p, struct s3c_view key)
{
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++) {
        if (s3c_view_eq_nocase(key, s3c_view_str(elsewhere[i])))
            p->unsupported = elsewhere[i];
    }
}

static int take_pair(struct s3c_profile *p, const struct s3c_ini *i, struct s3c_view *services)
{
    const struct {
        const char *key;
        char **field;
    } fields[] = {
        {"aws_access_key_id", &p->access_key_id}, {"aws_secret_access_key", &p->secret_access_key},
        {"aws_session_token", &p->session_token}, {"region", &p->region},
        {"endpoint_url", &p->endpoint_url},       {"ca_bundle", &p->ca_bundle},
    };

    for (size_t n = 0; n < sizeof fields / sizeof *fields; n++) {
        if (s3c_view_eq_nocase(i->key, s3c_view_str(fields[n].key)))
            return set(fields[n].field, i->value);
    }
    if (s3c_view_eq_nocase(i->key, S3C_VIEW("services")))
        *services = i->value;
    note_elsewhere(p, i->key);
    return 0;
}

static int parse_file(struct s3c_profile *p, struct s3c_view text, enum file file, const char *name,
                      struct s3c_view *services)
{
    struct s3c_ini i;
    int r = 0;

    s3c_ini_init(&i, text);
    while (r == 0 && s3c_ini_next(&i)) {
        if (!is_profile(i.section, file, name))
            continue;
        p->found = true;
        if (!i.block.len)
            r = take_pair(p, &i, services);
    }
    return r;
}

/* [services NAME] s3 = (newline) endpoint_url = ... */
static int parse_services(struct s3c_profile *p, struct s3c_view config, struct s3c_view services)
{
    struct s3c_view arg;
    struct s3c_ini i;
    int r = 0;

    s3c_ini_init(&i, config);
    while (r == 0 && s3c_ini_next(&i)) {
        if (section_arg(i.section, S3C_VIEW("services"), &arg) && s3c_view_eq(arg, services) &&
            s3c_view_eq_nocase(i.block, S3C_VIEW("s3")) &&
            s3c_view_eq_nocase(i.key, S3C_VIEW("endpoint_url")))
            r = set(&p->s3_endpoint_url, i.value);
    }
    return r;
}

static void move(char **to, char **from)
{
    if (!*from)
        return;
    wipe_free(to);
    *to = S3C_TAKE(*from);
}

/* Lays what the credentials file says over `p`. */
static void overlay(struct s3c_profile *p, struct s3c_profile *c)
{
    if (c->access_key_id || c->secret_access_key) {
        wipe_free(&p->access_key_id);
        wipe_free(&p->secret_access_key);
        wipe_free(&p->session_token);
    }
    move(&p->access_key_id, &c->access_key_id);
    move(&p->secret_access_key, &c->secret_access_key);
    move(&p->session_token, &c->session_token);
    move(&p->region, &c->region);
    move(&p->endpoint_url, &c->endpoint_url);
    move(&p->ca_bundle, &c->ca_bundle);
    p->found |= c->found;
    if (!p->unsupported)
        p->unsupported = c->unsupported;
}

int s3c_profile_parse(struct s3c_profile *p, struct s3c_view config, struct s3c_view credentials,
                      const char *name)
{
    _cleanup_(s3c_profile_done) struct s3c_profile c = {0};
    struct s3c_view services = {NULL, 0};
    int r;

    r = parse_file(p, config, CONFIG, name, &services);
    if (r == 0)
        r = parse_file(&c, credentials, CREDENTIALS, name, &services);
    if (r == 0)
        overlay(p, &c);
    if (r == 0 && services.len)
        r = parse_services(p, config, services);
    return r;
}
