/* SPDX-License-Identifier: Apache-2.0 */
#include "source/event.h"

#include <stdlib.h>

#include "base/view.h"

#define KEPT_EVENTS 64

void s3c_event_set_entry(struct s3c_event *e, const struct s3c_list_entry *entry,
                         struct s3c_fingerprint print, bool versioned)
{
    e->listed = true;
    e->is_marker = entry->is_marker;
    e->is_latest = entry->is_latest;
    e->versioned = versioned;
    e->key = entry->key;
    e->version_id = entry->version_id;
    e->etag = entry->etag;
    e->size = entry->size;
    e->last_modified_ns = entry->last_modified_ns;
    e->print = print;
}

void s3c_events_done(struct s3c_events *s)
{
    s3c_arena_done(&s->text);
    s3c_free(s->events);
    *s = S3C_EVENTS_INIT;
}

/* A burst must not hold its memory for ever. */
void s3c_events_clear(struct s3c_events *s)
{
    if (s->cap > KEPT_EVENTS) {
        s3c_free(s->events);
        s->events = NULL;
        s->cap = 0;
    }
    s3c_arena_reset(&s->text);
    s->count = s->next = 0;
    s->text_bytes = 0;
}

static int copy_text(struct s3c_events *s, struct s3c_view *v)
{
    char *p = s3c_arena_bytes(&s->text, v->len);

    if (!p)
        return S3C_E_NOMEM;
    if (v->len > 0)
        memcpy(p, v->ptr, v->len);
    v->ptr = p;
    s->text_bytes += v->len;
    return 0;
}

int s3c_events_add(struct s3c_events *s, const struct s3c_event *e, bool same_key)
{
    struct s3c_event *n;

    if (s3c_grow(&s->events, &s->cap, s->count + 1, sizeof(*n)) < 0)
        return S3C_E_NOMEM;
    n = &s->events[s->count];
    *n = *e;
    if (same_key)
        n->key = s->events[s->count - 1].key;
    else if (copy_text(s, &n->key) < 0)
        return S3C_E_NOMEM;
    if (copy_text(s, &n->version_id) < 0 || copy_text(s, &n->etag) < 0)
        return S3C_E_NOMEM;
    s->count++;
    return 0;
}

size_t s3c_events_bytes(const struct s3c_events *s)
{
    return s->text_bytes + s->count * sizeof(*s->events);
}

static int compare(const void *a, const void *b)
{
    const struct s3c_event *x = a, *y = b;

    if (x->second != y->second)
        return x->second < y->second ? -1 : 1;
    /* Of one key and second the count of those that follow falls, so it orders them without a sequence number. */
    if (x->key.ptr == y->key.ptr)
        return x->following > y->following ? -1 : x->following < y->following;
    return s3c_view_cmp(x->key, y->key);
}

void s3c_events_sort(struct s3c_events *s)
{
    if (s->count > 1)
        qsort(s->events, s->count, sizeof(*s->events), compare);
}

const struct s3c_event *s3c_events_next(struct s3c_events *s)
{
    return s->next < s->count ? &s->events[s->next++] : NULL;
}

int64_t s3c_events_cut(struct s3c_events *s, int64_t after, int64_t closed)
{
    int64_t median;

    s3c_events_sort(s);
    median = s->count > 0 ? s->events[s->count / 2].second : closed;
    return median < closed ? median : after + 1;
}
