/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists whose links live inside their elements: circular, the list itself is the end of both directions. So an element leaves without
 * knowing which list it is in, and a file that is in exactly one of several lists needs one link.
 */
#ifndef S3C_DEST_LIST_H
#define S3C_DEST_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct s3c_link {
    struct s3c_link *prev, *next;
};

/* An empty list, or an element that is in none. */
static inline void s3c_link_init(struct s3c_link *l)
{
    l->prev = l->next = l;
}

static inline bool s3c_link_alone(const struct s3c_link *l)
{
    return l->next == l;
}

/* In front of `at`; in front of the list itself is its end. x is in no list. */
static inline void s3c_link_insert(struct s3c_link *at, struct s3c_link *x)
{
    x->prev = at->prev;
    x->next = at;
    at->prev->next = x;
    at->prev = x;
}

/* Out of its list, if it is in one. */
static inline void s3c_link_remove(struct s3c_link *x)
{
    x->prev->next = x->next;
    x->next->prev = x->prev;
    s3c_link_init(x);
}

#define S3C_LINK_OF(link, type, member) ((type *)((char *)(link)-offsetof(type, member)))

#endif
