/* SPDX-License-Identifier: Apache-2.0 */
/* The answer to one request; its buffers are reused from request to request of a connection. */
#ifndef S3D_REPLY_H
#define S3D_REPLY_H

#include "request.h"
#include "store.h"

struct s3d_reply {
    int status;
    struct s3c_buf
        fields; /* "Name: value\r\n"..., without Date, Content-Length, Connection and the request id */
    struct s3c_buf body;   /* the body, unless there is a blob */
    struct s3d_blob *blob; /* one reference; NULL: none */
    size_t blob_from, blob_len;
    uint64_t id;     /* for x-amz-request-id */
    int64_t date_ns; /* for Date */
    bool no_body;    /* HEAD, 204, 304: Content-Length counts what is not sent */
    bool close;      /* the connection ends after it */
};

void s3d_reply_start(struct s3d_reply *r);
void s3d_reply_done(struct s3d_reply *r);
size_t s3d_reply_length(const struct s3d_reply *r);

void s3d_reply_field(struct s3d_reply *r, const char *name, struct s3c_view value);
/* status 200, content type application/xml, the declaration in the body. */
struct s3c_buf *s3d_reply_xml(struct s3d_reply *r);
/*
 * Makes it an S3 error: drops whatever was there; status by the code's table (500 for a code that is not in it). Returns the code's
 * status. The _as form gives status and message (NULL: the table's) itself.
 */
int s3d_reply_error(struct s3d_reply *r, const struct s3d_request *q, const char *code);
int s3d_reply_error_as(struct s3d_reply *r, const struct s3d_request *q, int status,
                       const char *code, const char *message);

/* Adds an element to the error that the reply already is. */
void s3d_reply_error_add(struct s3d_reply *r, const char *name, struct s3c_view text);
/* The status that goes with a code; 500 for one that is not known. */
int s3d_error_status(const char *code);

/* Status line and all fields, ready to send. */
void s3d_reply_head(const struct s3d_reply *r, struct s3d_clock *clock, struct s3c_buf *out);

#endif
