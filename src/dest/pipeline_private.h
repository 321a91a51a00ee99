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

#endif
