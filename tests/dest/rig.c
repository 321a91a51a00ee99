/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <stdio.h>
#include <string.h>

#include "base/view.h"
#include "dest/engine.h"
#include "format/json.h"
#include "format/parquet_typed.h"

static void keep_line(void *ctx, enum s3c_log_level level, const char *message)
{
    struct rig *r = ctx;

    (void)level;
    r->log_lines++;
    (void)snprintf(r->logged, sizeof(r->logged), "%s", message);
}

void rig_init(struct rig *r)
{
    memset(r, 0, sizeof(*r));
    fake_sink_init(&r->sink);
    r->log = (struct s3c_log){S3C_LOG_DEBUG, keep_line, r};
    r->settings = (struct s3c_settings){.prefix = "out",
                                        .key_template = "{prefix}{name}",
                                        .part_size = 8 << 20,
                                        .bucket = "bucket",
                                        .buffer_size = 1000,
                                        .memory_limit = 1 << 20,
                                        .max_connections = 256};
}

void rig_open(struct rig *r)
{
    static const struct s3c_parquet_options parquet = {S3C_CODEC_NONE, 1 << 20};
    struct s3c_destination_parts parts = {.settings = &r->settings,
                                          .clock = &r->sink.clock,
                                          .log = &r->log,
                                          .sink = &r->sink.base,
                                          .random = 7};

    if (r->settings.columns == S3C_COLUMNS_TYPED)
        CHECK_OK(s3c_parquet_typed_format_new(&parts.format, &parquet, NULL, NULL), NULL);
    else
        CHECK_OK(s3c_json_format_new(&parts.format, NULL), NULL);
    CHECK_OK(s3c_destination_new(&r->d, &parts, NULL), NULL);
}

void rig_close(struct rig *r)
{
    s3c_destination_close(r->d);
    fake_sink_done(&r->sink);
}

struct s3c_record rig_record(const char *position, const char *payload)
{
    return (struct s3c_record){.operation = S3C_OP_CREATE,
                               .position = s3c_view_str(position),
                               .metadata_nil = true,
                               .key = {S3C_DATA_RAW, S3C_VIEW("k")},
                               .after = {S3C_DATA_RAW, s3c_view_str(payload)}};
}

int rig_write_to(struct rig *r, const char *collection, const char *payload, int first, int count)
{
    struct s3c_metadata metadata = {S3C_VIEW("opencdc.collection"), s3c_view_str(collection)};

    for (int i = 0; i < count; i++) {
        char position[16];
        struct s3c_record record;
        struct s3c_error err;
        size_t taken = 0;
        int rc;

        (void)snprintf(position, sizeof(position), "p%d", first + i);
        record = rig_record(position, payload);
        if (collection) {
            record.metadata_nil = false;
            record.metadata = &metadata;
            record.metadata_count = 1;
        }
        rc = s3c_destination_write(r->d, &record, 1, &taken, &err);
        CHECK_OK(rc, &err);
        assert_int_equal(taken, rc == 0);
        if (rc == S3C_AGAIN)
            return i;
    }
    return count;
}

void rig_write(struct rig *r, int first, int count)
{
    assert_int_equal(rig_write_to(r, NULL, "payload", first, count), count);
}

void rig_finish_all(struct rig *r)
{
    for (size_t i = 0; i < r->sink.puts; i++)
        if (r->sink.under_way[i] && r->sink.bodies[i].streamed == r->sink.bodies[i].ended)
            fake_sink_finish(&r->sink, i, 0, false, "");
}

void rig_expect_acks(struct rig *r, int first, int count, int code)
{
    while (count > 0) {
        struct s3c_ack acks[8];
        size_t n, max = count < 8 ? (size_t)count : 8;

        CHECK_OK(s3c_destination_acks(r->d, acks, max, &n, 0, NULL), NULL);
        if (n == 0)
            fail_msg("no acknowledgement for p%d", first);
        for (size_t i = 0; i < n; i++) {
            char position[16];

            (void)snprintf(position, sizeof(position), "p%d", first++);
            CHECK_VIEW(acks[i].position, position);
            assert_int_equal(acks[i].error ? acks[i].error->code : 0, code);
        }
        count -= (int)n;
    }
}

void rig_expect_none(struct rig *r, int code)
{
    struct s3c_ack ack;
    size_t n = 1;

    CHECK_CODE(s3c_destination_acks(r->d, &ack, 1, &n, 0, NULL), code);
    assert_int_equal(n, 0);
}

void rig_advance_ms(struct rig *r, int ms)
{
    r->sink.mono_ns += ms * S3C_NS_PER_MS;
    r->sink.wall_ns += ms * S3C_NS_PER_MS;
    rig_expect_none(r, S3C_AGAIN);
}

struct s3c_destination_stats rig_stats(const struct rig *r)
{
    struct s3c_destination_stats s;

    s3c_destination_get_stats(r->d, &s);
    return s;
}
