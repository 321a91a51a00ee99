/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A change that is to become a record, and the store in which a pass collects them until it is complete: bounded memory, sorted
 * by (effective second, key, order of visibility), which is the order of positions (DESIGN 4.2).
 */
#ifndef S3C_SOURCE_EVENT_H
#define S3C_SOURCE_EVENT_H

#include <s3c/record.h>

#include "base/mem.h"
#include "source/diff.h"

struct s3c_event {
    enum s3c_operation op;
    int64_t second;     /* of the position */
    uint32_t following; /* of the position */
    bool listed;        /* false: the key is gone, there is nothing more to say than that */
    bool is_marker, is_latest;
    bool versioned; /* the listing was one of versions */
    enum s3c_prior prior;
    struct s3c_view key, version_id, etag;
    uint64_t size;
    int64_t last_modified_ns;
    struct s3c_fingerprint print;
};
/* The fields that a listed entry fills. The views are the entry's. */
void s3c_event_set_entry(struct s3c_event *e, const struct s3c_list_entry *entry,
                         struct s3c_fingerprint print, bool versioned);

struct s3c_events {
    struct s3c_arena text;
    struct s3c_event *events;
    size_t count, cap, next;
    size_t text_bytes;
};
#define S3C_EVENTS_INIT ((struct s3c_events){.text = S3C_ARENA_INIT(0)})
void s3c_events_done(struct s3c_events *s);  /* idempotent */
void s3c_events_clear(struct s3c_events *s); /* keeps some memory for the next use */
/*
 * Takes a copy. Events are added in order of key and, within a key, of visibility. `same_key`: the event added last has the same
 * key. 0 or S3C_E_NOMEM.
 */
S3C_MUST_USE int s3c_events_add(struct s3c_events *s, const struct s3c_event *e, bool same_key);
size_t s3c_events_bytes(const struct s3c_events *s);
void s3c_events_sort(struct s3c_events *s);
/* The next one, valid until clear; NULL: all were given. */
const struct s3c_event *s3c_events_next(struct s3c_events *s);
/*
 * Where to close the pass when the events up to `closed` do not fit: a second in [after + 1, closed) that leaves about half of
 * those collected; after + 1 where most of them belong to `closed` itself. Needs closed > after + 1. May sort.
 */
int64_t s3c_events_cut(struct s3c_events *s, int64_t after, int64_t closed);

#endif
