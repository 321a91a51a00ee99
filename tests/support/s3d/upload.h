/* SPDX-License-Identifier: Apache-2.0 */
/* Multipart uploads under way. */
#ifndef S3D_UPLOAD_H
#define S3D_UPLOAD_H

#include "store.h"

#define S3D_PART_MIN  (5u << 20) /* of every part but the last */
#define S3D_PARTS_MAX 10000

struct s3d_part {
    struct s3d_part *next; /* by number */
    unsigned number;
    int64_t modified_ns;
    struct s3d_blob *blob;
    struct s3d_etag etag;
};

struct s3d_upload {
    struct s3d_upload *next;
    char *key, *fields; /* fields: as struct s3d_version */
    char id[S3D_VERSION_ID_LEN + 1];
    uint64_t order;
    int64_t initiated_ns;
    struct s3d_part *parts;
};

struct s3d_upload *s3d_upload_new(struct s3d_store *s, struct s3d_bucket *b, struct s3c_view key,
                                  char *fields);
struct s3d_upload *s3d_upload_find(const struct s3d_bucket *b, struct s3c_view key,
                                   struct s3c_view id);
void s3d_upload_drop(struct s3d_bucket *b, struct s3d_upload *u);
/* Replaces a part of that number. blob's reference is taken over. */
struct s3d_part *s3d_upload_put(struct s3d_store *s, struct s3d_upload *u, unsigned number,
                                struct s3d_blob *blob);
struct s3d_part *s3d_upload_part(const struct s3d_upload *u, unsigned number);
/*
 * Joins the parts into a version (not yet in the bucket), in the order given. `at_initiation`: it gets the order and the time of
 * its initiation, as AWS does; else those of now.
 */
struct s3d_version *s3d_upload_join(struct s3d_store *s, struct s3d_upload *u,
                                    struct s3d_part *const *parts, size_t n, bool at_initiation);

#endif
