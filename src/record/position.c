/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Split at the *last* underscore, because keys may contain underscores and any other byte, while what follows the last one is only
 * a letter, digits and at most one dot. Seconds are bounded to what nanoseconds in an int64_t can hold, so that no caller has to
 * think of overflow.
 */
#include "record/position.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/view.h"

#define SECOND_MAX (INT64_MAX / S3C_NS_PER_SEC - 1)
#define SHOWN_MAX  200 /* bytes of a malformed position that its error repeats */

/* A copy for people: control characters as \xNN, and if it is not UTF-8, every byte above 0x7f as well. */
static void escape_for_people(char *dst, size_t size, struct s3c_view text)
{
    bool utf8 = s3c_utf8_valid(text), cut = text.len > SHOWN_MAX;
    size_t n = cut ? SHOWN_MAX : text.len, len = 0;

    while (cut && utf8 && n > 0 && ((unsigned char)text.ptr[n] & 0xc0) == 0x80)
        n--; /* not in the middle of a character */
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text.ptr[i];

        if (c < 0x20 || c == 0x7f || (c >= 0x80 && !utf8))
            len += (size_t)snprintf(dst + len, size - len, "\\x%02x", c);
        else
            dst[len++] = (char)c;
    }
    (void)snprintf(dst + len, size - len, "%s", cut ? "..." : "");
}

static int malformed(struct s3c_view text, const char *why, struct s3c_error *err)
{
    char shown[4 * SHOWN_MAX + sizeof("...")];

    escape_for_people(shown, sizeof(shown), text);
    return s3c_error_set(err, S3C_E_POSITION,
                         "malformed position \"%s\": %s; expected <key>_s<seconds> or "
                         "<key>_c<seconds> or <key>_c<seconds>.<n>",
                         shown, why);
}

static int parse_following(struct s3c_view v, uint32_t *ret)
{
    uint64_t n;

    /* .0 is never written: the last event of a second has no suffix. */
    if (s3c_view_u64(v, &n) < 0 || n == 0 || n > UINT32_MAX)
        return S3C_E_POSITION;
    *ret = (uint32_t)n;
    return 0;
}

int s3c_position_parse(struct s3c_position *ret, struct s3c_view text, struct s3c_error *err)
{
    struct s3c_position p = {.phase = S3C_PHASE_CDC};
    struct s3c_view tail, seconds, following;
    uint64_t second;

    if (!s3c_view_split_last(text, '_', &p.key, &tail))
        return malformed(text, "it has no underscore", err);
    if (p.key.len == 0)
        return malformed(text, "the key is missing", err);
    if (tail.len == 0 || (tail.ptr[0] != 's' && tail.ptr[0] != 'c'))
        return malformed(text, "no 's' or 'c' follows the last underscore", err);
    if (tail.ptr[0] == 's')
        p.phase = S3C_PHASE_SNAPSHOT;

    seconds = s3c_view_skip(tail, 1);
    if (p.phase == S3C_PHASE_CDC && s3c_view_split(seconds, '.', &seconds, &following) &&
        parse_following(following, &p.following) < 0)
        return malformed(text, "what follows the dot is not a number from 1 on", err);
    if (s3c_view_u64(seconds, &second) < 0 || second > SECOND_MAX)
        return malformed(text, "the number of seconds is missing or out of range", err);
    p.second = (int64_t)second;
    *ret = p;
    return 0;
}

int s3c_position_format(struct s3c_buf *out, const struct s3c_position *p)
{
    size_t before = out->len;
    int r;

    r = s3c_buf_add_view(out, p->key);
    if (r == 0)
        r = s3c_buf_addf(out, "_%c%lld", p->phase == S3C_PHASE_SNAPSHOT ? 's' : 'c',
                         (long long)p->second);
    if (r == 0 && p->following > 0)
        r = s3c_buf_addf(out, ".%u", p->following);
    if (r < 0)
        out->len = before;
    return r;
}

int s3c_position_cmp(const struct s3c_position *a, const struct s3c_position *b)
{
    int r;

    if (a->phase != b->phase)
        return a->phase == S3C_PHASE_SNAPSHOT ? -1 : 1;
    if (a->phase == S3C_PHASE_CDC && a->second != b->second)
        return a->second < b->second ? -1 : 1;
    r = s3c_view_cmp(a->key, b->key);
    if (r != 0 || a->phase == S3C_PHASE_SNAPSHOT)
        return r;
    return (a->following < b->following) - (a->following > b->following);
}
