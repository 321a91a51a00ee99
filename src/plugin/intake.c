/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records go in batches, because a call of the engine looks at all its clocks. A record that cannot be decoded, or whose schema is not
 * there yet, ends the batch before it: so it is dealt with when all before it are with the engine, and acknowledgements that are
 * made here always fall behind those that the engine owes.
 */
#include "plugin/intake.h"

#include "avro/to_json.h"
#include "base/banned.h"
#include "base/error.h"
#include "base/log.h"
#include "base/view.h"
#include "grpc/pb.h"

void intake_init(struct intake *in)
{
    *in = (struct intake){
        .kept = S3C_BUF_INIT(SIZE_MAX / 2),
        .last_position = S3C_BUF_INIT(SIZE_MAX / 2),
        .decoder = RECORD_DECODER_INIT(INTAKE_TEXT_MAX),
    };
}

static void let_go_of_schemas(struct intake *in)
{
    while (in->held_count > 0)
        s3c_schema_unref(in->held[--in->held_count]);
}

void intake_done(struct intake *in)
{
    intake_drop(in);
    s3c_buf_done(&in->kept);
    s3c_buf_done(&in->last_position);
    record_decoder_done(&in->decoder);
    let_go_of_schemas(in);
    s3c_free(S3C_TAKE(in->held));
    in->held_cap = 0;
}

void intake_drop(struct intake *in)
{
    in->rest = (struct s3c_view){NULL, 0};
    in->count = in->taken = 0;
    in->waits_for = INTAKE_IDLE;
}

/* ---- Avro ---- */

struct part {
    struct s3c_view subject, version; /* metadata that names the schema */
    const char *what;
};
static const struct part key_part = {S3C_VIEW("opencdc.key.schema.subject"),
                                     S3C_VIEW("opencdc.key.schema.version"), "key"};
static const struct part payload_part = {S3C_VIEW("opencdc.payload.schema.subject"),
                                         S3C_VIEW("opencdc.payload.schema.version"), "payload"};

/* 0 and *ret, NULL: the record names none. S3C_AGAIN, or what is wrong. */
static int schema_of(struct intake *in, const struct s3c_record *r, const struct part *part,
                     bool *warned, const struct s3c_schema **ret, struct s3c_error *err)
{
    struct s3c_view subject = record_metadata(r, part->subject);
    struct s3c_view version = record_metadata(r, part->version);
    int64_t number;

    *ret = NULL;
    if (!subject.ptr || !version.ptr) {
        if (!*warned)
            s3c_logf(
                in->log, S3C_LOG_WARN,
                "record does not have an attached schema for the %s, which is written as it is; "
                "sdk.schema.extract.%s.enabled: false says that none is expected",
                part->what, part->what);
        *warned = true;
        return 0;
    }
    if (s3c_view_i64(version, &number) < 0 || number < INT32_MIN || number > INT32_MAX)
        return s3c_error_set(err, S3C_E_RECORD,
                             "failed to get %s schema version from metadata: \"%.*s\" is no number",
                             part->what, (int)(version.len < 40 ? version.len : 40), version.ptr);
    return schemas_get(in->schemas, subject, (int32_t)number, ret, err);
}

static int decode_data(struct intake *in, const struct s3c_schema *schema, const char *what,
                       struct s3c_data *data, struct s3c_error *err)
{
    int r;

    if (data->kind != S3C_DATA_RAW)
        return 0;
    json_out_reset(&in->decoder.json);
    r = avro_to_json(&in->decoder.json, schema, data->bytes, err);
    if (r < 0)
        return s3c_error_wrap(err, r, "failed to decode %s", what);
    return record_decoder_keep_text(&in->decoder, data) < 0 ? s3c_error_nomem(err) : 0;
}

static int decode_key(struct intake *in, struct s3c_record *r, struct s3c_error *err)
{
    const struct s3c_schema *schema;
    int rc;

    if (!in->decode_key || r->key.kind != S3C_DATA_RAW)
        return 0;
    rc = schema_of(in, r, &key_part, &in->warned_key, &schema, err);
    if (rc < 0)
        return s3c_error_wrap(err, rc, "failed to decode key");
    return rc == 0 && schema ? decode_data(in, schema, "key", &r->key, err) : rc;
}

/* The schemas that a batch's records have stay until the batch has gone. */
static int hold_schema(struct intake *in, const struct s3c_schema *schema)
{
    if (in->held_count > 0 && in->held[in->held_count - 1] == schema)
        return 0;
    if (s3c_grow(&in->held, &in->held_cap, in->held_count + 1, sizeof(*in->held)) < 0)
        return S3C_E_NOMEM;
    in->held[in->held_count++] = s3c_schema_ref(schema);
    return 0;
}

static bool names_schema(const struct s3c_record *r, const struct part *part)
{
    return record_metadata(r, part->subject).ptr && record_metadata(r, part->version).ptr;
}

/* The engine makes columns of Avro data itself, and of other payloads by the schema that they have: a delete says by it which files it belongs to. */
static int attach_schema(struct intake *in, struct s3c_record *r, struct s3c_error *err)
{
    bool raw = r->before.kind == S3C_DATA_RAW || r->after.kind == S3C_DATA_RAW;
    int rc = 0;

    if (raw || names_schema(r, &payload_part))
        rc = schema_of(in, r, &payload_part, &in->warned_payload, &r->schema, err);
    if (rc < 0)
        return s3c_error_wrap(err, rc, "failed to decode payload");
    if (rc != 0 || !r->schema)
        return rc;
    if (r->before.kind == S3C_DATA_RAW)
        r->before.kind = S3C_DATA_AVRO;
    if (r->after.kind == S3C_DATA_RAW)
        r->after.kind = S3C_DATA_AVRO;
    return hold_schema(in, r->schema) < 0 ? s3c_error_nomem(err) : 0;
}

/* A text that any destination can write. */
static int decode_to_text(struct intake *in, struct s3c_record *r, struct s3c_error *err)
{
    const struct s3c_schema *schema;
    int rc;

    if (r->before.kind != S3C_DATA_RAW && r->after.kind != S3C_DATA_RAW)
        return 0;
    rc = schema_of(in, r, &payload_part, &in->warned_payload, &schema, err);
    if (rc < 0)
        return s3c_error_wrap(err, rc, "failed to decode payload");
    if (rc != 0 || !schema)
        return rc;
    rc = decode_data(in, schema, "payload.before", &r->before, err);
    return rc < 0 ? rc : decode_data(in, schema, "payload.after", &r->after, err);
}

static int decode_payload(struct intake *in, struct s3c_record *r, struct s3c_error *err)
{
    if (!in->decode_payload)
        return 0;
    return s3c_destination_takes_avro(in->engine) ? attach_schema(in, r, err)
                                                  : decode_to_text(in, r, err);
}

/* ---- reading ---- */

/* The next record of Destination.Run.Request { repeated Record records = 1 }. 1, 0 (no more) or S3C_E_PROTOCOL. */
static int next_record(struct s3c_view *rest, struct s3c_view *ret, struct s3c_error *err)
{
    struct pb_reader p;
    int r;

    pb_read(&p, *rest);
    while ((r = pb_next(&p)) == 1)
        if (p.field == 1 && p.wire == PB_BYTES) {
            *ret = p.bytes;
            break;
        }
    if (r < 0)
        return s3c_error_set(err, r, "malformed request: no protobuf of records");
    *rest = s3c_view_skip(*rest, (size_t)(p.p - rest->ptr));
    return r;
}

static int remember_position(struct intake *in, struct s3c_view position, struct s3c_error *err)
{
    s3c_buf_clear(&in->last_position);
    return s3c_buf_add_view(&in->last_position, position) < 0 ? s3c_error_nomem(err) : 0;
}

static int refuse(struct intake *in, const struct s3c_record *r, struct s3c_error *err)
{
    if (ack_queue_refuse(in->acks, r->position, err->message) < 0)
        return s3c_error_nomem(err);
    return remember_position(in, r->position, err);
}

static bool ends_stream(int r)
{
    return r == S3C_E_PROTOCOL || r == S3C_E_NOMEM;
}

/*
 * Reads one record into the batch. 1: done, or refused; 0: nothing more goes into this batch; negative: the stream ends. What is not 0 or 1 for
 * the batch's first record is deferred for a later one.
 */
static int fill_one(struct intake *in, struct s3c_error *err)
{
    struct s3c_view before = in->rest, message;
    struct s3c_record *record = &in->batch[in->count];
    int r = next_record(&in->rest, &message, err);

    if (r == 0)
        return 0;
    if (r == 1)
        r = record_decode(&in->decoder, message, record, err);
    if (r == 0)
        r = decode_key(in, record, err);
    if (r == 0)
        r = decode_payload(in, record, err);
    if (r == 0) {
        in->starts[in->count++] = before.ptr;
        return 1;
    }
    if (in->count > 0 || r == S3C_AGAIN) {
        in->rest = before;
        if (in->count == 0)
            in->waits_for = INTAKE_SCHEMA;
        return 0;
    }
    if (ends_stream(r))
        return r;
    r = refuse(in, record, err);
    return r < 0 ? r : 1;
}

static int fill(struct intake *in, struct s3c_error *err)
{
    size_t allowed = rate_take(&in->rate, INTAKE_BATCH, s3c_mono_ns(in->clock));
    int r = 1;

    record_decoder_reset(&in->decoder);
    let_go_of_schemas(in);
    in->count = in->taken = 0;
    while (in->count < allowed && r == 1)
        r = fill_one(in, err);
    if (allowed == 0)
        in->waits_for = INTAKE_RATE;
    rate_give_back(&in->rate, allowed - in->count);
    return r < 0 ? r : 0;
}

/* ---- handing over ---- */

/* What the engine did not take is read again later: its memory is the message's, which may go. */
static void rewind_batch(struct intake *in)
{
    const char *start = in->starts[in->taken];

    in->rest = (struct s3c_view){start, (size_t)(in->rest.ptr + in->rest.len - start)};
    rate_give_back(&in->rate, in->count - in->taken);
    in->count = in->taken;
}

static int hand_over(struct intake *in, struct s3c_error *err)
{
    int r = 0;

    while (in->taken < in->count && r == 0) {
        size_t n;
        r = s3c_destination_write(in->engine, in->batch + in->taken, in->count - in->taken, &n,
                                  err);
        ack_queue_given(in->acks, n);
        in->taken += n;
        if (r < 0 && !ends_stream(r))
            r = refuse(in, &in->batch[in->taken++], err);
    }
    if (in->taken > 0 && r >= 0 &&
        remember_position(in, in->batch[in->taken - 1].position, err) < 0)
        return S3C_E_NOMEM;
    if (r == S3C_AGAIN) {
        in->waits_for = INTAKE_ENGINE;
        rewind_batch(in);
    }
    return r < 0 ? r : 0;
}

int intake_run(struct intake *in, struct s3c_error *err)
{
    int r = 0;

    in->waits_for = INTAKE_IDLE;
    while (r == 0 && in->rest.len > 0 && in->waits_for == INTAKE_IDLE) {
        r = fill(in, err);
        if (r == 0 && in->count > 0)
            r = hand_over(in, err);
    }
    return r;
}

/* ---- messages ---- */

/* Messages in a row are one message of all their records, if each is whole: one that is cut would swallow what follows. */
static int check_frame(struct s3c_view message, struct s3c_error *err)
{
    struct s3c_view record;
    int r;

    while ((r = next_record(&message, &record, err)) == 1)
        continue;
    return r;
}

static int keep(struct intake *in, struct s3c_view message, struct s3c_error *err)
{
    size_t used = in->rest.len > 0 ? (size_t)(in->rest.ptr - in->kept.ptr) : 0;

    if (in->rest.len == 0)
        s3c_buf_clear(&in->kept);
    if (s3c_buf_add_view(&in->kept, message) < 0)
        return s3c_error_nomem(err);
    in->rest = s3c_view_skip(s3c_buf_view(&in->kept), used);
    return 0;
}

int intake_message(struct intake *in, struct s3c_view message, struct s3c_error *err)
{
    bool small = message.len <= INTAKE_SMALL;
    int r = small ? check_frame(message, err) : intake_run(in, err);

    in->messages++;
    if (r < 0)
        return r;
    if (small || in->rest.len > 0) {
        r = keep(in, message, err);
        return r == 0 && in->kept.len >= INTAKE_GATHERED ? intake_run(in, err) : r;
    }
    in->rest = message;
    r = intake_run(in, err);
    if (r < 0 || in->rest.len == 0)
        return r;
    message = in->rest;
    in->rest = (struct s3c_view){NULL, 0};
    return keep(in, message, err);
}
