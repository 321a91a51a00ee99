/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Run stream's sending half: records from the engine as messages, in batches, no faster than the stream takes them. It is pulled
 * from, and kicks its call when the engine has something again; without a pull the engine is not read. Loop's thread only.
 *
 * Batches: size 0 or 1 sends each record by itself. Size n without delay sends what there is, at most n at once, and never waits.
 * With a delay a message waits for n records, but not longer than that after its first one. A message is also complete with 4 MiB.
 * The delay alone changes nothing.
 */
#ifndef S3C_PLUGIN_SOURCE_STREAM_H
#define S3C_PLUGIN_SOURCE_STREAM_H

#include <s3c/source.h>

#include "base/clock.h"
#include "plugin/record_pb.h"

struct source_stream;

struct source_stream_options {
    struct grpc_server *server; /* must outlive the stream */
    const struct s3c_clock *clock;
    int64_t batch_size, batch_delay_ns;
};

/* 0 or S3C_E_NOMEM. */
S3C_MUST_USE int source_stream_new(struct source_stream **ret,
                                   const struct source_stream_options *o, struct s3c_error *err);
void source_stream_free(struct source_stream *s); /* NULL is fine */

/* What the records come from: the engine, or a fake of a test. All as in include/s3c/source.h, timeout_ms being 0. */
struct source_reader {
    int (*read)(void *source, struct s3c_record *records, size_t max, size_t *ret_count,
                struct s3c_error *err);
    int (*fd)(void *source);
    int (*timeout_ms)(void *source);
    void (*close)(void *source);
};
/* Takes `source` over. Before attach. */
void source_stream_open(struct source_stream *s, const struct source_reader *reader, void *source);

/* From now on messages are for this call, which is kicked when there is one. */
void source_stream_attach(struct source_stream *s, struct grpc_call *call);
/*
 * The next message as grpc_method.pull gives it; 0: none now. When the engine has ended, the call is finished: OK at its end, else UNKNOWN
 * and "read plugin error: ...", and *ret_failed is set.
 */
size_t source_stream_pull(struct source_stream *s, struct grpc_piece *pieces, bool *ret_failed);
/* No message any more; an incomplete one is dropped, its records will be read again. What was pulled stays valid. */
void source_stream_stop(struct source_stream *s);
/* Stops, forgets the call and closes the engine: what was pulled is invalid now. Idempotent. */
void source_stream_close(struct source_stream *s);

/* Position of the last record that was pulled; empty if none was. Valid until the next pull. */
struct s3c_view source_stream_last_position(const struct source_stream *s);

#endif
