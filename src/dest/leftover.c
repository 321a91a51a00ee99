/* SPDX-License-Identifier: Apache-2.0 */
#include "dest/leftover.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/view.h"
#include "s3/uploads_page.h"

#define TIME_FORM "00000000T000000.000000000Z-" /* 0: a digit */
#define PAGES_MAX 50u

/* ---- names ---- */

static bool has_form(struct s3c_view v, struct s3c_view form)
{
    if (v.len < form.len)
        return false;
    for (size_t i = 0; i < form.len; i++) {
        bool digit = v.ptr[i] >= '0' && v.ptr[i] <= '9';
        if (form.ptr[i] == '0' ? !digit : v.ptr[i] != form.ptr[i])
            return false;
    }
    return true;
}

bool s3c_leftover_is_ours(struct s3c_view key, uint32_t writer)
{
    struct s3c_view form = S3C_VIEW(TIME_FORM);
    char text[16];
    size_t n = (size_t)snprintf(text, sizeof(text), "%08" PRIx32 "-", writer);

    for (; key.len > form.len + n; key = s3c_view_skip(key, 1)) {
        struct s3c_view rest = s3c_view_skip(key, form.len);
        if (has_form(key, form) && s3c_view_starts(rest, (struct s3c_view){text, n}) &&
            has_form(s3c_view_skip(rest, n), S3C_VIEW("000000")))
            return true;
    }
    return false;
}

/* ---- aborting ---- */

struct search {
    const struct s3c_session *session;
    uint32_t writer;
    int64_t deadline_ns;
    struct s3c_call *list, *abort;
    struct s3c_uploads_page page;
    struct s3c_buf key, upload_id; /* where the next page begins */
    unsigned aborted;
};

static void abort_upload(struct search *g, const struct s3c_upload_entry *u)
{
    const struct s3c_log *log = g->session->log;
    struct s3c_call *c = g->abort;
    struct s3c_error err;
    int r;

    s3c_call_reset(c);
    c->op = S3C_ABORT_MULTIPART;
    c->key = u->key;
    c->upload_id = u->upload_id;
    c->deadline_mono_ns = g->deadline_ns;
    r = s3c_client_perform(g->session->client, c, &err);
    if (r == 0)
        g->aborted++;
    else if (r != S3C_E_NOT_FOUND)
        s3c_logf(log, S3C_LOG_WARN,
                 "an upload that an earlier run left behind could not be aborted: %s", err.message);
}

static int list_page(struct search *g, struct s3c_error *err)
{
    struct s3c_call *c = g->list;
    int r;

    s3c_call_reset(c);
    c->op = S3C_LIST_UPLOADS;
    c->prefix = s3c_template_start(g->session->settings->names);
    c->key_marker = s3c_buf_view(&g->key);
    c->upload_id = s3c_buf_view(&g->upload_id);
    c->deadline_mono_ns = g->deadline_ns;
    r = s3c_client_perform(g->session->client, c, err);
    return r < 0 ? r : s3c_uploads_page_parse(&g->page, c->reply.ptr, c->reply.len, err);
}

/* The views of a page do not outlive the next one. */
static int move_on(struct search *g, struct s3c_error *err)
{
    const struct s3c_upload_entry *last = &g->page.entries[g->page.count - 1];
    int r;

    s3c_buf_clear(&g->key);
    s3c_buf_clear(&g->upload_id);
    r = s3c_buf_add_view(&g->key, last->key);
    if (r == 0)
        r = s3c_buf_add_view(&g->upload_id, last->upload_id);
    return r < 0 ? s3c_error_nomem(err) : 0;
}

static int search(struct search *g, struct s3c_error *err)
{
    int r;

    for (unsigned pages = 0; pages < PAGES_MAX; pages++) {
        r = list_page(g, err);
        if (r < 0)
            return r;
        for (size_t i = 0; i < g->page.count; i++) {
            if (s3c_leftover_is_ours(g->page.entries[i].key, g->writer))
                abort_upload(g, &g->page.entries[i]);
        }
        if (!g->page.truncated)
            return 0;
        r = move_on(g, err);
        if (r < 0)
            return r;
    }
    return 0;
}

void s3c_leftover_abort(const struct s3c_session *s, const struct s3c_identity *id)
{
    int64_t now_ns = s3c_mono_ns(s->clock);
    struct search g = {.session = s,
                       .writer = id->writer,
                       .deadline_ns = now_ns + (s->deadline_mono_ns - now_ns) / 2,
                       .page = S3C_UPLOADS_PAGE_INIT,
                       .key = S3C_BUF_INIT(SIZE_MAX),
                       .upload_id = S3C_BUF_INIT(SIZE_MAX)};
    struct s3c_error err = {0};
    int r = 0;

    if (!id->held) {
        s3c_logf(
            s->log, S3C_LOG_INFO,
            "uploads that an earlier run left behind stay: another process writes with the same settings, or that "
            "cannot be ruled out");
        return;
    }
    g.list = s3c_call_new();
    g.abort = s3c_call_new();
    r = g.list && g.abort ? search(&g, &err) : s3c_error_nomem(&err);
    if (r < 0)
        s3c_logf(s->log, S3C_LOG_INFO, "uploads that an earlier run left behind stay: %s",
                 err.message);
    if (g.aborted > 0)
        s3c_logf(s->log, S3C_LOG_INFO, "aborted %u uploads that an earlier run left behind",
                 g.aborted);
    s3c_call_free(g.list);
    s3c_call_free(g.abort);
    s3c_uploads_page_done(&g.page);
    s3c_buf_done(&g.key);
    s3c_buf_done(&g.upload_id);
}
