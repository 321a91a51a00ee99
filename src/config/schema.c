/* SPDX-License-Identifier: Apache-2.0 */
/* The schema of records that name none: read with the options, so that a wrong one is reported with all else that is wrong. */
#include <unistd.h>

#include "base/banned.h"
#include "base/mem.h"
#include "config/config.h"

#define TEXT_MAX (4u << 20)

int s3c_config_parse_schema(struct s3c_config *c)
{
    _cleanup_(s3c_buf_done) struct s3c_buf text = S3C_BUF_INIT(TEXT_MAX + 4096);
    const char *path = c->settings.schema_file;
    struct s3c_schema *schema;
    char shown[S3C_VALUE_SHOWN];
    struct s3c_error err;
    int r;

    if (!path || c->settings.columns != S3C_COLUMNS_TYPED || access(path, R_OK) < 0)
        return 0; /* the other two have been complained of already */
    r = s3c_config_read_text("schema", path, &text, &err);
    if (r == S3C_E_IO || r == S3C_E_TOO_LARGE)
        return s3c_config_complain(c, "%s", err.message);
    if (r == 0)
        r = s3c_schema_parse(&schema, s3c_buf_view(&text), &err);
    if (r == 0)
        c->settings.schema = schema;
    if (r == 0 || r == S3C_E_NOMEM)
        return r;
    return s3c_config_complain(c, "schema: \"%s\": %s", s3c_value_show(shown, path), err.message);
}
