/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration files of any bytes, as both files at once: values are single trimmed lines. */
#include "fuzz.h"

#include <string.h>

#include "s3/profile_text.h"

static void require_value(const char *s)
{
    if (!s)
        return;
    require(*s && !strchr(s, '\n') && *s != ' ' && s[strlen(s) - 1] != ' ');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct s3c_view text = {(const char *)data, size};
    struct s3c_profile p = {0};

    require(s3c_profile_parse(&p, text, text, "default") == 0);
    if (!memchr(data, '\0', size)) {
        require_value(p.access_key_id);
        require_value(p.secret_access_key);
        require_value(p.session_token);
        require_value(p.region);
        require_value(p.endpoint_url);
        require_value(p.s3_endpoint_url);
    }
    s3c_profile_done(&p);
    return 0;
}
