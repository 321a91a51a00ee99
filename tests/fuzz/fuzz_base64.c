/* SPDX-License-Identifier: Apache-2.0 */
/* Both encoders agree; what they write decodes to the input; what decodes is the one text for its bytes. */
#include "fuzz.h"

#include <string.h>

#include "base/digest.h"
#include "base/view.h"

static void encode_and_back(const uint8_t *data, size_t size)
{
    struct s3c_buf back = S3C_BUF_INIT(SIZE_MAX / 2);
    size_t n = s3c_base64_size(size);
    char *fast = malloc(n + 1), *slow = malloc(n + 1);

    require(fast && slow);
    require(s3c_base64_encode(fast + 1, data, size) == n);
    require(s3c_base64_encode_portable(slow + 1, data, size) == n);
    require(memcmp(fast + 1, slow + 1, n) == 0);
    require(s3c_base64_decode(&back, (struct s3c_view){fast + 1, n}, NULL) == 0);
    require(s3c_view_eq(s3c_buf_view(&back), (struct s3c_view){(const char *)data, size}));
    s3c_buf_done(&back);
    free(fast);
    free(slow);
}

static void decode_and_back(const uint8_t *data, size_t size)
{
    struct s3c_buf bytes = S3C_BUF_INIT(SIZE_MAX / 2);
    char *text = malloc(size + 4);

    require(text);
    if (s3c_base64_decode(&bytes, (struct s3c_view){(const char *)data, size}, NULL) == 0) {
        require(s3c_base64_encode(text, bytes.ptr, bytes.len) == size);
        require(memcmp(text, data, size) == 0);
    } else {
        require(bytes.len == 0);
    }
    s3c_buf_done(&bytes);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    encode_and_back(data, size);
    decode_and_back(data, size);
    return 0;
}
