/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoder of the chunked coding, fed piece by piece. aws-chunked (what SDKs put inside a PUT's body) has the same grammar: its
 * chunk signatures are chunk extensions and its checksum trailers are trailers, and both are read over.
 */
#ifndef S3D_CHUNKED_H
#define S3D_CHUNKED_H

#include "base/buf.h"

struct s3d_chunked {
    int state;
    uint64_t left; /* of the chunk, or the size read so far */
    unsigned line; /* bytes in the current trailer line */
};

/* Returns the bytes of `in` that were used, appends what they held to out, or -1 when it is not chunked. */
long s3d_chunked_feed(struct s3d_chunked *c, struct s3c_view in, struct s3c_buf *out);
bool s3d_chunked_ended(const struct s3d_chunked *c);
/* Undoes the coding of a whole body in place. False: malformed or cut off. */
bool s3d_chunked_decode(struct s3c_buf *body);

#endif
