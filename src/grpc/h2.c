/* SPDX-License-Identifier: Apache-2.0 */
#include "grpc/h2.h"

#include <string.h>

#include "base/mem.h"

static void *h2_malloc(size_t n, void *user)
{
    (void)user;
    return s3c_alloc(n);
}

static void h2_free(void *p, void *user)
{
    (void)user;
    s3c_free(p);
}

static void *h2_calloc(size_t n, size_t size, void *user)
{
    size_t total;

    (void)user;
    return __builtin_mul_overflow(n, size, &total) ? NULL : s3c_zalloc(total);
}

static void *h2_realloc(void *p, size_t n, void *user)
{
    (void)user;
    return s3c_realloc(p, n);
}

nghttp2_mem grpc_h2_mem(void)
{
    return (nghttp2_mem){NULL, h2_malloc, h2_free, h2_calloc, h2_realloc};
}

nghttp2_nv grpc_h2_field(const char *name, struct s3c_view value)
{
    return (nghttp2_nv){.name = (uint8_t *)(uintptr_t)name,
                        .value = (uint8_t *)(uintptr_t)value.ptr,
                        .namelen = strlen(name),
                        .valuelen = value.len,
                        .flags = NGHTTP2_NV_FLAG_NONE};
}

bool grpc_h2_is_grpc_type(struct s3c_view content_type)
{
    const struct s3c_view type = S3C_VIEW("application/grpc");

    return s3c_view_starts(content_type, type) &&
           (content_type.len == type.len || content_type.ptr[type.len] == '+' ||
            content_type.ptr[type.len] == ';');
}
