/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/delivery.h"

#include <inttypes.h>

#include "base/banned.h"
#include "base/clock.h"
#include "base/error.h"

#define ACKS      256
#define SHOWN_MAX 80   /* bytes of a position in a message */
#define WAIT_MS   1000 /* so that a signal's deadline and the progress line are seen */

static void wake(void *ctx)
{
    s3c_destination_wake(ctx);
}

int cli_delivery_open(struct cli_delivery *v, struct cli *cli, const struct s3c_config *config,
                      struct s3c_error *err)
{
    int r;

    v->cli = cli;
    r = s3c_destination_open(&v->destination, config, &cli->console.log, err);
    if (r < 0)
        return r;
    s3c_destination_end_at_failure(v->destination);
    cli_signals_set_wake(&cli->signals, wake, v->destination);
    return 0;
}

void cli_delivery_close(struct cli_delivery *v)
{
    if (!v->destination)
        return;
    cli_signals_set_wake(&v->cli->signals, NULL, NULL);
    s3c_destination_close(v->destination);
    v->destination = NULL;
}

bool cli_delivery_must_leave(struct cli_delivery *v)
{
    int64_t now;

    if (!cli_signals_stopped(&v->cli->signals))
        return false;
    now = s3c_mono_ns(s3c_clock_system());
    if (v->leave_ns == 0)
        v->leave_ns = now + CLI_LEAVE_MS * S3C_NS_PER_MS;
    return now >= v->leave_ns;
}

static void failed(struct cli_delivery *v, const struct s3c_error *error)
{
    if (v->failed++ == 0)
        v->failure = *error;
}

static int pass_on(struct cli_delivery *v, const struct s3c_ack *acks, size_t n,
                   struct s3c_error *err)
{
    for (size_t i = 0; i < n; i++) {
        int r = 0;
        if (acks[i].error)
            failed(v, acks[i].error);
        else if (v->failed == 0) {
            v->confirmed++;
            r = v->acked ? v->acked(v->ctx, &acks[i], err) : 0;
        }
        if (r < 0)
            return r;
    }
    return 0;
}

int cli_delivery_drain(struct cli_delivery *v, int timeout_ms, struct s3c_error *err)
{
    struct s3c_ack acks[ACKS];
    bool any = false;
    size_t n;
    int r;

    for (;;) {
        r = s3c_destination_acks(v->destination, acks, ACKS, &n, any ? 0 : timeout_ms, err);
        if (r == 0)
            r = pass_on(v, acks, n, err);
        if (r != 0)
            return r == S3C_AGAIN && any ? 0 : r;
        any = true;
    }
}

/* Says which record it is: the destination says what is wrong with it. */
static int refused(const struct s3c_record *r, int code, struct s3c_error *err)
{
    size_t shown = r->position.len < SHOWN_MAX ? r->position.len : SHOWN_MAX;

    if (code != S3C_E_RECORD)
        return code;
    return s3c_error_wrap(
        err, code, "the record with position \"%.*s\"%s, and those after it, were not written",
        (int)shown, r->position.ptr, shown < r->position.len ? "..." : "");
}

int cli_delivery_write(struct cli_delivery *v, const struct s3c_record *records, size_t count,
                       struct s3c_error *err)
{
    size_t taken;
    int r;

    while (count > 0) {
        if (v->failed > 0)
            return S3C_END;
        r = s3c_destination_write(v->destination, records, count, &taken, err);
        if (r == 0) {
            records += taken;
            count -= taken;
            continue;
        }
        if (r < 0)
            return refused(&records[taken], r, err);
        if (r == S3C_AGAIN) {
            r = cli_delivery_must_leave(v) ? S3C_END : cli_delivery_drain(v, WAIT_MS, err);
            if (r == S3C_AGAIN)
                r = 0;
        }
        if (r != 0)
            return r;
    }
    return 0;
}

int cli_delivery_finish(struct cli_delivery *v, void (*tick)(void *ctx), struct s3c_error *err)
{
    bool hurried = cli_signals_stopped(&v->cli->signals);
    int r;

    r = s3c_destination_stop(v->destination, hurried ? CLI_STOP_MS : -1, err);
    while (r == 0 || r == S3C_AGAIN) {
        if (!hurried && cli_signals_stopped(&v->cli->signals)) {
            hurried = true;
            r = s3c_destination_stop(v->destination, CLI_STOP_MS, err);
            if (r < 0)
                break;
        }
        r = cli_delivery_drain(v, WAIT_MS, err);
        if (tick)
            tick(v->ctx);
    }
    if (r < 0)
        return r;
    if (v->failed == 0)
        return 0;
    if (err)
        *err = v->failure;
    return s3c_error_wrap(err, v->failure.code,
                          "%" PRIu64 " records were not written (%" PRIu64
                          " before them were; send the others again)",
                          v->failed, v->confirmed);
}
