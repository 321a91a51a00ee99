/* SPDX-License-Identifier: Apache-2.0 */
#include "grpc/out.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/mem.h"

/* More than this is not queued: it would only wait here instead of in the call that makes it. */
#define QUEUE_BYTES ((size_t)512 * 1024)

void grpc_out_init(struct grpc_out *o, int fd)
{
    o->fd = fd;
    o->bytes = o->first = o->end = o->copied = 0;
    o->epoch = 1;
    o->total = 0;
    o->spill = NULL;
}

static void start_afresh(struct grpc_out *o)
{
    s3c_free(S3C_TAKE(o->spill));
    o->bytes = o->first = o->end = o->copied = 0;
    o->epoch++;
}

void grpc_out_done(struct grpc_out *o)
{
    start_afresh(o);
}

static void add(struct grpc_out *o, const void *p, size_t n)
{
    struct iovec *last = o->end > o->first ? &o->pieces[o->end - 1] : NULL;

    o->bytes += n;
    if (last && (char *)last->iov_base + last->iov_len == (const char *)p)
        last->iov_len += n;
    else
        o->pieces[o->end++] = (struct iovec){(void *)(uintptr_t)p, n};
}

void grpc_out_copy(struct grpc_out *o, const void *p, size_t n)
{
    char *dst = o->copies + o->copied;

    memcpy(dst, p, n);
    o->copied += n;
    add(o, dst, n);
}

void grpc_out_refer(struct grpc_out *o, const void *p, size_t n)
{
    add(o, p, n);
}

static bool has_room(const struct grpc_out *o, size_t copy, size_t pieces)
{
    return o->end + pieces <= GRPC_OUT_PIECES && o->copied + copy <= GRPC_OUT_COPIES &&
           o->bytes < QUEUE_BYTES;
}

int grpc_out_room(struct grpc_out *o, size_t copy, size_t pieces)
{
    int r;

    if (has_room(o, copy, pieces))
        return 1;
    r = grpc_out_flush(o);
    return r < 0 ? r : has_room(o, copy, pieces);
}

static void written(struct grpc_out *o, size_t n)
{
    o->bytes -= n;
    o->total += n;
    while (n > 0) {
        struct iovec *v = &o->pieces[o->first];
        size_t part = n < v->iov_len ? n : v->iov_len;

        v->iov_base = (char *)v->iov_base + part;
        v->iov_len -= part;
        n -= part;
        if (v->iov_len == 0)
            o->first++;
    }
}

int grpc_out_flush(struct grpc_out *o)
{
    while (o->bytes > 0) {
        struct msghdr message = {.msg_iov = o->pieces + o->first, .msg_iovlen = o->end - o->first};
        ssize_t n = sendmsg(o->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n >= 0)
            written(o, (size_t)n);
        else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS)
            return 0;
        else if (errno != EINTR)
            return S3C_E_CONNECT;
    }
    if (o->end > 0)
        start_afresh(o);
    return 0;
}

int grpc_out_detach(struct grpc_out *o)
{
    size_t n = 0, bytes = o->bytes;
    char *all;

    if (bytes == 0)
        return 0;
    all = s3c_alloc(bytes);
    if (!all) {
        start_afresh(o);
        return S3C_E_NOMEM;
    }
    for (size_t i = o->first; i < o->end; i++) {
        memcpy(all + n, o->pieces[i].iov_base, o->pieces[i].iov_len);
        n += o->pieces[i].iov_len;
    }
    start_afresh(o);
    o->spill = all;
    add(o, all, bytes);
    return 0;
}
