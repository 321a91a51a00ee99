/* SPDX-License-Identifier: Apache-2.0 */
/* A record in protobuf: what is accepted keeps the promises of struct s3c_record, so that it can be written as a line and read again. */
#include "fuzz.h"

#include <string.h>

#include <s3c/opencdc.h>

#include "base/json_read.h"
#include "base/view.h"
#include "plugin/record_decode.h"

#define TEXT_MAX (1u << 20)

static void require_data(const struct s3c_data *d)
{
    struct s3c_json_reader j;
    char *copy;

    require(d->kind <= S3C_DATA_STRUCTURED);
    if (d->kind == S3C_DATA_RAW)
        require(d->bytes.ptr != NULL);
    if (d->kind != S3C_DATA_STRUCTURED)
        return;
    require(d->bytes.len <= TEXT_MAX && d->bytes.ptr[0] == '{' && s3c_utf8_valid(d->bytes));
    copy = malloc(d->bytes.len);
    require(copy != NULL);
    memcpy(copy, d->bytes.ptr, d->bytes.len);
    s3c_json_reader_init(&j, copy, d->bytes.len);
    require(s3c_json_skip(&j, NULL) == 0 && s3c_json_finish(&j) == 0);
    free(copy);
}

static void require_record(const struct s3c_record *r)
{
    struct s3c_buf line = S3C_BUF_INIT(SIZE_MAX / 2);

    require(s3c_operation_name(r->operation) != NULL);
    require(r->metadata_nil == (r->metadata_count == 0));
    for (size_t i = 0; i < r->metadata_count; i++) {
        require(s3c_utf8_valid(r->metadata[i].name) && s3c_utf8_valid(r->metadata[i].value));
        require(i == 0 || s3c_view_cmp(r->metadata[i - 1].name, r->metadata[i].name) < 0);
    }
    require_data(&r->key);
    require_data(&r->before);
    require_data(&r->after);
    require(s3c_opencdc_encode(&line, r) == 0);
    s3c_buf_done(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct record_decoder d = RECORD_DECODER_INIT(TEXT_MAX);
    char *message = malloc(size ? size : 1); /* of exactly this size */
    struct s3c_record r;
    struct s3c_error err;
    int rc;

    require(message != NULL);
    if (size)
        memcpy(message, data, size);
    rc = record_decode(&d, (struct s3c_view){message, size}, &r, &err);
    require(rc == 0 || rc == S3C_E_RECORD || rc == S3C_E_TOO_LARGE || rc == S3C_E_PROTOCOL);
    if (rc != S3C_E_PROTOCOL) /* the position is for the refusal */
        require(r.position.len <= size);
    if (rc == 0)
        require_record(&r);
    record_decoder_done(&d);
    free(message);
    return 0;
}
