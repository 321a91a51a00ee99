/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The partitions of the destination's records: records of one file have equal keys, made of the values that the name's template takes from a
 * record and the format's variant of it. A partition lives as long as a file of it does, open or closed. Not thread-safe.
 */
#ifndef S3C_DEST_PARTITION_H
#define S3C_DEST_PARTITION_H

#include "base/view.h"
#include "dest/list.h"
#include "dest/mark.h"

struct s3c_file;

struct s3c_partition {
    struct s3c_partition *next; /* private: in its bucket */
    uint64_t hash;              /* private */
    struct s3c_file *open;      /* NULL: none */
    size_t files;               /* that name it */
    /* write.once (dest/once.c) */
    struct s3c_link line;         /* closed files that are not done, in order */
    bool expecting;               /* they are compared with the file of an earlier run */
    struct s3c_expected expected; /* that file */
    int64_t held_ns;              /* monotonic: when the newest of them that may be in it came */
    size_t values_len;            /* of the key; the rest is the variant */
    size_t key_len;
    char key[];
};

/* Its template's part (record/template.h), and the format's (format/format.h). */
static inline struct s3c_view s3c_partition_values(const struct s3c_partition *p)
{
    return (struct s3c_view){p->key, p->values_len};
}
static inline struct s3c_view s3c_partition_variant(const struct s3c_partition *p)
{
    return (struct s3c_view){p->key + p->values_len, p->key_len - p->values_len};
}

struct s3c_partition_key {
    struct s3c_view bytes;
    size_t values_len;
};
bool s3c_partition_is(const struct s3c_partition *p, struct s3c_partition_key key);

struct s3c_partitions {
    struct s3c_partition **buckets;
    size_t size; /* of buckets: a power of two, or 0 */
    size_t count;
    size_t bytes; /* of memory */
    uint64_t seed;
};
/* seed: random, so that nobody who chooses values can choose their buckets. */
void s3c_partitions_init(struct s3c_partitions *t, uint64_t seed);
void s3c_partitions_done(struct s3c_partitions *t);

/* NULL: there is none. */
struct s3c_partition *s3c_partitions_find(const struct s3c_partitions *t,
                                          struct s3c_partition_key key);
/* Finds or makes it, and takes one of its `files`. NULL: out of memory. */
S3C_MUST_USE struct s3c_partition *s3c_partitions_ref(struct s3c_partitions *t,
                                                      struct s3c_partition_key key);
/* One of its files is gone; after the last it goes too: true. */
bool s3c_partitions_unref(struct s3c_partitions *t, struct s3c_partition *p);

#endif
