/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `source`: records to standard output. The order of things is what makes a position file safe: records are encoded into a buffer, the buffer is
 * written out, and only then the position of its last record is noted and, at most twice a second, saved.
 */
#include <stdio.h>
#include <unistd.h>

#include <s3c/opencdc.h>
#include <s3c/source.h>

#include "base/banned.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/view.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/posfile.h"
#include "cli/progress.h"
#include "cli/setup.h"

#define BATCH        256
#define HOLD_MS      200 /* a record waits no longer in the buffer while others keep coming */
#define POSITION_MAX (64u << 10)

struct run {
    struct cli *cli;
    struct cli_configs configs;
    struct s3c_source *source;
    struct cli_output out;
    struct cli_posfile file;
    struct cli_progress progress;
    struct s3c_buf start;    /* --position, decoded */
    struct s3c_buf position; /* of the last record in the buffer */
    uint64_t limit, given;   /* records; limit 0 = none */
    int64_t flushed_ns;
    int (*encode)(struct s3c_buf *out, const struct s3c_record *r);
};

static int read_position(struct run *k, struct s3c_error *err)
{
    const struct cli_args *a = &k->cli->args;
    int r;

    if (a->given[CLI_FLAG_POSITION] + a->given[CLI_FLAG_POSITION_BASE64] +
            a->given[CLI_FLAG_POSITION_FILE] >
        1)
        return s3c_error_set(
            err, S3C_E_INVALID,
            "--position, --position-base64 and --position-file say the same: give one of them");
    r = cli_posfile_open(&k->file, a->flag[CLI_FLAG_POSITION_FILE].ptr, err);
    if (r < 0)
        return r;
    if (a->given[CLI_FLAG_POSITION_FILE])
        return s3c_buf_add_view(&k->start, s3c_buf_view(&k->file.position)) < 0
                   ? s3c_error_nomem(err)
                   : 0;
    if (a->given[CLI_FLAG_POSITION_BASE64]) {
        r = s3c_base64_decode(&k->start, a->flag[CLI_FLAG_POSITION_BASE64], err);
        return r == S3C_E_INVALID
                   ? s3c_error_set(
                         err, S3C_E_POSITION,
                         "--position-base64: not base64; give what the field \"position\" of a line holds")
                   : r;
    }
    if (s3c_buf_add_view(&k->start, a->flag[CLI_FLAG_POSITION]) < 0)
        return s3c_error_set(err, S3C_E_POSITION, "--position: too long to be a position");
    return 0;
}

static int read_flags(struct run *k, struct s3c_error *err)
{
    const struct cli_args *a = &k->cli->args;
    int r;

    k->encode = s3c_opencdc_encode;
    if (a->given[CLI_FLAG_RAW]) {
        if (!s3c_view_eq_str(a->flag[CLI_FLAG_RAW], "text"))
            return s3c_error_set(
                err, S3C_E_INVALID,
                "--raw: \"%.40s\" is none; allowed: text (without --raw raw bytes are base64)",
                a->flag[CLI_FLAG_RAW].ptr);
        k->encode = s3c_opencdc_encode_text;
    }
    r = cli_args_limit(a, &k->limit, err);
    return r < 0 ? r : read_position(k, err);
}

/* Hands over what is buffered; after that its last position is safe to be saved. */
static int flush(struct run *k, struct s3c_error *err)
{
    int r;

    if (k->out.buf.len == 0)
        return 0;
    r = cli_output_flush(&k->out, err);
    if (r < 0)
        return r;
    k->flushed_ns = s3c_mono_ns(s3c_clock_system());
    return cli_posfile_note(&k->file, s3c_buf_view(&k->position), err);
}

static int remember(struct run *k, struct s3c_view position, struct s3c_error *err)
{
    s3c_buf_clear(&k->position);
    return s3c_buf_add_view(&k->position, position) < 0 ? s3c_error_nomem(err) : 0;
}

static int print(struct run *k, const struct s3c_record *records, size_t n, struct s3c_error *err)
{
    for (size_t i = 0; i < n; i++) {
        int r = k->encode(&k->out.buf, &records[i]);
        if (r < 0)
            return s3c_error_set(
                err, r, "record: its line does not fit into memory; set object.max-bytes lower");
        if (k->out.buf.len < CLI_OUTPUT_FULL && i + 1 < n)
            continue;
        r = remember(k, records[i].position, err);
        if (r == 0 && k->out.buf.len >= CLI_OUTPUT_FULL)
            r = flush(k, err);
        if (r < 0)
            return r;
    }
    cli_progress_count(&k->progress, records, n);
    k->given += n;
    return 0;
}

/* What is due by time: the position file, the progress line, a look at who reads. */
static int tick(struct run *k, bool idle, struct s3c_error *err)
{
    int64_t now = s3c_mono_ns(s3c_clock_system());
    int r = 0;

    if (idle || now - k->flushed_ns > HOLD_MS * S3C_NS_PER_MS)
        r = flush(k, err);
    if (r == 0)
        r = cli_posfile_tick(&k->file, now, err);
    if (r == 0 && idle && !cli_output_has_reader(&k->out))
        r = cli_output_no_reader(err);
    cli_progress_tick(&k->progress, now, k->source, NULL, s3c_buf_view(&k->position));
    return r;
}

/* 0: go on; S3C_END: it is over; negative: it failed. */
static int step(struct run *k, struct s3c_error *err)
{
    struct s3c_record records[BATCH];
    size_t max = BATCH, n = 0;
    int r;

    if (cli_signals_stopped(&k->cli->signals) || (k->limit && k->given == k->limit))
        return S3C_END;
    if (k->limit && k->limit - k->given < max)
        max = (size_t)(k->limit - k->given);
    r = s3c_source_read(k->source, records, max, &n, 0, err);
    if (r == S3C_AGAIN) {
        r = tick(k, true, err);
        if (r == 0)
            r = s3c_source_read(k->source, records, max, &n, CLI_POSFILE_PERIOD_MS, err);
        if (r == S3C_AGAIN)
            return 0;
    }
    if (r == 0)
        r = print(k, records, n, err);
    return r == 0 ? tick(k, false, err) : r;
}

static void wake(void *ctx)
{
    s3c_source_wake(ctx);
}

static int stream(struct run *k, struct s3c_error *err)
{
    struct s3c_source_options o = {.position = s3c_buf_view(&k->start),
                                   .snapshot_only = k->cli->args.given[CLI_FLAG_SNAPSHOT_ONLY],
                                   .log = &k->cli->console.log};
    struct s3c_error late;
    int r, r2;

    cli_progress_init(&k->progress, k->cli);
    r = s3c_source_open(&k->source, k->configs.source, &o, err);
    if (r < 0)
        return cli_posfile_explain(&k->file, r, err);
    k->cli->started = true;
    cli_signals_set_wake(&k->cli->signals, wake, k->source);
    do
        r = step(k, err);
    while (r == 0);
    cli_signals_set_wake(&k->cli->signals, NULL, NULL);
    /* Whatever ended it, what was read is handed over and its position kept. */
    r2 = r == S3C_E_IO ? 0 : flush(k, &late);
    if (r2 == 0)
        r2 = cli_posfile_save(&k->file, &late);
    cli_progress_summary(&k->progress, k->source, NULL);
    s3c_source_close(k->source);
    if (r >= 0 && r2 < 0) {
        *err = late;
        return r2;
    }
    return r < 0 ? r : 0;
}

int cmd_source(struct cli *cli)
{
    struct run k = {
        .cli = cli, .start = S3C_BUF_INIT(POSITION_MAX), .position = S3C_BUF_INIT(POSITION_MAX)};
    struct s3c_error err;
    int status, r;

    cli_output_init(&k.out, STDOUT_FILENO);
    status = cli_configs_build(cli, S3C_SOURCE, &k.configs);
    if (status == 0) {
        r = read_flags(&k, &err);
        if (r == 0)
            r = stream(&k, &err);
        status = r < 0 ? cli_fail(cli, &err) : 0;
    }
    cli_configs_done(&k.configs);
    cli_posfile_done(&k.file);
    cli_output_done(&k.out);
    s3c_buf_done(&k.start);
    s3c_buf_done(&k.position);
    return status;
}
