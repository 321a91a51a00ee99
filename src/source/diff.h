/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happened to one key between two passes: the table of DESIGN 4.3 as a pure function of what the index knew and what the
 * listing shows. No I/O, no clock, no names: the caller knows the key and the listed entries by their numbers.
 */
#ifndef S3C_SOURCE_DIFF_H
#define S3C_SOURCE_DIFF_H

#include <s3c/record.h>

#include "source/fingerprint.h"

#define S3C_DIFF_NO_ITEM SIZE_MAX

struct s3c_diff_item { /* a listed entry */
    struct s3c_fingerprint print;
    int64_t second; /* of its LastModified */
    bool
        absorbed; /* taken as known although the index does not have it: it lies before the position of the start */
};

struct s3c_diff_input {
    const struct s3c_fingerprint *old; /* what the index knew, newest first */
    size_t old_count;
    const struct s3c_diff_item *items; /* what is listed up to the closed second, newest first */
    size_t item_count;
    bool late;             /* the listing shows later entries as well: nothing counts as removed */
    int64_t after, closed; /* W and W' */
};

/* What the reader saw of the key before an event, where the entries that stay in the index would not say it. */
enum s3c_prior { S3C_PRIOR_NONE, S3C_PRIOR_VERSION, S3C_PRIOR_MARKER };

struct s3c_diff_event {
    enum s3c_operation op;
    size_t item;        /* S3C_DIFF_NO_ITEM: the key is gone */
    int64_t second;     /* effective */
    uint32_t following; /* later events of this key with the same second */
    enum s3c_prior
        prior; /* what takes the entry's place in the index if it cannot be read (unseen.h) */
};

/* private */
struct s3c_diff_merged;
struct s3c_diff_place;

/* Reused for every key; all that a run gives is valid until the next one. */
struct s3c_diff {
    struct s3c_diff_event *events; /* in order of visibility */
    size_t event_count, event_cap;
    struct s3c_diff_place *places;
    size_t place_cap;
    struct s3c_fingerprint *kept; /* what the index is to know now, newest first */
    size_t kept_count, kept_cap;
    bool changed; /* kept differs from old */
    bool missing; /* some of old is not listed */
    struct s3c_diff_merged *merged;
    size_t merged_count, merged_cap;
    size_t *known; /* per item: its number in old, ABSORBED or NEW */
    size_t known_cap;
    bool *listed; /* per old entry */
    size_t listed_cap;
};
void s3c_diff_done(struct s3c_diff *d); /* of an all-zero or used one */
/* 0 or S3C_E_NOMEM. */
S3C_MUST_USE int s3c_diff_run(struct s3c_diff *d, const struct s3c_diff_input *in);

#endif
