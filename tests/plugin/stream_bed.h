/* SPDX-License-Identifier: Apache-2.0 */
/* The destination's stream on the real engine, with a sink and a clock that the test plays. */
#ifndef S3C_TESTS_STREAM_BED_H
#define S3C_TESTS_STREAM_BED_H

#include "check.h"

#include <semaphore.h>

#include "../dest/rig.h"
#include "plugin/destination_stream.h"

struct bed {
    struct rig dest;
    struct destination_stream s;
    struct jobs *jobs;
    sem_t woken;
    struct s3c_error err;
};

#define MESSAGE S3C_BUF_INIT(1 << 24)

/* The schema service has versions 1 (a map of int) and 3 (of long) of anything, and no version 2. */
struct bed *bed_begin_with(int64_t buffer_size, enum s3c_columns columns);
/* JSON files of buffer_size records; 0: only what is flushed. */
struct bed *bed_begin(int64_t buffer_size);
void bed_end(struct bed *b);
void bed_run(struct bed *b);
/* Passes a message on as the service does; it is gone afterwards. */
void bed_say(struct bed *b, struct s3c_buf *message);
void bed_put(struct s3c_buf *m, int number);
/* Records p<first> to p<first + count - 1> in one message. */
void bed_say_plain(struct bed *b, int first, int count);
/* The acknowledgements that are there: "p0 p1!why "; why is cut to 30 bytes. */
void bed_expect(struct bed *b, const char *text);
void bed_advance(struct bed *b, int64_t ns);

#endif
