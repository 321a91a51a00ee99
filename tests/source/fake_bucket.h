/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bucket in memory behind a transport: what S3 keeps and lists, with a clock that stands still until the test moves it. The test's
 * thread changes the bucket while the source is idle; the transport's thread answers requests. One lock guards all of it.
 */
#ifndef S3C_TESTS_FAKE_BUCKET_H
#define S3C_TESTS_FAKE_BUCKET_H

#include <pthread.h>

#include "base/buf.h"
#include "http/transport.h"

enum fake_mode { FAKE_UNVERSIONED, FAKE_ENABLED, FAKE_SUSPENDED };

struct fake_version {
    char key[64], id[24], etag[40];
    int64_t last_modified_ns;
    bool marker;
    char body[48];
    uint64_t born; /* order of arrival */
};

struct fake_bucket {
    pthread_mutex_t lock;
    enum fake_mode mode;
    int64_t wall_ns, mono_ns;      /* read through `clock` */
    struct fake_version *versions; /* by key, then newest first */
    size_t count, cap;
    uint64_t next_id;
    unsigned page; /* entries a page */
    /* What the next requests meet. */
    unsigned fail_503; /* so many requests are answered with 503 */
    unsigned deny;     /* so many GETs of objects are answered with 403 */
    bool archived;     /* GETs of objects find them archived */
    void (*after_list)(
        struct fake_bucket *b); /* once, when a listing has given its last page; lock held */
    void *ctx;
    uint64_t lists, objects;
    struct s3c_clock clock;
};

void fake_bucket_init(struct fake_bucket *b, enum fake_mode mode);
void fake_bucket_done(struct fake_bucket *b);

/* The lock is taken inside, except in the functions that end in _locked. */
void fake_put(struct fake_bucket *b, const char *key, const char *body);
void fake_put_at(struct fake_bucket *b, const char *key, const char *body,
                 int64_t last_modified_ns);
void fake_delete(struct fake_bucket *b, const char *key);
void fake_put_locked(struct fake_bucket *b, const char *key, const char *body,
                     int64_t last_modified_ns);
void fake_delete_locked(struct fake_bucket *b, const char *key);
void fake_remove_locked(struct fake_bucket *b, size_t i); /* versions[i] for good */
void fake_remove(struct fake_bucket *b, size_t i);
void fake_pass_time(struct fake_bucket *b, int64_t ns); /* both clocks */
void fake_pass_mono_time(struct fake_bucket *b, int64_t ns);
/* The version that is visible as `key`, NULL if there is none or a marker. */
const struct fake_version *fake_latest(const struct fake_bucket *b, const char *key);

/* The bucket borrows nothing from it; it ends with the client that owns it. */
struct s3c_transport *fake_transport_new(struct fake_bucket *b);

#endif
