/* SPDX-License-Identifier: Apache-2.0 */
/* Both escapers give the same bytes, whatever the text and the alignment; the checked one refuses exactly what is no UTF-8. */
#include "fuzz.h"

#include <string.h>

#include "base/json.h"
#include "base/view.h"

static bool plain_valid(const uint8_t *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t len = s[i] < 0x80 ? 1 : s[i] < 0xe0 ? 2 : s[i] < 0xf0 ? 3 : 4;
        uint32_t c = len == 1 ? s[i] : s[i] & (0x7fu >> len);

        if ((s[i] >= 0x80 && s[i] < 0xc0) || s[i] >= 0xf8 || n - i < len)
            return false;
        for (size_t k = 1; k < len; k++) {
            if (s[i + k] >> 6 != 2)
                return false;
            c = c << 6 | (s[i + k] & 0x3f);
        }
        if ((len == 2 && c < 0x80) || (len == 3 && c < 0x800) || (len == 4 && c < 0x10000) ||
            c > 0x10ffff || c >> 11 == 0x1b)
            return false;
        i += len;
    }
    return true;
}

static void compare(struct s3c_view v, enum s3c_json_style style)
{
    struct s3c_buf fast = S3C_BUF_INIT(SIZE_MAX / 2), slow = fast, checked = fast;
    int r = s3c_json_string_checked(&checked, v, style);

    require(s3c_json_string(&fast, v, style) == 0);
    require(s3c_json_string_portable(&slow, v, style) == 0);
    require(s3c_view_eq(s3c_buf_view(&fast), s3c_buf_view(&slow)));
    for (size_t i = 0; i < fast.len; i++)
        require((unsigned char)fast.ptr[i] >= 0x20);
    require(plain_valid((const uint8_t *)v.ptr, v.len) ? r == 0 : r == S3C_E_RECORD);
    require(s3c_view_eq(s3c_buf_view(&checked), r == 0 ? s3c_buf_view(&slow) : S3C_VIEW("")));
    s3c_buf_done(&fast);
    s3c_buf_done(&slow);
    s3c_buf_done(&checked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct s3c_view v = {(const char *)data, size};

    for (size_t shift = 0; shift < 3 && shift <= size; shift++) {
        compare(s3c_view_skip(v, shift), S3C_JSON_PLAIN);
        compare(s3c_view_skip(v, shift), S3C_JSON_GO);
    }
    return 0;
}
