/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The source service on a fake engine, with a raw HTTP/2 client: all on the test's thread but for the worker, whose jobs the test can
 * hold up. Nothing depends on time; what is waited for is waited for until it is there.
 */
#ifndef S3C_TESTS_PLUGIN_SOURCE_RIG_H
#define S3C_TESTS_PLUGIN_SOURCE_RIG_H

#include "../grpc/rig.h"

#include <semaphore.h>

#include "plugin/plugin_private.h"
#include "plugin/source_service.h"

#define SOURCE_RIG_RECORDS 4096

/* What the engine is asked, and what it says. */
struct fake_source {
    int check_result, open_result; /* on the worker; the message is "the fake says no" */
    sem_t *hold;                   /* not NULL: check and open wait for it */
    char position[64];             /* that Open brought */
    size_t opened, closed;         /* engines */
    int fd;                        /* an eventfd: readable as long as it is rung */
    size_t written, read;          /* records that there are, and those given */
    size_t most;                   /* given at once */
    size_t reads;                  /* calls of read */
    int end;                       /* what comes after the last record; S3C_AGAIN: nothing yet */
    struct s3c_view payload;       /* of every record; NULL: its number */
    char text[SOURCE_RIG_RECORDS][16];
};

struct source_rig {
    struct rig rig;
    struct plugin plugin;
    struct fake_source fake;
    int log_fd;
};

void source_rig_begin(struct source_rig *r);
/* The same where memory may be out: 0 or S3C_E_NOMEM; source_rig_end is due in either case. */
int source_rig_try(struct source_rig *r);
void source_rig_end(struct source_rig *r); /* nothing of the engine is left then */

/* n more records, positions "p0", "p1", ...; the engine's descriptor rings. */
void source_rig_write(struct source_rig *r, size_t n);

/* A call of /connector.v2.SourcePlugin/METHOD with this message, not yet answered. */
struct rig_stream *source_rig_call(struct source_rig *r, const char *method,
                                   struct s3c_view message);
/* The loop until the stream is closed (a minute at most). */
void source_rig_wait(struct source_rig *r, const struct rig_stream *s);
/* call and wait: its status and text (NULL: any). */
void source_rig_unary(struct source_rig *r, const char *method, struct s3c_view message,
                      enum grpc_status status, const char *text);
/* The loop until n records have come in all; *messages is in how many messages. The positions must be in order. */
void source_rig_receive(struct source_rig *r, const struct rig_stream *run, size_t n,
                        size_t *messages);

/* Settings that are right, with one more if `name` is not NULL. */
struct s3c_view source_rig_settings(struct s3c_buf *b, const char *name, const char *value);
/* Configure, Open and Run, with one more setting. */
struct rig_stream *source_rig_run(struct source_rig *r, const char *name, const char *value);
/* Stop, whose answer must be this position ("" = none). */
void source_rig_stop_at(struct source_rig *r, const char *position);

#endif
