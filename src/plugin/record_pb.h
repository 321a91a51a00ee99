/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records as one message of SourcePlugin.Run: Source.Run.Response{records = 1}, each an opencdc.v1.Record. What is small is copied into
 * one buffer; large payloads are referred to where they lie, so that they go from the receive buffer of a GET to the socket.
 * Not thread-safe; does no I/O.
 */
#ifndef S3C_PLUGIN_RECORD_PB_H
#define S3C_PLUGIN_RECORD_PB_H

#include <s3c/record.h>

#include "base/buf.h"
#include "grpc/server.h"

#define RECORD_PB_REFERENCE \
    4096 /* data of at least this many bytes is not copied: a piece costs about as much */
#define RECORD_PB_CUTS ((GRPC_MAX_PIECES - 1) / 2)

struct record_pb {
    struct s3c_buf text; /* all but what is referred to */
    struct record_pb_cut {
        size_t at; /* in text: what goes before `data` */
        struct s3c_view data;
    } cuts[RECORD_PB_CUTS];
    size_t cut_count;
    size_t referred; /* bytes */
    size_t records;
};

void record_pb_init(struct record_pb *m);
void record_pb_done(struct record_pb *m);
void record_pb_clear(struct record_pb *m); /* memory is kept */

/*
 * Adds one record, whole or not at all. It must live until record_pb_keep or clear. 0; S3C_E_NOMEM; S3C_E_TOO_LARGE: the message would pass what gRPC
 * carries (2 GiB); S3C_E_RECORD: structured data, which no source of ours has.
 */
S3C_MUST_USE int record_pb_add(struct record_pb *m, const struct s3c_record *r);
/* Copies what is only referred to, because the records are about to go. 0 or S3C_E_NOMEM (nothing changed). */
S3C_MUST_USE int record_pb_keep(struct record_pb *m);

size_t record_pb_size(const struct record_pb *m); /* of the message */
/* The message, which must not be empty, as at most GRPC_MAX_PIECES pieces; valid until the next call here. */
size_t record_pb_pieces(const struct record_pb *m, struct grpc_piece *pieces);

#endif
