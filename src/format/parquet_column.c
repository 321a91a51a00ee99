/* SPDX-License-Identifier: Apache-2.0 */
#include "format/parquet_column.h"

#include "base/mem.h"
#include "format/parquet_bytes.h"
#include "format/parquet_levels.h"

enum { ENOUGH_VALUES = 1024 }; /* after so many it is judged whether values repeat */

void s3c_column_init(struct s3c_column *c)
{
    *c = (struct s3c_column){
        .has_dictionary = true, .numbers = S3C_BUF_INIT(SIZE_MAX), .plain = S3C_BUF_INIT(SIZE_MAX)};
    s3c_dictionary_init(&c->dictionary);
}

void s3c_column_done(struct s3c_column *c)
{
    s3c_dictionary_done(&c->dictionary);
    s3c_buf_done(&c->numbers);
    s3c_buf_done(&c->plain);
}

void s3c_column_clear(struct s3c_column *c)
{
    s3c_dictionary_clear(&c->dictionary);
    s3c_buf_clear(&c->numbers);
    s3c_buf_clear(&c->plain);
    c->has_dictionary = true;
    c->values = 0;
}

static void put_plain(struct s3c_buf *out, struct s3c_view v)
{
    s3c_put_le32(out->ptr + out->len, (uint32_t)v.len);
    if (v.len > 0)
        memcpy(out->ptr + out->len + sizeof(uint32_t), v.ptr, v.len);
    out->len += sizeof(uint32_t) + v.len;
}

static size_t plain_size(const struct s3c_column *c, const uint32_t *numbers)
{
    size_t n = 0;

    for (size_t i = 0; i < c->values; i++)
        n += sizeof(uint32_t) + c->dictionary.entries[numbers[i]].len;
    return n;
}

static int leave_dictionary(struct s3c_column *c)
{
    const uint32_t *numbers = (const uint32_t *)(const void *)c->numbers.ptr;
    int r = s3c_buf_reserve(&c->plain, plain_size(c, numbers));

    if (r < 0)
        return r;
    for (size_t i = 0; i < c->values; i++)
        put_plain(&c->plain, s3c_dictionary_value(&c->dictionary, numbers[i]));
    s3c_dictionary_clear(&c->dictionary);
    s3c_buf_clear(&c->numbers);
    c->has_dictionary = false;
    return 0;
}

static int reserve_numbers(struct s3c_column *c, size_t count, size_t bytes)
{
    int r = S3C_E_TOO_LARGE;

    if (c->values < ENOUGH_VALUES || c->dictionary.count <= c->values / 2)
        r = s3c_dictionary_reserve(&c->dictionary, count, bytes);
    if (r == S3C_E_TOO_LARGE)
        return leave_dictionary(c);
    return r < 0 ? r : s3c_buf_reserve(&c->numbers, count * sizeof(uint32_t));
}

int s3c_column_reserve(struct s3c_column *c, size_t count, size_t bytes)
{
    int r = 0;

    if (c->has_dictionary)
        r = reserve_numbers(c, count, bytes);
    if (r == 0 && !c->has_dictionary)
        r = s3c_buf_reserve(&c->plain, bytes + count * sizeof(uint32_t));
    return r;
}

void s3c_column_add(struct s3c_column *c, struct s3c_view v, size_t hint)
{
    uint32_t number;

    c->values++;
    if (!c->has_dictionary) {
        put_plain(&c->plain, v);
        return;
    }
    number = s3c_dictionary_add(&c->dictionary, v, hint);
    memcpy(c->numbers.ptr + c->numbers.len, &number, sizeof(number));
    c->numbers.len += sizeof(number);
}

int s3c_column_settle(struct s3c_column *c)
{
    const uint32_t *numbers = (const uint32_t *)(const void *)c->numbers.ptr;
    size_t packed;

    if (!c->has_dictionary)
        return 0;
    packed = c->values * s3c_bit_width(c->dictionary.count) / 8 + c->dictionary.plain.len;
    return packed < plain_size(c, numbers) ? 0 : leave_dictionary(c);
}

size_t s3c_column_bytes(const struct s3c_column *c)
{
    return c->dictionary.plain.len + c->numbers.len + c->plain.len;
}
