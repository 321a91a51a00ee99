/* SPDX-License-Identifier: Apache-2.0 */
#include "dest/probe.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/view.h"

/* A dot in front: readers of data lakes pass over such names, should it ever stay. */
#define NAME_FORM ".s3c-write-once-%016" PRIx64

#define VERSION_MAX 128

struct probe {
    const struct s3c_session *session;
    struct s3c_buf key;
    struct s3c_call *call;
};

/* In the folder that all files are in or below: others may be forbidden. */
static int make_key(struct probe *g, uint64_t random)
{
    struct s3c_view start = s3c_template_start(g->session->settings->names), folder, name = start;
    int r;

    (void)s3c_view_split_last(start, '/', &folder, &name);
    r = s3c_buf_add_view(&g->key, s3c_view_first(start, start.len - name.len));
    return r < 0 ? r : s3c_buf_addf(&g->key, NAME_FORM, random);
}

static struct s3c_call *next_call(struct probe *g, enum s3c_s3_op op)
{
    s3c_call_reset(g->call);
    g->call->op = op;
    g->call->key = s3c_buf_view(&g->key);
    g->call->deadline_mono_ns = g->session->deadline_mono_ns;
    return g->call;
}

static int put(struct probe *g, struct s3c_error *err)
{
    next_call(g, S3C_PUT_OBJECT)->if_absent = true;
    return s3c_client_perform(g->session->client, g->call, err);
}

/* Notes which version the last put has made: in a bucket with versions not even a delete marker shall stay. */
static void note_version(const struct probe *g, char dst[VERSION_MAX])
{
    s3c_view_copy(dst, VERSION_MAX, s3c_call_header(g->call, "x-amz-version-id"));
}

static void take_away(struct probe *g, const char *version)
{
    struct s3c_error err;

    next_call(g, S3C_DELETE_OBJECT)->version_id = s3c_view_str(version);
    if (s3c_client_perform(g->session->client, g->call, &err) < 0)
        s3c_logf(g->session->log, S3C_LOG_WARN,
                 "the empty object with which write.once has tried the server stays: %s",
                 err.message);
}

/* 501 and 400: a server that refuses what it does not know. 403: a policy that allows other names only. */
static bool is_refusal(const struct s3c_error *err)
{
    return err->code == S3C_E_DENIED ||
           (err->code == S3C_E_HTTP && (err->http_status == 501 || err->http_status == 400));
}

static int try_twice(struct probe *g, bool *ret_honoured, struct s3c_error *err)
{
    char first[VERSION_MAX], second[VERSION_MAX] = "";
    int r = put(g, err);

    note_version(g, first);
    if (r < 0 && r != S3C_E_CHANGED) /* that: it is there, from an attempt whose answer was lost */
        return r;
    if (r == 0) {
        r = put(g, err);
        note_version(g, second);
    }
    *ret_honoured = r == S3C_E_CHANGED;
    take_away(g, first);
    if (r == 0 && second[0] != '\0')
        take_away(g, second);
    return *ret_honoured ? 0 : r;
}

int s3c_probe_if_none_match(const struct s3c_session *s, uint64_t random, bool *ret_honoured,
                            struct s3c_error *err)
{
    struct probe g = {.session = s, .key = S3C_BUF_INIT(SIZE_MAX), .call = s3c_call_new()};
    struct s3c_error why = {0};
    bool honoured = false;
    int r;

    if (!g.call || make_key(&g, random) < 0)
        r = s3c_error_nomem(&why);
    else
        r = try_twice(&g, &honoured, &why);
    s3c_call_free(g.call);
    s3c_buf_done(&g.key);
    if (r < 0 && !is_refusal(&why)) {
        if (err)
            *err = why;
        return r;
    }
    if (!honoured)
        s3c_logf(
            s->log, S3C_LOG_WARN,
            "write.once: the server does not keep If-None-Match (%s): each file is looked for before it is "
            "written; two writers at once could still overwrite each other's",
            r < 0 ? why.message : "it has overwritten an object in spite of it");
    *ret_honoured = honoured;
    return 0;
}
