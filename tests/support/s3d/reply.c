/* SPDX-License-Identifier: Apache-2.0 */
#include "reply.h"

#include "text.h"

void s3d_reply_start(struct s3d_reply *r)
{
    s3d_blob_unref(r->blob);
    s3c_buf_clear(&r->fields);
    s3c_buf_clear(&r->body);
    *r = (struct s3d_reply){.status = 200, .fields = r->fields, .body = r->body, .id = r->id};
    r->fields.max = r->body.max = SIZE_MAX / 2;
}

void s3d_reply_done(struct s3d_reply *r)
{
    s3d_blob_unref(r->blob);
    s3c_buf_done(&r->fields);
    s3c_buf_done(&r->body);
    r->blob = NULL;
}

size_t s3d_reply_length(const struct s3d_reply *r)
{
    return r->blob ? r->blob_len : r->body.len;
}

void s3d_reply_field(struct s3d_reply *r, const char *name, struct s3c_view value)
{
    s3d_put_str(&r->fields, name);
    S3D_PUT(&r->fields, ": ");
    s3d_put_view(&r->fields, value);
    S3D_PUT(&r->fields, "\r\n");
}

struct s3c_buf *s3d_reply_xml(struct s3d_reply *r)
{
    s3d_reply_field(r, "Content-Type", S3C_VIEW("application/xml"));
    S3D_PUT(&r->body, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    return &r->body;
}

static const struct error_row {
    const char *code;
    int status;
    const char *message;
} errors[] = {
    {"AccessDenied", 403, "Access Denied"},
    {"AuthorizationHeaderMalformed", 400, "The authorization header is malformed"},
    {"BadDigest", 400, "The Content-MD5 you specified did not match what we received."},
    {"BucketAlreadyOwnedByYou", 409,
     "Your previous request to create the named bucket succeeded and you already own it."},
    {"BucketNotEmpty", 409, "The bucket you tried to delete is not empty"},
    {"EntityTooSmall", 400, "Your proposed upload is smaller than the minimum allowed size"},
    {"ExpiredToken", 400, "The provided token has expired."},
    {"IncompleteBody", 400, "The request body terminated unexpectedly"},
    {"InternalError", 500, "We encountered an internal error. Please try again."},
    {"InvalidAccessKeyId", 403,
     "The AWS Access Key Id you provided does not exist in our records."},
    {"InvalidArgument", 400, "Invalid Argument"},
    {"InvalidBucketName", 400, "The specified bucket is not valid."},
    {"InvalidPart", 400,
     "One or more of the specified parts could not be found or its entity tag did not match."},
    {"InvalidPartOrder", 400, "The list of parts was not in ascending order."},
    {"InvalidRange", 416, "The requested range is not satisfiable"},
    {"InvalidRequest", 400, "Invalid Request"},
    {"InvalidToken", 400, "The provided token is malformed or otherwise invalid."},
    {"KeyTooLongError", 400, "Your key is too long"},
    {"MalformedXML", 400,
     "The XML you provided was not well-formed or did not validate against our published schema"},
    {"MethodNotAllowed", 405, "The specified method is not allowed against this resource."},
    {"NoSuchBucket", 404, "The specified bucket does not exist"},
    {"NoSuchKey", 404, "The specified key does not exist."},
    {"NoSuchUpload", 404,
     "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."},
    {"NoSuchVersion", 404, "The specified version does not exist."},
    {"NotImplemented", 501,
     "A header or query you provided requested a function that is not implemented."},
    {"PermanentRedirect", 301,
     "The bucket you are attempting to access must be addressed using the specified endpoint."},
    {"PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold"},
    {"RequestTimeTooSkewed", 403,
     "The difference between the request time and the current time is too large."},
    {"SignatureDoesNotMatch", 403,
     "The request signature we calculated does not match the signature you provided. Check your key and signing method."},
    {"SlowDown", 503, "Please reduce your request rate."},
    {"TemporaryRedirect", 307, "Please re-send this request to the specified temporary endpoint."},
    {"XAmzContentSHA256Mismatch", 400,
     "The provided 'x-amz-content-sha256' header does not match what was computed."},
};

static const struct error_row *find_error(const char *code)
{
    static const struct error_row unknown = {"", 500, "Injected"};

    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        if (strcmp(errors[i].code, code) == 0)
            return &errors[i];
    }
    return &unknown;
}

int s3d_error_status(const char *code)
{
    return find_error(code)->status;
}

int s3d_reply_error(struct s3d_reply *r, const struct s3d_request *q, const char *code)
{
    return s3d_reply_error_as(r, q, s3d_error_status(code), code, NULL);
}

int s3d_reply_error_as(struct s3d_reply *r, const struct s3d_request *q, int status,
                       const char *code, const char *message)
{
    struct s3c_buf *b;

    s3d_blob_unref(r->blob);
    r->blob = NULL;
    s3c_buf_clear(&r->fields);
    s3c_buf_clear(&r->body);
    r->status = status;
    b = s3d_reply_xml(r);
    S3D_PUT(b, "<Error>");
    s3d_put_element(b, "Code", s3c_view_str(code));
    s3d_put_element(b, "Message", s3c_view_str(message ? message : find_error(code)->message));
    if (q->bucket.ptr)
        s3d_put_element(b, "BucketName", q->bucket);
    if (q->key.ptr)
        s3d_put_element(b, "Key", q->key);
    s3d_put_element(b, "Resource", q->path);
    s3d_putf(b, "<RequestId>%016llX</RequestId><HostId>s3d</HostId></Error>",
             (unsigned long long)r->id);
    return status;
}

void s3d_reply_error_add(struct s3d_reply *r, const char *name, struct s3c_view text)
{
    r->body.len -= sizeof "</Error>" - 1;
    s3d_put_element(&r->body, name, text);
    S3D_PUT(&r->body, "</Error>");
}

static const char *reason(int status)
{
    static const struct {
        int status;
        const char *text;
    } reasons[] = {{200, "OK"},
                   {204, "No Content"},
                   {206, "Partial Content"},
                   {301, "Moved Permanently"},
                   {304, "Not Modified"},
                   {307, "Temporary Redirect"},
                   {400, "Bad Request"},
                   {403, "Forbidden"},
                   {404, "Not Found"},
                   {405, "Method Not Allowed"},
                   {412, "Precondition Failed"},
                   {416, "Requested Range Not Satisfiable"},
                   {500, "Internal Server Error"},
                   {501, "Not Implemented"},
                   {503, "Service Unavailable"}};

    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        if (reasons[i].status == status)
            return reasons[i].text;
    }
    return "Status";
}

static void put_request_id(struct s3c_buf *out, uint64_t id)
{
    static const char hex[] = "0123456789ABCDEF";
    char text[16];

    for (int i = 15; i >= 0; i--, id >>= 4)
        text[i] = hex[id & 15];
    S3D_PUT(out, "\r\nx-amz-request-id: ");
    s3d_put(out, text, sizeof text);
}

void s3d_reply_head(const struct s3d_reply *r, struct s3d_clock *clock, struct s3c_buf *out)
{
    S3D_PUT(out, "HTTP/1.1 ");
    s3d_put_u64(out, (uint64_t)r->status);
    S3D_PUT(out, " ");
    s3d_put_str(out, reason(r->status));
    S3D_PUT(out, "\r\nServer: s3d\r\nDate: ");
    s3d_put_view(out, s3d_clock_http(clock, r->date_ns));
    put_request_id(out, r->id);
    if (r->status != 204 && r->status != 304) {
        S3D_PUT(out, "\r\nContent-Length: ");
        s3d_put_u64(out, s3d_reply_length(r));
    }
    if (r->close)
        S3D_PUT(out, "\r\nConnection: close");
    S3D_PUT(out, "\r\n");
    s3d_put(out, r->fields.ptr, r->fields.len);
    S3D_PUT(out, "\r\n");
}
