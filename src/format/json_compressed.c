/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines gather as text and are compressed a chunk at a time, so that an open file holds its compressed bytes and at most one chunk (or one
 * record) of text. One stream, not a member for each chunk: not every reader goes on after the first member.
 */
#include "format/json_compressed.h"

#include <assert.h>

#include "base/error.h"
#include "base/mem.h"
#include "format/json.h"

enum { CHUNK = 256 * 1024 };

struct packed_writer {
    struct s3c_writer base;
    struct s3c_compressor *compressor;
    struct s3c_buf text, out;
};

static int compress_text(struct packed_writer *w, bool last)
{
    int r = s3c_compress_piece(w->compressor, s3c_buf_view(&w->text), last, &w->out);

    if (r < 0)
        return r;
    if (w->text.cap > (size_t)4 * CHUNK) /* a large record is no reason to keep its memory */
        s3c_buf_done(&w->text);
    s3c_buf_clear(&w->text);
    return 0;
}

static int packed_add(struct s3c_writer *base, const struct s3c_record *r, struct s3c_error *err)
{
    struct packed_writer *w = (struct packed_writer *)base;
    int rc = s3c_json_add(&w->text, r, err);

    if (rc < 0)
        return rc;
    if (w->text.len >= CHUNK)
        (void)compress_text(w, false); /* without memory the text waits for the next time */
    return 0;
}

/* What waits as text counts in full: the file is closed somewhat early rather than late. */
static size_t packed_size(const struct s3c_writer *base)
{
    const struct packed_writer *w = (const struct packed_writer *)base;

    return w->out.len + w->text.len;
}

static int packed_finish(struct s3c_writer *base, struct s3c_buf *ret, struct s3c_error *err)
{
    struct packed_writer *w = (struct packed_writer *)base;
    int r = compress_text(w, true);

    if (r < 0) {
        s3c_compress_restart(w->compressor);
        s3c_buf_clear(&w->text);
        s3c_buf_clear(&w->out);
        return r == S3C_E_NOMEM
                   ? s3c_error_nomem(err)
                   : s3c_error_set(err, r,
                                   "cannot compress a JSON file: its last record is too large");
    }
    *ret = w->out;
    w->out = (struct s3c_buf)S3C_BUF_INIT(SIZE_MAX);
    return 0;
}

static void packed_release(struct s3c_writer *base)
{
    struct packed_writer *w = (struct packed_writer *)base;

    s3c_compressor_free(w->compressor);
    s3c_buf_done(&w->text);
    s3c_buf_done(&w->out);
    s3c_free(w);
}

#define OPS(extension_, encoding)                                                                  \
    {                                                                                              \
        .extension = extension_, .content_type = "application/json", .content_encoding = encoding, \
        .add = packed_add, .size = packed_size, .memory = packed_size, .finish = packed_finish,    \
        .release = packed_release,                                                                 \
    }

int s3c_json_compressed_writer_new(struct s3c_writer **ret, enum s3c_codec codec,
                                   struct s3c_error *err)
{
    static const struct s3c_writer_ops gzip = OPS("json.gz", "gzip"),
                                       zstd = OPS("json.zst", "zstd");
    struct packed_writer *w = s3c_zalloc(sizeof(*w));
    int r;

    assert(codec == S3C_CODEC_GZIP || codec == S3C_CODEC_ZSTD);
    if (!w)
        return s3c_error_nomem(err);
    w->base.ops = codec == S3C_CODEC_GZIP ? &gzip : &zstd;
    w->text = w->out = (struct s3c_buf)S3C_BUF_INIT(SIZE_MAX);
    r = s3c_compressor_new(&w->compressor, codec, err);
    if (r < 0) {
        packed_release(&w->base);
        return r;
    }
    *ret = &w->base;
    return 0;
}
