/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include <s3c/opencdc.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/view.h"

#define TEXT_MAX  400
#define KEY_SHOWN 60

void cli_progress_init(struct cli_progress *p, struct cli *cli)
{
    const struct cli_args *a = &cli->args;

    *p = (struct cli_progress){.cli = cli};
    p->shown = a->given[CLI_FLAG_PROGRESS] ||
               (cli->console.tty && !a->given[CLI_FLAG_NO_PROGRESS] && !cli->console.quiet);
    p->start_ns = p->last_ns = s3c_mono_ns(s3c_clock_system());
}

void cli_progress_count(struct cli_progress *p, const struct s3c_record *records, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p->records[records[i].operation]++;
}

static uint64_t total(const struct cli_progress *p)
{
    uint64_t n = 0;

    for (size_t i = 1; i < 5; i++)
        n += p->records[i];
    return n;
}

struct text {
    char chars[TEXT_MAX];
    size_t len;
};

static void put(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void put(struct text *t, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(t->chars + t->len, sizeof(t->chars) - t->len, fmt, ap);
    va_end(ap);
    if (n > 0)
        t->len = t->len + (size_t)n < sizeof(t->chars) ? t->len + (size_t)n : sizeof(t->chars) - 1;
}

static void put_bytes(struct text *t, double bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    unsigned u = 0;

    for (; bytes >= 1024 && u < 4; u++)
        bytes /= 1024;
    put(t, u == 0 ? "%.0f %s" : "%.1f %s", bytes, units[u]);
}

/* The key is what stands before the position's last underscore. */
static void put_key(struct text *t, struct s3c_view position)
{
    struct s3c_view key = position, number;
    char shown[KEY_SHOWN + 1];

    if (!s3c_view_split_last(position, '_', &key, &number) || key.len == 0)
        return;
    s3c_view_copy(shown, sizeof(shown), key);
    for (char *c = shown; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    put(t, ", at %s%s", shown, key.len > KEY_SHOWN ? "..." : "");
}

static void put_changes(struct text *t, const struct s3c_source_stats *s)
{
    int64_t now = s3c_wall_ns(s3c_clock_system()) + s->server_offset_ns;
    char when[S3C_TIME_TEXT_SIZE];

    put(t, ", changes: ");
    if (s->last_change_ns != 0) {
        (void)s3c_time_format_rfc3339(when, s3c_floor_sec(s->last_change_ns) * S3C_NS_PER_SEC);
        put(t, "last %s, ", when);
    }
    if (s->closed_second != 0)
        put(t, "lag %" PRId64 " s, ", s3c_floor_sec(now) - s->closed_second);
    put(t, "%" PRIu64 " polls, %" PRIu64 " requests", s->passes, s->requests);
}

static void put_source(struct text *t, const struct s3c_source *source, struct s3c_view position,
                       uint64_t *ret_bytes)
{
    struct s3c_source_stats s;

    s3c_source_get_stats(source, &s);
    *ret_bytes = s.bytes;
    put(t, ", %" PRIu64 " objects, ", s.objects);
    put_bytes(t, (double)s.bytes);
    if (s.cdc)
        put_changes(t, &s);
    else
        put(t, ", %" PRIu64 " keys listed", s.listed);
    put_key(t, position);
}

static void put_destination(struct text *t, const struct s3c_destination *destination,
                            uint64_t *ret_bytes)
{
    struct s3c_destination_stats s;

    s3c_destination_get_stats(destination, &s);
    *ret_bytes = s.bytes_written;
    put(t, ", %" PRIu64 " in S3, %" PRIu64 " files, ", s.acked, s.files_written);
    put_bytes(t, (double)s.bytes_written);
}

void cli_progress_tick(struct cli_progress *p, int64_t now_ns, const struct s3c_source *source,
                       const struct s3c_destination *destination, struct s3c_view position)
{
    double seconds = (double)(now_ns - p->last_ns) / (double)S3C_NS_PER_SEC;
    uint64_t read = 0, written = 0, bytes, records = total(p);
    struct text t = {.len = 0};

    if (!p->shown || now_ns - p->last_ns < CLI_PROGRESS_PERIOD_MS * S3C_NS_PER_MS)
        return;
    put(&t, "%" PRIu64 " records", records);
    if (source)
        put_source(&t, source, position, &read);
    if (destination)
        put_destination(&t, destination, &written);
    bytes = source ? read : written;
    put(&t, ", %.0f records/s, ", (double)(records - p->last_records) / seconds);
    put_bytes(&t, bytes >= p->last_bytes ? (double)(bytes - p->last_bytes) / seconds : 0);
    put(&t, "/s");
    cli_status(&p->cli->console, t.chars);
    p->last_ns = now_ns;
    p->last_bytes = bytes;
    p->last_records = records;
}

static void put_operations(struct text *t, const struct cli_progress *p)
{
    static const enum s3c_operation order[] = {S3C_OP_SNAPSHOT, S3C_OP_CREATE, S3C_OP_UPDATE,
                                               S3C_OP_DELETE};

    put(t, "%" PRIu64 " records (", total(p));
    for (size_t i = 0; i < 4; i++)
        put(t, "%s%s %" PRIu64, i ? ", " : "", s3c_operation_name(order[i]), p->records[order[i]]);
    put(t, ")");
}

static void put_skipped(struct text *t, const struct s3c_source_stats *s)
{
    if (s->skipped_changed)
        put(t, ", %" PRIu64 " skipped as changed meanwhile", s->skipped_changed);
    if (s->skipped_archived)
        put(t, ", %" PRIu64 " skipped as archived", s->skipped_archived);
    if (s->skipped_too_large)
        put(t, ", %" PRIu64 " skipped as too large", s->skipped_too_large);
}

/* Why files were closed: the reasons that occurred. */
static void put_reasons(struct text *t, const struct s3c_destination_stats *d)
{
    static const char *const names[S3C_CLOSE_REASONS] = {
        [S3C_CLOSE_COUNT] = "count", [S3C_CLOSE_BYTES] = "bytes", [S3C_CLOSE_AGE] = "age",
        [S3C_CLOSE_IDLE] = "idle",   [S3C_CLOSE_STOP] = "stop",   [S3C_CLOSE_MEMORY] = "memory",
    };
    const char *before = " (closed by ";

    for (size_t i = 0; i < S3C_CLOSE_REASONS; i++) {
        if (!d->files[i])
            continue;
        put(t, "%s%s %" PRIu64, before, names[i], d->files[i]);
        before = ", ";
    }
    if (*before == ',')
        put(t, ")");
}

/* Of this program alone: ru_maxrss starts with what the process was before exec, a shell or a test runner. 0 = not known. */
static long peak_rss_kib(void)
{
    FILE *f = fopen("/proc/self/status", "re");
    char line[256];
    long kib = 0;

    while (f && kib == 0 && fgets(line, sizeof(line), f)) {
        if (strncmp(line, "VmHWM:", 6) == 0)
            kib = strtol(line + 6, NULL, 10);
    }
    if (f)
        (void)fclose(f);
    return kib;
}

void cli_progress_summary(struct cli_progress *p, const struct s3c_source *source,
                          const struct s3c_destination *destination)
{
    int64_t now = s3c_mono_ns(s3c_clock_system());
    struct s3c_destination_stats d = {0};
    struct s3c_source_stats s = {0};
    struct text t = {.len = 0};

    put_operations(&t, p);
    if (source) {
        s3c_source_get_stats(source, &s);
        put(&t, ", %" PRIu64 " objects read, ", s.objects);
        put_bytes(&t, (double)s.bytes);
        put_skipped(&t, &s);
    }
    if (destination) {
        s3c_destination_get_stats(destination, &d);
        put(&t, ", %" PRIu64 " objects written", d.files_written);
        put_reasons(&t, &d);
        put(&t, ", ");
        put_bytes(&t, (double)d.bytes_written);
    }
    put(&t, ", %.1f s, %" PRIu64 " requests, ",
        (double)(now - p->start_ns) / (double)S3C_NS_PER_SEC, s.requests + d.requests);
    put_bytes(&t, (double)peak_rss_kib() * 1024);
    put(&t, " peak memory");
    cli_say(&p->cli->console, S3C_LOG_INFO, "%s", t.chars);
}
