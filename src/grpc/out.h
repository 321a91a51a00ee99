/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What waits to be written to a socket: small things are copied, payload is referenced, and as much as possible goes out in one
 * system call. Nothing is dropped or reordered; there is no room while the socket takes nothing.
 */
#ifndef S3C_GRPC_OUT_H
#define S3C_GRPC_OUT_H

#include <sys/uio.h>

#include "base/buf.h"

#define GRPC_OUT_COPIES ((size_t)128 * 1024)
#define GRPC_OUT_PIECES 1024 /* what one sendmsg takes */

struct grpc_out {
    int fd;       /* non-blocking; borrowed */
    size_t bytes; /* that wait */
    uint64_t
        epoch; /* one more each time that everything was written: what was referenced before is free again */
    uint64_t total;    /* bytes written in all */
    size_t first, end; /* of pieces */
    size_t copied;     /* of copies */
    char *spill;       /* what was referenced, after grpc_out_detach */
    struct iovec pieces[GRPC_OUT_PIECES];
    char copies[GRPC_OUT_COPIES];
};
void grpc_out_init(struct grpc_out *o, int fd);
void grpc_out_done(struct grpc_out *o);

/* Room for so many bytes to copy and so many pieces, after writing if need be. 1, 0 = the socket is full, S3C_E_CONNECT. */
S3C_MUST_USE int grpc_out_room(struct grpc_out *o, size_t copy, size_t pieces);
/* Where room was made: */
void grpc_out_copy(struct grpc_out *o, const void *p, size_t n);
void grpc_out_refer(struct grpc_out *o, const void *p,
                    size_t n); /* p stays valid until the epoch changes */
/* Writes what the socket takes. 0 or S3C_E_CONNECT (the peer is gone). */
S3C_MUST_USE int grpc_out_flush(struct grpc_out *o);
/* Copies what is referenced, which may be freed then. 0, or S3C_E_NOMEM: what waited is dropped, the connection is of no more use. */
S3C_MUST_USE int grpc_out_detach(struct grpc_out *o);

#endif
