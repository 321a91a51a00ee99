/* SPDX-License-Identifier: Apache-2.0 */
#include "once_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/view.h"
#include "format/json.h"

#define LINE_BEGIN "{\"Operation\":\"create\",\"Position\":\"p"

static void keep_line(void *ctx, enum s3c_log_level level, const char *message)
{
    struct world *w = ctx;

    (void)level;
    (void)snprintf(w->logged, sizeof(w->logged), "%s", message);
    w->gave_way += strstr(message, "memory.limit is too small") != NULL;
}

void world_begin(struct world *w, uint64_t seed)
{
    memset(w, 0, sizeof(*w));
    model_bucket_init(&w->bucket, seed);
    w->log = (struct s3c_log){S3C_LOG_DEBUG, keep_line, w};
    w->partitions = 1;
    w->settings = (struct s3c_settings){.prefix = "out",
                                        .key_template = "{prefix}{name}",
                                        .write_once = 1,
                                        .bucket = "bucket",
                                        .part_size = 8 << 20,
                                        .buffer_size = 10,
                                        .file_max_age_ns = 10 * S3C_NS_PER_SEC,
                                        .file_max_idle_ns = S3C_NS_PER_SEC,
                                        .memory_limit = 16 << 20,
                                        .max_connections = 8};
}

/* Whether there was memory for it. */
bool world_start_quietly(struct world *w)
{
    struct s3c_destination_parts parts = {.settings = &w->settings,
                                          .clock = &w->bucket.clock,
                                          .log = &w->log,
                                          .sink = &w->bucket.base,
                                          .honours_if_none_match = !w->bucket.ignores_conditions,
                                          .random = 7};

    return s3c_json_format_new(&parts.format, NULL) == 0 &&
           s3c_destination_new(&w->d, &parts, NULL) == 0;
}

void world_start(struct world *w)
{
    assert_true(world_start_quietly(w));
}

void world_crash(struct world *w)
{
    s3c_destination_close(w->d);
    w->d = NULL;
}

void world_end(struct world *w)
{
    world_crash(w);
    model_bucket_done(&w->bucket);
}

static int take_some_acks(struct world *w, int timeout_ms)
{
    struct s3c_ack acks[64];
    size_t n = 0;
    int r = s3c_destination_acks(w->d, acks, 64, &n, timeout_ms, NULL);

    for (size_t i = 0; i < n; i++) {
        char position[16];

        (void)snprintf(position, sizeof(position), "p%zu", w->acked++);
        CHECK_VIEW(acks[i].position, position);
        assert_null(acks[i].error);
        w->border = acks[i].border ? w->acked : w->border;
    }
    return r;
}

/* Takes all that are there, as whoever keeps a position does: they come in order, each record once. 0: there were some. */
int world_take_acks(struct world *w, int timeout_ms)
{
    int r = take_some_acks(w, timeout_ms), more = r;

    while (more == 0)
        more = take_some_acks(w, 0);
    return r;
}

int world_write_one(struct world *w, size_t number)
{
    char position[16], collection[16];
    struct s3c_metadata metadata = {S3C_VIEW("opencdc.collection"), {collection, 0}};
    struct s3c_record r = {.operation = S3C_OP_CREATE,
                           .metadata = &metadata,
                           .metadata_count = 1,
                           .after = {S3C_DATA_RAW, S3C_VIEW("some payload")}};
    size_t taken = 0;

    r.position =
        (struct s3c_view){position, (size_t)snprintf(position, sizeof(position), "p%zu", number)};
    metadata.value.len = (size_t)snprintf(collection, sizeof(collection), "c%zu",
                                          number * 7919 % 97 % w->partitions);
    return s3c_destination_write(w->d, &r, 1, &taken, NULL);
}

void world_write_all(struct world *w, size_t from, size_t count)
{
    for (size_t i = from; i < from + count; i++)
        CHECK_OK(world_write_one(w, i), NULL);
}

void world_stop(struct world *w)
{
    CHECK_OK(s3c_destination_stop(w->d, -1, NULL), NULL);
    while (world_take_acks(w, 1000) != S3C_END)
        continue;
}

/* How often each of the records is in the bucket; free it. */
unsigned *world_count_stored(struct world *w)
{
    unsigned *times = calloc(RECORDS_MAX, sizeof(*times));

    assert_non_null(times);
    for (size_t i = 0; i < w->bucket.count; i++) {
        const char *line = w->bucket.objects[i].body;

        /* Line by line: sanitizers measure all of what strstr is to look at, each time. */
        for (; line && *line; line = strchr(line, '\n')) {
            line += *line == '\n';
            if (strncmp(line, LINE_BEGIN, strlen(LINE_BEGIN)) == 0)
                times[strtoul(line + strlen(LINE_BEGIN), NULL, 10)]++;
        }
    }
    return times;
}

void world_check_once(struct world *w, size_t records)
{
    unsigned *times = world_count_stored(w);

    for (size_t i = 0; i < records; i++) {
        if (times[i] != 1)
            fail_msg("record %zu is there %u times", i, times[i]);
    }
    free(times);
}

/* One run that writes these and stops. */
void world_run(struct world *w, size_t from, size_t count, int64_t file_records)
{
    w->settings.buffer_size = file_records;
    w->acked = from;
    world_start(w);
    world_write_all(w, from, count);
    world_stop(w);
    assert_int_equal(w->acked, from + count);
    world_crash(w);
}
