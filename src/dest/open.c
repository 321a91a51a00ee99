/* SPDX-License-Identifier: Apache-2.0 */
/* s3c_destination_open: from a finished configuration to a destination that works. */
#include <errno.h>
#include <sys/random.h>

#include "base/error.h"
#include "base/mem.h"
#include "dest/engine.h"
#include "dest/upload.h"
#include "format/json.h"

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
        .part_size = (uint64_t)session->settings->part_size,
    };

    if (o.put_max_bytes > S3C_PUT_MAX)
        o.put_max_bytes = S3C_PUT_MAX;
    return s3c_upload_sink_new(ret, &o, err);
}

static int open_parts(struct s3c_destination_parts *p, struct s3c_error *err)
{
    int r = new_random(&p->random, err);

    if (r == 0)
        r = open_sink(&p->sink, p->session, err);
    if (r == 0)
        r = s3c_json_writer_new(&p->writer, err);
    return r;
}

int s3c_destination_open(struct s3c_destination **ret, const struct s3c_config *c,
                         const struct s3c_log *log, struct s3c_error *err)
{
    struct s3c_destination_parts parts = {.log = log};
    int r = open_session(&parts.session, c, log, err);

    if (r < 0)
        return r;
    parts.settings = parts.session->settings;
    parts.clock = parts.session->clock;
    r = open_parts(&parts, err);
    if (r < 0) {
        s3c_destination_parts_release(&parts);
        return r;
    }
    return s3c_destination_new(ret, &parts, err);
}
