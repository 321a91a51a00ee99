/* SPDX-License-Identifier: Apache-2.0 */
/* s3c_destination_open: from a finished configuration to a destination that works. */
#include <errno.h>
#include <sys/random.h>

#include "base/error.h"
#include "base/mem.h"
#include "dest/engine.h"
#include "dest/leftover.h"
#include "dest/probe.h"
#include "dest/upload.h"
#include "format/json.h"
#include "format/json_compressed.h"
#include "format/parquet.h"
#include "format/parquet_typed.h"

/* A row group takes a quarter of the memory at most: it is there twice while it is encoded, and closed files want some too. */
#define GROUP_SHARE 4
#define GROUP_MAX   (INT64_C(64) << 20) /* larger ones make files no smaller */

#define PUT_DEFAULT_MAX \
    (UINT64_C(64) << 20) /* one PutObject up to here where file.max-bytes is off */

static int new_random(uint64_t *ret, struct s3c_error *err)
{
    if (getrandom(ret, sizeof(*ret), 0) != sizeof(*ret))
        return s3c_error_errno(err, errno, "cannot get random bytes for the names of files");
    return 0;
}

static int open_session(struct s3c_session **ret, const struct s3c_config *c,
                        const struct s3c_log *log, struct s3c_error *err)
{
    struct s3c_session *s = s3c_zalloc(sizeof(*s));
    int r;

    if (!s)
        return s3c_error_nomem(err);
    r = s3c_session_init(s, c, log, err);
    if (r == 0)
        r = s3c_session_check_bucket(s, err);
    if (r < 0) {
        s3c_session_done(s);
        s3c_free(s);
        return r;
    }
    *ret = s;
    return 0;
}

static int open_sink(struct s3c_sink **ret, const struct s3c_session *session,
                     struct s3c_error *err)
{
    uint64_t file_max = (uint64_t)session->settings->file_max_bytes;
    struct s3c_upload_options o = {
        .client = session->client,
        .clock = session->clock,
        .put_max_bytes = file_max == 0 ? PUT_DEFAULT_MAX : file_max,
        .part_size = s3c_destination_part_size(session->settings),
    };

    if (o.put_max_bytes > S3C_PUT_MAX)
        o.put_max_bytes = S3C_PUT_MAX;
    return s3c_upload_sink_new(ret, &o, err);
}

/* A schema that parses may still have no columns; that is the option's fault, not a record's. */
static int open_typed(struct s3c_format **ret, const struct s3c_parquet_options *o,
                      const struct s3c_settings *s, struct s3c_error *err)
{
    struct s3c_error why;
    int r = s3c_parquet_typed_format_new(ret, o, s->schema, &why);

    if (r == S3C_E_RECORD || r == S3C_E_TOO_LARGE)
        return s3c_error_set(err, S3C_E_INVALID, "schema: \"%s\": %s", s->schema_file, why.message);
    return r < 0 ? s3c_error_nomem(err) : 0;
}

static int open_format(struct s3c_format **ret, const struct s3c_settings *s, struct s3c_error *err)
{
    static const enum s3c_codec codecs[] = {[S3C_COMPRESSION_NONE] = S3C_CODEC_NONE,
                                            [S3C_COMPRESSION_GZIP] = S3C_CODEC_GZIP,
                                            [S3C_COMPRESSION_ZSTD] = S3C_CODEC_ZSTD,
                                            [S3C_COMPRESSION_SNAPPY] = S3C_CODEC_SNAPPY};
    enum s3c_codec codec = codecs[s->compression];
    int64_t group = s->memory_limit / GROUP_SHARE;

    if (s->format == S3C_FORMAT_PARQUET) {
        struct s3c_parquet_options o = {codec, (size_t)(group < GROUP_MAX ? group : GROUP_MAX)};

        return s->columns == S3C_COLUMNS_TYPED ? open_typed(ret, &o, s, err)
                                               : s3c_parquet_format_new(ret, &o, err);
    }
    return codec == S3C_CODEC_NONE ? s3c_json_format_new(ret, err)
                                   : s3c_json_compressed_format_new(ret, codec, err);
}

static int probe(struct s3c_destination_parts *p, struct s3c_error *err)
{
    int r = s3c_probe_if_none_match(p->session, p->random, &p->honours_if_none_match, err);

    return r < 0 ? s3c_session_explain(p->session, err) : 0;
}

static int open_parts(struct s3c_destination_parts *p, struct s3c_error *err)
{
    int r = new_random(&p->random, err);

    if (r == 0)
        r = s3c_identity_take(&p->identity, p->settings, err);
    if (r == 0)
        s3c_leftover_abort(p->session, &p->identity);
    if (r == 0)
        r = open_sink(&p->sink, p->session, err);
    if (r == 0 && p->settings->write_once)
        r = probe(p, err);
    return r;
}

int s3c_destination_open(struct s3c_destination **ret, const struct s3c_config *c,
                         const struct s3c_log *log, struct s3c_error *err)
{
    struct s3c_destination_parts parts = {.log = log};
    int r = open_format(&parts.format, s3c_config_settings(c), err); /* wrong without a network */

    if (r == 0)
        r = open_session(&parts.session, c, log, err);
    if (r == 0) {
        parts.settings = parts.session->settings;
        parts.clock = parts.session->clock;
        r = open_parts(&parts, err);
    }
    if (r < 0) {
        s3c_destination_parts_release(&parts);
        return r;
    }
    return s3c_destination_new(ret, &parts, err);
}
