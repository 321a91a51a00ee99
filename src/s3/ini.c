/* SPDX-License-Identifier: Apache-2.0 */
#include "s3/ini.h"

#include "base/view.h"

void s3c_ini_init(struct s3c_ini *i, struct s3c_view text)
{
    if (s3c_view_starts(text, S3C_VIEW("\xef\xbb\xbf")))
        text = s3c_view_skip(text, 3);
    *i = (struct s3c_ini){.rest = text};
}

/* The next line that says something, trimmed. */
static bool next_line(struct s3c_ini *i, struct s3c_view *line)
{
    struct s3c_view raw;

    while (i->rest.len) {
        if (!s3c_view_split(i->rest, '\n', &raw, &i->rest)) {
            raw = i->rest;
            i->rest = s3c_view_skip(raw, raw.len);
        }
        *line = s3c_view_trim(raw);
        if (!line->len || line->ptr[0] == '#' || line->ptr[0] == ';')
            continue;
        i->indented = raw.ptr[0] == ' ' || raw.ptr[0] == '\t';
        return true;
    }
    return false;
}

/* At the first '=' or ':', whichever comes first. */
static bool split_pair(struct s3c_view line, struct s3c_view *key, struct s3c_view *value)
{
    for (size_t n = 0; n < line.len; n++) {
        if (line.ptr[n] != '=' && line.ptr[n] != ':')
            continue;
        *key = s3c_view_trim(s3c_view_first(line, n));
        *value = s3c_view_trim(s3c_view_skip(line, n + 1));
        return key->len > 0;
    }
    return false;
}

bool s3c_ini_next(struct s3c_ini *i)
{
    struct s3c_view line;

    while (next_line(i, &line)) {
        if (!i->indented && line.ptr[0] == '[') {
            const char *end = memchr(line.ptr, ']', line.len);

            i->section =
                end ? s3c_view_trim((struct s3c_view){line.ptr + 1, (size_t)(end - line.ptr) - 1})
                    : S3C_VIEW("");
            i->last_key = S3C_VIEW("");
            continue;
        }
        if (!split_pair(line, &i->key, &i->value))
            continue;
        i->block = i->indented ? i->last_key : S3C_VIEW("");
        if (!i->indented)
            i->last_key = i->value.len ? S3C_VIEW("") : i->key;
        if (i->indented && !i->block.len)
            continue; /* the continuation of a value, which none of our keys has */
        return true;
    }
    return false;
}
