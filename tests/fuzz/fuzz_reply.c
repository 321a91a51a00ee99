/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of any bytes: what parses as an error looks like one, and what is shown of it is one line. */
#include "fuzz.h"

#include <string.h>

#include "s3/reply.h"

static char *copy(const uint8_t *data, size_t size)
{
    char *p = malloc(size + 1);

    require(p);
    memcpy(p, data, size);
    return p;
}

static void require_line(const char *s, size_t size)
{
    require(memchr(s, '\0', size) != NULL);
    for (; *s; s++)
        require((unsigned char)*s >= ' ');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *body = copy(data, size);
    enum s3c_reply_kind kind = s3c_reply_look((struct s3c_view){body, size});
    enum s3c_versioning_status status;
    struct s3c_error_reply e;
    struct s3c_view id;
    int error, versioning;

    error = s3c_reply_error(body, size, &e);
    require_line(e.code, sizeof e.code);
    require_line(e.message, sizeof e.message);
    require_line(e.request_id, sizeof e.request_id);
    require_line(e.region, sizeof e.region);
    free(body);
    body = copy(data, size);
    versioning = s3c_reply_versioning(body, size, &status, NULL);
    require(error < 0 || versioning < 0);
    free(body);
    body = copy(data, size);
    if (s3c_reply_upload_id(body, size, &id, NULL) == 0)
        require(id.len > 0 && id.ptr >= body && id.ptr + id.len <= body + size &&
                kind != S3C_REPLY_EMPTY);
    free(body);
    return 0;
}
