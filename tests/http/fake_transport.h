/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A transport without a network: requests are recorded and answered from a script, time is the test's. It has no thread: the test's
 * own thread is the I/O thread while it is inside fake_run and fake_advance. So calls must be submitted, not performed.
 * One thread; aborts when the script is used wrongly.
 */
#ifndef S3C_TESTS_FAKE_TRANSPORT_H
#define S3C_TESTS_FAKE_TRANSPORT_H

#include "http/transport.h"

#define FAKE_MAX 1024 /* requests and replies */

struct fake_reply {
    int result;          /* negative: the attempt ends with it, after what else is given here */
    int status;          /* 0: no answer at all */
    const char *headers; /* "Name: value\r\n..." or NULL */
    const char *body;    /* NUL-terminated, or NULL; Content-Length is told unless `unsized` */
    int64_t length;      /* told instead of the body's length; 0 = the body's */
    bool unsized;        /* no length is told */
    bool stall;          /* never answered: until the deadline, an abort or the end */
    int64_t delay_ns;
};

struct fake_request { /* as it was sent */
    enum s3c_http_method method;
    char *url;
    char *headers; /* one a line */
    char *body;    /* NUL-terminated */
    int64_t deadline_mono_ns;
};

struct fake_transport {
    struct s3c_transport base;
    struct s3c_clock clock; /* for the code under test; stands still unless advanced */
    int64_t wall_ns, mono_ns;
    int idle_percent;

    struct fake_request requests[FAKE_MAX];
    size_t request_count;
    bool *released; /* set when the code under test gives the transport back; may be NULL */

    /* The fake's own. */
    struct s3c_transport_handler handler;
    struct fake_reply replies[FAKE_MAX];
    size_t reply_count, next_reply;
    struct {
        struct s3c_http_request *r;
        struct fake_reply reply;
        int64_t due_ns;
    } pending[FAKE_MAX];
    size_t pending_count;
    int64_t timer_ns;
    bool woken, releasing;
};

struct fake_transport *fake_new(void); /* given to the code under test, which releases it */
void fake_push(struct fake_transport *f, struct fake_reply r);
void fake_run(struct fake_transport *f); /* until nothing more happens at this time */
void fake_advance(struct fake_transport *f,
                  int64_t ns); /* time passes, step by step, with all that happens in it */
bool fake_sent_header(const struct fake_request *r,
                      const char *line); /* that exact line was sent */

#endif
