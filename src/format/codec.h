/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compression, of one block at a time or as a stream: the only place that knows zstd, ISA-L and libdeflate. The same bytes in give the
 * same bytes out, whatever the compressor did before; not so gzip streams, where ISA-L finds a match more or less by the addresses of its buffers. Not thread-safe.
 */
#ifndef S3C_FORMAT_CODEC_H
#define S3C_FORMAT_CODEC_H

#include "base/buf.h"

enum s3c_codec { S3C_CODEC_NONE, S3C_CODEC_GZIP, S3C_CODEC_ZSTD, S3C_CODEC_SNAPPY };

struct s3c_compressor;
S3C_MUST_USE int s3c_compressor_new(struct s3c_compressor **ret, enum s3c_codec codec,
                                    struct s3c_error *err); /* 0, S3C_E_NOMEM */
void s3c_compressor_free(struct s3c_compressor *c);         /* NULL is fine */
/* Bytes of memory it holds now, but for what gzip blocks take, which libdeflate does not tell; grows when a block or a stream begins. */
size_t s3c_compressor_memory(const struct s3c_compressor *c);

/* Appends the compressed block: a gzip member, a zstd frame, raw snappy, or the bytes themselves. 0, S3C_E_NOMEM, S3C_E_TOO_LARGE. */
S3C_MUST_USE int s3c_compress_block(struct s3c_compressor *c, struct s3c_view in,
                                    struct s3c_buf *out);

/*
 * How hard zstd looks for matches in the blocks that follow: at every position, at some, at few. All else is compressed the same way, so that a column whose values
 * hardly match gets no larger by less effort, and some get smaller. Before the first call: level 1. Other codecs have one effort only.
 */
enum s3c_effort { S3C_EFFORT_MOST, S3C_EFFORT_LESS, S3C_EFFORT_LEAST };
void s3c_compress_effort(struct s3c_compressor *c, enum s3c_effort effort);

/*
 * A stream (gzip, zstd, none; not snappy): any number of pieces, the last one said to be; then the next stream begins. What of it comes
 * out when is the codec's business. After a failure nothing of the piece was taken, and it may be given again.
 */
S3C_MUST_USE int s3c_compress_piece(struct s3c_compressor *c, struct s3c_view in, bool last,
                                    struct s3c_buf *out);
void s3c_compress_restart(struct s3c_compressor *c); /* gives up the stream, begins the next one */

/* CRC-32 as gzip has it. */
uint32_t s3c_crc32(struct s3c_view v);

#endif
