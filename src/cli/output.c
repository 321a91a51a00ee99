/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/error.h"

#define LINES_MAX \
    (SIZE_MAX / 4) /* a line is as large as its object; objects have limits of their own */
#define KEEP_MAX (1u << 20)

void cli_output_init(struct cli_output *o, int fd)
{
    *o = (struct cli_output){.fd = fd, .buf = S3C_BUF_INIT(LINES_MAX)};
}

void cli_output_done(struct cli_output *o)
{
    s3c_buf_done(&o->buf);
}

int cli_output_no_reader(struct s3c_error *err)
{
    return s3c_error_set(
        err, S3C_E_IO,
        "standard output: its reader has closed it, so records cannot be handed over; start the "
        "reader again and go on from the last position that it has kept");
}

static int write_failed(int error, struct s3c_error *err)
{
    if (error == EPIPE)
        return cli_output_no_reader(err);
    if (error == ENOSPC || error == EFBIG || error == EDQUOT)
        return s3c_error_errno(
            err, error,
            "standard output: cannot be written, make room and go on from the last position");
    return s3c_error_errno(err, error, "standard output: cannot be written");
}

int cli_output_flush(struct cli_output *o, struct s3c_error *err)
{
    const char *p = o->buf.ptr;
    size_t left = o->buf.len;

    while (left > 0) {
        ssize_t n = write(o->fd, p, left);
        if (n < 0 && errno == EAGAIN) { /* somebody made the pipe non-blocking */
            struct pollfd ready = {.fd = o->fd, .events = POLLOUT};
            (void)poll(&ready, 1, -1);
            continue;
        }
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return write_failed(errno, err);
        p += n;
        left -= (size_t)n;
        o->bytes += (uint64_t)n;
    }
    if (o->buf.cap > KEEP_MAX)
        s3c_buf_done(&o->buf);
    else
        s3c_buf_clear(&o->buf);
    return 0;
}

bool cli_output_has_reader(const struct cli_output *o)
{
    struct pollfd state = {.fd = o->fd};

    return poll(&state, 1, 0) <= 0 || !(state.revents & POLLERR);
}
