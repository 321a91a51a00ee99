/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `pipe`: source and destination in one process. A position is noted only when S3 has confirmed its record and all before it, so that a
 * kill at any moment repeats records but loses none.
 */
#include <poll.h>
#include <string.h>

#include <s3c/source.h>

#include "base/banned.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/view.h"
#include "cli/delivery.h"
#include "cli/posfile.h"
#include "cli/progress.h"
#include "cli/setup.h"

#define BATCH   256
#define WAIT_MS CLI_POSFILE_PERIOD_MS

struct run {
    struct cli *cli;
    struct cli_configs configs;
    struct s3c_source *source;
    struct cli_delivery delivery;
    struct cli_posfile file;
    struct cli_progress progress;
    struct s3c_buf start;
    uint64_t limit, given; /* records; limit 0 = none */
    bool caught_up;        /* the source has given what was there at the start */
};

/* With write.once only where a replay may begin: a stop or a failure may leave the rest of a file without its beginning otherwise. */
static int note(void *ctx, const struct s3c_ack *ack, struct s3c_error *err)
{
    struct run *k = ctx;

    return ack->border ? cli_posfile_note(&k->file, ack->position, err) : 0;
}

static void show(void *ctx)
{
    struct run *k = ctx;

    cli_progress_tick(&k->progress, s3c_mono_ns(s3c_clock_system()), k->source,
                      k->delivery.destination, s3c_buf_view(&k->file.position));
}

static const char *text_of(const struct s3c_config *c, const char *name)
{
    const struct s3c_option *o = s3c_option_find(s3c_view_str(name), S3C_SOURCE | S3C_DESTINATION);

    return s3c_config_text(c, o);
}

/* A destination that writes where its own source reads would feed itself for ever. */
static int refuse_loop(const struct run *k, struct s3c_error *err)
{
    const struct s3c_config *s = k->configs.source, *d = k->configs.destination;

    if (k->cli->args.given[CLI_FLAG_SNAPSHOT_ONLY] ||
        strcmp(text_of(s, "bucket"), text_of(d, "bucket")) != 0 ||
        strcmp(text_of(s, "endpoint"), text_of(d, "endpoint")) != 0 ||
        !s3c_config_writes_under(d, s3c_view_str(text_of(s, "prefix"))))
        return 0;
    return s3c_error_set(
        err, S3C_E_INVALID,
        "source.prefix, destination.prefix: the destination would write where the source reads (bucket %s), so every "
        "file would come back as a record for ever; set a destination.prefix (and key.template) outside of source.prefix, or another bucket",
        text_of(s, "bucket"));
}

static bool writes_once(const struct run *k)
{
    const char *text = text_of(k->configs.destination, "write.once");

    return *text && strchr("1tT", *text); /* the words that mean yes */
}

/* A key that is less than this one and greater than all that are less: without its last character. Empty: there is none that every server takes. */
static struct s3c_view key_before(struct s3c_view key, char *scratch)
{
    size_t n = key.len > 0 ? key.len - 1 : 0;

    while (n > 0 && ((unsigned char)key.ptr[n] & 0xc0) == 0x80)
        n--;
    if (n > 0 || key.len == 0 || (unsigned char)key.ptr[0] <= ' ' + 1)
        return s3c_view_first(key, n);
    *scratch = (unsigned char)key.ptr[0] > '~' ? '~' : (char)(key.ptr[0] - 1);
    return (struct s3c_view){scratch, 1};
}

/*
 * Another start from nothing would date its snapshot anew, and write.once would not know the same records again: their positions have that date. So
 * a position in front of the first record is kept before anything is written: its date is behind the underscore in every position of the snapshot.
 */
static int keep_beginning(struct run *k, const struct s3c_record *first, struct s3c_error *err)
{
    _cleanup_(s3c_buf_done) struct s3c_buf b = S3C_BUF_INIT(64u << 10);
    struct s3c_view before, key, end;
    char scratch;
    int r;

    if (k->given > 0 || k->file.position.len > 0 || first->operation != S3C_OP_SNAPSHOT ||
        !writes_once(k) || !s3c_view_split_last(first->position, '_', &key, &end) || end.len < 2)
        return 0;
    before = key_before(key, &scratch);
    if (before.len == 0)
        return 0;
    r = s3c_buf_add_view(&b, before);
    if (r == 0)
        r = s3c_buf_addf(&b, "_s%.*s", (int)end.len - 1, end.ptr + 1);
    if (r < 0)
        return s3c_error_nomem(err);
    r = cli_posfile_note(&k->file, s3c_buf_view(&b), err);
    return r < 0 ? r : cli_posfile_save(&k->file, err);
}

/* What is still missing of an earlier run's files then will not come any more. */
static void look_whether_caught_up(struct run *k, bool ended)
{
    struct s3c_source_stats stats;

    if (k->caught_up)
        return;
    s3c_source_get_stats(k->source, &stats);
    k->caught_up = ended || stats.caught_up;
    if (k->caught_up)
        s3c_destination_expect_more(k->delivery.destination, false);
}

/* Waits until the source or the destination may have something, or a signal comes. */
static void wait_for_both(struct run *k)
{
    struct pollfd fds[3] = {{.fd = s3c_source_fd(k->source), .events = POLLIN},
                            {.fd = s3c_destination_fd(k->delivery.destination), .events = POLLIN},
                            {.fd = k->cli->signals.fd, .events = POLLIN}};
    int due[2] = {s3c_source_timeout_ms(k->source),
                  s3c_destination_timeout_ms(k->delivery.destination)};
    int timeout = WAIT_MS;

    for (size_t i = 0; i < 2; i++)
        if (due[i] >= 0 && due[i] < timeout)
            timeout = due[i];
    if (poll(fds, 3, timeout) < 0)
        return; /* whatever it was, the loop looks at everything */
}

/* 0: go on; S3C_END: no more records are to be read; negative: a failure. */
static int step(struct run *k, struct s3c_error *err)
{
    struct s3c_record records[BATCH];
    size_t max = BATCH, n = 0;
    bool idle;
    int r;

    if (cli_signals_stopped(&k->cli->signals) || (k->limit && k->given == k->limit))
        return S3C_END;
    if (k->limit && k->limit - k->given < max)
        max = (size_t)(k->limit - k->given);
    r = s3c_source_read(k->source, records, max, &n, 0, err);
    idle = r == S3C_AGAIN;
    if (idle || r == S3C_END)
        look_whether_caught_up(k, r == S3C_END);
    if (r == 0)
        r = keep_beginning(k, &records[0], err);
    if (r == 0 && n > 0) {
        k->given += n;
        cli_progress_count(&k->progress, records, n);
        r = cli_delivery_write(&k->delivery, records, n, err);
    }
    if (r < 0 || r == S3C_END)
        return r;
    r = cli_delivery_drain(&k->delivery, 0, err);
    if (r < 0)
        return r;
    if (k->delivery.failed > 0)
        return S3C_END;
    r = cli_posfile_tick(&k->file, s3c_mono_ns(s3c_clock_system()), err);
    show(k);
    if (r == 0 && idle)
        wait_for_both(k);
    return r;
}

static int open_both(struct run *k, struct s3c_error *err)
{
    struct s3c_source_options o = {.position = s3c_buf_view(&k->start),
                                   .snapshot_only = k->cli->args.given[CLI_FLAG_SNAPSHOT_ONLY],
                                   .log = &k->cli->console.log};
    int r;

    k->delivery.acked = note;
    k->delivery.ctx = k;
    /* First the one that may still refuse something (a malformed position) without using the network. */
    r = cli_posfile_explain(&k->file, s3c_source_open(&k->source, k->configs.source, &o, err), err);
    if (r < 0)
        return s3c_error_wrap(err, r, "source");
    r = cli_delivery_open(&k->delivery, k->cli, k->configs.destination, err);
    if (r < 0)
        return s3c_error_wrap(err, r, "destination");
    s3c_destination_expect_more(k->delivery.destination, true);
    return 0;
}

static int stream(struct run *k, struct s3c_error *err)
{
    struct s3c_error late;
    int r, r2;

    cli_progress_init(&k->progress, k->cli);
    r = open_both(k, err);
    if (r < 0)
        return r;
    k->cli->started = true;
    do
        r = step(k, err);
    while (r == 0);
    /* Whatever ended it: what was read is written, and what was confirmed is kept. */
    r2 = cli_delivery_finish(&k->delivery, show, &late);
    if (r >= 0 && r2 < 0) {
        *err = late;
        r = r2;
    }
    r2 = cli_posfile_save(&k->file, &late);
    if (r >= 0 && r2 < 0) {
        *err = late;
        r = r2;
    }
    cli_progress_summary(&k->progress, k->source, k->delivery.destination);
    return r < 0 ? r : 0;
}

static int prepare(struct run *k, struct s3c_error *err)
{
    const struct cli_args *a = &k->cli->args;
    int r;

    r = cli_args_limit(a, &k->limit, err);
    if (r == 0)
        r = refuse_loop(k, err);
    if (r == 0)
        r = cli_posfile_open(&k->file, a->flag[CLI_FLAG_POSITION_FILE].ptr, err);
    if (r == 0 && s3c_buf_add_view(&k->start, s3c_buf_view(&k->file.position)) < 0)
        r = s3c_error_set(err, S3C_E_NOMEM, "position: out of memory");
    return r;
}

int cmd_pipe(struct cli *cli)
{
    struct run k = {.cli = cli, .start = S3C_BUF_INIT(64u << 10)};
    struct s3c_error err;
    int status, r;

    status = cli_configs_build(cli, S3C_SOURCE | S3C_DESTINATION, &k.configs);
    if (status == 0) {
        r = prepare(&k, &err);
        if (r == 0)
            r = stream(&k, &err);
        cli_delivery_close(&k.delivery); /* both before the last word is said */
        s3c_source_close(k.source);
        status = r < 0 ? cli_fail(cli, &err) : 0;
    }
    cli_configs_done(&k.configs);
    cli_posfile_done(&k.file);
    s3c_buf_done(&k.start);
    return status;
}
