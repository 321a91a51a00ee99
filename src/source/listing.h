/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A listing that does not give up: s3/list.h with the source's patience, and with the server's time as of its first reply. The
 * owner hands list calls of its inbox to s3c_listing_feed and comes back at s3c_listing_timer_ns. Not thread-safe.
 */
#ifndef S3C_SOURCE_LISTING_H
#define S3C_SOURCE_LISTING_H

#include "base/log.h"
#include "s3/list.h"
#include "source/patience.h"

struct s3c_listing {
    struct s3c_client *client;
    struct s3c_inbox *inbox;
    const struct s3c_clock *clock;
    const struct s3c_log *log;
    struct s3c_view prefix;

    struct s3c_lister *lister; /* NULL: none is under way */
    struct s3c_patience patience;
    int64_t retry_at_ns; /* 0: no retry waits */
    uint64_t entries;    /* given since the start of this listing */
    int64_t date_ns;     /* the server's Date of the first reply */
    int64_t offset_ns;   /* that Date minus the local clock */
    bool first_reply;    /* of this listing is in */
    bool ever;           /* a listing has worked: from now on transient errors are waited out */
    bool no_date_told;
};

/* Starts a listing; one that is under way is dropped. 0, S3C_E_NOMEM. */
S3C_MUST_USE int s3c_listing_start(struct s3c_listing *l, bool versions,
                                   struct s3c_view start_after, struct s3c_error *err);
void s3c_listing_stop(struct s3c_listing *l);
/* A finished list call of the inbox. */
void s3c_listing_feed(struct s3c_listing *l, struct s3c_call *call);
/* 0, S3C_AGAIN (a page or a retry is waited for), S3C_END, or the failure that ends the stream. */
S3C_MUST_USE int s3c_listing_next(struct s3c_listing *l, struct s3c_list_entry *ret,
                                  struct s3c_error *err);
/* "S" of DESIGN 4.3; the local clock with a warning where the server sends no Date. Only after the first reply. */
int64_t s3c_listing_server_second(struct s3c_listing *l);
int64_t s3c_listing_timer_ns(const struct s3c_listing *l); /* monotonic; 0 = none */

#endif
