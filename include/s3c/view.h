/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A borrowed run of bytes: never owning, not NUL-terminated, valid as long as what it points into. ptr may be NULL only when
 * len is 0; "absent" (nil) is ptr == NULL, "empty" is ptr != NULL with len 0 where a header makes the difference.
 */
#ifndef S3C_VIEW_H
#define S3C_VIEW_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct s3c_view {
    const char *ptr;
    size_t len;
};

#ifdef __cplusplus
}
#endif
#endif
