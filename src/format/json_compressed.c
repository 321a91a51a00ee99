/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines gather as text. A file that stays small is compressed when it is finished, with the format's compressor: a thousand open files of
 * a few KiB cost their text. One that grows gets a compressor of its own, and holds from then on its compressed bytes and at most one
 * chunk (or one record) of text. Always one stream, not a member for each chunk: not every reader goes on after the first member.
 *
 * A compressor wants room for whatever might come out, a MiB and more for each piece; that room is the format's, and a file keeps only
 * what came.
 */
#include "format/json_compressed.h"

#include <assert.h>

#include "base/error.h"
#include "base/mem.h"
#include "format/json.h"

#define CHUNK ((size_t)240 << 10) /* with one more record it still fits a buffer of 256 KiB */
#define KEEP_MAX \
    ((size_t)4 << 20) /* larger buffers came from a large record: no reason to keep them */

struct packed_format {
    struct s3c_format base;
    enum s3c_codec codec;
    struct s3c_compressor *spare; /* for small files, and for the next large one; NULL: lent */
    struct s3c_buf room;
};

struct packed_writer {
    struct s3c_writer base;
    struct packed_format *format;
    struct s3c_compressor *compressor; /* NULL: the file is small */
    size_t compressor_memory;
    struct s3c_buf text;
    struct s3c_buf late; /* compressed, but there was no memory to append it to `out` */
    struct s3c_buf out;
    size_t taken;
};

/* ---- the format's ---- */

static int borrow(struct packed_format *f, struct s3c_compressor **ret)
{
    struct s3c_error err;

    *ret = S3C_TAKE(f->spare);
    return *ret ? 0 : s3c_compressor_new(ret, f->codec, &err);
}

static void give_back(struct packed_format *f, struct s3c_compressor *c)
{
    if (!f->spare)
        f->spare = c;
    else
        s3c_compressor_free(c);
}

static void tidy(struct s3c_buf *b)
{
    if (b->cap > KEEP_MAX)
        s3c_buf_done(b);
    s3c_buf_clear(b);
}

/* ---- a writer's ---- */

static void start_again(struct packed_writer *w)
{
    if (w->compressor) {
        s3c_compress_restart(w->compressor);
        give_back(w->format, S3C_TAKE(w->compressor));
    }
    w->compressor_memory = 0;
    w->taken = 0;
    s3c_buf_done(&w->text);
    s3c_buf_done(&w->late);
    s3c_buf_done(&w->out);
}

static int append_late(struct packed_writer *w)
{
    int r = s3c_buf_add_view(&w->out, s3c_buf_view(&w->late));

    if (r == 0)
        s3c_buf_done(&w->late);
    return r;
}

/* The text becomes a piece of the stream, or (on failure) stays. */
static int compress_text(struct packed_writer *w, bool last)
{
    struct s3c_buf *room = &w->format->room;
    int r = append_late(w);

    if (r == 0 && !w->compressor)
        r = borrow(w->format, &w->compressor);
    if (r == 0)
        r = s3c_compress_piece(w->compressor, s3c_buf_view(&w->text), last, room);
    if (w->compressor)
        w->compressor_memory = s3c_compressor_memory(w->compressor);
    if (r < 0)
        return r;
    tidy(&w->text);
    r = s3c_buf_add_view(&w->out, s3c_buf_view(room));
    if (r < 0) {
        w->late = *room;
        *room = (struct s3c_buf)S3C_BUF_INIT(SIZE_MAX);
        return 0;
    }
    tidy(room);
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

    return w->taken + w->out.len + w->late.len + w->text.len;
}

static size_t packed_memory(const struct s3c_writer *base)
{
    const struct packed_writer *w = (const struct packed_writer *)base;

    return sizeof(*w) + w->compressor_memory + w->text.cap + w->late.cap + w->out.cap;
}

static size_t packed_ready(const struct s3c_writer *base)
{
    return ((const struct packed_writer *)base)->out.len;
}

static int packed_take(struct s3c_writer *base, struct s3c_buf *ret, struct s3c_error *err)
{
    struct packed_writer *w = (struct packed_writer *)base;

    (void)err; /* the bytes are there: nothing can fail */
    w->taken += w->out.len;
    *ret = w->out;
    w->out = (struct s3c_buf)S3C_BUF_INIT(SIZE_MAX);
    return 0;
}

static int packed_finish(struct s3c_writer *base, struct s3c_buf *ret, struct s3c_error *err)
{
    struct packed_writer *w = (struct packed_writer *)base;
    int r = compress_text(w, true);

    if (r == 0)
        r = append_late(w);
    if (r == 0)
        r = packed_take(base, ret, err);
    start_again(w);
    if (r == S3C_E_NOMEM)
        return s3c_error_nomem(err);
    if (r < 0)
        return s3c_error_set(err, r, "cannot compress a JSON file: its last record is too large");
    return 0;
}

static void format_release(struct s3c_format *base)
{
    struct packed_format *f = (struct packed_format *)base;

    s3c_compressor_free(f->spare);
    s3c_buf_done(&f->room);
    s3c_free(f);
}

static void packed_release(struct s3c_writer *base)
{
    struct packed_writer *w = (struct packed_writer *)base;

    start_again(w);
    s3c_free(w);
}

static int format_open(struct s3c_format *base, const struct s3c_record *first,
                       struct s3c_writer **ret, struct s3c_error *err)
{
    static const struct s3c_writer_ops ops = {
        .add = packed_add,
        .size = packed_size,
        .memory = packed_memory,
        .ready = packed_ready,
        .take = packed_take,
        .finish = packed_finish,
        .release = packed_release,
    };
    struct packed_format *f = (struct packed_format *)base;
    struct packed_writer *w = s3c_zalloc(sizeof(*w));

    (void)first;
    if (!w)
        return s3c_error_nomem(err);
    w->base.ops = &ops;
    w->format = f;
    w->text = w->late = w->out = (struct s3c_buf)S3C_BUF_INIT(SIZE_MAX);
    *ret = &w->base;
    return 0;
}

#define FORMAT(extension_, encoding)                                                               \
    {                                                                                              \
        .extension = extension_, .content_type = "application/json", .content_encoding = encoding, \
        .variant = s3c_json_any_variant, .open = format_open, .release = format_release,           \
    }

int s3c_json_compressed_format_new(struct s3c_format **ret, enum s3c_codec codec,
                                   struct s3c_error *err)
{
    static const struct s3c_format_ops gzip = FORMAT("json.gz", "gzip"),
                                       zstd = FORMAT("json.zst", "zstd");
    struct packed_format *f = s3c_zalloc(sizeof(*f));
    int r;

    assert(codec == S3C_CODEC_GZIP || codec == S3C_CODEC_ZSTD);
    if (!f)
        return s3c_error_nomem(err);
    f->base.ops = codec == S3C_CODEC_GZIP ? &gzip : &zstd;
    f->codec = codec;
    f->room = (struct s3c_buf)S3C_BUF_INIT(SIZE_MAX);
    r = s3c_compressor_new(&f->spare, codec, err);
    if (r < 0) {
        format_release(&f->base);
        return r;
    }
    *ret = &f->base;
    return 0;
}
