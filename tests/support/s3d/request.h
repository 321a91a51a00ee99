/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTP request, taken apart. Its views point into the connection's input (alive until the request was answered) or into its
 * arena (reset with the next request).
 */
#ifndef S3D_REQUEST_H
#define S3D_REQUEST_H

#include <stdbool.h>

#include "base/mem.h"
#include "base/view.h"

#define S3D_FIELDS_MAX 64
#define S3D_PARAMS_MAX 32

enum s3d_method { S3D_GET, S3D_HEAD, S3D_PUT, S3D_POST, S3D_DELETE, S3D_OTHER_METHOD };

struct s3d_pair {
    struct s3c_view name, value;
};

struct s3d_request {
    enum s3d_method method;
    struct s3c_view method_text, path, query; /* as they came */
    bool keep_alive, chunked, expect_continue;
    uint64_t content_length;
    struct s3d_pair field[S3D_FIELDS_MAX];
    unsigned nfields;
    struct s3d_pair param[S3D_PARAMS_MAX]; /* decoded; a name without '=' has an empty value */
    unsigned nparams;
    struct s3c_view bucket, key; /* decoded; ptr NULL: absent */
    struct s3c_buf *body;        /* transfer coding and aws-chunked undone */
    struct s3c_arena *arena;
};

/*
 * Parses the head in `in`: > 0 the head's length, 0 more bytes are needed, -1 it is no HTTP request that we take.
 * *r is filled except bucket, key, params and body.
 */
int s3d_request_parse(struct s3d_request *r, struct s3c_view in);
/*
 * Decodes the query and the address. `domain` (may be NULL): "bucket.DOMAIN" in Host is virtual-host style; every other host is
 * path style. False: more parameters than we take.
 */
bool s3d_request_address(struct s3d_request *r, const char *domain);

/* Absent: ptr NULL. Names are ASCII in lower case. */
struct s3c_view s3d_field(const struct s3d_request *r, const char *name);
struct s3c_view s3d_param(const struct s3d_request *r, const char *name);
static inline bool s3d_has_param(const struct s3d_request *r, const char *name)
{
    return s3d_param(r, name).ptr != NULL;
}
/* Splits form text ("a=b&c") and decodes it, '+' being a space. False: more than max. */
bool s3d_parse_form(struct s3c_arena *a, struct s3c_view text, struct s3d_pair *pairs, unsigned max,
                    unsigned *ret_n);

#endif
