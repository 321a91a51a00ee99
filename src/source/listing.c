/* SPDX-License-Identifier: Apache-2.0 */
#include "source/listing.h"

#include "base/error.h"

int s3c_listing_start(struct s3c_listing *l, bool versions, struct s3c_view start_after,
                      struct s3c_error *err)
{
    struct s3c_lister_options o = {
        .versions = versions, .prefix = l->prefix, .start_after = start_after, .inbox = l->inbox};

    s3c_listing_stop(l);
    l->patience = (struct s3c_patience){0};
    l->retry_at_ns = 0;
    l->entries = 0;
    l->first_reply = false;
    return s3c_lister_new(&l->lister, l->client, &o, err);
}

void s3c_listing_stop(struct s3c_listing *l)
{
    s3c_lister_free(l->lister);
    l->lister = NULL;
    l->retry_at_ns = 0;
}

void s3c_listing_feed(struct s3c_listing *l, struct s3c_call *call)
{
    if (call->result == 0 && !l->first_reply) {
        l->first_reply = true;
        l->date_ns = call->date_ns;
        if (call->date_ns != 0)
            l->offset_ns = call->date_ns - s3c_wall_ns(l->clock);
    }
    s3c_lister_feed(call->user, call);
}

static int page_failed(struct s3c_listing *l, int r, const struct s3c_error *why,
                       struct s3c_error *err)
{
    int64_t now = s3c_mono_ns(l->clock);

    if (!l->ever || !s3c_patience_again(&l->patience, why, now, (uint32_t)now, &l->retry_at_ns)) {
        if (err)
            *err = *why;
        return r;
    }
    s3c_logf(l->log, S3C_LOG_WARN, "the listing is tried again in %lld ms: %s",
             (long long)((l->retry_at_ns - now) / S3C_NS_PER_MS), why->message);
    return S3C_AGAIN;
}

int s3c_listing_next(struct s3c_listing *l, struct s3c_list_entry *ret, struct s3c_error *err)
{
    struct s3c_error why = {0};
    int r;

    if (l->retry_at_ns != 0) {
        if (s3c_mono_ns(l->clock) < l->retry_at_ns)
            return S3C_AGAIN;
        l->retry_at_ns = 0;
        s3c_lister_retry(l->lister);
    }
    r = s3c_lister_next(l->lister, ret, &why);
    if (r < 0)
        return page_failed(l, r, &why, err);
    if (r == S3C_AGAIN)
        return r;
    l->ever = true;
    l->patience.tries = 0;
    l->entries += r == 0;
    return r;
}

int64_t s3c_listing_server_second(struct s3c_listing *l)
{
    int64_t second;

    if (s3c_lister_server_second(l->lister, &second))
        return second;
    if (!l->no_date_told)
        s3c_logf(l->log, S3C_LOG_WARN,
                 "the server sends no Date; the local clock decides which changes are complete, so "
                 "keep it in step with the server's");
    l->no_date_told = true;
    return s3c_floor_sec(s3c_wall_ns(l->clock));
}

int64_t s3c_listing_timer_ns(const struct s3c_listing *l)
{
    return l->lister ? l->retry_at_ns : 0;
}
