/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Could a key begin so? The template is run over the prefix like a pattern: a set of places in the prefix where its parts so far may have ended. That takes
 * parts times length squared at most; backtracking could take for ever.
 */
#include "record/template_private.h"

#include "base/banned.h"

struct places {
    bool at[S3C_KEY_MAX + 1];
};

/* Whether a value may hold a character. Only formats of times may have slashes in them. */
static bool can_hold(const struct s3c_template_part *p, char c)
{
    switch (p->kind) {
    case S3C_PART_NAME:
        return c != '\0' && strchr("0123456789abcdefTZ.-", c) != NULL;
    case S3C_PART_SHARD:
        return c >= '0' && c <= '9';
    case S3C_PART_TIME:
    case S3C_PART_RECORD:
        return c != '/' || memchr(p->text.ptr, '/', p->text.len) != NULL;
    default:
        return c != '/';
    }
}

/* Where the part may end if it begins at `from`; true: it may reach the prefix's end, so the rest does not matter. */
static bool advance(const struct s3c_template_part *p, struct s3c_view prefix, size_t from,
                    struct places *to)
{
    struct s3c_view rest = s3c_view_skip(prefix, from);

    if (p->kind == S3C_PART_TEXT) {
        if (s3c_view_starts(p->text, rest))
            return true;
        if (s3c_view_starts(rest, p->text))
            to->at[from + p->text.len] = true;
        return false;
    }
    for (size_t i = 0; i < rest.len; i++) {
        if (!can_hold(p, rest.ptr[i]))
            return false;
        to->at[from + i + 1] = true;
    }
    return true;
}

bool s3c_template_may_begin(const struct s3c_template *t, struct s3c_view prefix)
{
    struct places now = {{true}};

    if (prefix.len > S3C_KEY_MAX)
        return false;
    for (const struct s3c_template_part *p = t->parts; p < t->parts + t->count; p++) {
        struct places next = {{false}};

        for (size_t i = 0; i <= prefix.len; i++)
            if (now.at[i] && advance(p, prefix, i, &next))
                return true;
        now = next;
    }
    return false; /* only the extension is left, and nobody keeps objects below that */
}
