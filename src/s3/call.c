/* SPDX-License-Identifier: Apache-2.0 */
/* The call as a thing: making, reusing, and reading its answer's header. */
#include "s3/call.h"

#include "base/view.h"
#include "s3/spare.h"

#define KEEP_BUFFER (64u << 10)

const char *s3c_s3_op_name(enum s3c_s3_op op)
{
    static const char *const names[S3C_S3_OPS] = {
        [S3C_LIST_OBJECTS_V2] = "ListObjectsV2",
        [S3C_LIST_VERSIONS] = "ListObjectVersions",
        [S3C_GET_OBJECT] = "GetObject",
        [S3C_PUT_OBJECT] = "PutObject",
        [S3C_CREATE_MULTIPART] = "CreateMultipartUpload",
        [S3C_UPLOAD_PART] = "UploadPart",
        [S3C_COMPLETE_MULTIPART] = "CompleteMultipartUpload",
        [S3C_ABORT_MULTIPART] = "AbortMultipartUpload",
        [S3C_HEAD_BUCKET] = "HeadBucket",
        [S3C_GET_VERSIONING] = "GetBucketVersioning",
        [S3C_HEAD_OBJECT] = "HeadObject",
        [S3C_DELETE_OBJECT] = "DeleteObject",
        [S3C_LIST_UPLOADS] = "ListMultipartUploads",
    };

    return (unsigned)op < S3C_S3_OPS ? names[op] : "unknown operation";
}

struct s3c_call *s3c_call_new(void)
{
    struct s3c_call *c = s3c_zalloc(sizeof(*c));

    if (c == NULL)
        return NULL;
    c->reply.max = c->headers.max = SIZE_MAX; /* the client sets the real caps for each operation */
    return c;
}

static struct s3c_buf keep_small(struct s3c_buf *b)
{
    if (b->cap > KEEP_BUFFER)
        s3c_buf_done(b);
    s3c_buf_clear(b);
    b->max = SIZE_MAX;
    return *b;
}

static void give_back_large(struct s3c_call *c)
{
    if (c->spare != NULL && c->reply.cap >= S3C_SPARE_MIN)
        s3c_spare_give(c->spare, &c->reply);
    s3c_spare_unref(c->spare);
    c->spare = NULL;
}

void s3c_call_reset(struct s3c_call *c)
{
    struct s3c_buf reply, headers;

    give_back_large(c);
    reply = keep_small(&c->reply);
    headers = keep_small(&c->headers);
    *c = (struct s3c_call){.reply = reply, .headers = headers};
}

void s3c_call_free(struct s3c_call *c)
{
    if (c == NULL)
        return;
    give_back_large(c);
    s3c_buf_done(&c->reply);
    s3c_buf_done(&c->headers);
    s3c_free(c);
}

/* The line at *cursor, without its LF. */
static bool next_line(const struct s3c_call *c, size_t *cursor, struct s3c_view *ret)
{
    struct s3c_view rest = s3c_view_skip(s3c_buf_view(&c->headers), *cursor);

    if (rest.len == 0)
        return false;
    if (!s3c_view_split(rest, '\n', ret, &rest)) {
        *ret = rest;
        rest.len = 0;
    }
    *cursor = c->headers.len - rest.len;
    return true;
}

bool s3c_call_next_header(const struct s3c_call *c, size_t *cursor, struct s3c_view *name,
                          struct s3c_view *value)
{
    struct s3c_view line;

    while (next_line(c, cursor, &line)) {
        if (s3c_view_split(line, ':', name, value)) {
            *value = s3c_view_trim(*value);
            return true;
        }
    }
    return false;
}

struct s3c_view s3c_call_header(const struct s3c_call *c, const char *name)
{
    struct s3c_view wanted = s3c_view_str(name), line;
    size_t cursor = 0;

    while (next_line(c, &cursor, &line)) {
        if (line.len > wanted.len && line.ptr[wanted.len] == ':' &&
            s3c_view_eq_nocase(s3c_view_first(line, wanted.len), wanted))
            return s3c_view_trim(s3c_view_skip(line, wanted.len + 1));
    }
    return (struct s3c_view){NULL, 0};
}
