/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sink that keeps what it is given, as a bucket would: one object a key, with its metadata; conditions, looks, answers in any order, answers that
 * get lost, conflicts. And a clock that runs while somebody waits. All chance comes from one seed.
 */
#ifndef S3C_TESTS_MODEL_BUCKET_H
#define S3C_TESTS_MODEL_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "dest/sink.h"

enum { MODEL_OBJECTS = 4096, MODEL_PENDING = 64 };

struct model_object {
    char key[160];
    char meta[S3C_DELIVERY_META_MAX][160]; /* "x-amz-meta-NAME: VALUE\r\n" */
    char *body;                            /* NUL-terminated */
};

struct model_bucket {
    struct s3c_sink base;
    struct s3c_clock clock;
    int64_t now_ns;
    uint64_t random;
    bool ignores_conditions;
    unsigned
        trouble; /* of a hundred answers so many are lost, or refused for now; 0: each answer comes at once */
    size_t puts, looks;

    struct model_object objects[MODEL_OBJECTS];
    size_t count;
    struct s3c_delivery *pending[MODEL_PENDING];
    bool cancelled[MODEL_PENDING];
    size_t pending_count;
};

void model_bucket_init(struct model_bucket *b, uint64_t seed);
void model_bucket_done(struct model_bucket *b);
struct model_object *model_bucket_find(struct model_bucket *b, const char *key); /* NULL: none */
/* An object of somebody else. */
void model_bucket_add(struct model_bucket *b, const char *key, const char *body);

#endif
