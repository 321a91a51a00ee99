/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gzip streams are ISA-L's: it alone compresses JSON at several hundred MB/s and core. gzip blocks are libdeflate's, which gives the same bytes each
 * time and, at level 6, what readers expect of gzip. Snappy is our own. zstd runs at level 1: level 3 takes a third more time for 1 % of the size.
 */
#include "format/codec.h"

#include <assert.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#include <libdeflate.h>
#include <zstd.h>

#include "base/error.h"
#include "base/mem.h"
#include "format/snappy.h"

enum { ZSTD_LEVEL = 1, GZIP_STREAM_LEVEL = 1, GZIP_BLOCK_LEVEL = 6 };

/* More than a codec can keep back from earlier pieces: zstd a window of 512 KiB, ISA-L tokens of 256 KiB. */
#define HELD_BACK ((size_t)1 << 20)

#define BLOCK_MAX (UINT32_MAX / 4 * 3) /* ISA-L and snappy's format count with 32 bits */

/*
 * ISA-L 2.30 returns with the upper halves of the vector registers in use, and from then on every SSE instruction of the thread waits for them, until
 * somebody clears them: unseen in any profile of ISA-L, but a third of the time in which records become columns.
 */
#if defined(__x86_64__)
__attribute__((target("avx"))) static void clear_upper_halves(void)
{
    _mm256_zeroupper();
}

static void leave_isal(void)
{
    if (__builtin_cpu_supports("avx"))
        clear_upper_halves();
}
#else
static void leave_isal(void)
{
}
#endif

struct s3c_compressor {
    enum s3c_codec codec;
    ZSTD_CCtx *zstd;
    struct isal_zstream *gzip;
    uint8_t *gzip_level;
    struct libdeflate_compressor *deflate; /* from the first gzip block on */
    struct s3c_snappy_table *snappy;
};

static int init_zstd(struct s3c_compressor *c)
{
    c->zstd = ZSTD_createCCtx();
    if (!c->zstd ||
        ZSTD_isError(ZSTD_CCtx_setParameter(c->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL)))
        return S3C_E_NOMEM;
    return 0;
}

static int init_snappy(struct s3c_compressor *c)
{
    c->snappy = s3c_alloc(sizeof(*c->snappy));
    return c->snappy ? 0 : S3C_E_NOMEM;
}

static int init_gzip(struct s3c_compressor *c)
{
    c->gzip = s3c_alloc(sizeof(*c->gzip));
    c->gzip_level = s3c_alloc(ISAL_DEF_LVL1_DEFAULT);
    if (!c->gzip || !c->gzip_level)
        return S3C_E_NOMEM;
    s3c_compress_restart(c);
    return 0;
}

int s3c_compressor_new(struct s3c_compressor **ret, enum s3c_codec codec, struct s3c_error *err)
{
    struct s3c_compressor *c = s3c_zalloc(sizeof(*c));
    int r = 0;

    if (!c)
        return s3c_error_nomem(err);
    c->codec = codec;
    if (codec == S3C_CODEC_ZSTD)
        r = init_zstd(c);
    else if (codec == S3C_CODEC_GZIP)
        r = init_gzip(c);
    else if (codec == S3C_CODEC_SNAPPY)
        r = init_snappy(c);
    if (r < 0) {
        s3c_compressor_free(c);
        return s3c_error_nomem(err);
    }
    *ret = c;
    return 0;
}

void s3c_compressor_free(struct s3c_compressor *c)
{
    if (!c)
        return;
    (void)ZSTD_freeCCtx(c->zstd);
    s3c_free(c->gzip);
    s3c_free(c->gzip_level);
    libdeflate_free_compressor(c->deflate);
    s3c_free(c->snappy);
    s3c_free(c);
}

size_t s3c_compressor_memory(const struct s3c_compressor *c)
{
    return sizeof(*c) + ZSTD_sizeof_CCtx(c->zstd) +
           (c->gzip ? sizeof(*c->gzip) + ISAL_DEF_LVL1_DEFAULT : 0) +
           (c->snappy ? sizeof(*c->snappy) : 0);
}

void s3c_compress_restart(struct s3c_compressor *c)
{
    if (c->zstd)
        (void)ZSTD_CCtx_reset(c->zstd, ZSTD_reset_session_only);
    if (c->gzip) {
        isal_deflate_init(c->gzip);
        c->gzip->level = GZIP_STREAM_LEVEL;
        c->gzip->level_buf = c->gzip_level;
        c->gzip->level_buf_size = ISAL_DEF_LVL1_DEFAULT;
        c->gzip->gzip_flag = IGZIP_GZIP;
    }
}

/* Entropy coding of literals has no name in the stable interface, and at such an acceleration zstd would leave it out. */
#define LITERALS_PARAMETER ZSTD_c_experimentalParam5

void s3c_compress_effort(struct s3c_compressor *c, enum s3c_effort effort)
{
    static const int steps[] = {
        [S3C_EFFORT_MOST] = 1, [S3C_EFFORT_LESS] = 3, [S3C_EFFORT_LEAST] = 8};
    enum { HASH_LOG = 13, MIN_MATCH = 6, HUFFMAN = 1 }; /* a table that fits the first cache */

    if (!c->zstd || ZSTD_isError(ZSTD_CCtx_setParameter(c->zstd, LITERALS_PARAMETER, HUFFMAN)))
        return;
    (void)ZSTD_CCtx_setParameter(c->zstd, ZSTD_c_hashLog, HASH_LOG);
    (void)ZSTD_CCtx_setParameter(c->zstd, ZSTD_c_minMatch, MIN_MATCH);
    (void)ZSTD_CCtx_setParameter(c->zstd, ZSTD_c_targetLength, steps[effort]);
}

static size_t room_for(struct s3c_view in)
{
    return in.len + in.len / 64 + HELD_BACK;
}

/* Room was made for everything that can come out, so that nothing can go wrong half-way. */
static void gzip_piece(struct isal_zstream *z, struct s3c_view in, bool last, struct s3c_buf *out)
{
    size_t room = room_for(in); /* not the buffer's: it must not decide what comes out */

    z->next_in = (uint8_t *)(uintptr_t)in.ptr;
    z->avail_in = (uint32_t)in.len;
    z->end_of_stream = last;
    z->flush = NO_FLUSH;
    z->next_out = (uint8_t *)out->ptr + out->len;
    z->avail_out = (uint32_t)(room < UINT32_MAX ? room : UINT32_MAX);
    do {
        int r = isal_deflate(z);

        assert(r == COMP_OK && z->avail_out > 0);
        (void)r;
    } while (z->avail_in > 0 || (last && z->internal_state.state != ZSTATE_END));
    leave_isal();
    out->len = (size_t)((char *)z->next_out - out->ptr);
}

static int zstd_piece(ZSTD_CCtx *z, struct s3c_view in, bool last, struct s3c_buf *out)
{
    ZSTD_inBuffer from = {in.ptr, in.len, 0};
    ZSTD_outBuffer to = {out->ptr + out->len, out->cap - out->len, 0};
    size_t left;

    do {
        left = ZSTD_compressStream2(z, &to, &from, last ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(left))
            return S3C_E_NOMEM; /* its tables, made when a stream begins: nothing else can fail */
    } while (from.pos < from.size || (last && left > 0));
    out->len += to.pos;
    return 0;
}

int s3c_compress_piece(struct s3c_compressor *c, struct s3c_view in, bool last, struct s3c_buf *out)
{
    int r;

    assert(c->codec != S3C_CODEC_SNAPPY);
    if (in.len > BLOCK_MAX)
        return S3C_E_TOO_LARGE;
    if (c->codec == S3C_CODEC_NONE)
        return s3c_buf_add_view(out, in);
    r = s3c_buf_reserve(out, room_for(in));
    if (r < 0)
        return r;
    if (c->codec == S3C_CODEC_ZSTD)
        return zstd_piece(c->zstd, in, last, out);
    gzip_piece(c->gzip, in, last, out);
    if (last)
        s3c_compress_restart(c);
    return 0;
}

static int zstd_block(struct s3c_compressor *c, struct s3c_view in, struct s3c_buf *out)
{
    size_t bound = ZSTD_compressBound(in.len), n;
    int r = s3c_buf_reserve(out, bound);

    if (r < 0)
        return r;
    n = ZSTD_compress2(c->zstd, out->ptr + out->len, bound, in.ptr, in.len);
    if (ZSTD_isError(n))
        return S3C_E_NOMEM;
    out->len += n;
    return 0;
}

static int gzip_block(struct s3c_compressor *c, struct s3c_view in, struct s3c_buf *out)
{
    size_t bound;
    int r;

    if (!c->deflate)
        c->deflate = libdeflate_alloc_compressor(GZIP_BLOCK_LEVEL);
    if (!c->deflate)
        return S3C_E_NOMEM;
    bound = libdeflate_gzip_compress_bound(c->deflate, in.len);
    r = s3c_buf_reserve(out, bound);
    if (r < 0)
        return r;
    out->len += libdeflate_gzip_compress(c->deflate, in.ptr, in.len, out->ptr + out->len, bound);
    return 0;
}

static int snappy_block(struct s3c_compressor *c, struct s3c_view in, struct s3c_buf *out)
{
    int r = s3c_buf_reserve(out, s3c_snappy_bound(in.len));

    if (r == 0)
        out->len += s3c_snappy_compress(c->snappy, in, out->ptr + out->len);
    return r;
}

int s3c_compress_block(struct s3c_compressor *c, struct s3c_view in, struct s3c_buf *out)
{
    if (in.len > BLOCK_MAX)
        return S3C_E_TOO_LARGE;
    if (c->codec == S3C_CODEC_ZSTD)
        return zstd_block(c, in, out);
    if (c->codec == S3C_CODEC_SNAPPY)
        return snappy_block(c, in, out);
    if (c->codec == S3C_CODEC_GZIP)
        return gzip_block(c, in, out);
    return s3c_buf_add_view(out, in);
}

uint32_t s3c_crc32(struct s3c_view v)
{
    uint32_t crc = crc32_gzip_refl(0, (const unsigned char *)v.ptr, v.len);

    leave_isal();
    return crc;
}
