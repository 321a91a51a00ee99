/* SPDX-License-Identifier: Apache-2.0 */
/* What a schema service answers: a text that stands in the answer, or why there is none. */
#include "fuzz.h"

#include <string.h>

#include "base/view.h"
#include "plugin/schema_client.h"

#define TEXT_MAX 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct s3c_buf text = S3C_BUF_INIT(TEXT_MAX);
    char *message = malloc(size ? size : 1); /* of exactly this size */
    struct s3c_error err = {0};
    int r;

    require(message != NULL);
    if (size)
        memcpy(message, data, size);
    r = schema_client_read_reply((struct s3c_view){message, size}, &text, &err);
    require(r == 0 || r == S3C_E_PROTOCOL || r == S3C_E_TOO_LARGE);
    require(text.len <= TEXT_MAX && text.len <= size);
    if (r == 0 && text.len > 0)
        require(memmem(message, size, text.ptr, text.len) != NULL);
    if (r < 0)
        require(text.len == 0 && *err.message);
    s3c_buf_done(&text);
    free(message);
    return 0;
}
