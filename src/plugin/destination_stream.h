/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The destination between a Run stream and the engine: records in, acknowledgements out, and when all that Stop asks for has been
 * answered. It knows no calls and no loop: whoever has them asks what is to be done next. Not thread-safe.
 *
 * Stop: everything up to the last position, which may still be on its way, is flushed and answered. Records are waited for as long as they
 * come, and DESTINATION_QUIET_NS more; hosts name positions that they never sent. What is not in S3 by DESTINATION_FLUSH_NS after
 * Stop is answered with its error, so that Stop itself is answered within a minute.
 */
#ifndef S3C_PLUGIN_DESTINATION_STREAM_H
#define S3C_PLUGIN_DESTINATION_STREAM_H

#include "base/clock.h"
#include "plugin/intake.h"
#include "plugin/lockstep.h"

#define DESTINATION_QUIET_NS (2 * S3C_NS_PER_SEC)
#define DESTINATION_FLUSH_NS (50 * S3C_NS_PER_SEC)
#define DESTINATION_STOP_NS \
    (58 * S3C_NS_PER_SEC)                 /* then Stop is answered, whatever the client has read */
#define DESTINATION_ACKS_MAX (256u << 10) /* bytes made ahead of the client's reading */

enum destination_stop {
    DESTINATION_NOT_STOPPED,
    DESTINATION_RECEIVING, /* until the last position has come */
    DESTINATION_FLUSHING,  /* until everything is answered */
    DESTINATION_FLUSHED,
};

struct destination_stream {
    struct s3c_destination *engine; /* NULL: none; owned */
    const struct s3c_clock *clock;
    struct intake intake;
    struct ack_queue acks;
    struct s3c_buf sent; /* what was taken last */
    bool listened_to;    /* somebody takes the acknowledgements */
    bool idle_closes;    /* files may be closed because nothing comes (file.max-idle is not off) */
    struct lockstep lockstep;
    bool half_closed; /* no record will come any more */
    enum destination_stop stop;
    struct s3c_buf stop_position;
    bool heard;            /* messages came since the last run */
    int64_t stop_at_ns;    /* when Stop came */
    int64_t quiet_from_ns; /* while receiving: when the last message came, or Stop */
};

void destination_stream_init(struct destination_stream *s, const struct s3c_clock *clock);
/* Closes the engine; what was not acknowledged is dropped. Idempotent. */
void destination_stream_close(struct destination_stream *s);
void destination_stream_done(struct destination_stream *s);

/* From here on s->intake is ready. Takes the engine over. */
void destination_stream_open(struct destination_stream *s, struct s3c_destination *engine);

/* One message of the client; only when destination_stream_is_ready. destination_stream_run must follow, once for many. Returns as that does. */
S3C_MUST_USE int destination_stream_message(struct destination_stream *s, struct s3c_view message,
                                            struct s3c_error *err);
/*
 * Does what can be done now: after each message, when the engine's descriptor is readable, when time is up. 0; negative: the stream
 * must end with this error (S3C_E_PROTOCOL, S3C_E_NOMEM, ...).
 */
S3C_MUST_USE int destination_stream_run(struct destination_stream *s, struct s3c_error *err);

/* Whether the next message may come: back-pressure. */
bool destination_stream_is_ready(const struct destination_stream *s);
/* When destination_stream_run must be called again, 0: only when something comes. */
int64_t destination_stream_due_ns(const struct destination_stream *s);

/* The encoded acknowledgements that are there, valid until the next call of this; empty: none. */
struct s3c_view destination_stream_take_acks(struct destination_stream *s);
/* Whether each record that came has been answered, and the answers have been taken. */
bool destination_stream_is_settled(const struct destination_stream *s);

/* 0 or S3C_E_NOMEM. Then s->stop goes on to DESTINATION_FLUSHED. */
S3C_MUST_USE int destination_stream_stop(struct destination_stream *s,
                                         struct s3c_view last_position, struct s3c_error *err);

#endif
