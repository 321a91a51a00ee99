/* SPDX-License-Identifier: Apache-2.0 */
/* Fields lie within the message, and what is read is, written again, read as the same. */
#include "fuzz.h"

#include <string.h>

#include "base/view.h"
#include "grpc/pb.h"

static int write_field(struct s3c_buf *b, const struct pb_reader *r)
{
    double d;

    switch (r->wire) {
    case PB_VARINT:
        return pb_add_varint(b, r->field, r->number);
    case PB_FIXED64:
        memcpy(&d, &r->number, sizeof(d));
        return pb_add_double(b, r->field, d);
    case PB_BYTES:
        return pb_add_bytes(b, r->field, r->bytes);
    default:
        return 0; /* fixed32: nothing here writes it */
    }
}

static void require_same(const struct pb_reader *a, const struct pb_reader *b)
{
    require(a->field == b->field && a->wire == b->wire && a->number == b->number);
    require(s3c_view_eq(a->bytes, b->bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *message = malloc(size + 1);
    struct s3c_buf copy = S3C_BUF_INIT(SIZE_MAX);
    struct pb_reader r, again;
    size_t mark;
    int result;

    require(message != NULL);
    memcpy(message + 1, data, size);
    require(pb_begin(&copy, 1, &mark) == 0);
    pb_read(&r, (struct s3c_view){message + 1, size});
    while ((result = pb_next(&r)) > 0) {
        require(r.field > 0 && r.p >= message + 1 && r.p <= message + 1 + size);
        if (r.wire == PB_BYTES)
            require(r.bytes.ptr >= message + 1 && r.bytes.ptr + r.bytes.len == r.p);
        require(write_field(&copy, &r) == 0);
    }
    require(result == 0 || result == S3C_E_PROTOCOL);
    require(pb_end(&copy, mark) == 0);

    pb_read(&again, s3c_buf_view(&copy));
    require(pb_next(&again) == 1 && again.field == 1 && again.wire == PB_BYTES);
    pb_read(&r, (struct s3c_view){message + 1, size});
    pb_read(&again, again.bytes);
    while (pb_next(&r) > 0) {
        if (r.wire == PB_FIXED32)
            continue;
        require(pb_next(&again) == 1);
        require_same(&r, &again);
    }
    require(pb_next(&again) == 0);
    s3c_buf_done(&copy);
    free(message);
    return 0;
}
