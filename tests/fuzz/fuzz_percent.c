/* SPDX-License-Identifier: Apache-2.0 */
/* Encoding is undone by decoding; decoding never writes more than it reads, and gives the same in place as beside it. */
#include "fuzz.h"

#include <string.h>

#include "base/view.h"

static void encode_and_back(struct s3c_view v, bool keep_slash)
{
    struct s3c_buf out = S3C_BUF_INIT(SIZE_MAX / 2);

    require(s3c_percent_encode(&out, v, keep_slash) == 0);
    for (size_t i = 0; i < out.len; i++)
        require(out.ptr[i] > ' ' && out.ptr[i] < 0x7f && out.ptr[i] != '+');
    if (out.len)
        out.len = s3c_percent_decode(out.ptr, s3c_buf_view(&out), true);
    require(s3c_view_eq(s3c_buf_view(&out), v));
    s3c_buf_done(&out);
}

static void decode_twice(struct s3c_view v, bool plus_is_space)
{
    char *in_place = malloc(v.len + 1), *beside = malloc(v.len + 1);
    size_t n, m;

    require(in_place && beside);
    memcpy(in_place + 1, v.ptr, v.len);
    n = s3c_percent_decode(in_place + 1, (struct s3c_view){in_place + 1, v.len}, plus_is_space);
    m = s3c_percent_decode(beside + 1, v, plus_is_space);
    require(n == m && n <= v.len && memcmp(in_place + 1, beside + 1, n) == 0);
    free(in_place);
    free(beside);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct s3c_view v = {size ? (const char *)data : "", size};

    for (int flag = 0; flag < 2; flag++) {
        encode_and_back(v, flag);
        decode_twice(v, flag);
    }
    return 0;
}
