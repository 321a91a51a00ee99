/* SPDX-License-Identifier: Apache-2.0 */
/* s3d: the S3 stand-in of the tests, the benchmarks and the demo. README.md says what it does. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "auth.h"
#include "conn.h"

static volatile int stop; /* set by SIGINT and SIGTERM */

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

int main(int argc, char **argv)
{
    struct s3d *s = calloc(1, sizeof *s);
    struct sigaction action = {.sa_handler = on_signal}; /* no SA_RESTART: the wait must end */
    struct s3d_loop *loop;
    unsigned port;

    if (!s)
        return 1;
    s3d_options_parse(&s->opt, argc, argv);
    s->initial = s->opt;
    s->random = UINT64_C(88172645463325252);
    s3d_clock_init(&s->clock, s->opt.virtual_clock);
    s3d_store_init(&s->store, &s->clock);
    s3d_wheel_init(&s->wheel, s3d_mono_ns());
    s->auth = s3d_auth_new(&s->opt);
    s3d_fill_synth(s);
    loop = s3d_loop_new(s, s->opt.port, &port);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    printf("s3d listening on http://127.0.0.1:%u\n", port);
    fflush(stdout);
    s3d_loop_run(loop, &stop);
    s3d_loop_free(loop);
    s3d_faults_clear(&s->faults);
    s3d_store_clear(&s->store);
    s3d_auth_free(s->auth);
    s3c_buf_done(&s->entries);
    s3c_buf_done(&s->late_entries);
    free(s);
    return 0;
}
