/* SPDX-License-Identifier: Apache-2.0 */
/* Protobuf wire format (proto3): a reader over views and a writer into a buffer. Pure; no schema. Spec: protobuf.dev "Encoding". */
#ifndef S3C_GRPC_PB_H
#define S3C_GRPC_PB_H

#include "base/buf.h"

enum pb_wire { PB_VARINT = 0, PB_FIXED64 = 1, PB_BYTES = 2, PB_FIXED32 = 5 };

struct pb_reader {
    const char *p, *end;
    unsigned field; /* of the field just read */
    enum pb_wire wire;
    uint64_t number;       /* VARINT, FIXED64, FIXED32 */
    struct s3c_view bytes; /* BYTES */
};
void pb_read(struct pb_reader *r, struct s3c_view message);
/* 1: a field; 0: the end; S3C_E_PROTOCOL: malformed (groups, bad tag, overrun). Unknown fields are simply not looked at by the caller. */
S3C_MUST_USE int pb_next(struct pb_reader *r);

size_t pb_varint_size(uint64_t v);
char *pb_put_varint(char *p, uint64_t v);
/* Appending; default values (0, empty) are left out by the caller's choice. 0, S3C_E_NOMEM, S3C_E_TOO_LARGE. */
S3C_MUST_USE int pb_add_varint(struct s3c_buf *b, unsigned field, uint64_t v);
S3C_MUST_USE int pb_add_double(struct s3c_buf *b, unsigned field, double v);
S3C_MUST_USE int pb_add_bytes(struct s3c_buf *b, unsigned field, struct s3c_view v);
/* A nested message: begin gives a mark, end puts the length in front. */
S3C_MUST_USE int pb_begin(struct s3c_buf *b, unsigned field, size_t *ret_mark);
S3C_MUST_USE int pb_end(struct s3c_buf *b, size_t mark);

#endif
