/* SPDX-License-Identifier: Apache-2.0 */
/* The header of a reply of any bytes: what is taken for a mark is written as it was read. */
#include "fuzz.h"

#include <string.h>

#include "base/buf.h"
#include "dest/mark.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct s3c_delivery_meta meta[S3C_DELIVERY_META_MAX];
    struct s3c_buf again = S3C_BUF_INIT(SIZE_MAX);
    struct s3c_mark_text text;
    struct s3c_mark mark, back;

    if (!s3c_mark_parse((struct s3c_view){(const char *)data, size}, &mark))
        return 0;
    require(mark.count > 0);
    for (size_t i = s3c_mark_format(&mark, (struct s3c_view){NULL, 0}, &text, meta); i-- > 0;)
        require(s3c_buf_addf(&again, "x-amz-meta-%s: %.*s\n", meta[i].name, (int)meta[i].value.len,
                             meta[i].value.ptr) == 0);
    require(s3c_mark_parse(s3c_buf_view(&again), &back));
    require(memcmp(&mark, &back, sizeof(mark)) == 0);
    s3c_buf_done(&again);
    return 0;
}
