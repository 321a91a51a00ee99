/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run is looked for at the start of each group of eight only: that misses the first values of a run that begins inside a group,
 * which costs a few bits, and keeps literal stretches multiples of eight, which the format asks for.
 */
#include "format/parquet_levels.h"

#include <assert.h>

#include "base/mem.h"
#include "format/parquet_bytes.h"
#include "format/parquet_thrift.h"

enum { GROUP = 8 };

unsigned s3c_bit_width(uint32_t most)
{
    return most <= 1 ? 1 : 32u - (unsigned)__builtin_clz(most);
}

/* n is a multiple of GROUP; room for n * width / 8 + 8 bytes is there. */
static void pack(struct s3c_buf *out, const uint32_t *v, size_t n, unsigned width)
{
    char *dst = out->ptr + out->len;
    uint64_t acc = 0;
    unsigned bits = 0;

    for (size_t i = 0; i < n; i++) {
        acc |= (uint64_t)v[i] << bits;
        bits += width;
        if (bits >= 32) {
            s3c_put_le32(dst, (uint32_t)acc);
            dst += 4;
            acc >>= 32;
            bits -= 32;
        }
    }
    for (; bits > 0; bits -= 8, acc >>= 8)
        *dst++ = (char)acc;
    out->len = (size_t)(dst - out->ptr);
}

static int add_literals(struct s3c_buf *out, const uint32_t *v, size_t n, unsigned width)
{
    size_t groups = (n + GROUP - 1) / GROUP, whole = n / GROUP * GROUP;
    int r;

    if (n == 0)
        return 0;
    r = s3c_varint_add(out, (uint64_t)groups << 1 | 1);
    if (r == 0)
        r = s3c_buf_reserve(out, groups * width + 8);
    if (r < 0)
        return r;
    pack(out, v, whole, width);
    if (whole < n) {
        uint32_t last[GROUP] = {0};

        memcpy(last, v + whole, (n - whole) * sizeof(*v));
        pack(out, last, GROUP, width);
    }
    return 0;
}

static int add_run(struct s3c_buf *out, uint32_t v, size_t n, unsigned width)
{
    char value[4];
    int r = s3c_varint_add(out, (uint64_t)n << 1);

    s3c_put_le32(value, v);
    return r < 0 ? r : s3c_buf_add(out, value, (width + 7) / 8);
}

static size_t run_length(const uint32_t *v, size_t n)
{
    size_t i = 1;

    while (i < n && v[i] == v[0])
        i++;
    return i;
}

int s3c_hybrid_add(struct s3c_buf *out, const uint32_t *v, size_t n, unsigned width)
{
    size_t literals = 0, i = 0; /* [literals, i) waits to be packed; a multiple of GROUP */
    int r = 0;

    assert(width >= 1 && width <= 32);
    while (i < n && r == 0) {
        size_t run = run_length(v + i, n - i);

        if (run < GROUP) {
            i = n - i < GROUP ? n : i + GROUP;
            continue;
        }
        r = add_literals(out, v + literals, i - literals, width);
        if (r == 0)
            r = add_run(out, v[i], run, width);
        i += run;
        literals = i;
    }
    return r < 0 ? r : add_literals(out, v + literals, n - literals, width);
}

static bool all_equal(const uint8_t *levels, size_t n)
{
    return n > 0 && memcmp(levels, levels + 1, n - 1) == 0;
}

static int add_widened(struct s3c_buf *out, const uint8_t *levels, size_t n, unsigned width)
{
    uint32_t *wide = s3c_reallocarray(NULL, n, sizeof(*wide));
    int r;

    if (!wide)
        return S3C_E_NOMEM;
    for (size_t i = 0; i < n; i++)
        wide[i] = levels[i];
    r = s3c_hybrid_add(out, wide, n, width);
    s3c_free(wide);
    return r;
}

int s3c_levels_add(struct s3c_buf *out, const uint8_t *levels, size_t n, unsigned most)
{
    static const char no_length[4];
    unsigned width = s3c_bit_width(most);
    size_t start = out->len;
    int r = s3c_buf_add(out, no_length, sizeof(no_length));

    if (r == 0)
        r = all_equal(levels, n) ? add_run(out, levels[0], n, width)
                                 : add_widened(out, levels, n, width);
    if (r == 0)
        s3c_put_le32(out->ptr + start, (uint32_t)(out->len - start - sizeof(no_length)));
    return r;
}
