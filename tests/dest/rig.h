/* SPDX-License-Identifier: Apache-2.0 */
/* A destination on a fake sink and a clock that stands still, for the tests of its rules. */
#ifndef S3C_TESTS_DEST_RIG_H
#define S3C_TESTS_DEST_RIG_H

#include <s3c/destination.h>

#include "check.h"
#include "config/settings.h"
#include "fake_sink.h"

struct rig {
    struct fake_sink sink;
    struct s3c_settings settings; /* change them between rig_init and rig_open */
    struct s3c_log log;
    char logged[1024]; /* the last line */
    unsigned log_lines;
    struct s3c_destination *d;
};

/* Divides records by opencdc.collection. */
#define RIG_BY_COLLECTION "{prefix}{collection}/{name}"

/* Everything off but buffer-size 1000; memory.limit 1 MiB; JSON, or Parquet with settings.columns of S3C_COLUMNS_TYPED. */
void rig_init(struct rig *r);
void rig_open(struct rig *r);
void rig_close(struct rig *r);

/* Writes records number first to first + count - 1 (position "p<number>"); all must be taken. */
void rig_write(struct rig *r, int first, int count);
/* The same with a payload, and a metadata value for opencdc.collection (NULL: without). Gives how many were taken; a write that takes none ends it. */
int rig_write_to(struct rig *r, const char *collection, const char *payload, int first, int count);
/* The code of acks; the next acknowledgements must be those of records first to first + count - 1, all with that error code (0: stored). */
void rig_expect_acks(struct rig *r, int first, int count, int code);
void rig_expect_none(struct rig *r, int code); /* S3C_AGAIN or S3C_END right now */
void rig_advance_ms(struct rig *r,
                    int ms); /* lets time pass and gives the destination a chance to act */
/* Finishes every delivery that is under way and is no open stream, in order. */
void rig_finish_all(struct rig *r);
struct s3c_destination_stats rig_stats(const struct rig *r);

struct s3c_record rig_record(const char *position, const char *payload);

#endif
