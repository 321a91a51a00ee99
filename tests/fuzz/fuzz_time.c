/* SPDX-License-Identifier: Apache-2.0 */
/* What is read as a time is printed and read again as the same. */
#include "fuzz.h"

#include "base/clock.h"

static bool representable(int64_t ns)
{
    return ns != INT64_MIN && ns != INT64_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct s3c_view v = {(const char *)data, size};
    char text[S3C_TIME_TEXT_SIZE];
    int64_t ns, again;

    if (s3c_time_parse_rfc3339(v, &ns) == 0 && representable(ns)) {
        require(s3c_time_parse_rfc3339((struct s3c_view){text, s3c_time_format_rfc3339(text, ns)},
                                       &again) == 0);
        require(again == ns);
    }
    if (s3c_time_parse_http(v, &ns) == 0 && representable(ns)) {
        require(s3c_time_parse_http((struct s3c_view){text, s3c_time_format_http(text, ns)},
                                    &again) == 0);
        require(again == ns);
        require(s3c_time_format_basic(text, ns) == 16);
    }
    return 0;
}
