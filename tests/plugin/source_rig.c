/* SPDX-License-Identifier: Apache-2.0 */
#include "source_rig.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"

#define SERVICE "/connector.v2.SourcePlugin/"

/* The backend has no context of its own: the rig that is in use. */
static struct source_rig *current;

static int judged(int result, struct s3c_error *err)
{
    if (current->fake.hold)
        (void)sem_wait(current->fake.hold);
    return result < 0 ? s3c_error_set(err, result, "the fake says no") : 0;
}

static int fake_check(const struct s3c_config *c, const struct s3c_log *log, struct s3c_error *err)
{
    assert_non_null(c);
    assert_non_null(log);
    return judged(current->fake.check_result, err);
}

static int fake_open(void **ret, const struct s3c_config *c, const struct s3c_log *log,
                     struct s3c_view position, struct s3c_error *err)
{
    int r = judged(current->fake.open_result, err);

    assert_non_null(c);
    assert_non_null(log);
    if (r < 0)
        return r;
    s3c_view_copy(current->fake.position, sizeof(current->fake.position), position);
    current->fake.opened++;
    *ret = &current->fake;
    return 0;
}

static struct s3c_record record_of(struct fake_source *f, size_t i)
{
    static const struct s3c_metadata metadata = {S3C_VIEW("opencdc.version"), S3C_VIEW("v1")};
    int n = snprintf(f->text[i], sizeof(f->text[i]), "p%zu", i);
    struct s3c_view number = {f->text[i] + 1, (size_t)n - 1};

    return (struct s3c_record){
        .operation = S3C_OP_SNAPSHOT,
        .position = {f->text[i], (size_t)n},
        .metadata = &metadata,
        .metadata_count = 1,
        .key = {S3C_DATA_RAW, number},
        .after = {S3C_DATA_RAW, f->payload.ptr ? f->payload : number},
    };
}

static int fake_read(void *source, struct s3c_record *records, size_t max, size_t *ret_count,
                     struct s3c_error *err)
{
    struct fake_source *f = source;
    uint64_t rung;

    memset(f->text, '?', sizeof(f->text)); /* what was given before is invalid now */
    f->reads++;
    if (f->read == f->written) {
        if (f->end == S3C_AGAIN && read(f->fd, &rung, sizeof(rung)) < 0)
            return S3C_AGAIN;
        return f->end < 0 ? s3c_error_set(err, f->end, "the bucket is gone") : f->end;
    }
    for (*ret_count = 0; *ret_count < max && *ret_count < f->most && f->read < f->written;)
        records[(*ret_count)++] = record_of(f, f->read++);
    return 0;
}

static int fake_fd(void *source)
{
    return ((struct fake_source *)source)->fd;
}

static int fake_timeout_ms(void *source)
{
    (void)source;
    return -1;
}

static void fake_close(void *source)
{
    ((struct fake_source *)source)->closed++;
}

static void wake(void *ctx)
{
    grpc_server_wake(((struct plugin *)ctx)->server);
}

static void woken(void *user)
{
    jobs_collect(((struct plugin *)user)->jobs);
}

int source_rig_try(struct source_rig *r)
{
    static const struct source_backend backend = {
        fake_check, fake_open, {fake_read, fake_fd, fake_timeout_ms, fake_close}};
    struct plugin *p = &r->plugin;
    struct s3c_error err;
    int n;

    memset(r, 0, sizeof(*r));
    current = r;
    r->fake.most = SIZE_MAX;
    r->fake.end = S3C_AGAIN;
    r->fake.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    assert_true(r->fake.fd >= 0);
    r->log_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    n = rig_start(&r->rig, source_methods, p, 0);
    p->server = r->rig.server;
    if (n == 0)
        grpc_server_on_wake(p->server, woken);
    if (n == 0)
        n = plugin_log_new(&p->log, r->log_fd, "debug", &err);
    if (n == 0)
        n = jobs_new(&p->jobs, wake, p, &err);
    return n < 0 ? n : source_service_new(&p->source, p, &backend, &err);
}

void source_rig_begin(struct source_rig *r)
{
    CHECK_OK(source_rig_try(r), NULL);
}

void source_rig_end(struct source_rig *r)
{
    if (r->plugin.jobs)
        assert_true(jobs_stop(r->plugin.jobs, 60000));
    rig_stop(&r->rig);
    source_service_free(r->plugin.source);
    jobs_free(r->plugin.jobs);
    plugin_log_free(r->plugin.log);
    (void)close(r->fake.fd);
    (void)close(r->log_fd);
    assert_int_equal(r->fake.opened, r->fake.closed);
}

void source_rig_write(struct source_rig *r, size_t n)
{
    static const uint64_t one = 1;

    r->fake.written += n;
    assert_true(r->fake.written <= SOURCE_RIG_RECORDS);
    assert_int_equal(write(r->fake.fd, &one, sizeof(one)), sizeof(one));
}

struct rig_stream *source_rig_call(struct source_rig *r, const char *method,
                                   struct s3c_view message)
{
    char path[80];
    struct rig_stream *s;

    (void)snprintf(path, sizeof(path), SERVICE "%s", method);
    s = rig_open(&r->rig.peer, path, NULL);
    if (strcmp(method, "Run") != 0) {
        rig_say(s, message);
        rig_say_end(s);
    }
    rig_run(&r->rig);
    return s;
}

static void pause_a_little(void)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

void source_rig_wait(struct source_rig *r, const struct rig_stream *s)
{
    for (int i = 0; i < 60000 && !s->closed; i++) {
        pause_a_little(); /* for the worker */
        rig_run(&r->rig);
    }
    assert_true(s->closed);
}

void source_rig_unary(struct source_rig *r, const char *method, struct s3c_view message,
                      enum grpc_status status, const char *text)
{
    struct rig_stream *s = source_rig_call(r, method, message);

    source_rig_wait(r, s);
    rig_expect(s, status, text);
}

static size_t check_records(struct s3c_view message, size_t first)
{
    struct pb_reader r, record;
    char want[16];

    pb_read(&r, message);
    while (pb_next(&r) == 1) {
        (void)snprintf(want, sizeof(want), "p%zu", first++);
        pb_read(&record, r.bytes);
        assert_int_equal(pb_next(&record), 1);
        CHECK_VIEW(record.bytes, want);
    }
    return first;
}

void source_rig_receive(struct source_rig *r, const struct rig_stream *run, size_t n,
                        size_t *messages)
{
    size_t records = 0, m = 0;

    for (int i = 0; i < 60000 && records < n; i++) {
        rig_run(&r->rig);
        for (; m < rig_messages(run); m++) {
            assert_true(rig_message(run, m).len > 0);
            records = check_records(rig_message(run, m), records);
        }
        if (records < n)
            pause_a_little();
    }
    assert_int_equal(records, n);
    *messages = m;
}

static void add(struct s3c_buf *b, const char *name, const char *value)
{
    size_t mark;

    CHECK_OK(pb_begin(b, 1, &mark), NULL);
    CHECK_OK(pb_add_bytes(b, 1, s3c_view_str(name)), NULL);
    CHECK_OK(pb_add_bytes(b, 2, s3c_view_str(value)), NULL);
    CHECK_OK(pb_end(b, mark), NULL);
}

struct s3c_view source_rig_settings(struct s3c_buf *b, const char *name, const char *value)
{
    *b = (struct s3c_buf)S3C_BUF_INIT(1 << 20);
    add(b, "aws.bucket", "lake");
    add(b, "aws.endpoint", "http://127.0.0.1:1");
    add(b, "aws.accessKeyId", "AK");
    add(b, "aws.secretAccessKey", "SK");
    if (name)
        add(b, name, value);
    return s3c_buf_view(b);
}

struct rig_stream *source_rig_run(struct source_rig *r, const char *name, const char *value)
{
    struct s3c_buf b;

    source_rig_unary(r, "Configure", source_rig_settings(&b, name, value), GRPC_OK, NULL);
    s3c_buf_done(&b);
    source_rig_unary(r, "Open", S3C_VIEW("\x0a\x02p9"), GRPC_OK, NULL);
    assert_string_equal(r->fake.position, "p9");
    return source_rig_call(r, "Run", S3C_VIEW(""));
}

void source_rig_stop_at(struct source_rig *r, const char *position)
{
    struct rig_stream *s = source_rig_call(r, "Stop", S3C_VIEW(""));
    struct s3c_view last;

    source_rig_wait(r, s);
    rig_expect(s, GRPC_OK, NULL);
    assert_int_equal(plugin_bytes_field(rig_message(s, 0), 1, &last), 0);
    CHECK_VIEW(last, position);
}
