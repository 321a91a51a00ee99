/* SPDX-License-Identifier: Apache-2.0 */
#include "source/mode.h"

#include "s3/reclaim.h"
#include "s3/reply.h"

#define PERIOD (60 * S3C_NS_PER_SEC)
#define BUDGET (10 * S3C_NS_PER_SEC)

void s3c_mode_init(struct s3c_mode *m)
{
    m->call = NULL;
    m->due_ns = s3c_mono_ns(m->clock) + PERIOD;
}

void s3c_mode_done(struct s3c_mode *m)
{
    if (!m->call)
        return;
    s3c_client_cancel(m->client, m->call);
    (void)s3c_reclaim(m->inbox, m, 1);
    s3c_call_free(m->call);
    m->call = NULL;
}

bool s3c_mode_ask(struct s3c_mode *m)
{
    int64_t now = s3c_mono_ns(m->clock);

    if (m->call)
        return true;
    if (now < m->due_ns)
        return false;
    m->due_ns = now + PERIOD;
    m->call = s3c_call_new();
    if (!m->call)
        return false;
    m->call->op = S3C_GET_VERSIONING;
    m->call->deadline_mono_ns = now + BUDGET;
    m->call->inbox = m->inbox;
    m->call->user = m;
    s3c_client_submit(m->client, m->call);
    return true;
}

void s3c_mode_feed(struct s3c_mode *m)
{
    struct s3c_call *c = m->call;
    enum s3c_versioning_status status;
    bool versions;

    m->call = NULL;
    if (c->result == 0 && s3c_reply_versioning(c->reply.ptr, c->reply.len, &status, NULL) == 0) {
        versions = status != S3C_VERSIONING_STATUS_NEVER;
        if (versions != m->versions)
            s3c_logf(m->log, S3C_LOG_INFO, "the bucket's versioning is %s now",
                     versions ? "on" : "off");
        m->versions = versions;
    }
    s3c_call_free(c);
}
