/* SPDX-License-Identifier: Apache-2.0 */
/* `destination`: record lines from standard input. It never waits for input longer than a file may stay open. */
#include <inttypes.h>
#include <poll.h>
#include <unistd.h>

#include <s3c/opencdc.h>

#include "base/banned.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/view.h"
#include "cli/delivery.h"
#include "cli/lines.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/setup.h"

#define BATCH 256
#define GRACE_MS \
    500 /* after a signal: how long a line that is still on its way (a pipe's other end flushes) is waited for */
#define TICK_MS 1000

struct run {
    struct cli *cli;
    struct cli_configs configs;
    struct cli_delivery delivery;
    struct cli_lines lines;
    struct cli_output out; /* --acks */
    struct cli_progress progress;
    struct s3c_opencdc_decoder *decoder;
    struct s3c_error malformed; /* code 0: no line was */
};

static int print_ack(void *ctx, const struct s3c_ack *ack, struct s3c_error *err)
{
    struct run *k = ctx;
    size_t n = s3c_base64_size(ack->position.len);

    if (!k->cli->args.given[CLI_FLAG_ACKS])
        return 0;
    if (s3c_buf_reserve(&k->out.buf, n + 1) < 0)
        return s3c_error_set(err, S3C_E_NOMEM, "acknowledgement: out of memory");
    (void)s3c_base64_encode(k->out.buf.ptr + k->out.buf.len, ack->position.ptr, ack->position.len);
    k->out.buf.ptr[k->out.buf.len + n] = '\n';
    k->out.buf.len += n + 1;
    return k->out.buf.len >= CLI_OUTPUT_FULL ? cli_output_flush(&k->out, err) : 0;
}

static bool is_blank(const char *line, size_t len)
{
    return s3c_view_trim((struct s3c_view){line, len}).len == 0;
}

/* Decodes what is there, up to a batch. A malformed line is kept as the end of it: what came before still counts. */
static size_t decode(struct run *k, struct s3c_record *records)
{
    struct s3c_error why;
    size_t n = 0, len;
    char *line;

    s3c_opencdc_decoder_reset(k->decoder);
    while (n < BATCH && k->malformed.code == 0 && cli_lines_next(&k->lines, &line, &len)) {
        if (is_blank(line, len))
            continue;
        if (s3c_opencdc_decode(k->decoder, line, len, &records[n], &why) == 0)
            n++;
        else
            (void)s3c_error_set(&k->malformed, why.code,
                                "standard input, line %" PRIu64
                                ": %s; neither this record nor any after it was written",
                                k->lines.number, why.message);
    }
    return n;
}

/* Waits for input, an acknowledgement, a signal, or until something is due; then reads what is there. S3C_END: no more input. */
static int wait_for_input(struct run *k, struct s3c_error *err)
{
    struct s3c_destination *d = k->delivery.destination;
    struct pollfd fds[3] = {{.fd = k->lines.fd, .events = POLLIN},
                            {.fd = s3c_destination_fd(d), .events = POLLIN},
                            {.fd = k->cli->signals.fd, .events = POLLIN}};
    int due = s3c_destination_timeout_ms(d), r;

    if (k->lines.ended)
        return S3C_END;
    if (cli_signals_stopped(&k->cli->signals)) {
        if (cli_delivery_must_leave(&k->delivery) || !cli_lines_wait(&k->lines, GRACE_MS))
            return S3C_END;
        fds[0].revents = POLLIN;
    } else if (poll(fds, 3, due >= 0 && due < TICK_MS ? due : TICK_MS) < 0) {
        return 0;
    }
    if (!fds[0].revents)
        return 0;
    r = cli_lines_fill(&k->lines, err);
    return r < 0 ? r : 0; /* the end is seen when no line is left */
}

static void show(void *ctx)
{
    struct run *k = ctx;

    cli_progress_tick(&k->progress, s3c_mono_ns(s3c_clock_system()), NULL, k->delivery.destination,
                      (struct s3c_view){NULL, 0});
}

/* 0: go on; S3C_END: there is nothing more to take, or it is of no use; negative: a failure. */
static int step(struct run *k, struct s3c_error *err)
{
    struct s3c_record records[BATCH];
    size_t n = decode(k, records);
    int r;

    if (n > 0) {
        r = cli_delivery_write(&k->delivery, records, n, err);
        if (r != 0)
            return r;
        cli_progress_count(&k->progress, records, n);
    }
    if (k->malformed.code != 0)
        return S3C_END;
    r = cli_delivery_drain(&k->delivery, 0, err);
    if (r < 0)
        return r;
    show(k);
    if (n > 0)
        return k->delivery.failed > 0 ? S3C_END : 0;
    r = cli_output_flush(&k->out, err);
    if (r < 0)
        return r;
    return k->delivery.failed > 0 ? S3C_END : wait_for_input(k, err);
}

static int stream(struct run *k, struct s3c_error *err)
{
    struct s3c_error late;
    int r, r2;

    r = s3c_opencdc_decoder_new(&k->decoder, err);
    if (r < 0)
        return r;
    cli_progress_init(&k->progress, k->cli);
    k->delivery.acked = print_ack;
    k->delivery.ctx = k;
    r = cli_delivery_open(&k->delivery, k->cli, k->configs.destination, err);
    if (r < 0)
        return r;
    k->cli->started = true;
    do
        r = step(k, err);
    while (r == 0);
    r2 = cli_delivery_finish(&k->delivery, show, &late);
    if (r >= 0 && k->malformed.code != 0 && r2 == 0) {
        late = k->malformed;
        r2 = late.code;
    }
    if (r >= 0 && r2 < 0)
        *err = late;
    if (k->out.buf.len > 0 && r != S3C_E_IO && cli_output_flush(&k->out, &late) < 0 && r >= 0 &&
        r2 >= 0) {
        *err = late;
        r2 = late.code;
    }
    cli_progress_summary(&k->progress, NULL, k->delivery.destination);
    return r < 0 ? r : r2;
}

int cmd_destination(struct cli *cli)
{
    struct run k = {.cli = cli};
    struct s3c_error err;
    int status, r;

    cli_output_init(&k.out, STDOUT_FILENO);
    cli_lines_init(&k.lines, STDIN_FILENO);
    status = cli_configs_build(cli, S3C_DESTINATION, &k.configs);
    if (status == 0) {
        r = stream(&k, &err);
        cli_delivery_close(&k.delivery); /* before the last word is said */
        status = r < 0 ? cli_fail(cli, &err) : 0;
    }
    s3c_opencdc_decoder_free(k.decoder);
    cli_configs_done(&k.configs);
    cli_lines_done(&k.lines);
    cli_output_done(&k.out);
    return status;
}
