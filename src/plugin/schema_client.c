/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/schema_client.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/banned.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/view.h"
#include "grpc/client.h"
#include "grpc/pb.h"

#define FIRST_WAIT_NS (100 * S3C_NS_PER_MS)
#define SLICE_MS      20 /* of a wait: how late a cancel may be */
#define TYPE_AVRO     1
#define REPLY_MAX     (8u << 20)

struct schema_client {
    struct grpc_client *grpc; /* NULL: the target is of no use, because of: */
    struct s3c_error error;
    char *token;
    atomic_bool cancelled;
};

int schema_client_new(struct schema_client **ret, struct s3c_view target, struct s3c_view token,
                      struct s3c_error *err)
{
    struct schema_client *c = s3c_zalloc(sizeof(*c));
    int r;

    if (!c)
        return s3c_error_nomem(err);
    c->token = s3c_viewdup(token);
    if (!c->token) {
        s3c_free(c);
        return s3c_error_nomem(err);
    }
    if (target.len == 0)
        r = s3c_error_set(
            &c->error, S3C_E_INVALID,
            "the host names no schema service (CONDUIT_CONNECTOR_UTILITIES_GRPC_TARGET)");
    else
        r = grpc_client_new(&c->grpc, target, &c->error);
    if (r == S3C_E_NOMEM) {
        schema_client_free(c);
        return s3c_error_nomem(err);
    }
    *ret = c;
    return 0;
}

void schema_client_free(struct schema_client *c)
{
    if (!c)
        return;
    grpc_client_free(c->grpc);
    s3c_wipe(c->token, strlen(c->token));
    s3c_free(c->token);
    s3c_free(c);
}

void schema_client_cancel(struct schema_client *c)
{
    atomic_store(&c->cancelled, true);
    if (c->grpc)
        grpc_client_cancel(c->grpc);
}

/* GetSchemaRequest { string subject = 1; int32 version = 2 } */
static int put_request(struct s3c_buf *out, struct s3c_view subject, int32_t version)
{
    int r = pb_add_bytes(out, 1, subject);

    return r < 0 ? r : pb_add_varint(out, 2, (uint64_t)(int64_t)version);
}

/* Schema { string subject = 1; int32 version = 2; int32 id = 3; SchemaType type = 4; bytes bytes = 5 } */
static int read_schema(struct s3c_view message, struct s3c_buf *ret_text, struct s3c_error *err)
{
    struct s3c_view text = {"", 0};
    uint64_t type = TYPE_AVRO;
    struct pb_reader p;
    int r;

    pb_read(&p, message);
    while ((r = pb_next(&p)) == 1) {
        if (p.field == 4 && p.wire == PB_VARINT)
            type = p.number;
        else if (p.field == 5 && p.wire == PB_BYTES)
            text = p.bytes;
    }
    if (r < 0)
        return s3c_error_set(err, r, "the schema service's answer is no schema");
    if (type != TYPE_AVRO)
        return s3c_error_set(err, S3C_E_PROTOCOL,
                             "the schema is not of type avro (1), but of type %llu",
                             (unsigned long long)type);
    r = s3c_buf_add_view(ret_text, text);
    if (r == S3C_E_TOO_LARGE)
        return s3c_error_set(err, r, "the schema has more than %zu bytes", ret_text->max);
    return r < 0 ? s3c_error_nomem(err) : 0;
}

/* GetSchemaResponse { Schema schema = 1 } */
int schema_client_read_reply(struct s3c_view message, struct s3c_buf *ret_text,
                             struct s3c_error *err)
{
    struct s3c_view schema = {NULL, 0};
    struct pb_reader p;
    int r;

    pb_read(&p, message);
    while ((r = pb_next(&p)) == 1)
        if (p.field == 1 && p.wire == PB_BYTES)
            schema = p.bytes;
    if (r < 0 || !schema.ptr)
        return s3c_error_set(err, S3C_E_PROTOCOL, "the schema service's answer is no schema");
    return read_schema(schema, ret_text, err);
}

/* What the service itself says. grpc-go's own troubles have codes; what the service finds wrong is UNKNOWN and a fixed text. */
static int read_refusal(const struct grpc_response *a, struct s3c_error *err)
{
    bool not_found = strstr(a->text, "not found") != NULL;
    int r;

    r = s3c_error_set(err, not_found ? S3C_E_NOT_FOUND : S3C_E_PROTOCOL,
                      "the schema service says: %s (status %d)", *a->text ? a->text : "nothing",
                      (int)a->status);
    if (err)
        err->retryable = a->status == GRPC_UNAVAILABLE || a->status == GRPC_DEADLINE_EXCEEDED ||
                         a->status == GRPC_RESOURCE_EXHAUSTED;
    return r;
}

static int try_once(struct schema_client *c, struct s3c_view request, int64_t timeout_ns,
                    struct s3c_buf *ret_text, struct s3c_error *err)
{
    const struct grpc_header token = {"conduit-connector-token", s3c_view_str(c->token)};
    const struct grpc_request q = {.path = "/connutils.v1.SchemaService/GetSchema",
                                   .metadata = &token,
                                   .metadata_count = 1,
                                   .message = request,
                                   .timeout_ns = timeout_ns};
    _cleanup_(grpc_response_done) struct grpc_response a = GRPC_RESPONSE_INIT(REPLY_MAX);
    int r = grpc_client_call(c->grpc, &q, &a, err);

    if (r < 0)
        return r;
    if (a.status != GRPC_OK)
        return read_refusal(&a, err);
    return schema_client_read_reply(s3c_buf_view(&a.message), ret_text, err);
}

static void wait_for(const struct schema_client *c, int64_t ns)
{
    int64_t until = s3c_mono_ns(s3c_clock_system()) + ns;

    while (!atomic_load(&c->cancelled) && s3c_mono_ns(s3c_clock_system()) < until)
        (void)poll(NULL, 0, SLICE_MS);
}

int schema_client_fetch(void *ctx, struct s3c_view subject, int32_t version,
                        struct s3c_buf *ret_text, struct s3c_error *err)
{
    struct schema_client *c = ctx;
    int64_t give_up = s3c_mono_ns(s3c_clock_system()) + SCHEMA_CLIENT_TOTAL_NS;
    _cleanup_(s3c_buf_done) struct s3c_buf request = S3C_BUF_INIT(SIZE_MAX / 2);
    struct s3c_error own = {0};
    int r;

    if (!c->grpc) {
        *err = c->error;
        return c->error.code;
    }
    if (put_request(&request, subject, version) < 0)
        return s3c_error_nomem(err);
    for (int64_t wait = FIRST_WAIT_NS;; wait *= 2) {
        int64_t left = give_up - s3c_mono_ns(s3c_clock_system());
        if (left < S3C_NS_PER_MS)
            left = S3C_NS_PER_MS;
        r = try_once(c, s3c_buf_view(&request),
                     left < SCHEMA_CLIENT_TRY_NS ? left : SCHEMA_CLIENT_TRY_NS, ret_text, &own);
        if (atomic_load(&c->cancelled))
            return s3c_error_set(err, S3C_E_CANCELLED, "the connector is being torn down");
        if (r >= 0)
            return 0;
        if (!own.retryable || left <= wait)
            break;
        wait_for(c, wait);
    }
    *err = own;
    return r;
}
