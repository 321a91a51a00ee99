/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is stored: buckets, keys, versions, delete markers. Pure memory; knows nothing of HTTP.
 *
 * Versions of a key are kept newest first. "Newest" is by `order`, a number drawn when the version was created; a multipart upload
 * draws it at its initiation or at its completion (--mpu-time), so with AWS's way a version may appear already noncurrent.
 * Version ids are a reversible scramble of `order`: a marker whose version is gone still says where a listing goes on.
 */
#ifndef S3D_STORE_H
#define S3D_STORE_H

#include "clock.h"
#include "keymap.h"

#define S3D_VERSION_ID_LEN 32

/* The bytes of objects; shared by copies, synthesised objects and replies under way. */
struct s3d_blob {
    unsigned refs;
    size_t len;
    char *data;
};
struct s3d_blob *s3d_blob_steal(
    struct s3c_buf *b); /* takes over the buffer's memory; one reference */
struct s3d_blob *s3d_blob_ref(struct s3d_blob *b);
void s3d_blob_unref(struct s3d_blob *b); /* NULL is fine */

struct s3d_etag {
    uint8_t md5[16];
    uint16_t parts; /* 0: not multipart */
};
#define S3D_ETAG_MAX 40
/* Hex, with "-parts" if multipart, without quotes; p has S3D_ETAG_MAX bytes. Returns the end. */
char *s3d_write_etag(char *p, const struct s3d_etag *e);

struct s3d_version {
    struct s3d_version *older;
    struct s3d_blob *blob; /* NULL: a delete marker */
    char *fields;          /* "Name: value\r\n"... as stored with the object; NULL: the defaults */
    int64_t modified_ns;
    uint64_t order;
    bool is_null;          /* its version id is "null" */
    uint8_t storage_class; /* see s3d_storage_class(); 0 = STANDARD */
    struct s3d_etag etag;
};
/* NULL: no such class. The reverse gives -1. */
const char *s3d_storage_class(unsigned number);
int s3d_storage_class_by_name(struct s3c_view name);
/* Must be restored before it can be read. */
bool s3d_storage_class_archived(unsigned number);

struct s3d_object {
    struct s3d_version *newest; /* never NULL while the object is in a bucket */
    uint32_t len;
    char key[];
};
static inline struct s3c_view s3d_object_key(const struct s3d_object *o)
{
    return (struct s3c_view){o->key, o->len};
}

enum s3d_versioning { S3D_UNVERSIONED, S3D_ENABLED, S3D_SUSPENDED };

struct s3d_upload;
struct s3d_bucket {
    struct s3d_bucket *next;
    char *name;
    enum s3d_versioning versioning;
    int64_t created_ns;
    struct s3d_keymap keys;
    struct s3d_upload *uploads; /* by key, then by order */
};

struct s3d_store {
    struct s3d_clock *clock;    /* not owned */
    struct s3d_bucket *buckets; /* by name */
    uint64_t order;
};

void s3d_store_init(struct s3d_store *s, struct s3d_clock *clock);
void s3d_store_clear(struct s3d_store *s); /* drops every bucket */
struct s3d_bucket *s3d_store_bucket(const struct s3d_store *s, struct s3c_view name); /* or NULL */
struct s3d_bucket *s3d_store_add_bucket(struct s3d_store *s, struct s3c_view name);
void s3d_store_drop_bucket(struct s3d_store *s, struct s3d_bucket *b);

/* A new version that has its order and its time of now; blob (reference taken over) and fields (stolen) may be NULL. */
struct s3d_version *s3d_version_new(struct s3d_store *s, struct s3d_blob *blob, char *fields);
/* Puts it where its order says; replaces the null version unless the bucket is versioned. */
void s3d_store_add(struct s3d_bucket *b, struct s3c_view key, struct s3d_version *v);
struct s3d_version *s3d_store_newest(const struct s3d_bucket *b, struct s3c_view key); /* or NULL */
struct s3d_version *s3d_store_find(const struct s3d_bucket *b, struct s3c_view key,
                                   struct s3c_view version_id);
/* DELETE without a version id. Returns the marker that was made, or NULL (never versioned). */
struct s3d_version *s3d_store_delete(struct s3d_store *s, struct s3d_bucket *b,
                                     struct s3c_view key);
/* DELETE with one: says whether it was there, and whether it was a marker. */
bool s3d_store_delete_version(struct s3d_bucket *b, struct s3c_view key, struct s3c_view version_id,
                              bool *ret_marker);

/* Writes "null" or S3D_VERSION_ID_LEN bytes; returns the end. */
char *s3d_write_version_id(char *p, const struct s3d_version *v);
/* The order in a version id; false: it is none of ours (not "null" either). */
bool s3d_version_id_order(struct s3c_view id, uint64_t *ret_order);

/* Adds `count` objects of `size` bytes, all sharing one body: prefix + 8 digits. */
void s3d_store_synth(struct s3d_store *s, struct s3d_bucket *b, size_t count, size_t size);

#endif
