/* SPDX-License-Identifier: Apache-2.0 */
#include "source/unseen.h"

#include <stdlib.h>

#include "base/view.h"

void s3c_unseen_done(struct s3c_unseen *u)
{
    for (size_t i = 0; i < u->count; i++)
        s3c_free(u->entries[i].key);
    s3c_free(u->entries);
    *u = S3C_UNSEEN_INIT;
}

int s3c_unseen_mark(struct s3c_unseen *u, const struct s3c_event *e)
{
    char *key;

    if (s3c_grow(&u->entries, &u->cap, u->count + 1, sizeof(*u->entries)) < 0)
        return S3C_E_NOMEM;
    key = s3c_viewdup(e->key);
    if (!key)
        return S3C_E_NOMEM;
    u->entries[u->count++] = (struct s3c_unseen_entry){key, e->key.len, e->print, e->prior};
    return 0;
}

static struct s3c_view key_of(const struct s3c_unseen_entry *e)
{
    return (struct s3c_view){e->key, e->key_len};
}

static int compare(const void *a, const void *b)
{
    return s3c_view_cmp(key_of(a), key_of(b));
}

void s3c_unseen_arm(struct s3c_unseen *u)
{
    if (u->count > 1)
        qsort(u->entries, u->count, sizeof(*u->entries), compare);
    u->armed = u->count;
    u->next = 0;
}

void s3c_unseen_commit(struct s3c_unseen *u)
{
    for (size_t i = 0; i < u->armed; i++)
        s3c_free(u->entries[i].key);
    u->count -= u->armed;
    if (u->count > 0)
        memmove(u->entries, u->entries + u->armed, u->count * sizeof(*u->entries));
    u->armed = u->next = 0;
}

static size_t apply_one(const struct s3c_unseen_entry *e, struct s3c_fingerprint *prints,
                        size_t count)
{
    struct s3c_fingerprint ghost = e->print;

    for (size_t i = 0; i < count; i++) {
        if (!s3c_fingerprint_eq(prints[i], e->print))
            continue;
        if (e->prior != S3C_PRIOR_NONE) {
            ghost.hi = (ghost.hi & ~S3C_FP_MARKER) | S3C_FP_GHOST;
            if (e->prior == S3C_PRIOR_MARKER)
                ghost.hi |= S3C_FP_MARKER;
            prints[i] = ghost;
            return count;
        }
        memmove(prints + i, prints + i + 1, (count - i - 1) * sizeof(*prints));
        return count - 1;
    }
    return count;
}

size_t s3c_unseen_apply(struct s3c_unseen *u, struct s3c_view key, struct s3c_fingerprint *prints,
                        size_t count, bool *ret_changed)
{
    for (; u->next < u->armed; u->next++) {
        const struct s3c_unseen_entry *e = &u->entries[u->next];
        int c = s3c_view_cmp(key_of(e), key);

        if (c > 0)
            break;
        if (c < 0)
            continue;
        count = apply_one(e, prints, count);
        *ret_changed = true;
    }
    return count;
}
