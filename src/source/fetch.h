/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The window between planning and handing out: events go in and finished ones come out in the same order, with their GETs running
 * concurrently in between. Bytes are reserved before a GET is scheduled, strictly in order, out of memory.limit; so the
 * first event of the window always has its bytes, and ordered output cannot deadlock. Not thread-safe.
 *
 *     lent (with the reader) | head ... scheduled | waiting for room ... tail
 */
#ifndef S3C_SOURCE_FETCH_H
#define S3C_SOURCE_FETCH_H

#include "config/settings.h"
#include "source/patience.h"
#include "source/unseen.h"

struct s3c_fetch_options {
    struct s3c_client *client;
    struct s3c_inbox *inbox;
    const struct s3c_settings *settings;
    const struct s3c_clock *clock;
    const struct s3c_log *log;
    struct s3c_unseen *unseen; /* where entries go whose GET found them gone or changed */
};

struct s3c_fetch_stats {
    uint64_t objects, bytes;
    uint64_t skipped_changed, skipped_archived, skipped_too_large;
};

struct s3c_fetch;

S3C_MUST_USE int s3c_fetch_new(struct s3c_fetch **ret, const struct s3c_fetch_options *o,
                               struct s3c_error *err);
/* Cancels what is under way and waits for it; drops list and other calls that arrive in the inbox meanwhile. NULL is fine. */
void s3c_fetch_free(struct s3c_fetch *f);

bool s3c_fetch_has_room(const struct s3c_fetch *f);
/* Takes a copy. Only with room. Deletes need no GET. 0 or S3C_E_NOMEM. */
S3C_MUST_USE int s3c_fetch_push(struct s3c_fetch *f, const struct s3c_event *e,
                                struct s3c_error *err);
/* Submits what may be submitted, and what is to be tried again by now. 0 or S3C_E_NOMEM. */
S3C_MUST_USE int s3c_fetch_schedule(struct s3c_fetch *f, struct s3c_error *err);
/* A finished GET of the inbox. 0 or S3C_E_NOMEM. */
S3C_MUST_USE int s3c_fetch_feed(struct s3c_fetch *f, struct s3c_call *call, struct s3c_error *err);

/* What follows the events that were pushed, for the record that is to carry the end of the snapshot. */
enum s3c_fetch_more {
    S3C_FETCH_MORE_MAY,   /* hold a snapshot record back until another one is known to follow */
    S3C_FETCH_MORE_NONE,  /* the last one pushed is the last of the snapshot */
    S3C_FETCH_MORE_BROKEN /* the stream ends with a failure: hand out what there is */
};
struct s3c_fetched {
    const struct s3c_event *event;
    struct s3c_call *call; /* NULL: a delete */
    bool last;             /* of the snapshot */
};
/*
 * The next finished one; it is lent until s3c_fetch_return. 0; S3C_AGAIN: it is not finished; S3C_END: the window is empty; negative:
 * it failed for good (again and again: nothing comes after it).
 */
S3C_MUST_USE int s3c_fetch_pop(struct s3c_fetch *f, enum s3c_fetch_more more,
                               struct s3c_fetched *ret, struct s3c_error *err);
/* All that was lent comes back. */
void s3c_fetch_return(struct s3c_fetch *f);
/* Everything pushed is decided: no GET is outstanding, so what is unseen is known. */
bool s3c_fetch_settled(const struct s3c_fetch *f);
int64_t s3c_fetch_timer_ns(const struct s3c_fetch *f); /* monotonic; 0 = none */
void s3c_fetch_get_stats(const struct s3c_fetch *f, struct s3c_fetch_stats *ret);

#endif
