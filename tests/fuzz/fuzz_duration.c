/* SPDX-License-Identifier: Apache-2.0 */
/* What is read as a duration is printed and read again as the same. */
#include "fuzz.h"

#include "base/clock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[S3C_TIME_TEXT_SIZE];
    int64_t ns, again;

    if (s3c_duration_parse((struct s3c_view){(const char *)data, size}, &ns) < 0)
        return 0;
    require(s3c_duration_parse((struct s3c_view){text, s3c_duration_format(text, ns)}, &again) ==
            0);
    require(again == ns);
    return 0;
}
