/* SPDX-License-Identifier: Apache-2.0 */
/* A destination with write.once on a model of a bucket, for tests of what replays leave there. */
#ifndef S3C_TESTS_ONCE_WORLD_H
#define S3C_TESTS_ONCE_WORLD_H

#include "check.h"

#include "config/settings.h"
#include "dest/engine_private.h"
#include "model_bucket.h"

enum { RECORDS_MAX = 250000 };

struct world {
    struct model_bucket bucket;
    struct s3c_settings settings;
    struct s3c_destination *d;
    struct s3c_log log;
    char logged[1024];
    unsigned gave_way; /* warnings that memory was too small for it */
    size_t acked;      /* records from the first on */
    size_t border;     /* what a replay may begin at */
    unsigned partitions;
};

/* Files of 10 records, one partition; change the settings before the start. */
void world_begin(struct world *w, uint64_t seed);
bool world_start_quietly(struct world *w); /* whether there was memory for it */
void world_start(struct world *w);
void world_crash(struct world *w);
void world_end(struct world *w);

/* Takes all that are there, as whoever keeps a position does: they come in order, each record once. 0: there were some. */
int world_take_acks(struct world *w, int timeout_ms);
int world_write_one(struct world *w, size_t number); /* position "p<number>" */
void world_write_all(struct world *w, size_t from, size_t count);
void world_stop(struct world *w);
unsigned *world_count_stored(struct world *w); /* how often each record is in the bucket; free it */
void world_check_once(struct world *w, size_t records);
/* One run that writes these and stops. */
void world_run(struct world *w, size_t from, size_t count, int64_t file_records);

#endif
