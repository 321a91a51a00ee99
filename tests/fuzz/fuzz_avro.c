/* SPDX-License-Identifier: Apache-2.0 */
/* A schema, a NUL and a datum: what is accepted is one JSON object within the limit, and the same again. */
#include "fuzz.h"

#include <string.h>

#include "avro/to_json.h"
#include "base/json_read.h"
#include "base/view.h"

#define TEXT_MAX (1u << 16)

static void require_object(struct s3c_buf *text)
{
    struct s3c_json_reader j;

    require(text->len <= TEXT_MAX && text->len >= 2 && text->ptr[0] == '{');
    require(s3c_utf8_valid(s3c_buf_view(text)));
    s3c_json_reader_init(&j, text->ptr, text->len);
    /* JSON_OUT_MAX_DEPTH counts unions as well, the reader's limit does not */
    require(s3c_json_skip(&j, NULL) == 0 && s3c_json_finish(&j) == 0);
}

static void decode_twice(const struct s3c_schema *s, struct s3c_view data)
{
    struct json_out out = JSON_OUT_INIT(TEXT_MAX), again = JSON_OUT_INIT(TEXT_MAX);
    struct s3c_error err;
    int r = avro_to_json(&out, s, data, &err);

    require(r == 0 || r == S3C_E_RECORD || r == S3C_E_TOO_LARGE);
    require(avro_to_json(&again, s, data, &err) == r);
    if (r == 0) {
        require(s3c_view_eq(s3c_buf_view(&out.text), s3c_buf_view(&again.text)));
        require_object(&out.text);
    }
    json_out_done(&out);
    json_out_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *nul = size ? memchr(data, '\0', size) : NULL;
    size_t schema_len = nul ? (size_t)(nul - data) : size;
    size_t datum_len = nul ? size - schema_len - 1 : 0;
    char *datum = malloc(datum_len ? datum_len : 1); /* of exactly this size */
    struct s3c_schema *s = NULL;
    struct s3c_error err;
    int r;

    require(datum != NULL);
    if (datum_len)
        memcpy(datum, nul + 1, datum_len);
    r = s3c_schema_parse(&s, (struct s3c_view){size ? (const char *)data : "", schema_len}, &err);
    require(r == 0 || r == S3C_E_RECORD || r == S3C_E_TOO_LARGE);
    require((r == 0) == (s != NULL));
    if (s)
        decode_twice(s, (struct s3c_view){datum, datum_len});
    s3c_schema_unref(s);
    free(datum);
    return 0;
}
