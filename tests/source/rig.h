/* SPDX-License-Identifier: Apache-2.0 */
/* A source on a fake bucket, and what it has given. Polling takes an hour of the fake clock, so passes happen when rig_pass says so. */
#ifndef S3C_TESTS_RIG_H
#define S3C_TESTS_RIG_H

#include <s3c/source.h>

#include "config/settings.h"
#include "fake_bucket.h"
#include "record/position.h"
#include "s3/creds.h"

struct seen {
    char position[160];
    size_t position_len;
    enum s3c_operation op;
    char key[64], version_id[24], body[48], created_at[24];
    bool nil, latest, action_delete, has_version;
    struct s3c_position at; /* into position */
};

struct rig {
    struct fake_bucket bucket;
    struct s3c_settings settings;
    struct s3c_creds_provider *creds;
    struct s3c_client *client;
    struct s3c_source *source;
    struct seen *seen;
    size_t count, cap;
    struct s3c_log log;
    char logged[4096];
    int result; /* of the last read */
    struct s3c_error err;
};

void rig_init(struct rig *r, enum fake_mode mode);
void rig_done(struct rig *r);
/* position: NULL or empty = from the start. Returns s3c_source_start's result. */
int rig_start(struct rig *r, const char *position, size_t len);
int rig_start_once(struct rig *r); /* snapshot_only */
void rig_stop(struct rig *r);
void rig_forget(struct rig *r); /* what was seen so far */
/* Reads until the source is idle, ends or fails. */
void rig_drain(struct rig *r);
/* Lets an hour go by and reads until the pass is over. */
void rig_pass(struct rig *r);
/* "snapshot:a=body create:a=body delete:a" of seen[from...], for short expectations. */
const char *rig_text(const struct rig *r, size_t from, char *dst, size_t size);
struct s3c_source_stats rig_stats(const struct rig *r);

#endif
