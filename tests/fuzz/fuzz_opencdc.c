/* SPDX-License-Identifier: Apache-2.0 */
/* A line that can be read is printed, read again, and is the same record; nothing else may be accepted or touched. */
#include "fuzz.h"

#include <string.h>

#include <s3c/opencdc.h>

#include "base/view.h"

static bool same_data(const struct s3c_data *a, const struct s3c_data *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind != S3C_DATA_STRUCTURED)
        return a->kind == S3C_DATA_NIL || s3c_view_eq(a->bytes, b->bytes);
    return a->bytes.len == b->bytes.len; /* line breaks between tokens become spaces */
}

static void require_same(const struct s3c_record *a, const struct s3c_record *b)
{
    require(a->operation == b->operation);
    require(s3c_view_eq(a->position, b->position));
    require((a->position.ptr == NULL) == (b->position.ptr == NULL));
    require(a->metadata_nil == b->metadata_nil && a->metadata_count == b->metadata_count);
    for (size_t i = 0; i < a->metadata_count; i++) {
        require(s3c_view_eq(a->metadata[i].name, b->metadata[i].name));
        require(s3c_view_eq(a->metadata[i].value, b->metadata[i].value));
        require(i == 0 || s3c_view_cmp(a->metadata[i - 1].name, a->metadata[i].name) < 0);
    }
    require(same_data(&a->key, &b->key));
    require(same_data(&a->before, &b->before));
    require(same_data(&a->after, &b->after));
}

static void print_and_read_again(struct s3c_opencdc_decoder *d, const struct s3c_record *r)
{
    struct s3c_buf line = S3C_BUF_INIT(SIZE_MAX), text = S3C_BUF_INIT(SIZE_MAX);
    struct s3c_record again;

    require(s3c_opencdc_encode(&line, r) == 0);
    require(memchr(line.ptr, '\n', line.len) == line.ptr + line.len - 1);
    require(s3c_opencdc_decode(d, line.ptr, line.len - 1, &again, NULL) == 0);
    require_same(r, &again);
    require(s3c_opencdc_encode_text(&text, r) == 0);
    require(s3c_utf8_valid(s3c_buf_view(&text)));
    s3c_buf_done(&line);
    s3c_buf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct s3c_opencdc_decoder *d = NULL;
    struct s3c_record r;
    struct s3c_error err;
    char *line =
        malloc(size ? size : 1); /* of exactly this size, so that reading beyond it is seen */
    int rc;

    require(line && s3c_opencdc_decoder_new(&d, NULL) == 0);
    if (size)
        memcpy(line, data, size);
    rc = s3c_opencdc_decode(d, line, size, &r, &err);
    require(rc == 0 || rc == S3C_E_RECORD);
    if (rc == 0)
        print_and_read_again(d, &r);
    s3c_opencdc_decoder_free(d);
    free(line);
    return 0;
}
