/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the small XML answers of S3. All parsers tolerate white space (keep-alive) and a byte order mark before the declaration.
 * A `char *` body is MODIFIED (unescaped in place) and what is returned points into it.
 */
#ifndef S3C_S3_REPLY_H
#define S3C_S3_REPLY_H

#include "s3/call.h"

enum s3c_reply_kind {
    S3C_REPLY_XML,    /* a whole document: its root is closed at the end */
    S3C_REPLY_ERROR,  /* a whole document with root <Error> */
    S3C_REPLY_EMPTY,  /* nothing but white space */
    S3C_REPLY_BROKEN, /* ends early, or is no XML */
};
/* Looks at the first and the last tag only: cheap enough for every page. Does not modify. */
enum s3c_reply_kind s3c_reply_look(struct s3c_view body);
/* Is a 2xx with this body what `op` answers? false: treat as S3C_RETRY_TRANSIENT (`broken`) unless the kind is S3C_REPLY_ERROR. Operations
 * whose answer has no body of interest (HEAD, GET_OBJECT, PUT, UPLOAD_PART, ABORT) accept anything but an <Error> document (GET_OBJECT
 * accepts that too: it may be the object). */
bool s3c_reply_acceptable(enum s3c_s3_op op, struct s3c_view body, enum s3c_reply_kind *ret_kind);

struct
    s3c_error_reply { /* NUL-terminated, cut to fit, control characters replaced by '?'; empty = absent */
    char code[64];
    char message[256];
    char request_id[64];
    char region[64];
};
/* 0; S3C_E_PROTOCOL when the root is not <Error> or it does not parse (what was read until then is kept). */
S3C_MUST_USE int s3c_reply_error(char *body, size_t len, struct s3c_error_reply *ret);

enum s3c_versioning_status {
    S3C_VERSIONING_STATUS_NEVER,
    S3C_VERSIONING_STATUS_ENABLED,
    S3C_VERSIONING_STATUS_SUSPENDED
};
/* GetBucketVersioning. 0, S3C_E_PROTOCOL. */
S3C_MUST_USE int s3c_reply_versioning(char *body, size_t len, enum s3c_versioning_status *ret,
                                      struct s3c_error *err);
/* <UploadId> of CreateMultipartUpload. 0, S3C_E_PROTOCOL. */
S3C_MUST_USE int s3c_reply_upload_id(char *body, size_t len, struct s3c_view *ret,
                                     struct s3c_error *err);
/* Is it what CompleteMultipartUpload answers? 0, S3C_E_PROTOCOL. */
S3C_MUST_USE int s3c_reply_complete(char *body, size_t len, struct s3c_error *err);

/* Without the white space and byte order mark around it: where XML parsing begins. */
struct s3c_view s3c_reply_trim(struct s3c_view body);
struct s3c_view s3c_etag_trim(struct s3c_view etag); /* without surrounding quotes */

#endif
