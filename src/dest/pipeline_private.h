/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of the pipeline (pipeline.c, stream.c) share. */
#ifndef S3C_DEST_PIPELINE_PRIVATE_H
#define S3C_DEST_PIPELINE_PRIVATE_H

#include "dest/pipeline.h"

/* A closed file comes: it is counted. */
void s3c_pipeline_enter(struct s3c_pipeline *p, struct s3c_file *f);
/* The sink has it from now on, and records no longer go into it. */
void s3c_pipeline_sending(struct s3c_pipeline *p, struct s3c_file *f);
/* Fills the delivery but for what is in the file. */
void s3c_pipeline_prepare(const struct s3c_pipeline *p, struct s3c_file *f);

/* Into another list, in front of `at`. */
void s3c_pipeline_move(struct s3c_link *at, struct s3c_file *f, enum s3c_file_state state);
/* It is done: stored (err NULL), or failed for good. */
void s3c_pipeline_finish(struct s3c_pipeline *p, struct s3c_file *f, const struct s3c_error *err);
/* It failed because of the deadline, or because everything is given up. */
void s3c_pipeline_fail_late(struct s3c_pipeline *p, struct s3c_file *f);
/* It is sent again after a backoff; delivery.error says why. */
void s3c_pipeline_send_later(struct s3c_pipeline *p, struct s3c_file *f, int64_t now_ns);

#endif
