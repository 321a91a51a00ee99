/* SPDX-License-Identifier: Apache-2.0 */
#include "dest/mark.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/view.h"
#include "s3/call.h"

#define SEED UINT64_C(0x7333632d6d61726b)

static bool same(struct s3c_hash128 a, struct s3c_hash128 b)
{
    return a.lo == b.lo && a.hi == b.hi;
}

void s3c_mark_add(struct s3c_mark *m, struct s3c_view position)
{
    struct s3c_hash128 h = s3c_hash128(position.ptr, position.len, m->all.lo ^ SEED);

    m->count++;
    m->last = s3c_hash128(position.ptr, position.len, SEED);
    m->all = (struct s3c_hash128){h.lo, h.hi ^ (m->all.hi << 1 | m->all.hi >> 63)};
}

/* ---- as text ---- */

static void format_hash(char dst[33], struct s3c_hash128 h)
{
    (void)snprintf(dst, 33, "%016" PRIx64 "%016" PRIx64, h.hi, h.lo);
}

static struct s3c_view base64url(char *dst, struct s3c_view v)
{
    size_t n = s3c_base64_encode(dst, v.ptr, v.len);

    while (n > 0 && dst[n - 1] == '=')
        n--;
    for (size_t i = 0; i < n; i++)
        dst[i] = (char)(dst[i] == '+' ? '-' : dst[i] == '/' ? '_' : dst[i]);
    return (struct s3c_view){dst, n};
}

size_t s3c_mark_format(const struct s3c_mark *m, struct s3c_view last, struct s3c_mark_text *text,
                       struct s3c_delivery_meta meta[S3C_DELIVERY_META_MAX])
{
    size_t n = 0;

    (void)snprintf(text->count, sizeof(text->count), "%" PRIu64, m->count);
    format_hash(text->last_hash, m->last);
    format_hash(text->all_hash, m->all);
    meta[n++] = (struct s3c_delivery_meta){"s3c-count", s3c_view_str(text->count)};
    meta[n++] = (struct s3c_delivery_meta){"s3c-last-hash", s3c_view_str(text->last_hash)};
    meta[n++] = (struct s3c_delivery_meta){"s3c-hash", s3c_view_str(text->all_hash)};
    if (last.len > 0 && last.len <= S3C_MARK_LAST_MAX)
        meta[n++] = (struct s3c_delivery_meta){"s3c-last", base64url(text->last, last)};
    return n;
}

static bool parse_hex(struct s3c_view v, uint64_t *ret)
{
    *ret = 0;
    for (size_t i = 0; i < v.len; i++) {
        char c = v.ptr[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;

        if (digit < 0)
            return false;
        *ret = *ret << 4 | (uint64_t)digit;
    }
    return true;
}

static bool parse_hash(struct s3c_view v, struct s3c_hash128 *ret)
{
    return v.len == 32 && parse_hex(s3c_view_first(v, 16), &ret->hi) &&
           parse_hex(s3c_view_skip(v, 16), &ret->lo);
}

bool s3c_mark_parse(struct s3c_view headers, struct s3c_mark *ret)
{
    struct s3c_call reply = {
        .headers = {.ptr = (char *)(uintptr_t)headers.ptr, .len = headers.len}};
    struct s3c_mark m;

    if (s3c_view_u64(s3c_call_header(&reply, "x-amz-meta-s3c-count"), &m.count) < 0 ||
        m.count == 0 || !parse_hash(s3c_call_header(&reply, "x-amz-meta-s3c-last-hash"), &m.last) ||
        !parse_hash(s3c_call_header(&reply, "x-amz-meta-s3c-hash"), &m.all))
        return false;
    *ret = m;
    return true;
}

/* ---- replays ---- */

bool s3c_positions_next(struct s3c_view positions, size_t *cursor, struct s3c_view *ret)
{
    uint32_t len;

    if (*cursor == positions.len)
        return false;
    memcpy(&len, positions.ptr + *cursor, sizeof(len));
    *ret = (struct s3c_view){positions.ptr + *cursor + sizeof(len), len};
    *cursor += sizeof(len) + len;
    return true;
}

enum s3c_replay s3c_expected_compare(struct s3c_expected *e, struct s3c_view positions,
                                     size_t *ret_stored)
{
    struct s3c_view position;
    size_t cursor = 0, n = 0;

    while (s3c_positions_next(positions, &cursor, &position)) {
        bool complete;

        s3c_mark_add(&e->seen, position);
        n++;
        complete = e->seen.count == e->whole.count;
        if (complete && !same(e->seen.all, e->whole.all))
            return S3C_REPLAY_OTHER;
        if (complete || same(e->seen.last, e->whole.last)) {
            *ret_stored = n;
            return S3C_REPLAY_STORED;
        }
    }
    return S3C_REPLAY_HOLD;
}
