/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes next: the snapshot, then pass after pass, turned into events that are pushed into the fetch window in order of
 * position. A state machine that never blocks: it goes on when a call has come back, when the window has room, or at its timer.
 * planner.c: stages in common; snapshot.c and cdc.c: the two phases. Not thread-safe.
 */
#ifndef S3C_SOURCE_PLANNER_H
#define S3C_SOURCE_PLANNER_H

#include "record/position.h"
#include "source/fetch.h"
#include "source/listing.h"
#include "source/mode.h"
#include "source/pass.h"

enum s3c_stage {
    S3C_STAGE_SNAPSHOT, /* its listing is under way */
    S3C_STAGE_DRAIN,    /* it is listed; some GETs are outstanding */
    S3C_STAGE_WAIT,     /* for the time of the next pass, and for the GETs of the last one */
    S3C_STAGE_PASS,     /* its listing is under way */
    S3C_STAGE_EMIT,     /* it is complete; some events wait for room in the window */
    S3C_STAGE_END,      /* nothing more is to come (snapshot_only) */
};

struct s3c_planner {
    const struct s3c_settings *settings;
    const struct s3c_clock *clock;
    const struct s3c_log *log;
    struct s3c_fetch *fetch;
    bool snapshot_only;

    struct s3c_listing listing;
    struct s3c_mode mode;
    struct s3c_index index;
    struct s3c_unseen unseen;
    enum s3c_stage stage;
    int64_t closed; /* W: everything up to this second has been looked at */

    int64_t
        start_date_sec; /* the server's date, and the local time, of the first reply; 0 = not yet */
    int64_t start_mono_ns;

    /* the snapshot */
    bool dated;    /* W0 (`closed`) is known */
    bool left_out; /* entries later than W0 */
    struct s3c_index_builder builder;
    struct s3c_buf key; /* whose entries are collected */
    struct s3c_fingerprint *prints;
    size_t print_count, print_cap;

    /* passes */
    struct s3c_pass pass;
    bool pass_on;
    struct s3c_absorb absorb; /* of the first one */
    struct s3c_buf start_key;
    struct s3c_borders borders;
    unsigned repeats;       /* of this pass, for their sake */
    int64_t cut;            /* close the pass here at the latest; 0 = no limit */
    int64_t next_pass_ns;   /* monotonic */
    int64_t newest_date_ns; /* of a pass */
    bool told_back;         /* the log has been told that the server's date went back */
    uint64_t passes;
};

struct s3c_planner_options {
    struct s3c_client *client;
    struct s3c_inbox *inbox;
    const struct s3c_settings *settings;
    const struct s3c_clock *clock;
    const struct s3c_log *log;
    bool versions, snapshot_only;
    const struct s3c_position *position; /* NULL: from the start */
};

/* Creates the fetch window as well and starts the first listing. 0, S3C_E_NOMEM. On failure nothing needs to be done. */
S3C_MUST_USE int s3c_planner_init(struct s3c_planner *p, const struct s3c_planner_options *o,
                                  struct s3c_error *err);
void s3c_planner_done(struct s3c_planner *p); /* waits for all calls under way */
/* Takes finished calls of the inbox, linked by ->next. 0 or S3C_E_NOMEM. */
S3C_MUST_USE int s3c_planner_feed(struct s3c_planner *p, struct s3c_call *first,
                                  struct s3c_error *err);
/* Goes on as far as possible now. 0 or the failure that ends the stream. */
S3C_MUST_USE int s3c_planner_advance(struct s3c_planner *p, struct s3c_error *err);
/* The snapshot is still being listed, so more records of it may follow. */
bool s3c_planner_in_snapshot(const struct s3c_planner *p);
/* Every event so far is decided and the next pass is only a matter of time. */
bool s3c_planner_idle(const struct s3c_planner *p);
int64_t s3c_planner_timer_ns(const struct s3c_planner *p); /* monotonic; 0 = none */

/* ---- between planner.c, snapshot.c and cdc.c: one step of a stage; 1 = go on, 0 = nothing to do now, negative = failure ---- */
S3C_MUST_USE int s3c_snapshot_step(struct s3c_planner *p, struct s3c_error *err);
S3C_MUST_USE int s3c_snapshot_drain_step(struct s3c_planner *p);
S3C_MUST_USE int s3c_cdc_wait_step(struct s3c_planner *p, struct s3c_error *err);
S3C_MUST_USE int s3c_cdc_pass_step(struct s3c_planner *p, struct s3c_error *err);
S3C_MUST_USE int s3c_cdc_emit_step(struct s3c_planner *p, struct s3c_error *err);
void s3c_planner_note_start(struct s3c_planner *p); /* at the first reply of all */
void s3c_cdc_begin(struct s3c_planner *p);          /* from here on passes, the first one now */

#endif
