/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `check`: the calls that a source or a destination will make, one of each kind, reported one by one. It leaves nothing behind: what a
 * destination may write is tried with a multipart upload that is begun and aborted, so that no object ever becomes visible.
 */
#include "session/session.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/banned.h"
#include "base/error.h"
#include "base/view.h"
#include "config/config.h"
#include "s3/list_page.h"
#include "s3/reply.h"

#define LIST_KEYS 100        /* of these the smallest object is read */
#define READ_MAX  (1u << 20) /* a larger one would not fit into a look's time */
#define TRIAL     ".s3c-check"

struct check {
    struct s3c_session *session;
    s3c_check_fn *report;
    void *ctx;
    struct s3c_call *call;
    bool versions;
    struct s3c_list_page page;
    int first; /* failure; 0 = none so far */
    struct s3c_error *err;
};

static void passed(struct check *k, const char *step, const char *detail)
{
    k->report(k->ctx, step, detail, NULL);
}

static void failed(struct check *k, const char *step, struct s3c_error *problem)
{
    (void)s3c_session_explain(k->session, problem);
    k->report(k->ctx, step, "", problem);
    if (k->first == 0) {
        k->first = problem->code;
        if (k->err)
            *k->err = *problem;
    }
}

static struct s3c_call *next_call(struct check *k, enum s3c_s3_op op)
{
    s3c_call_reset(k->call);
    k->call->op = op;
    k->call->deadline_mono_ns = k->session->deadline_mono_ns;
    return k->call;
}

/* endpoint, credentials, bucket: one look, whose failure says how far it came. Returns false where there is no use in going on. */
static bool check_bucket(struct check *k)
{
    const struct s3c_settings *set = k->session->settings;
    char detail[600];
    struct s3c_error err;
    int r;

    r = s3c_session_check_bucket(k->session, &err);
    if (r < 0 && r != S3C_E_CREDENTIALS && r != S3C_E_NO_BUCKET && r != S3C_E_DENIED) {
        failed(k, "endpoint", &err);
        return false;
    }
    (void)snprintf(detail, sizeof(detail), "%s, region %s", set->endpoint ? set->endpoint : "AWS",
                   set->region);
    passed(k, "endpoint", detail);
    if (r == S3C_E_CREDENTIALS) {
        failed(k, "credentials", &err);
        return false;
    }
    passed(k, "credentials",
           set->access_key_id ? "from the options" : "from the environment or the AWS profile");
    if (r < 0) {
        failed(k, "bucket", &err);
        return false;
    }
    passed(k, "bucket", set->bucket);
    return true;
}

static void check_versioning(struct check *k)
{
    static const char *const words[] = {
        [S3C_VERSIONING_UNKNOWN] = "unknown",
        [S3C_VERSIONING_NEVER] = "not versioned: changes between two passes become one",
        [S3C_VERSIONING_ENABLED] = "enabled: every version becomes a record",
        [S3C_VERSIONING_SUSPENDED] = "suspended"};
    enum s3c_versioning v;
    struct s3c_error err;

    if (s3c_session_versioning(k->session, k->session->deadline_mono_ns, &v, &err) < 0) {
        failed(k, "versioning", &err);
        return;
    }
    k->versions = v != S3C_VERSIONING_NEVER;
    passed(k, "versioning", words[v]);
}

static bool check_list(struct check *k)
{
    struct s3c_call *c = next_call(k, k->versions ? S3C_LIST_VERSIONS : S3C_LIST_OBJECTS_V2);
    char detail[100];
    struct s3c_error err;
    int r;

    c->prefix = s3c_view_str(k->session->settings->prefix);
    c->max_keys = LIST_KEYS;
    r = s3c_client_perform(k->session->client, c, &err);
    if (r == 0)
        r = s3c_list_page_parse(&k->page, c->reply.ptr, c->reply.len, k->versions, &err);
    if (r < 0) {
        failed(k, "list", &err);
        return false;
    }
    (void)snprintf(detail, sizeof(detail), "%s%zu %s%s", k->page.truncated ? "more than " : "",
                   k->page.count, k->versions ? "versions and delete markers" : "objects",
                   *k->session->settings->prefix ? " under the prefix" : "");
    passed(k, "list", detail);
    return true;
}

static const struct s3c_list_entry *smallest(const struct s3c_list_page *p)
{
    const struct s3c_list_entry *best = NULL;

    for (size_t i = 0; i < p->count; i++)
        if (!p->entries[i].is_marker && p->entries[i].size <= READ_MAX &&
            (!best || p->entries[i].size < best->size))
            best = &p->entries[i];
    return best;
}

static void check_read(struct check *k)
{
    const struct s3c_list_entry *e = smallest(&k->page);
    struct s3c_call *c;
    char detail[200];
    struct s3c_error err;

    if (!e) {
        passed(k, "read", "not tried: no object of at most 1 MiB was listed");
        return;
    }
    c = s3c_call_new(); /* the entry points into the other call's reply */
    if (!c) {
        (void)s3c_error_nomem(&err);
        failed(k, "read", &err);
        return;
    }
    c->op = S3C_GET_OBJECT;
    c->key = e->key;
    c->version_id = k->versions ? e->version_id : (struct s3c_view){NULL, 0};
    c->expected_size = S3C_SIZE_UNKNOWN;
    c->max_size = 2 * READ_MAX;
    c->deadline_mono_ns = k->session->deadline_mono_ns;
    if (s3c_client_perform(k->session->client, c, &err) < 0) {
        failed(k, "read", &err);
    } else {
        (void)snprintf(detail, sizeof(detail), "one object of %" PRIu64 " bytes", e->size);
        passed(k, "read", detail);
    }
    s3c_call_free(c);
}

/* Where all files will be: permissions may hold for this folder only. */
static int trial_key(struct s3c_buf *ret, const struct s3c_settings *set)
{
    int r = s3c_buf_add_view(ret, s3c_template_start(set->names));

    return r < 0 ? r : s3c_buf_add_str(ret, TRIAL);
}

static int begin_and_abort(struct check *k, struct s3c_view key, struct s3c_error *err)
{
    struct s3c_call *c = next_call(k, S3C_CREATE_MULTIPART);
    struct s3c_view id;
    char *copy;
    int r;

    c->key = key;
    c->content_type = S3C_VIEW("application/json");
    r = s3c_client_perform(k->session->client, c, err);
    if (r == 0)
        r = s3c_reply_upload_id(c->reply.ptr, c->reply.len, &id, err);
    if (r < 0)
        return r;
    copy = s3c_viewdup(id); /* the next call takes over the reply's buffer */
    if (!copy)
        return s3c_error_nomem(err);
    c = next_call(k, S3C_ABORT_MULTIPART);
    c->key = key;
    c->upload_id = s3c_view_str(copy);
    r = s3c_client_perform(k->session->client, c, err);
    s3c_free(copy);
    return r;
}

static void check_write(struct check *k)
{
    struct s3c_buf key = S3C_BUF_INIT(4096);
    char detail[300];
    struct s3c_error err;
    int r;

    r = trial_key(&key, k->session->settings);
    r = r < 0 ? s3c_error_set(&err, r, "prefix: no room for a key")
              : begin_and_abort(k, s3c_buf_view(&key), &err);
    if (r < 0) {
        failed(k, "write", &err);
    } else {
        (void)snprintf(detail, sizeof(detail),
                       "an upload was begun and aborted; no object was written");
        passed(k, "write", detail);
    }
    s3c_buf_done(&key);
}

static void check_names(struct check *k)
{
    struct s3c_buf key = S3C_BUF_INIT(4 * S3C_KEY_MAX);
    struct s3c_error err;
    int r = s3c_settings_key_example(k->session->settings, s3c_wall_ns(k->session->clock), &key);

    if (r == 0)
        r = s3c_buf_terminate(&key);
    if (r < 0) {
        (void)s3c_error_nomem(&err);
        failed(k, "names", &err);
    } else {
        passed(k, "names", key.ptr);
    }
    s3c_buf_done(&key);
}

static void run(struct check *k, enum s3c_side side)
{
    if (!check_bucket(k))
        return;
    if (side == S3C_DESTINATION) {
        check_names(k);
        check_write(k);
        return;
    }
    check_versioning(k);
    if (check_list(k))
        check_read(k);
}

int s3c_session_check(struct s3c_session *s, enum s3c_side side, s3c_check_fn *report, void *ctx,
                      struct s3c_error *err)
{
    struct check k = {.session = s, .report = report, .ctx = ctx, .err = err};

    k.call = s3c_call_new();
    if (!k.call)
        return s3c_error_nomem(err);
    run(&k, side);
    s3c_call_free(k.call);
    s3c_list_page_done(&k.page);
    return k.first;
}

int s3c_check(const struct s3c_config *c, const struct s3c_log *log, s3c_check_fn *report,
              void *ctx, struct s3c_error *err)
{
    struct s3c_session s;
    struct s3c_error own;
    int r;

    r = s3c_session_init(&s, c, log, &own);
    if (r < 0) {
        if (err)
            *err = own;
        report(ctx, r == S3C_E_CREDENTIALS ? "credentials" : "endpoint", "", &own);
        return r;
    }
    r = s3c_session_check(&s, c->side, report, ctx, err);
    s3c_session_done(&s);
    return r;
}

int s3c_check_bucket(const struct s3c_config *c, const struct s3c_log *log, struct s3c_error *err)
{
    struct s3c_session s;
    int r = s3c_session_init(&s, c, log, err);

    if (r < 0)
        return r;
    r = s3c_session_check_bucket(&s, err);
    s3c_session_done(&s);
    return r;
}
