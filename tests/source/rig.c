/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/view.h"
#include "check.h"
#include "s3/call.h"
#include "source/source_private.h"

#define HOUR_NS   (3600 * S3C_NS_PER_SEC)
#define FRUITLESS 2000 /* reads */

static void keep_log(void *ctx, enum s3c_log_level level, const char *message)
{
    struct rig *r = ctx;
    size_t n = strlen(r->logged);

    (void)level;
    snprintf(r->logged + n, sizeof(r->logged) - n, "%s\n", message);
}

void rig_init(struct rig *r, enum fake_mode mode)
{
    struct s3c_creds keys = {.access_key_id = S3C_VIEW("AK"), .secret_access_key = S3C_VIEW("SK")};
    struct s3c_client_options o;
    struct s3c_error err;

    *r = (struct rig){.settings = {.bucket = "bucket",
                                   .prefix = "",
                                   .memory_limit = 1 << 20,
                                   .max_connections = 4,
                                   .polling_period_ns = HOUR_NS,
                                   .settle_sec = 2,
                                   .object_max_bytes = 1 << 20,
                                   .index_max_bytes = 1 << 30}};
    r->log = (struct s3c_log){S3C_LOG_INFO, keep_log, r};
    fake_bucket_init(&r->bucket, mode);
    CHECK_OK(s3c_creds_static_new(&r->creds, &keys, &err), &err);
    o = (struct s3c_client_options){.bucket = S3C_VIEW("bucket"),
                                    .region = S3C_VIEW("us-east-1"),
                                    .endpoint = S3C_VIEW("http://fake"),
                                    .path_style = S3C_PATH_STYLE_ON,
                                    .creds = r->creds,
                                    .transport = fake_transport_new(&r->bucket),
                                    .max_connections = 4,
                                    .clock = &r->bucket.clock};
    CHECK_OK(s3c_client_new(&r->client, &o, &err), &err);
}

void rig_done(struct rig *r)
{
    rig_stop(r);
    s3c_client_free(r->client);
    s3c_creds_provider_free(r->creds);
    fake_bucket_done(&r->bucket);
    free(r->seen);
}

static int start(struct rig *r, struct s3c_view position, bool once)
{
    struct s3c_source_env env = {.client = r->client,
                                 .settings = &r->settings,
                                 .clock = &r->bucket.clock,
                                 .log = &r->log,
                                 .versions = r->bucket.mode != FAKE_UNVERSIONED,
                                 .deadline_mono_ns = s3c_mono_ns(&r->bucket.clock) + HOUR_NS};

    rig_stop(r);
    return s3c_source_start(&r->source, &env, position, once, &r->err);
}

int rig_start(struct rig *r, const char *position, size_t len)
{
    return start(r, (struct s3c_view){position, len}, false);
}

int rig_start_once(struct rig *r)
{
    return start(r, (struct s3c_view){NULL, 0}, true);
}

void rig_stop(struct rig *r)
{
    s3c_source_close(r->source);
    r->source = NULL;
}

void rig_forget(struct rig *r)
{
    r->count = 0;
}

static struct s3c_view field(const struct s3c_record *record, const char *name)
{
    struct s3c_view none = {NULL, 0};

    for (size_t i = 0; i < record->metadata_count; i++)
        if (s3c_view_eq_str(record->metadata[i].name, name))
            return record->metadata[i].value;
    return none;
}

static void take(struct rig *r, const struct s3c_record *record)
{
    struct seen *s;

    if (r->count == r->cap) {
        r->cap = r->cap ? 2 * r->cap : 64;
        r->seen = realloc(r->seen, r->cap * sizeof(*r->seen));
    }
    s = &r->seen[r->count++];
    *s = (struct seen){.op = record->operation,
                       .position_len = record->position.len,
                       .nil = record->after.kind == S3C_DATA_NIL,
                       .latest = s3c_view_eq_str(field(record, "s3.isLatest"), "true"),
                       .has_version = field(record, "s3.versionId").ptr != NULL,
                       .action_delete = s3c_view_eq_str(field(record, "action"), "delete")};
    s3c_view_copy(s->position, sizeof(s->position), record->position);
    s3c_view_copy(s->key, sizeof(s->key), record->key.bytes);
    s3c_view_copy(s->version_id, sizeof(s->version_id), field(record, "s3.versionId"));
    s3c_view_copy(s->created_at, sizeof(s->created_at), field(record, "opencdc.createdAt"));
    if (!s->nil)
        s3c_view_copy(s->body, sizeof(s->body), record->after.bytes);
}

void rig_drain(struct rig *r)
{
    struct s3c_record records[7];
    unsigned fruitless = 0;
    size_t n;

    for (;;) {
        r->result = s3c_source_read(r->source, records, 7, &n, 0, &r->err);
        if (r->result == 0) {
            for (size_t i = 0; i < n; i++)
                take(r, &records[i]);
        } else if (r->result != S3C_AGAIN || s3c_source_idle(r->source)) {
            return;
        } else if (++fruitless % FRUITLESS == 0) {
            fake_pass_mono_time(&r->bucket,
                                S3C_NS_PER_SEC / 2); /* it may be pausing before a retry */
        } else {
            sched_yield();
        }
    }
}

void rig_pass(struct rig *r)
{
    fake_pass_time(&r->bucket, HOUR_NS);
    rig_drain(r);
}

const char *rig_text(const struct rig *r, size_t from, char *dst, size_t size)
{
    static const char *const names[] = {"?", "create", "update", "delete", "snapshot"};

    dst[0] = '\0';
    for (size_t i = from; i < r->count; i++) {
        const struct seen *s = &r->seen[i];
        size_t n = strlen(dst);

        snprintf(dst + n, size - n, "%s%s:%s%s%s", i > from ? " " : "", names[s->op], s->key,
                 s->nil ? "" : "=", s->body);
    }
    return dst;
}

struct s3c_source_stats rig_stats(const struct rig *r)
{
    struct s3c_source_stats stats;

    s3c_source_get_stats(r->source, &stats);
    return stats;
}
