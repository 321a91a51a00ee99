/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the destination's files, as far as they are known without a record. */
#include "config/config.h"

#include "base/banned.h"
#include "base/view.h"

int s3c_config_parse_names(struct s3c_config *c)
{
    struct s3c_settings *s = &c->settings;
    struct s3c_error err;
    int r;

    r = s3c_template_parse(&c->names, s3c_view_str(s->key_template), s3c_view_str(s->prefix),
                           s->write_once, &err);
    if (r == S3C_E_INVALID)
        return s3c_config_complain(c, "key.template: %s", err.message);
    s->names = c->names;
    return r;
}

bool s3c_config_writes_under(const struct s3c_config *c, struct s3c_view prefix)
{
    return c->names && s3c_template_may_begin(c->names, prefix);
}

int s3c_settings_key_example(const struct s3c_settings *s, int64_t wall_ns, struct s3c_buf *out)
{
    static const char *const json[] = {[S3C_COMPRESSION_NONE] = "json",
                                       [S3C_COMPRESSION_GZIP] = "json.gz",
                                       [S3C_COMPRESSION_ZSTD] = "json.zst",
                                       [S3C_COMPRESSION_SNAPPY] = "json"};
    struct s3c_template_file f = {
        .name = s3c_view_str(s->write_once ? "<hash of the first position>"
                                           : "<time>-<writer>-<number>"),
        .extension = s->format == S3C_FORMAT_PARQUET ? "parquet" : json[s->compression],
        .wall_ns = wall_ns,
        .shard = s->shard_index,
    };

    return s3c_template_example(s->names, &f, out);
}
