/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The destination against a model, with random records, partitions, times, answers and streams: each record that was taken is acknowledged once, in order,
 * as stored where it is in one stored file of its partition, and with an error where it is in none; and memory stays bounded.
 */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/view.h"
#include "dest/engine_private.h"
#include "format/json.h"

enum {
    RECORDS = 8192,
    PARTITIONS = 9,
    OPTION = (96 << 10) * 24 / 13 + 1,
    LIMIT = 96 << 10,
    PART = 4 << 10,
    PAYLOAD = 6000
};

struct model {
    struct rig rig;
    uint64_t random;
    int written, acked;
    unsigned char partition[RECORDS];
    unsigned char stored[RECORDS]; /* in so many files */
    char payload[PAYLOAD + 1];
    bool alloc_fails;
};

static unsigned pick(struct model *m, unsigned n)
{
    return (unsigned)(check_random(&m->random) % n);
}

static int open_model(struct model *m, uint64_t seed)
{
    struct s3c_destination_parts parts = {.random = seed};
    int r;

    m->random = seed * 2654435761u + 1;
    rig_init(&m->rig);
    m->rig.settings = (struct s3c_settings){.prefix = "out",
                                            .key_template = RIG_BY_COLLECTION,
                                            .bucket = "bucket",
                                            .buffer_size = 1 + (int)pick(m, 40),
                                            .file_max_bytes = pick(m, 2) ? 0 : 20000,
                                            .file_max_age_ns = pick(m, 3) * S3C_NS_PER_SEC,
                                            .file_max_idle_ns = pick(m, 2) * S3C_NS_PER_SEC,
                                            .part_size = PART,
                                            .memory_limit = OPTION,
                                            .max_connections = 1 + (int)pick(m, 20)};
    memset(m->payload, 'x', PAYLOAD);
    parts.settings = &m->rig.settings;
    parts.clock = &m->rig.sink.clock;
    parts.sink = &m->rig.sink.base;
    r = s3c_json_format_new(&parts.format, NULL);
    if (r == 0)
        return s3c_destination_new(&m->rig.d, &parts, NULL);
    s3c_destination_parts_release(&parts);
    return r;
}

static void write_one(struct model *m)
{
    char position[16], collection[8];
    unsigned partition = pick(m, PARTITIONS);
    struct s3c_metadata metadata = {S3C_VIEW("opencdc.collection"), {collection, 2}};
    struct s3c_record record;
    size_t taken;
    int r;

    if (m->written == RECORDS)
        return;
    (void)snprintf(position, sizeof(position), "p%d", m->written);
    (void)snprintf(collection, sizeof(collection), "c%u", partition);
    m->payload[pick(m, 20) ? pick(m, 300) : PAYLOAD] = '\0';
    record = rig_record(position, m->payload);
    record.after.bytes.len = strlen(m->payload);
    m->payload[record.after.bytes.len] = record.after.bytes.len < PAYLOAD ? 'x' : '\0';
    record.metadata_nil = false;
    record.metadata = &metadata;
    record.metadata_count = 1;
    r = s3c_destination_write(m->rig.d, &record, 1, &taken, NULL);
    if (r < 0) {
        CHECK_CODE(r, S3C_E_NOMEM);
        assert_true(m->alloc_fails && check_alloc_failed());
    }
    if (taken > 0)
        m->partition[m->written++] = (unsigned char)partition;
    /* Beyond the limit by what a file grows at once. */
    assert_true(s3c_destination_memory(m->rig.d) < 2 * LIMIT + PAYLOAD);
}

/* A file has been stored: all its records belong there, and were nowhere before. */
static void count_stored(struct model *m, size_t put)
{
    const char *at = m->rig.sink.bodies[put].ptr;

    while ((at = strstr(at, "\"Position\":\"p"))) {
        char folder[16];
        int n = (int)strtol(at += strlen("\"Position\":\"p"), NULL, 10);

        assert_in_range(n, 0, m->written - 1);
        (void)snprintf(folder, sizeof(folder), "out/c%d/", m->partition[n]);
        CHECK_HAS(m->rig.sink.keys[put], folder);
        m->stored[n]++;
    }
}

static void answer(struct model *m, size_t put, int code, bool retryable)
{
    if (code == 0)
        count_stored(m, put);
    fake_sink_finish(&m->rig.sink, put, code, retryable, "answer");
}

static void answer_some(struct model *m, bool always_well)
{
    struct fake_sink *s = &m->rig.sink;

    for (size_t i = 0; i < s->puts; i++) {
        bool open = s->bodies[i].streamed && !s->bodies[i].ended;
        unsigned what = always_well ? 50 : pick(m, 100);

        if (!s->under_way[i] || (open && what > 3))
            continue;
        if (open)
            answer(m, i, S3C_E_DENIED, false);
        else if (what < 5)
            answer(m, i, S3C_E_DENIED, false);
        else if (what < 15)
            answer(m, i, S3C_E_HTTP, true);
        else if (what < 70)
            answer(m, i, 0, false);
    }
}

static void send_some(struct model *m)
{
    struct fake_sink *s = &m->rig.sink;

    for (size_t i = 0; i < s->puts; i++)
        if (s->bodies[i].unsent >= PART)
            s->bodies[i].unsent = pick(m, PART);
}

/* The code of acks. */
static int take_acks(struct model *m)
{
    struct s3c_ack acks[8];
    size_t n, max = 1 + pick(m, 8);
    int r = s3c_destination_acks(m->rig.d, acks, max, &n, 0, NULL);

    CHECK_OK(r, NULL);
    for (size_t i = 0; i < n; i++, m->acked++) {
        char position[16];

        (void)snprintf(position, sizeof(position), "p%d", m->acked);
        CHECK_VIEW(acks[i].position, position);
        assert_int_equal(m->stored[m->acked], acks[i].error ? 0 : 1);
    }
    return r;
}

static void advance(struct model *m)
{
    m->rig.sink.mono_ns += (int64_t)pick(m, 1500) * S3C_NS_PER_MS;
}

static void step(struct model *m)
{
    unsigned what = pick(m, 100);

    if (what < 60)
        write_one(m);
    else if (what < 70)
        answer_some(m, false);
    else if (what < 80)
        send_some(m);
    else if (what < 97)
        (void)take_acks(m);
    else if (what < 99)
        advance(m);
    else
        CHECK_OK(s3c_destination_flush(m->rig.d, NULL), NULL);
}

static void end(struct model *m)
{
    int r = 0;

    CHECK_OK(s3c_destination_stop(m->rig.d, -1, NULL), NULL);
    for (int i = 0; i < 100000 && r != S3C_END; i++) {
        answer_some(m, true);
        m->rig.sink.mono_ns += 20 * S3C_NS_PER_SEC; /* longer than any backoff */
        r = take_acks(m);
    }
    assert_int_equal(r, S3C_END);
    assert_int_equal(m->acked, m->written);
    assert_int_equal(rig_stats(&m->rig).open, 0);
    assert_int_equal(rig_stats(&m->rig).records, m->written);
    assert_int_equal(rig_stats(&m->rig).acked + rig_stats(&m->rig).failed, m->written);
}

static void keeps_its_promises_in_random_lives(void **state)
{
    uint64_t memory_closed = 0, streamed = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct model *m = calloc(1, sizeof(*m));

        assert_non_null(m);
        assert_int_equal(open_model(m, seed), 0);
        for (int i = 0; i < 1500; i++)
            step(m);
        end(m);
        memory_closed += rig_stats(&m->rig).files[S3C_CLOSE_MEMORY];
        for (size_t i = 0; i < m->rig.sink.puts; i++)
            streamed += m->rig.sink.bodies[i].streamed;
        rig_close(&m->rig);
        free(m);
    }
    assert_true(memory_closed > 0 && streamed > 0); /* the lives were such that it mattered */
}

static void keeps_them_when_memory_is_out(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 2; seed++) {
        FOR_EACH_ALLOC_FAILURE
        {
            struct model *m = calloc(1, sizeof(*m));
            int r;

            assert_non_null(m);
            m->alloc_fails = true;
            r = open_model(m, seed);
            CHECK_CODE(r, r < 0 ? S3C_E_NOMEM : 0);
            if (r == 0) {
                for (int i = 0; i < 150; i++)
                    step(m);
                end(m);
            }
            s3c_destination_close(m->rig.d);
            fake_sink_done(&m->rig.sink);
            free(m);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(keeps_its_promises_in_random_lives),
        CHECK_TEST(keeps_them_when_memory_is_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
