/* SPDX-License-Identifier: Apache-2.0 */
/* A client on a scripted transport with a clock that the test moves. */
#ifndef S3C_TESTS_CLIENT_FIXTURE_H
#define S3C_TESTS_CLIENT_FIXTURE_H

#include "check.h"

#include "base/mem.h"
#include "base/view.h"
#include "http/fake_transport.h"
#include "s3/call.h"
#include "s3/creds.h"

#define SECOND S3C_NS_PER_SEC
#define ERROR_XML(code) \
    "<?xml version=\"1.0\"?>\n<Error><Code>" code "</Code><Message>why</Message></Error>"
#define LIST_XML \
    "<?xml version=\"1.0\"?>\n<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"

struct fixture {
    struct fake_transport *fake;
    struct s3c_client *client;
    struct s3c_inbox *inbox;
    struct s3c_creds_provider creds;
    int refreshed;
};

/* fixture_begin: http, 64 connections, with an inbox. _at: as given, without; what it returns is the client's. */
int fixture_begin_at(struct fixture *x, const char *endpoint, size_t connections,
                     struct s3c_error *err);
void fixture_begin(struct fixture *x, const char *endpoint);
void fixture_finish(struct fixture *x);

struct s3c_call *new_call(struct fixture *x, enum s3c_s3_op op);
struct s3c_call *new_get(struct fixture *x, uint64_t size);
/* Submits and lets a minute pass, longer than all backoffs together; the call has arrived then. */
void run_call(struct fixture *x, struct s3c_call *c);

#endif
