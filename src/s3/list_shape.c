/* SPDX-License-Identifier: Apache-2.0 */
#include "s3/list_shape.h"

#include <string.h>

#include "base/xml_text.h"

#define LEARN_MAX 32u /* per page and kind */
#define DEPTH_MAX 8u

static bool name_is(struct s3c_view name, const char *text)
{
    return !memcmp(name.ptr, text, name.len);
}

enum s3c_list_field s3c_list_field_of(struct s3c_view name)
{
    switch (name.len) {
    case 3:
        return name_is(name, "Key") ? S3C_LIST_KEY : S3C_LIST_OTHER;
    case 4:
        if (name_is(name, "ETag"))
            return S3C_LIST_ETAG;
        return name_is(name, "Size") ? S3C_LIST_SIZE : S3C_LIST_OTHER;
    case 8:
        return name_is(name, "IsLatest") ? S3C_LIST_IS_LATEST : S3C_LIST_OTHER;
    case 9:
        return name_is(name, "VersionId") ? S3C_LIST_VERSION_ID : S3C_LIST_OTHER;
    case 12:
        return name_is(name, "LastModified") ? S3C_LIST_LAST_MODIFIED : S3C_LIST_OTHER;
    default:
        return S3C_LIST_OTHER;
    }
}

/* ---- learning ---- */

struct learner {
    struct s3c_list_shape *shape;
    const char *p, *end;
    struct s3c_view open[DEPTH_MAX];
    unsigned depth;
    size_t tags;
};

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool add_tags(struct learner *l, const char *p, size_t n)
{
    if (l->tags + n > S3C_LIST_SHAPE_BYTES)
        return false;
    memcpy(l->shape->tags + l->tags, p, n);
    l->tags += n;
    return true;
}

/* "name>" at p: the name, else an empty view. */
static struct s3c_view plain_name(const char *p, const char *end)
{
    const char *q = p;

    while (q < end && is_alnum(*q))
        q++;
    return (struct s3c_view){p, q < end && *q == '>' ? (size_t)(q - p) : 0};
}

static bool learn_close(struct learner *l)
{
    struct s3c_view name = plain_name(l->p + 2, l->end), open = l->open[--l->depth];

    if (name.len != open.len || memcmp(name.ptr, open.ptr, name.len) != 0 ||
        !add_tags(l, l->p, name.len + 3))
        return false;
    l->p += name.len + 3;
    return true;
}

static bool learn_open(struct learner *l)
{
    struct s3c_view name = plain_name(l->p + 1, l->end);
    struct s3c_list_shape *s = l->shape;
    const char *next;

    if (!name.len || l->depth == DEPTH_MAX || !add_tags(l, l->p, name.len + 2))
        return false;
    l->open[l->depth++] = name;
    l->p += name.len + 2;
    next = memchr(l->p, '<', (size_t)(l->end - l->p));
    if (!next || l->end - next < 2)
        return false;
    if (next[1] != '/') /* a child: nothing may stand in front of it */
        return next == l->p;
    if (s->texts == S3C_LIST_SHAPE_TEXTS)
        return false;
    s->field[s->texts++] = l->depth == 1 ? s3c_list_field_of(name) : S3C_LIST_OTHER;
    s->at[s->texts] = (uint16_t)l->tags;
    l->p = next;
    return true;
}

static bool learn(struct learner *l)
{
    for (;;) {
        if (l->end - l->p < 2 || *l->p != '<')
            return false;
        if (l->p[1] == '/' && l->depth == 0) { /* the entry's own end */
            if (!l->shape->texts || !add_tags(l, "</", 2))
                return false;
            l->shape->at[l->shape->texts + 1] = (uint16_t)l->tags;
            return true;
        }
        if (!(l->p[1] == '/' ? learn_close(l) : learn_open(l)))
            return false;
    }
}

void s3c_list_shape_learn(struct s3c_list_shape *s, const char *p, const char *end)
{
    struct learner l = {.shape = s, .p = p, .end = end};

    s->texts = 0;
    if (s->learned == LEARN_MAX)
        return;
    s->learned++;
    s->at[0] = 0;
    if (!learn(&l))
        s->texts = 0;
}

/* ---- matching ---- */

bool s3c_list_shape_match(const struct s3c_list_shape *s, char *p, char *end,
                          struct s3c_view texts[S3C_LIST_SHAPE_TEXTS], uint32_t *ret_escaped,
                          char **ret_end)
{
    uint32_t escaped = 0;

    if (!s->texts)
        return false;
    for (unsigned i = 0;; i++) {
        size_t n = (size_t)(s->at[i + 1] - s->at[i]);
        char *stop;

        if ((size_t)(end - p) < n || memcmp(p, s->tags + s->at[i], n) != 0)
            return false;
        p += n;
        if (i == s->texts)
            break;
        stop = s3c_xml_text_end(p, end);
        if (stop < end && *stop == '&') {
            escaped |= 1u << i;
            stop = memchr(stop, '<', (size_t)(end - stop));
        }
        if (!stop)
            return false;
        texts[i] = (struct s3c_view){p, (size_t)(stop - p)};
        p = stop;
    }
    *ret_escaped = escaped;
    *ret_end = p - 2;
    return true;
}
