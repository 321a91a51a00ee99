/* SPDX-License-Identifier: Apache-2.0 */
/* Looking again, once a minute and between passes, whether the bucket keeps versions now (DESIGN 4.3 "Mode"). Not thread-safe. */
#ifndef S3C_SOURCE_MODE_H
#define S3C_SOURCE_MODE_H

#include "base/clock.h"
#include "base/log.h"
#include "s3/call.h"

struct s3c_mode {
    struct s3c_client *client;
    struct s3c_inbox *inbox;
    const struct s3c_clock *clock;
    const struct s3c_log *log;
    bool versions;         /* list versions rather than objects */
    struct s3c_call *call; /* NULL: none is under way */
    int64_t due_ns;        /* monotonic */
};
void s3c_mode_init(struct s3c_mode *m); /* the fields above `call` are set by the caller */
void s3c_mode_done(struct s3c_mode *m); /* waits for the call under way */
/* Asks if a minute has passed; true: an answer is waited for. Out of memory: asks again in a minute. */
bool s3c_mode_ask(struct s3c_mode *m);
/* The finished call of the inbox. A failure changes nothing: the next listing will tell. */
void s3c_mode_feed(struct s3c_mode *m);

#endif
