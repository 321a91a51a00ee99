/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lines.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/error.h"

#define LINE_MAX_BYTES (1u << 30)
#define READ_BYTES     (256u << 10)

void cli_lines_init(struct cli_lines *l, int fd)
{
    *l = (struct cli_lines){.fd = fd, .buf = S3C_BUF_INIT((size_t)LINE_MAX_BYTES + READ_BYTES)};
}

void cli_lines_done(struct cli_lines *l)
{
    s3c_buf_done(&l->buf);
}

/* What was handed out makes room for what comes; a buffer that one huge line has blown up is given back. */
static void compact(struct cli_lines *l)
{
    l->buf.len -= l->start;
    l->searched -= l->start;
    if (l->buf.len == 0 && l->buf.cap > 16 * READ_BYTES)
        s3c_buf_done(&l->buf);
    else if (l->buf.len > 0 && l->start > 0)
        memmove(l->buf.ptr, l->buf.ptr + l->start, l->buf.len);
    l->start = 0;
}

int cli_lines_fill(struct cli_lines *l, struct s3c_error *err)
{
    ssize_t n;
    int r;

    if (l->ended)
        return S3C_END;
    compact(l);
    r = s3c_buf_reserve(&l->buf, READ_BYTES);
    if (r == S3C_E_TOO_LARGE)
        return s3c_error_set(err, r, "standard input, line %llu: longer than 1 GiB",
                             (unsigned long long)l->number + 1);
    if (r < 0)
        return s3c_error_nomem(err);
    n = read(l->fd, l->buf.ptr + l->buf.len, READ_BYTES);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return 0;
    if (n < 0)
        return s3c_error_errno(err, errno, "standard input: cannot be read");
    l->buf.len += (size_t)n;
    l->ended = n == 0;
    return n == 0 ? S3C_END : 0;
}

bool cli_lines_next(struct cli_lines *l, char **ret, size_t *ret_len)
{
    char *begin = l->buf.ptr + l->start, *lf = NULL;
    size_t left = l->buf.len - l->start;

    if (left == 0)
        return false;
    lf = memchr(l->buf.ptr + l->searched, '\n', l->buf.len - l->searched);
    if (!lf && !l->ended) {
        l->searched = l->buf.len;
        return false;
    }
    *ret = begin;
    *ret_len = lf ? (size_t)(lf - begin) : left;
    l->start += *ret_len + (lf ? 1 : 0);
    l->searched = l->start;
    l->number++;
    return true;
}

bool cli_lines_wait(const struct cli_lines *l, int timeout_ms)
{
    struct pollfd p = {.fd = l->fd, .events = POLLIN};

    return l->ended || poll(&p, 1, timeout_ms) > 0;
}
