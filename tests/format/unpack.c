/* SPDX-License-Identifier: Apache-2.0 */
#include "unpack.h"

#include "check.h"

#include <stdlib.h>

#include <isa-l/igzip_lib.h>
#include <snappy-c.h>
#include <zstd.h>

static size_t unpack_gzip(char *dst, size_t room, struct s3c_view packed)
{
    struct inflate_state z;

    isal_inflate_init(&z);
    z.crc_flag = ISAL_GZIP;
    z.next_in = (uint8_t *)(uintptr_t)packed.ptr;
    z.avail_in = (uint32_t)packed.len;
    z.next_out = (uint8_t *)dst;
    z.avail_out = (uint32_t)room;
    assert_int_equal(isal_inflate(&z), ISAL_DECOMP_OK);
    assert_int_equal(z.block_state, ISAL_BLOCK_FINISH);
    assert_int_equal(z.avail_in, 0); /* one member, nothing behind it */
    return room - z.avail_out;
}

static size_t unpack(enum s3c_codec codec, char *dst, size_t room, struct s3c_view packed)
{
    size_t n = room;

    switch (codec) {
    case S3C_CODEC_GZIP:
        return unpack_gzip(dst, room, packed);
    case S3C_CODEC_ZSTD:
        assert_int_equal(ZSTD_findFrameCompressedSize(packed.ptr, packed.len), packed.len);
        return ZSTD_decompress(dst, room, packed.ptr, packed.len);
    case S3C_CODEC_SNAPPY:
        assert_int_equal(snappy_uncompress(packed.ptr, packed.len, dst, &n), SNAPPY_OK);
        return n;
    default:
        assert_true(packed.len <= room);
        memcpy(dst, packed.ptr, packed.len);
        return packed.len;
    }
}

void check_unpacked(enum s3c_codec codec, struct s3c_view packed, struct s3c_view expected)
{
    size_t room = expected.len + 64;
    char *dst = malloc(room);

    assert_non_null(dst);
    assert_int_equal(unpack(codec, dst, room, packed), expected.len);
    if (expected.len > 0)
        assert_memory_equal(dst, expected.ptr, expected.len);
    free(dst);
}
