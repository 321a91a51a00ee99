/* SPDX-License-Identifier: Apache-2.0 */
/* The S3 operations that the stand-in knows, their names, and which request is which. */
#ifndef S3D_OP_H
#define S3D_OP_H

#include "request.h"

#define S3D_OPS(X)             \
    X(ListBuckets)             \
    X(CreateBucket)            \
    X(DeleteBucket)            \
    X(HeadBucket)              \
    X(GetBucketLocation)       \
    X(GetBucketVersioning)     \
    X(PutBucketVersioning)     \
    X(ListObjects)             \
    X(ListObjectsV2)           \
    X(ListObjectVersions)      \
    X(GetObject)               \
    X(HeadObject)              \
    X(PutObject)               \
    X(CopyObject)              \
    X(DeleteObject)            \
    X(DeleteObjects)           \
    X(CreateMultipartUpload)   \
    X(UploadPart)              \
    X(CompleteMultipartUpload) \
    X(AbortMultipartUpload)    \
    X(ListParts)               \
    X(ListMultipartUploads)    \
    X(NotImplemented)

enum s3d_op {
#define X(name) S3D_OP_##name,
    S3D_OPS(X)
#undef X
        S3D_OP_COUNT
};

const char *s3d_op_name(enum s3d_op op);
/* S3D_OP_COUNT: no such name. */
enum s3d_op s3d_op_by_name(struct s3c_view name);
enum s3d_op s3d_op_of(const struct s3d_request *q);

#endif
