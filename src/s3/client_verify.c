/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CompleteMultipartUpload that worked although its answer was lost: the next try finds no such upload. Whether the object is
 * there is asked with a HEAD; its ETag is the MD5 over the parts' MD5s, so that it cannot be mistaken for an older object. Where ETags are
 * no MD5 (SSE-KMS) nothing can be proved, and the failure stays.
 */
#include "s3/client_private.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/view.h"
#include "base/xml.h"

#define MD5_SIZE  16
#define PARTS_MAX 10000

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

static bool add_md5(struct s3c_buf *out, struct s3c_view etag)
{
    uint8_t md5[MD5_SIZE];
    size_t i;

    if (etag.len != 2 * MD5_SIZE)
        return false;
    for (i = 0; i < MD5_SIZE; i++) {
        int high = hex_value(etag.ptr[2 * i]), low = hex_value(etag.ptr[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        md5[i] = (uint8_t)(high * 16 + low);
    }
    return s3c_buf_add(out, md5, sizeof(md5)) == 0;
}

/* The MD5s of the parts that the request body lists, one after the other; false if that cannot be had. */
static bool collect_md5s(struct s3c_buf *out, char *xml, size_t len)
{
    struct s3c_xml x;
    struct s3c_view etag;
    int event;

    s3c_xml_init(&x, xml, len);
    while ((event = s3c_xml_next(&x)) > 0) {
        if (event != S3C_XML_START || !s3c_view_eq_str(x.name, "ETag"))
            continue;
        if (s3c_xml_text(&x, &etag) < 0 || !add_md5(out, s3c_etag_trim(etag)))
            return false;
    }
    return event == 0 && out->len > 0;
}

/* "<32 hex digits>-<parts>" */
static bool expected_etag(struct s3c_view request_body, char *dst, size_t size)
{
    _cleanup_(s3c_buf_done) struct s3c_buf md5s = S3C_BUF_INIT(MD5_SIZE * PARTS_MAX);
    _cleanup_(s3c_freep) char *xml = s3c_viewdup(request_body); /* the parser writes into it */
    uint8_t md5[MD5_SIZE];
    char hex[2 * MD5_SIZE];

    if (xml == NULL || !collect_md5s(&md5s, xml, request_body.len))
        return false;
    s3c_md5(s3c_buf_view(&md5s), md5);
    s3c_hex(hex, md5, sizeof(md5));
    (void)snprintf(dst, size, "%.*s-%zu", (int)sizeof(hex), hex, md5s.len / MD5_SIZE);
    return true;
}

bool s3c_client_verify_begin(struct s3c_call_private *a)
{
    const struct s3c_call *call = a->call;

    /* Also after a first attempt: libcurl sends again by itself when a reused connection dies before the answer. */
    if (call->op != S3C_COMPLETE_MULTIPART || a->verifying ||
        !s3c_view_eq_str(s3c_view_str(a->reply_error.code), "NoSuchUpload"))
        return false;
    a->verifying = expected_etag(call->body, a->etag, sizeof(a->etag));
    return a->verifying;
}

bool s3c_client_verify_end(struct s3c_call_private *a)
{
    struct s3c_call *call = a->call;
    struct s3c_view etag = s3c_etag_trim(s3c_call_header(call, "etag"));

    if (!s3c_view_eq_str(etag, a->etag))
        return false;
    s3c_buf_clear(&call->reply);
    return s3c_buf_addf(
               &call->reply,
               "<CompleteMultipartUploadResult><ETag>%s</ETag></CompleteMultipartUploadResult>",
               a->etag) == 0;
}
