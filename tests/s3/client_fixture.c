/* SPDX-License-Identifier: Apache-2.0 */
#include "client_fixture.h"

static int creds_get(struct s3c_creds_provider *p, int64_t now_ns, struct s3c_creds *ret,
                     struct s3c_error *err)
{
    (void)p;
    (void)now_ns;
    (void)err;
    *ret = (struct s3c_creds){.access_key_id = S3C_VIEW("AKID"),
                              .secret_access_key = S3C_VIEW("SECRET")};
    return 0;
}

static void creds_refresh(struct s3c_creds_provider *p)
{
    struct fixture *x = (struct fixture *)((char *)p - offsetof(struct fixture, creds));

    x->refreshed++;
}

static const struct s3c_creds_provider_ops creds_ops = {.get = creds_get, .refresh = creds_refresh};

int fixture_begin_at(struct fixture *x, const char *endpoint, size_t connections,
                     struct s3c_error *err)
{
    struct s3c_client_options o = {.bucket = S3C_VIEW("bucket"),
                                   .region = S3C_VIEW("us-east-1"),
                                   .endpoint = s3c_view_str(endpoint),
                                   .max_connections = connections};

    *x = (struct fixture){.fake = fake_new(), .creds = {&creds_ops}};
    o.creds = &x->creds;
    o.transport = &x->fake->base;
    o.clock = &x->fake->clock;
    return s3c_client_new(&x->client, &o, err);
}

void fixture_begin(struct fixture *x, const char *endpoint)
{
    struct s3c_error err;

    CHECK_OK(fixture_begin_at(x, endpoint, 64, &err), &err);
    CHECK_OK(s3c_inbox_new(&x->inbox, &err), &err);
}

void fixture_finish(struct fixture *x)
{
    s3c_client_free(x->client);
    s3c_inbox_free(x->inbox);
}

struct s3c_call *new_call(struct fixture *x, enum s3c_s3_op op)
{
    struct s3c_call *c = s3c_call_new();

    assert_non_null(c);
    c->op = op;
    c->key = S3C_VIEW("key");
    c->expected_size = S3C_SIZE_UNKNOWN;
    c->inbox = x->inbox;
    return c;
}

struct s3c_call *new_get(struct fixture *x, uint64_t size)
{
    struct s3c_call *c = new_call(x, S3C_GET_OBJECT);

    c->expected_size = size;
    return c;
}

void run_call(struct fixture *x, struct s3c_call *c)
{
    s3c_client_submit(x->client, c);
    fake_advance(x->fake, 60 * SECOND);
    assert_ptr_equal(s3c_inbox_take(x->inbox, 0, NULL), c);
    if (c->result < 0)
        assert_int_equal(c->error.code, c->result);
}
