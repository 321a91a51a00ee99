/* SPDX-License-Identifier: Apache-2.0 */
/* A position that can be read is printed and read again as the same; a malformed one is shown in a message that is UTF-8. */
#include "fuzz.h"

#include "base/view.h"
#include "record/position.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct s3c_view text = {(const char *)data, size};
    struct s3c_buf out = S3C_BUF_INIT(SIZE_MAX);
    struct s3c_position p, again;
    struct s3c_error err;

    if (size == 0)
        return 0; /* by contract: there is none */
    if (s3c_position_parse(&p, text, &err) < 0) {
        require(err.code == S3C_E_POSITION);
        require(s3c_utf8_valid(s3c_view_str(err.message)));
        return 0;
    }
    require(s3c_position_format(&out, &p) == 0);
    require(s3c_position_parse(&again, s3c_buf_view(&out), NULL) == 0);
    require(again.phase == p.phase && again.second == p.second && again.following == p.following);
    require(s3c_view_eq(again.key, p.key));
    require(s3c_position_cmp(&p, &again) == 0);
    s3c_buf_done(&out);
    return 0;
}
