/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing records as OpenCDC JSON lines. The text equals what Conduit's Go code prints for the same record, so that both sides
 * can be compared byte by byte; structured data is handed on as the text it came as.
 */
#include <s3c/opencdc.h>

#include "base/digest.h"
#include "base/json.h"
#include "base/view.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

const char *s3c_operation_name(enum s3c_operation op)
{
    switch (op) {
    case S3C_OP_CREATE:
        return "create";
    case S3C_OP_UPDATE:
        return "update";
    case S3C_OP_DELETE:
        return "delete";
    case S3C_OP_SNAPSHOT:
        return "snapshot";
    }
    return NULL;
}

/* How bytes are shown: base64 (to be read back) or text (for people). */
typedef int add_bytes_fn(struct s3c_buf *out, struct s3c_view v);

static int add_base64(struct s3c_buf *out, struct s3c_view v)
{
    size_t n = s3c_base64_size(v.len);
    int r = s3c_buf_reserve(out, n + 2);

    if (r < 0)
        return r;
    out->ptr[out->len++] = '"';
    out->len += s3c_base64_encode(out->ptr + out->len, v.ptr, v.len);
    out->ptr[out->len++] = '"';
    return 0;
}

/* Length of the UTF-8 character at the start of v, 0 if there is none. */
static size_t utf8_character(struct s3c_view v)
{
    unsigned char c = (unsigned char)v.ptr[0];
    size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

    return n <= v.len && s3c_utf8_valid(s3c_view_first(v, n)) ? n : 0;
}

static int replace_invalid(struct s3c_buf *out, struct s3c_view v)
{
    while (v.len > 0) {
        size_t n = utf8_character(v);
        int r = n > 0 ? s3c_buf_add(out, v.ptr, n) : s3c_buf_add_str(out, REPLACEMENT);

        if (r < 0)
            return r;
        v = s3c_view_skip(v, n > 0 ? n : 1);
    }
    return 0;
}

static int add_text(struct s3c_buf *out, struct s3c_view v)
{
    _cleanup_(s3c_buf_done) struct s3c_buf clean = S3C_BUF_INIT(SIZE_MAX);
    int r = s3c_json_string_checked(out, v, S3C_JSON_GO);

    if (r != S3C_E_RECORD)
        return r;
    r = replace_invalid(&clean, v);
    if (r < 0)
        return r;
    return s3c_json_string(out, s3c_buf_view(&clean), S3C_JSON_GO);
}

/* Line breaks can only be white space between tokens there; as such they would end the record's line too early. */
static int add_structured(struct s3c_buf *out, struct s3c_view v)
{
    size_t start = out->len;
    int r = s3c_buf_add_view(out, v);

    if (r < 0)
        return r;
    for (size_t i = start; i < out->len; i++)
        if (out->ptr[i] == '\n' || out->ptr[i] == '\r')
            out->ptr[i] = ' ';
    return 0;
}

static int add_data(struct s3c_buf *out, const char *name, const struct s3c_data *d,
                    add_bytes_fn *add_bytes)
{
    int r = s3c_buf_add_str(out, name);

    if (r < 0)
        return r;
    switch (d->kind) {
    case S3C_DATA_NIL:
        return s3c_buf_add_str(out, "null");
    case S3C_DATA_RAW:
        return add_bytes(out, d->bytes);
    case S3C_DATA_STRUCTURED:
        return add_structured(out, d->bytes);
    case S3C_DATA_AVRO: /* a destination's; no source gives it */
        break;
    }
    return S3C_E_RECORD;
}

static int add_metadata(struct s3c_buf *out, const struct s3c_record *r)
{
    int rc;

    if (r->metadata_nil)
        return s3c_buf_add_str(out, "null");
    rc = s3c_buf_add_char(out, '{');
    for (size_t i = 0; rc == 0 && i < r->metadata_count; i++) {
        if (i > 0)
            rc = s3c_buf_add_char(out, ',');
        if (rc == 0)
            rc = s3c_json_string(out, r->metadata[i].name, S3C_JSON_GO);
        if (rc == 0)
            rc = s3c_buf_add_char(out, ':');
        if (rc == 0)
            rc = s3c_json_string(out, r->metadata[i].value, S3C_JSON_GO);
    }
    return rc < 0 ? rc : s3c_buf_add_char(out, '}');
}

static int add_head(struct s3c_buf *out, const struct s3c_record *r, add_bytes_fn *add_bytes)
{
    const char *operation = s3c_operation_name(r->operation);
    int rc;

    if (!operation)
        return S3C_E_RECORD;
    rc = s3c_buf_add_str(out, "{\"position\":");
    if (rc == 0)
        rc = r->position.ptr ? add_bytes(out, r->position) : s3c_buf_add_str(out, "null");
    if (rc == 0)
        rc = s3c_buf_add_str(out, ",\"operation\":\"");
    if (rc == 0)
        rc = s3c_buf_add_str(out, operation);
    return rc < 0 ? rc : s3c_buf_add_str(out, "\",\"metadata\":");
}

static int encode(struct s3c_buf *out, const struct s3c_record *r, add_bytes_fn *add_bytes)
{
    size_t before = out->len;
    int rc = add_head(out, r, add_bytes);

    if (rc == 0)
        rc = add_metadata(out, r);
    if (rc == 0)
        rc = add_data(out, ",\"key\":", &r->key, add_bytes);
    if (rc == 0)
        rc = add_data(out, ",\"payload\":{\"before\":", &r->before, add_bytes);
    if (rc == 0)
        rc = add_data(out, ",\"after\":", &r->after, add_bytes);
    if (rc == 0)
        rc = s3c_buf_add_str(out, "}}\n");
    if (rc < 0)
        out->len = before;
    return rc;
}

int s3c_opencdc_encode(struct s3c_buf *out, const struct s3c_record *r)
{
    return encode(out, r, add_base64);
}

int s3c_opencdc_encode_text(struct s3c_buf *out, const struct s3c_record *r)
{
    return encode(out, r, add_text);
}
