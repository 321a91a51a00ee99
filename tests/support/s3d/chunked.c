/* SPDX-License-Identifier: Apache-2.0 */
#include "chunked.h"

#include "text.h"

enum { SIZE, EXTENSION, DATA, DATA_END, TRAILER, ENDED };

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool size_char(struct s3d_chunked *c, char ch)
{
    int digit = hex_value(ch);

    if (digit >= 0) {
        c->left = c->left << 4 | (unsigned)digit;
        return c->left < UINT64_C(1) << 40;
    }
    if (ch != ';' && ch != '\r')
        return false;
    c->state = EXTENSION;
    return true;
}

/* Everything but data goes through here, one character at a time; CR is read over, LF ends a line. */
static bool line_char(struct s3d_chunked *c, char ch)
{
    if (c->state == SIZE)
        return size_char(c, ch);
    if (ch == '\r')
        return true;
    if (c->state == DATA_END) {
        *c = (struct s3d_chunked){.state = SIZE};
        return ch == '\n';
    }
    if (ch != '\n') {
        c->line++;
        return true;
    }
    if (c->state == EXTENSION)
        c->state = c->left ? DATA : TRAILER;
    else if (!c->line)
        c->state = ENDED;
    c->line = 0;
    return true;
}

long s3d_chunked_feed(struct s3d_chunked *c, struct s3c_view in, struct s3c_buf *out)
{
    size_t i = 0;

    while (i < in.len && c->state != ENDED) {
        size_t n = in.len - i;

        if (c->state != DATA) {
            if (!line_char(c, in.ptr[i++]))
                return -1;
            continue;
        }
        n = n < c->left ? n : (size_t)c->left;
        s3d_put(out, in.ptr + i, n);
        i += n;
        c->left -= n;
        if (!c->left)
            c->state = DATA_END;
    }
    return (long)i;
}

bool s3d_chunked_ended(const struct s3d_chunked *c)
{
    return c->state == ENDED;
}

bool s3d_chunked_decode(struct s3c_buf *body)
{
    struct s3d_chunked c = {.state = SIZE};
    struct s3c_buf plain = S3C_BUF_INIT(body->max);
    bool ok;

    s3d_must(s3c_buf_reserve(&plain, body->len + 1));
    ok = s3d_chunked_feed(&c, s3c_buf_view(body), &plain) >= 0 && s3d_chunked_ended(&c);
    s3c_buf_done(body);
    *body = plain;
    return ok;
}
