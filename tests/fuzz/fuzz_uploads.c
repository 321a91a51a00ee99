/* SPDX-License-Identifier: Apache-2.0 */
/* A list of uploads of any bytes: what is found in it lies inside it and is whole. */
#include "fuzz.h"

#include <string.h>

#include "s3/uploads_page.h"

static bool inside(struct s3c_view v, const char *body, size_t len)
{
    return v.ptr >= body && v.ptr + v.len <= body + len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct s3c_uploads_page page = S3C_UPLOADS_PAGE_INIT;
    char *body = malloc(size + 1);

    require(body);
    memcpy(body, data, size);
    if (s3c_uploads_page_parse(&page, body, size, NULL) == 0) {
        require(!page.truncated || page.count > 0);
        for (size_t i = 0; i < page.count; i++)
            require(inside(page.entries[i].key, body, size) &&
                    inside(page.entries[i].upload_id, body, size) &&
                    page.entries[i].upload_id.len > 0);
    }
    s3c_uploads_page_done(&page);
    free(body);
    return 0;
}
