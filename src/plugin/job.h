/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work that blocks (opening an engine, asking the schema service), away from the loop: one worker thread runs jobs one after the other, and
 * the loop hears of it. A job cannot be cancelled: who no longer wants it drops its result in `done`.
 */
#ifndef S3C_PLUGIN_JOB_H
#define S3C_PLUGIN_JOB_H

#include <stdbool.h>

#include <s3c/error.h>

struct jobs;

/* Embedded in what the job works on, which must live until `done`. */
struct job {
    int (*run)(struct job *j, struct s3c_error *err); /* on the worker */
    /* On the loop, exactly once for each job that was submitted, unless the process ends first; err is meant only if r < 0. */
    void (*done)(struct job *j, int r, const struct s3c_error *err);
    /* private */
    struct job *next;
    int result;
    struct s3c_error error;
};

/* `wake(ctx)` is called on the worker when there is something for jobs_collect. 0, S3C_E_NOMEM, S3C_E_IO. */
S3C_MUST_USE int jobs_new(struct jobs **ret, void (*wake)(void *ctx), void *ctx,
                          struct s3c_error *err);
void jobs_submit(struct jobs *js, struct job *j);
void jobs_collect(struct jobs *js); /* calls `done` of what is finished; on the loop */
/*
 * No new jobs; those that have not begun are not run any more. True: the worker has ended, and `done` was called for every job (those not
 * run with S3C_E_CANCELLED); jobs_free may follow. False: one still blocks after wait_ms; the process can only be ended.
 */
S3C_MUST_USE bool jobs_stop(struct jobs *js, int wait_ms);
void jobs_free(struct jobs *js); /* after jobs_stop said true; NULL is fine */

#endif
