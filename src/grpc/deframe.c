/* SPDX-License-Identifier: Apache-2.0 */
#include "grpc/deframe.h"

#include "base/mem.h"
#include "base/view.h"

/* Up to here a message's memory is taken at once; beyond it grows with what really comes, so that a length alone costs nothing. */
#define TRUSTED_SIZE ((size_t)1 << 20)

void grpc_deframer_init(struct grpc_deframer *d, size_t max)
{
    *d = (struct grpc_deframer){.max = max, .part = S3C_BUF_INIT(max)};
}

void grpc_deframer_done(struct grpc_deframer *d)
{
    s3c_buf_done(&d->part);
}

bool grpc_deframer_between(const struct grpc_deframer *d)
{
    return d->prefix_len == 0;
}

void grpc_prefix_write(uint8_t dst[GRPC_PREFIX_SIZE], size_t message_len)
{
    dst[0] = 0; /* not compressed */
    for (unsigned i = 1; i < GRPC_PREFIX_SIZE; i++)
        dst[i] = (uint8_t)(message_len >> (8 * (4 - i)));
}

static struct s3c_view take(struct s3c_view *in, size_t n)
{
    struct s3c_view head;

    if (n > in->len)
        n = in->len;
    head = s3c_view_first(*in, n);
    *in = s3c_view_skip(*in, n);
    return head;
}

static int read_prefix(struct grpc_deframer *d, struct s3c_view *in)
{
    struct s3c_view v = take(in, GRPC_PREFIX_SIZE - d->prefix_len);

    memcpy(d->prefix + d->prefix_len, v.ptr, v.len);
    d->prefix_len += v.len;
    if (d->prefix_len < GRPC_PREFIX_SIZE)
        return 0;
    if (d->prefix[0] > 1)
        return S3C_E_PROTOCOL;
    if (d->prefix[0] == 1)
        return S3C_E_INVALID;
    d->length = 0;
    for (unsigned i = 1; i < GRPC_PREFIX_SIZE; i++)
        d->length = d->length << 8 | d->prefix[i];
    if (d->length > d->max)
        return S3C_E_TOO_LARGE;
    /* What the last message took is kept for the next one, unless that was an unusual one: fresh memory costs more than filling it. */
    if (d->part.cap > TRUSTED_SIZE && d->length < d->part.cap / 4)
        s3c_buf_done(&d->part);
    s3c_buf_clear(&d->part);
    return 1;
}

static int collect(struct grpc_deframer *d, struct s3c_view *in)
{
    struct s3c_view v = take(in, d->length - d->part.len);

    if (d->part.len == 0) {
        int r = s3c_buf_reserve(&d->part, d->length < TRUSTED_SIZE ? d->length : TRUSTED_SIZE);

        if (r < 0)
            return r;
    }
    return s3c_buf_add_view(&d->part, v);
}

int grpc_deframe(struct grpc_deframer *d, struct s3c_view *in, struct s3c_view *ret)
{
    int r;

    if (d->prefix_len < GRPC_PREFIX_SIZE) {
        if (in->len == 0)
            return 0;
        r = read_prefix(d, in);
        if (r <= 0)
            return r;
    }
    if (d->part.len == 0 && in->len >= d->length) {
        *ret = take(in, d->length); /* whole: no copy */
        d->prefix_len = 0;
        return 1;
    }
    if (in->len == 0)
        return 0;
    r = collect(d, in);
    if (r < 0 || d->part.len < d->length)
        return r;
    d->prefix_len = 0;
    *ret = s3c_buf_view(&d->part);
    return 1;
}
