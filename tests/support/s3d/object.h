/* SPDX-License-Identifier: Apache-2.0 */
/* What operations on objects share with copies and multipart uploads. */
#ifndef S3D_OBJECT_H
#define S3D_OBJECT_H

#include "server.h"

/* The fields that are stored with an object, as struct s3d_version has them; the caller's. */
char *s3d_stored_fields(const struct s3d_request *q);
void s3d_put_etag_field(struct s3d_reply *r, const struct s3d_etag *e);
/* As the text of an element. */
void s3d_put_quoted_etag(struct s3c_buf *b, const struct s3d_etag *e);
/* Nothing in a bucket that was never versioned. */
void s3d_put_version_field(const struct s3d_call *c, const char *name, const struct s3d_version *v);
/* The version to read, id.ptr NULL: the newest. NULL: the reply says why not. */
struct s3d_version *s3d_find_readable(const struct s3d_call *c, const struct s3d_bucket *b,
                                      struct s3c_view key, struct s3c_view id);
/* DELETE without a version id: the marker that was made, or NULL. */
struct s3d_version *s3d_mark_deleted(const struct s3d_call *c, struct s3c_view key);
/* Whether the conditions of a PUT or a CompleteMultipartUpload let it go on; false: the reply says why not. */
bool s3d_may_write(const struct s3d_call *c);
/* False: the key is too long, and the reply says so. */
bool s3d_key_ok(const struct s3d_call *c);

#endif
