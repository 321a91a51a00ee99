/* SPDX-License-Identifier: Apache-2.0 */
/* A real client over the scripted transport, for what is driven by an inbox. Bucket "bucket" at http://h. */
#ifndef S3C_TESTS_S3_FIXTURE_H
#define S3C_TESTS_S3_FIXTURE_H

#include "http/fake_transport.h"
#include "s3/call.h"
#include "s3/creds.h"

struct s3_fixture {
    struct fake_transport *fake;
    struct s3c_client *client;
    struct s3c_inbox *inbox;
    struct s3c_creds_provider *creds;
};

/* Negative only when an allocation fails; s3_fixture_end in any case. */
int s3_fixture_begin(struct s3_fixture *x, struct s3c_error *err);
void s3_fixture_end(struct s3_fixture *x);
/* Lets the client work, and hands each finished call to feed. */
void s3_fixture_step(struct s3_fixture *x, void (*feed)(void *ctx, struct s3c_call *call),
                     void *ctx);

#endif
