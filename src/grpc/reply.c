/* SPDX-License-Identifier: Apache-2.0 */
/* What goes out: nghttp2 asks for data when windows and socket have room; messages are pulled from the method then. */
#include <stdio.h>

#include "grpc/server_private.h"

#define STAGED_MESSAGE 4096 /* up to here a copy is cheaper than a piece of its own */
#define COPIED_PIECE   256
/* A frame: what the peer allows (16 KiB with grpc-go), within what the queue can always take. */
#define FRAME_BYTES  ((size_t)32 * 1024)
#define FRAME_COPIES (FRAME_BYTES + FRAME_HEADER)
#define FRAME_PIECES (2 * FRAME_BYTES / COPIED_PIECE + 2)
#define FRAME_HEADER 9
#define TEXT_ENCODED ((size_t)16 * 1024)
#define TEXT_BYTES   (TEXT_ENCODED / 3)

int grpc_reply_init(struct grpc_call *k)
{
    k->out.stage = s3c_alloc(GRPC_STAGE_SIZE);
    k->out.pieces = s3c_reallocarray(NULL, GRPC_MAX_PIECES + 1, sizeof(*k->out.pieces));
    return k->out.stage && k->out.pieces ? 0 : S3C_E_NOMEM;
}

void grpc_reply_done(struct grpc_call *k)
{
    s3c_free(S3C_TAKE(k->out.stage));
    s3c_free(S3C_TAKE(k->out.pieces));
}

/* ---- messages into the call's buffers ---- */

int grpc_reply_put(struct grpc_call *k, struct s3c_view message)
{
    struct grpc_reply_side *o = &k->out;

    if (message.len > UINT32_MAX)
        return S3C_E_TOO_LARGE;
    o->stage = s3c_alloc(GRPC_PREFIX_SIZE + message.len);
    if (!o->stage)
        return S3C_E_NOMEM;
    grpc_prefix_write((uint8_t *)o->stage, message.len);
    if (message.len)
        memcpy(o->stage + GRPC_PREFIX_SIZE, message.ptr, message.len);
    o->stage_len = o->left = GRPC_PREFIX_SIZE + message.len;
    return 0;
}

static void stage_message(struct grpc_reply_side *o, size_t count, size_t len)
{
    char *p = o->stage + o->stage_len;

    grpc_prefix_write((uint8_t *)p, len);
    p += GRPC_PREFIX_SIZE;
    for (size_t i = 1; i <= count; i++) {
        if (o->pieces[i].len)
            memcpy(p, o->pieces[i].ptr, o->pieces[i].len);
        p += o->pieces[i].len;
    }
    o->stage_len += GRPC_PREFIX_SIZE + len;
}

static void refer_message(struct grpc_reply_side *o, size_t count, size_t len)
{
    grpc_prefix_write(o->prefix, len);
    o->pieces[0] = (struct grpc_piece){o->prefix, GRPC_PREFIX_SIZE};
    o->piece_count = count + 1;
    o->piece_at = o->piece_offset = 0;
}

/* One message. False: none now, or it can be no message. */
static bool pull_one(struct grpc_call *k)
{
    struct grpc_reply_side *o = &k->out;
    size_t count = k->method->pull(k, o->pieces + 1, GRPC_MAX_PIECES), len = 0;

    if (!count)
        return false;
    for (size_t i = 1; i <= count; i++)
        len += o->pieces[i].len;
    if (len > UINT32_MAX) {
        grpc_call_abort(k, GRPC_RESOURCE_EXHAUSTED, "a message of more than 4 GiB cannot be sent");
        return false;
    }
    if (len <= STAGED_MESSAGE)
        stage_message(o, count, len);
    else
        refer_message(o, count, len);
    o->left += GRPC_PREFIX_SIZE + len;
    return true;
}

static void pull_messages(struct grpc_call *k)
{
    struct grpc_reply_side *o = &k->out;

    o->stage_len = o->stage_at = o->piece_count = o->piece_at = 0;
    while (!k->finished && !o->piece_count &&
           o->stage_len + GRPC_PREFIX_SIZE + STAGED_MESSAGE <= GRPC_STAGE_SIZE)
        if (!pull_one(k))
            break;
}

/* Is there anything to send? */
static bool has_data(struct grpc_call *k)
{
    struct grpc_reply_side *o = &k->out;

    if (o->left || k->finished || !k->method->pull)
        return o->left > 0;
    /* What was pulled before may still be referred to: it has to be written before the method may reuse it. */
    if (o->epoch == k->conn->out.epoch && grpc_out_flush(&k->conn->out) < 0)
        k->conn->broken = true;
    o->waits_for_drain = o->epoch == k->conn->out.epoch;
    if (o->waits_for_drain)
        return false;
    o->kicked = false;
    pull_messages(k);
    return o->left > 0;
}

/* ---- nghttp2 asks ---- */

static nghttp2_nv ok_status(void)
{
    return grpc_h2_field(":status", S3C_VIEW("200"));
}

static nghttp2_nv grpc_type(void)
{
    return grpc_h2_field("content-type", S3C_VIEW("application/grpc"));
}

/* grpc-status and grpc-message into fields; `number` and `text` keep what they refer to. */
static size_t status_fields(const struct grpc_call *k, nghttp2_nv fields[2], char number[12],
                            struct s3c_buf *text)
{
    struct s3c_view v = s3c_view_str(k->text);

    snprintf(number, 12, "%d", (int)k->status);
    fields[0] = grpc_h2_field("grpc-status", s3c_view_str(number));
    if (v.len > TEXT_BYTES)
        v.len = TEXT_BYTES;
    /* Without memory the code must do. */
    if (!v.len || grpc_message_encode(text, v) < 0)
        return 1;
    fields[1] = grpc_h2_field("grpc-message", s3c_buf_view(text));
    return 2;
}

static int send_trailers(struct grpc_call *k)
{
    _cleanup_(s3c_buf_done) struct s3c_buf text = S3C_BUF_INIT(TEXT_ENCODED);
    char number[12];
    nghttp2_nv fields[2];
    size_t n = status_fields(k, fields, number, &text);

    return nghttp2_submit_trailer(k->conn->h2, k->stream, fields, n);
}

static ssize_t on_read(nghttp2_session *h2, int32_t stream, uint8_t *buf, size_t len,
                       uint32_t *flags, nghttp2_data_source *source, void *user)
{
    struct grpc_call *k = source->ptr;

    (void)h2;
    (void)stream;
    (void)buf;
    (void)user;
    if (has_data(k)) {
        *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
        k->out.promised = k->out.left < len ? k->out.left : len;
        return (ssize_t)k->out.promised;
    }
    if (k->conn->broken)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    if (!k->finished) {
        k->out.idle = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
    return send_trailers(k) ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

/* The next run of bytes, at most len. */
static struct s3c_view next_run(struct grpc_reply_side *o, size_t len)
{
    struct s3c_view v;

    if (o->stage_at < o->stage_len) {
        v = (struct s3c_view){o->stage + o->stage_at, o->stage_len - o->stage_at};
        v.len = v.len < len ? v.len : len;
        o->stage_at += v.len;
    } else {
        const struct grpc_piece *p = &o->pieces[o->piece_at];

        v = (struct s3c_view){(const char *)p->ptr + o->piece_offset, p->len - o->piece_offset};
        v.len = v.len < len ? v.len : len;
        o->piece_offset += v.len;
        if (o->piece_offset == p->len) {
            o->piece_at++;
            o->piece_offset = 0;
        }
    }
    o->left -= v.len;
    return v;
}

static int on_send_data(nghttp2_session *h2, nghttp2_frame *f, const uint8_t *header, size_t len,
                        nghttp2_data_source *source, void *user)
{
    struct grpc_conn *c = user;
    struct grpc_call *k = source->ptr;
    int r = grpc_conn_room(c, FRAME_COPIES, FRAME_PIECES);

    (void)h2;
    (void)f;
    if (r)
        return r;
    k->out.promised = 0;
    grpc_out_copy(&c->out, header, FRAME_HEADER);
    while (len > 0) {
        struct s3c_view v = next_run(&k->out, len);

        len -= v.len;
        if (v.len == 0)
            continue;
        if (v.len < COPIED_PIECE) {
            grpc_out_copy(&c->out, v.ptr, v.len);
        } else {
            grpc_out_refer(&c->out, v.ptr, v.len);
            k->out.epoch = c->out.epoch;
        }
    }
    return 0;
}

static ssize_t on_send(nghttp2_session *h2, const uint8_t *data, size_t len, int flags, void *user)
{
    struct grpc_conn *c = user;
    int r;

    (void)h2;
    (void)flags;
    if (len > FRAME_COPIES)
        len = FRAME_COPIES; /* nghttp2 comes back with the rest */
    r = grpc_conn_room(c, len, 1);
    if (r)
        return r;
    grpc_out_copy(&c->out, data, len);
    return (ssize_t)len;
}

static ssize_t on_frame_length(nghttp2_session *h2, uint8_t type, int32_t stream,
                               int32_t session_window, int32_t stream_window, uint32_t max,
                               void *user)
{
    ssize_t n = FRAME_BYTES;

    (void)h2;
    (void)type;
    (void)stream;
    (void)user;
    n = n < (ssize_t)max ? n : (ssize_t)max;
    n = n < session_window ? n : session_window;
    return n < stream_window ? n : stream_window;
}

/* After the trailers the rest of a request is unwanted. */
static int on_frame_sent(nghttp2_session *h2, const nghttp2_frame *f, void *user)
{
    struct grpc_call *k;

    (void)user;
    if (f->hd.type != NGHTTP2_HEADERS || !(f->hd.flags & NGHTTP2_FLAG_END_STREAM))
        return 0;
    k = nghttp2_session_get_stream_user_data(h2, f->hd.stream_id);
    if (!k)
        return 0;
    k->out.sent = true;
    if (k->in.ended)
        return 0;
    return nghttp2_submit_rst_stream(h2, NGHTTP2_FLAG_NONE, f->hd.stream_id, NGHTTP2_NO_ERROR);
}

void grpc_reply_callbacks(nghttp2_session_callbacks *callbacks)
{
    nghttp2_session_callbacks_set_send_callback(callbacks, on_send);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, on_send_data);
    nghttp2_session_callbacks_set_data_source_read_length_callback(callbacks, on_frame_length);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
}

/* ---- nghttp2 is told ---- */

static int send_status_alone(struct grpc_call *k)
{
    _cleanup_(s3c_buf_done) struct s3c_buf text = S3C_BUF_INIT(TEXT_ENCODED);
    char number[12];
    nghttp2_nv fields[4] = {ok_status(), grpc_type()};
    size_t n = 2 + status_fields(k, fields + 2, number, &text);

    return nghttp2_submit_response(k->conn->h2, k->stream, fields, n, NULL);
}

static int start(struct grpc_call *k)
{
    const nghttp2_nv fields[] = {ok_status(), grpc_type()};
    nghttp2_data_provider provider = {.source.ptr = k, .read_callback = on_read};

    k->out.started = true;
    if (k->finished && !k->out.left)
        return send_status_alone(k);
    return nghttp2_submit_response(k->conn->h2, k->stream, fields, 2, &provider);
}

int grpc_reply_http_error(struct grpc_call *k, const char *http_status)
{
    const nghttp2_nv field = grpc_h2_field(":status", s3c_view_str(http_status));

    k->finished = k->aborted = k->out.started = true;
    return nghttp2_submit_response(k->conn->h2, k->stream, &field, 1, NULL);
}

int grpc_reply_settle(struct grpc_call *k)
{
    if (!k->out.started)
        return k->finished || (k->opened && k->method->pull) ? start(k) : 0;
    if (!k->out.idle || k->out.waits_for_drain || !(k->out.kicked || k->finished))
        return 0;
    k->out.idle = false;
    return nghttp2_session_resume_data(k->conn->h2, k->stream) == NGHTTP2_ERR_NOMEM;
}
