/* SPDX-License-Identifier: Apache-2.0 */
#include "stream_bed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/view.h"
#include "record_text.h"

static void wake(void *ctx)
{
    (void)sem_post(&((struct bed *)ctx)->woken);
}

static int fetch(void *ctx, struct s3c_view subject, int32_t version, struct s3c_buf *ret_text,
                 struct s3c_error *err)
{
    (void)ctx;
    if (version == 2)
        return s3c_error_set(err, S3C_E_NOT_FOUND, "no version %d of %.*s", (int)version,
                             (int)subject.len, subject.ptr);
    return s3c_buf_add_str(ret_text, version == 1 ? "{\"type\":\"map\",\"values\":\"int\"}"
                                                  : "{\"type\":\"map\",\"values\":\"long\"}");
}

static void ready(void *ctx)
{
    (void)ctx; /* the test runs the stream itself */
}

struct bed *bed_begin_with(int64_t buffer_size, enum s3c_columns columns)
{
    struct bed *b = calloc(1, sizeof(*b));
    struct schemas_options o = {.fetch = fetch, .ready = ready};

    assert_non_null(b);
    rig_init(&b->dest);
    b->dest.settings.columns = columns;
    if (buffer_size > 0)
        b->dest.settings.buffer_size = buffer_size;
    b->dest.sink.finish_at_once = true;
    rig_open(&b->dest);
    (void)sem_init(&b->woken, 0, 0);
    destination_stream_init(&b->s, &b->dest.sink.clock);
    CHECK_OK(jobs_new(&b->jobs, wake, b, &b->err), &b->err);
    o.jobs = b->jobs;
    o.clock = &b->dest.sink.clock;
    CHECK_OK(schemas_new(&b->s.intake.schemas, &o, &b->err), &b->err);
    rate_init(&b->s.intake.rate, 0, 0, 0);
    b->s.intake.log = &b->dest.log;
    destination_stream_open(&b->s, S3C_TAKE(b->dest.d));
    b->s.listened_to = true;
    return b;
}

struct bed *bed_begin(int64_t buffer_size)
{
    return bed_begin_with(buffer_size, S3C_COLUMNS_RAW);
}

void bed_end(struct bed *b)
{
    assert_true(jobs_stop(b->jobs, 60000));
    destination_stream_done(&b->s);
    schemas_free(b->s.intake.schemas);
    jobs_free(b->jobs);
    rig_close(&b->dest);
    (void)sem_destroy(&b->woken);
    free(b);
}

void bed_run(struct bed *b)
{
    CHECK_OK(destination_stream_run(&b->s, &b->err), &b->err);
}

void bed_say(struct bed *b, struct s3c_buf *message)
{
    struct check_guard g = check_guard_new(message->ptr, message->len);

    assert_true(destination_stream_is_ready(&b->s));
    CHECK_OK(destination_stream_message(&b->s, (struct s3c_view){g.ptr, g.len}, &b->err), &b->err);
    check_guard_free(&g);
    s3c_buf_done(message);
    bed_run(b);
}

void bed_put(struct s3c_buf *m, int number)
{
    char position[16];
    size_t record = put_begin(m, 1);

    (void)snprintf(position, sizeof(position), "p%d", number);
    put_record(m, position, "payload");
    put_end(m, record);
}

void bed_say_plain(struct bed *b, int first, int count)
{
    struct s3c_buf m = MESSAGE;

    for (int i = first; i < first + count; i++)
        bed_put(&m, i);
    bed_say(b, &m);
}

void bed_expect(struct bed *b, const char *text)
{
    struct pb_reader acks, ack;
    char got[2000] = "";

    pb_read(&acks, destination_stream_take_acks(&b->s));
    while (pb_next(&acks) == 1) {
        struct s3c_view position = {"", 0}, error = {"", 0};
        size_t n = strlen(got);

        pb_read(&ack, acks.bytes);
        while (pb_next(&ack) == 1)
            *(ack.field == 1 ? &position : &error) = ack.bytes;
        (void)snprintf(got + n, sizeof(got) - n, "%.*s%s%.*s ", (int)position.len, position.ptr,
                       error.len ? "!" : "", (int)(error.len < 30 ? error.len : 30), error.ptr);
    }
    assert_string_equal(got, text);
}

void bed_advance(struct bed *b, int64_t ns)
{
    b->dest.sink.mono_ns += ns;
    bed_run(b);
}
