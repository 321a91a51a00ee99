/* SPDX-License-Identifier: Apache-2.0 */
/* gRPC's status codes, and the two texts of its headers that need care: grpc-message and grpc-timeout. Pure. */
#ifndef S3C_GRPC_STATUS_H
#define S3C_GRPC_STATUS_H

#include "base/buf.h"

enum grpc_status {
    GRPC_OK = 0,
    GRPC_CANCELLED = 1,
    GRPC_UNKNOWN = 2,
    GRPC_INVALID_ARGUMENT = 3,
    GRPC_DEADLINE_EXCEEDED = 4,
    GRPC_NOT_FOUND = 5,
    GRPC_RESOURCE_EXHAUSTED = 8,
    GRPC_FAILED_PRECONDITION = 9,
    GRPC_UNIMPLEMENTED = 12,
    GRPC_INTERNAL = 13,
    GRPC_UNAVAILABLE = 14,
};

/* grpc-message as it goes over the wire: all but printable ASCII, and '%', becomes %XX. 0, S3C_E_NOMEM, S3C_E_TOO_LARGE. */
S3C_MUST_USE int grpc_message_encode(struct s3c_buf *out, struct s3c_view text);
/* grpc-timeout ("5S", "100m", 1 to 8 digits and a unit). 0 or S3C_E_INVALID; what int64_t cannot hold becomes INT64_MAX. */
S3C_MUST_USE int grpc_timeout_parse(struct s3c_view v, int64_t *ret_ns);

#endif
