/* SPDX-License-Identifier: Apache-2.0 */
#include "op.h"

static const char *const names[] = {
#define X(name) #name,
    S3D_OPS(X)
#undef X
};

const char *s3d_op_name(enum s3d_op op)
{
    return names[op];
}

enum s3d_op s3d_op_by_name(struct s3c_view name)
{
    unsigned op = 0;

    while (op < S3D_OP_COUNT && !s3c_view_eq_str(name, names[op]))
        op++;
    return (enum s3d_op)op;
}

enum target { SERVICE, BUCKET, KEY };

/* The first row that fits decides; `param` and `field` must be in the request when the row names them. */
static const struct rule {
    enum s3d_method method;
    enum target target;
    const char *param, *field;
    enum s3d_op op;
} rules[] = {
    {S3D_GET, SERVICE, NULL, NULL, S3D_OP_ListBuckets},
    {S3D_GET, BUCKET, "list-type", NULL, S3D_OP_ListObjectsV2},
    {S3D_GET, BUCKET, "versions", NULL, S3D_OP_ListObjectVersions},
    {S3D_GET, BUCKET, "versioning", NULL, S3D_OP_GetBucketVersioning},
    {S3D_GET, BUCKET, "location", NULL, S3D_OP_GetBucketLocation},
    {S3D_GET, BUCKET, "uploads", NULL, S3D_OP_ListMultipartUploads},
    {S3D_GET, BUCKET, NULL, NULL, S3D_OP_ListObjects},
    {S3D_HEAD, BUCKET, NULL, NULL, S3D_OP_HeadBucket},
    {S3D_PUT, BUCKET, "versioning", NULL, S3D_OP_PutBucketVersioning},
    {S3D_PUT, BUCKET, NULL, NULL, S3D_OP_CreateBucket},
    {S3D_DELETE, BUCKET, NULL, NULL, S3D_OP_DeleteBucket},
    {S3D_POST, BUCKET, "delete", NULL, S3D_OP_DeleteObjects},
    {S3D_GET, KEY, "uploadId", NULL, S3D_OP_ListParts},
    {S3D_GET, KEY, NULL, NULL, S3D_OP_GetObject},
    {S3D_HEAD, KEY, NULL, NULL, S3D_OP_HeadObject},
    {S3D_PUT, KEY, "uploadId", "x-amz-copy-source", S3D_OP_NotImplemented},
    {S3D_PUT, KEY, "uploadId", NULL, S3D_OP_UploadPart},
    {S3D_PUT, KEY, NULL, "x-amz-copy-source", S3D_OP_CopyObject},
    {S3D_PUT, KEY, NULL, NULL, S3D_OP_PutObject},
    {S3D_POST, KEY, "uploads", NULL, S3D_OP_CreateMultipartUpload},
    {S3D_POST, KEY, "uploadId", NULL, S3D_OP_CompleteMultipartUpload},
    {S3D_DELETE, KEY, "uploadId", NULL, S3D_OP_AbortMultipartUpload},
    {S3D_DELETE, KEY, NULL, NULL, S3D_OP_DeleteObject},
};

/* Subresources without support must not be taken for the object or bucket itself. */
static bool foreign(const struct s3d_request *q)
{
    static const char *const unsupported[] = {
        "acl",         "policy",       "lifecycle",         "tagging",
        "cors",        "notification", "website",           "logging",
        "replication", "encryption",   "retention",         "legal-hold",
        "torrent",     "object-lock",  "publicAccessBlock", "ownershipControls"};

    for (size_t i = 0; q->nparams && i < sizeof unsupported / sizeof *unsupported; i++) {
        if (s3d_has_param(q, unsupported[i]))
            return true;
    }
    return false;
}

enum s3d_op s3d_op_of(const struct s3d_request *q)
{
    enum target target = !q->bucket.ptr ? SERVICE : q->key.ptr ? KEY : BUCKET;

    if (foreign(q))
        return S3D_OP_NotImplemented;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        const struct rule *r = &rules[i];

        if (r->method == q->method && r->target == target &&
            (!r->param || s3d_has_param(q, r->param)) && (!r->field || s3d_field(q, r->field).ptr))
            return r->op;
    }
    return S3D_OP_NotImplemented;
}
