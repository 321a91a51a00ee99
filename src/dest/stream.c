/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that are sent while they are written. Bytes go from the writer to the sink and are nowhere else afterwards. Where memory is out, bytes that the writer
 * has given already wait in the file's body; nothing is lost as long as the file is open, and a file that cannot be ended fails as a whole.
 */
#include "base/error.h"
#include "dest/pipeline_private.h"

int s3c_pipeline_begin_stream(struct s3c_pipeline *p, struct s3c_file *f, struct s3c_error *err)
{
    int r;

    s3c_pipeline_prepare(p, f);
    r = p->sink->ops->begin(p->sink, &f->delivery, err);
    if (r < 0)
        return r;
    f->streamed = true;
    s3c_link_insert(&p->streams, &f->stream);
    p->open_streams++;
    return 0;
}

static int append_body(struct s3c_pipeline *p, struct s3c_file *f, struct s3c_error *err)
{
    int r;

    if (f->body.len == 0)
        return 0;
    r = p->sink->ops->append(p->sink, &f->delivery, &f->body, err);
    if (r == 0)
        f->unsent = p->sink->ops->unsent(p->sink, &f->delivery);
    return r;
}

int s3c_pipeline_feed_stream(struct s3c_pipeline *p, struct s3c_file *f, struct s3c_error *err)
{
    int r = append_body(p, f, err); /* of an earlier feed that had no memory for it */

    if (r == 0)
        r = f->writer->ops->take(f->writer, &f->body, err);
    if (r == 0) {
        f->size += f->body.len;
        s3c_buf_trim(&f->body); /* it will be with the sink for a while */
        r = append_body(p, f, err);
    }
    return r == S3C_E_NOMEM ? 0 : r;
}

/* The file is closed, and the sink has its delivery until that comes back. */
static void leave_open(struct s3c_pipeline *p, struct s3c_file *f)
{
    p->open_streams--;
    s3c_pipeline_sending(p, f);
    s3c_pipeline_enter(p, f);
}

static void give_up(struct s3c_pipeline *p, struct s3c_file *f, const struct s3c_error *err)
{
    f->abandoned = true;
    s3c_file_keep_failure(f, err);
    p->sink->ops->cancel(p->sink, &f->delivery);
}

void s3c_pipeline_end_stream(struct s3c_pipeline *p, struct s3c_file *f)
{
    struct s3c_error err;
    int r = append_body(p, f, &err);

    if (r == 0)
        r = s3c_file_finish_body(f, &err);
    if (r == 0)
        r = append_body(p, f, &err);
    if (r == 0)
        r = p->sink->ops->end(p->sink, &f->delivery, &err);
    leave_open(p, f);
    if (r < 0)
        give_up(p, f, &err);
}

void s3c_pipeline_abandon_stream(struct s3c_pipeline *p, struct s3c_file *f,
                                 const struct s3c_error *err)
{
    leave_open(p, f);
    give_up(p, f, err);
}
