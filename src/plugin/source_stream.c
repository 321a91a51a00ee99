/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/source_stream.h"

#include "base/banned.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/view.h"

#define READ_MAX    1024       /* records of one read of the engine */
#define BATCH_BYTES (4u << 20) /* completes a message: a batch has to lie in memory */

struct source_stream {
    struct grpc_server *server;
    const struct s3c_clock *clock;
    size_t batch_size; /* at least 1 */
    int64_t batch_delay_ns;
    const struct source_reader *reader;
    void *source; /* NULL: closed, or not yet open */
    struct grpc_call *call;
    bool stopped;
    struct s3c_record *records; /* of the last read; [next, count) are not in a message yet */
    size_t next, count;
    struct record_pb message;
    bool sent;               /* the message was pulled; the next pull begins a new one */
    int64_t due_ns;          /* of an incomplete message; 0: there is none, or it does not wait */
    struct s3c_view pending; /* position of the last record in the message; in `records` */
    struct s3c_buf held,
        last;  /* the same of a record that is about to go; of the last that was pulled */
    int ended; /* what the engine ended with; 0: it has not */
    struct s3c_error failure;
    struct grpc_watch watch; /* the engine's descriptor and timer, and due_ns */
    bool watched, starving;  /* starving: the call has pulled in vain */
};

static void unwatch(struct source_stream *s)
{
    if (s->watched)
        grpc_server_unwatch(s->server, &s->watch);
    s->watched = false;
}

/* Where the call does not ask, because its reader is slow, the descriptor would stay readable, and the loop awake: no watching then. */
static void engine_ready(struct grpc_watch *w)
{
    struct source_stream *s = w->user;

    if (!s->starving) {
        unwatch(s);
        return;
    }
    s->starving = false;
    grpc_call_kick(s->call);
}

int source_stream_new(struct source_stream **ret, const struct source_stream_options *o,
                      struct s3c_error *err)
{
    struct source_stream *s = s3c_zalloc(sizeof(*s));

    if (!s)
        return s3c_error_nomem(err);
    s->records = s3c_reallocarray(NULL, READ_MAX, sizeof(*s->records));
    if (!s->records) {
        s3c_free(s);
        return s3c_error_nomem(err);
    }
    s->server = o->server;
    s->clock = o->clock;
    s->batch_size = o->batch_size > 1 ? (size_t)o->batch_size : 1;
    s->batch_delay_ns = s->batch_size > 1 ? o->batch_delay_ns : 0;
    s->held = s->last = (struct s3c_buf)S3C_BUF_INIT(SIZE_MAX);
    record_pb_init(&s->message);
    *ret = s;
    return 0;
}

void source_stream_free(struct source_stream *s)
{
    if (!s)
        return;
    source_stream_close(s);
    record_pb_done(&s->message);
    s3c_buf_done(&s->held);
    s3c_buf_done(&s->last);
    s3c_free(s->records);
    s3c_free(s);
}

void source_stream_open(struct source_stream *s, const struct source_reader *reader, void *source)
{
    s->reader = reader;
    s->source = source;
}

void source_stream_attach(struct source_stream *s, struct grpc_call *call)
{
    s->call = call;
    grpc_call_kick(call);
}

void source_stream_stop(struct source_stream *s)
{
    s->stopped = true;
    unwatch(s);
}

void source_stream_close(struct source_stream *s)
{
    source_stream_stop(s);
    s->call = NULL;
    if (s->source)
        s->reader->close(s->source);
    s->source = NULL;
    s->next = s->count = 0;
}

struct s3c_view source_stream_last_position(const struct source_stream *s)
{
    return s3c_buf_view(&s->last);
}

static void fail(struct source_stream *s, int r)
{
    s->ended = r;
    if (r == S3C_E_NOMEM)
        (void)s3c_error_nomem(&s->failure);
    else if (r == S3C_E_TOO_LARGE)
        (void)s3c_error_set(&s->failure, r,
                            "the object is larger than a message to the host can be (2 GiB): "
                            "set object.max-bytes and object.too-large");
    else
        (void)s3c_error_set(&s->failure, r, "the record cannot be sent to the host");
}

/* Moves records into the message until it is complete or they are used up. */
static void fill(struct source_stream *s)
{
    int r = 0;

    while (s->next < s->count && s->message.records < s->batch_size &&
           record_pb_size(&s->message) < BATCH_BYTES) {
        const struct s3c_record *record = &s->records[s->next];

        r = record_pb_add(&s->message, record);
        if (r == S3C_E_TOO_LARGE && s->message.records > 0)
            break; /* goes into a message of its own */
        if (r < 0) {
            fail(s, r);
            break;
        }
        s->pending = record->position;
        s->next++;
    }
    if (s->due_ns == 0 && s->message.records > 0 && s->batch_delay_ns > 0)
        s->due_ns = s3c_mono_ns(s->clock) + s->batch_delay_ns;
}

static bool is_complete(const struct source_stream *s)
{
    return s->message.records >= s->batch_size || record_pb_size(&s->message) >= BATCH_BYTES ||
           s->next < s->count || s->ended != 0;
}

/* The records are about to go: what the message needs of them is copied. */
static int hold(struct source_stream *s)
{
    if (s->message.records == 0 || s->pending.ptr == s->held.ptr)
        return 0;
    s3c_buf_clear(&s->held);
    if (s3c_buf_add_view(&s->held, s->pending) < 0 || record_pb_keep(&s->message) < 0)
        return S3C_E_NOMEM;
    s->pending = s3c_buf_view(&s->held);
    return 0;
}

/* Reads more from the engine. True: there is more, or it has ended; false: nothing now. */
static bool read_more(struct source_stream *s)
{
    size_t want = s->batch_size == 1 ? READ_MAX : s->batch_size - s->message.records;
    int r = hold(s);

    if (r < 0) {
        fail(s, r);
        return true;
    }
    s->next = s->count = 0;
    r = s->reader->read(s->source, s->records, want < READ_MAX ? want : READ_MAX, &s->count,
                        &s->failure);
    if (r == S3C_AGAIN)
        return false;
    s->ended = r;
    return true;
}

static size_t flush(struct source_stream *s, struct grpc_piece *pieces)
{
    s3c_buf_clear(&s->last);
    if (s3c_buf_add_view(&s->last, s->pending) < 0) {
        fail(s, S3C_E_NOMEM);
        return 0;
    }
    s->sent = true;
    s->due_ns = 0;
    return record_pb_pieces(&s->message, pieces);
}

/* Whoever pulled in vain is told when the engine has something, or when the message has waited long enough. */
static int starve(struct source_stream *s)
{
    int ms = s->reader->timeout_ms(s->source), r = 0;

    s->watch.due_mono_ns = s->due_ns;
    if (ms >= 0) {
        int64_t at = s3c_mono_ns(s->clock) + ms * S3C_NS_PER_MS;
        if (s->due_ns == 0 || at < s->due_ns)
            s->watch.due_mono_ns = at;
    }
    s->starving = true;
    if (s->watched)
        return 0;
    s->watch.fd = s->reader->fd(s->source);
    s->watch.ready = engine_ready;
    s->watch.user = s;
    r = grpc_server_watch(s->server, &s->watch, &s->failure);
    s->watched = r == 0;
    return r;
}

static void finish(struct source_stream *s, bool *ret_failed)
{
    char text[sizeof(s->failure.message) + 32];

    *ret_failed = s->ended < 0;
    (void)snprintf(text, sizeof(text), "read plugin error: %s", s->failure.message);
    grpc_call_finish(s->call, s->ended < 0 ? GRPC_UNKNOWN : GRPC_OK, s->ended < 0 ? text : NULL);
    source_stream_stop(s);
}

/* Fills the message as far as it goes. True: it is to be sent now. */
static bool make_message(struct source_stream *s)
{
    for (;;) {
        fill(s);
        if (is_complete(s))
            return s->message.records > 0;
        if (!read_more(s))
            return s->message.records > 0 && (s->due_ns == 0 || s3c_mono_ns(s->clock) >= s->due_ns);
    }
}

size_t source_stream_pull(struct source_stream *s, struct grpc_piece *pieces, bool *ret_failed)
{
    size_t n = 0;

    if (s->stopped || !s->source)
        return 0;
    s->starving = false;
    if (s->sent)
        record_pb_clear(&s->message);
    s->sent = false;
    if (make_message(s))
        n = flush(s, pieces);
    if (n == 0 && s->ended == 0)
        s->ended = starve(s);
    if (n == 0 && s->ended != 0)
        finish(s, ret_failed);
    return n;
}
