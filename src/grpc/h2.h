/* SPDX-License-Identifier: Apache-2.0 */
/* What server and client share of nghttp2: its memory comes from base/mem.h, header fields are made of views. */
#ifndef S3C_GRPC_H2_H
#define S3C_GRPC_H2_H

#include <nghttp2/nghttp2.h>

#include "base/view.h"

nghttp2_mem grpc_h2_mem(void); /* sessions copy it */

/* Views of both; nghttp2 copies what it is given. */
nghttp2_nv grpc_h2_field(const char *name, struct s3c_view value);

/* "application/grpc", alone or with a suffix: what both sides must say. */
bool grpc_h2_is_grpc_type(struct s3c_view content_type);

#endif
