/* SPDX-License-Identifier: Apache-2.0 */
#include "source/call_pool.h"

#include "base/mem.h"

static size_t weight(const struct s3c_call *c)
{
    return sizeof(*c) + c->reply.cap + c->headers.cap;
}

struct s3c_call *s3c_call_pool_get(struct s3c_call_pool *p)
{
    struct s3c_call *c = p->free;

    if (!c)
        return s3c_call_new();
    p->free = c->next;
    p->bytes -= weight(c);
    c->next = NULL;
    return c;
}

void s3c_call_pool_put(struct s3c_call_pool *p, struct s3c_call *c)
{
    s3c_call_reset(c);
    if (p->bytes + weight(c) > p->max_bytes) {
        s3c_call_free(c);
        return;
    }
    p->bytes += weight(c);
    c->next = p->free;
    p->free = c;
}

void s3c_call_pool_done(struct s3c_call_pool *p)
{
    while (p->free)
        s3c_call_free(s3c_call_pool_get(p));
}
