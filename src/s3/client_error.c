/* SPDX-License-Identifier: Apache-2.0 */
/* What a failed call says: which operation, on what, where, why. */
#include "s3/client_private.h"

#include <stdio.h>

#include "base/view.h"

#define KEY_TEXT 320

/* A key as a line of text can show it: control characters and broken UTF-8 as %XX, long ones cut. */
static void printable(char *dst, size_t size, struct s3c_view key)
{
    bool utf8 = s3c_utf8_valid(key);
    size_t n = 0, i;

    for (i = 0; i < key.len && n + 8 < size; i++) {
        unsigned char ch = (unsigned char)key.ptr[i];
        if (ch < 0x20 || ch == 0x7f || (!utf8 && ch >= 0x80))
            n += (size_t)snprintf(dst + n, size - n, "%%%02X", ch);
        else
            dst[n++] = (char)ch;
    }
    if (i < key.len) {
        while (n > 0 && ((unsigned char)dst[n - 1] & 0xc0) == 0x80 && utf8)
            n--; /* not in the middle of a character ... */
        if (utf8 && n > 0 && ((unsigned char)dst[n - 1] & 0xc0) == 0xc0)
            n--; /* ... nor after the first byte of one */
        memcpy(dst + n, "...", 3);
        n += 3;
    }
    dst[n] = '\0';
}

void s3c_client_describe(const struct s3c_client *c, const struct s3c_call *call, int attempts,
                         struct s3c_error *err)
{
    const char *op = s3c_s3_op_name(call->op), *bucket = c->endpoint.bucket,
               *at = c->endpoint.url_prefix;
    char key[KEY_TEXT], tries[32] = "";

    if (attempts > 1)
        (void)snprintf(tries, sizeof(tries), " (attempt %d)", attempts);
    if (!s3c_client_op_is_object(call->op)) {
        (void)s3c_error_wrap(err, err->code, "%s of bucket \"%s\" at %s%s", op, bucket, at, tries);
        return;
    }
    printable(key, sizeof(key), call->key);
    (void)s3c_error_wrap(err, err->code, "%s of \"%s\" in bucket \"%s\" at %s%s", op, key, bucket,
                         at, tries);
}

int s3c_client_http_error(const struct s3c_call_private *a, const struct s3c_verdict *v,
                          struct s3c_error *err)
{
    const struct s3c_error_reply *e = &a->reply_error;
    struct s3c_view id = s3c_call_header(a->call, "x-amz-request-id");
    int status = a->call->http_status;

    if (a->broken != NULL)
        (void)s3c_error_set(err, v->code, "%s (HTTP %d, %zu bytes came)", a->broken, status,
                            a->call->reply.len);
    else if (e->code[0] == '\0')
        (void)s3c_error_set(err, v->code, "HTTP status %d without an S3 error: %s", status,
                            s3c_code_text(v->code));
    else
        (void)s3c_error_set(err, v->code, "HTTP status %d %s%s%s", status, e->code,
                            e->message[0] != '\0' ? ": " : "", e->message);
    err->http_status = status;
    err->retryable = v->retryable;
    s3c_view_copy(err->s3_code, sizeof(err->s3_code), s3c_view_str(e->code));
    s3c_view_copy(err->request_id, sizeof(err->request_id),
                  id.len > 0 ? id : s3c_view_str(e->request_id));
    return v->code;
}
