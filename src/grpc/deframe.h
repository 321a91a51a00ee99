/* SPDX-License-Identifier: Apache-2.0 */
/* gRPC framing: messages of a stream of bytes, each behind a flag and its length. Pure; server and client use it. */
#ifndef S3C_GRPC_DEFRAME_H
#define S3C_GRPC_DEFRAME_H

#include "base/buf.h"

#define GRPC_PREFIX_SIZE 5

struct grpc_deframer {
    size_t max; /* bytes of a message */
    uint8_t prefix[GRPC_PREFIX_SIZE];
    size_t prefix_len;   /* of those that came; GRPC_PREFIX_SIZE: inside a message */
    size_t length;       /* of the message that the prefix announces */
    struct s3c_buf part; /* of a message that did not come in one run */
};
void grpc_deframer_init(struct grpc_deframer *d, size_t max);
void grpc_deframer_done(struct grpc_deframer *d); /* idempotent */

/*
 * Takes bytes off the front of *in. 1: a whole message in *ret, which lies in the input where it can, and is valid until the
 * next call; 0: all of *in is taken, no message is complete. S3C_E_TOO_LARGE (d->length), S3C_E_INVALID (it is compressed),
 * S3C_E_PROTOCOL (no gRPC), S3C_E_NOMEM.
 */
S3C_MUST_USE int grpc_deframe(struct grpc_deframer *d, struct s3c_view *in, struct s3c_view *ret);
bool grpc_deframer_between(const struct grpc_deframer *d); /* no message has begun */

void grpc_prefix_write(uint8_t dst[GRPC_PREFIX_SIZE], size_t message_len); /* at most UINT32_MAX */

#endif
