/* SPDX-License-Identifier: Apache-2.0 */
#include "s3/reclaim.h"

struct s3c_call *s3c_reclaim(struct s3c_inbox *inbox, const void *user, size_t count)
{
    struct s3c_call *mine = NULL, *others = NULL, **others_end = &others;
    bool woken = false;

    while (count > 0) {
        bool now;
        struct s3c_call *c = s3c_inbox_take(inbox, -1, &now), *next;

        woken |= now;
        for (; c; c = next) {
            next = c->next;
            c->next = NULL;
            if (c->user == user) {
                c->next = mine;
                mine = c;
                count--;
            } else {
                *others_end = c;
                others_end = &c->next;
            }
        }
    }
    while (others) { /* only now: put back earlier, they would end the next wait at once */
        struct s3c_call *c = others;

        others = c->next;
        c->next = NULL;
        s3c_inbox_put(inbox, c);
    }
    if (woken)
        s3c_inbox_wake(inbox);
    return mine;
}
