/* SPDX-License-Identifier: Apache-2.0 */
#include "s3_fixture.h"

#include "base/view.h"

int s3_fixture_begin(struct s3_fixture *x, struct s3c_error *err)
{
    struct s3c_creds keys = {.access_key_id = S3C_VIEW("AK"), .secret_access_key = S3C_VIEW("SK")};
    struct s3c_client_options o = {.bucket = S3C_VIEW("bucket"),
                                   .region = S3C_VIEW("us-east-1"),
                                   .endpoint = S3C_VIEW("http://h"),
                                   .max_connections = 16};
    int r;

    *x = (struct s3_fixture){.fake = fake_new()};
    r = s3c_creds_static_new(&x->creds, &keys, err);
    o.creds = x->creds;
    o.transport = &x->fake->base;
    o.clock = &x->fake->clock;
    if (r == 0)
        r = s3c_client_new(&x->client, &o, err);
    else
        x->fake->base.ops->release(&x->fake->base);
    return r == 0 ? s3c_inbox_new(&x->inbox, err) : r;
}

void s3_fixture_end(struct s3_fixture *x)
{
    s3c_client_free(x->client);
    s3c_inbox_free(x->inbox);
    s3c_creds_provider_free(x->creds);
}

void s3_fixture_step(struct s3_fixture *x, void (*feed)(void *ctx, struct s3c_call *call),
                     void *ctx)
{
    struct s3c_call *c, *next;

    fake_run(x->fake);
    for (c = s3c_inbox_take(x->inbox, 0, NULL); c; c = next) {
        next = c->next;
        feed(ctx, c);
    }
    fake_run(x->fake);
}
