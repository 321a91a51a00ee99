/* SPDX-License-Identifier: Apache-2.0 */
/* What our compressor writes is what the library reads back, within the room that was promised; what the table held before does not matter. */
#include "fuzz.h"

#include <string.h>

#include <snappy-c.h>

#include "format/snappy.h"

static size_t compress(struct s3c_view in, int before, char *out)
{
    struct s3c_snappy_table *table = malloc(sizeof(*table));
    size_t n;

    require(table);
    memset(table, before, sizeof(*table));
    n = s3c_snappy_compress(table, in, out);
    free(table);
    return n;
}

/* The input alone is short: repeated, it has matches at all distances and of all lengths. */
static struct s3c_view repeat(const uint8_t *data, size_t size, size_t times)
{
    char *text = malloc(size * times + 1);

    require(text);
    for (size_t i = 0; i < times && size > 0; i++)
        memcpy(text + i * size, data, size);
    return (struct s3c_view){text, size * times};
}

static void there_and_back(struct s3c_view in)
{
    size_t room = s3c_snappy_bound(in.len), n, back = in.len;
    char *packed = malloc(room), *again = malloc(room), *text = malloc(in.len + 1);

    require(packed && again && text);
    n = compress(in, 0, packed);
    require(n <= room && compress(in, 0xa5, again) == n && memcmp(packed, again, n) == 0);
    require(snappy_uncompress(packed, n, text, &back) == SNAPPY_OK && back == in.len);
    require(memcmp(text, in.ptr, in.len) == 0);
    free(packed);
    free(again);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t times[] = {1, 3, 200};

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        struct s3c_view in = repeat(data, size, times[i]);

        there_and_back(in);
        free((char *)(uintptr_t)in.ptr);
    }
    return 0;
}
