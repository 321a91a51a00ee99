/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way into a payload, in one pass that ends at the value: what follows is not looked at, so a payload costs what stands in front of the value. Nothing
 * is copied but names and strings with escapes.
 */
#include "record/template_private.h"

#include "base/banned.h"
#include "base/json_read.h"

/* The text of a JSON string with its quotes, unescaped in `scratch`. Empty if it has no UTF-8 (half a surrogate pair). */
static int unescape(struct s3c_view quoted, struct s3c_json_scratch *scratch, struct s3c_view *ret)
{
    struct s3c_json_reader r;

    if (quoted.len > sizeof(scratch->text))
        return S3C_E_TOO_LARGE;
    memcpy(scratch->text, quoted.ptr, quoted.len);
    s3c_json_reader_init(&r, scratch->text, quoted.len);
    if (s3c_json_read_string(&r, ret) < 0)
        *ret = (struct s3c_view){NULL, 0};
    return 0;
}

static bool is_called(struct s3c_view text, struct s3c_view name, struct s3c_json_scratch *scratch)
{
    struct s3c_view quoted = {text.ptr - 1, text.len + 2}, plain;

    if (text.len == 0 || !memchr(text.ptr, '\\', text.len))
        return s3c_view_eq(text, name);
    return unescape(quoted, scratch, &plain) == 0 && s3c_view_eq(plain, name);
}

/* Enters the object that comes and stops in front of the member's value. 0, S3C_END or S3C_E_RECORD: there is none. */
static int enter(struct s3c_json_reader *r, struct s3c_view name, struct s3c_json_scratch *scratch)
{
    struct s3c_view text;
    bool first;
    int rc = s3c_json_object_begin(r, &first);

    while (rc == 0) {
        rc = s3c_json_object_member_text(r, &first, &text);
        if (rc != 0 || is_called(text, name, scratch))
            break;
        rc = s3c_json_skip(r, NULL);
    }
    return rc;
}

static int read_scalar(struct s3c_json_reader *r, struct s3c_json_scratch *scratch,
                       struct s3c_view *ret)
{
    char c = s3c_json_peek(r);
    struct s3c_view text;

    if (c == '{' || c == '[' || c == 'n' || s3c_json_skip(r, &text) < 0)
        return 0;
    if (c != '"') {
        *ret = text;
        return 0;
    }
    if (!memchr(text.ptr, '\\', text.len)) {
        *ret = (struct s3c_view){text.ptr + 1, text.len - 2};
        return 0;
    }
    return unescape(text, scratch, ret);
}

int s3c_json_path(struct s3c_view json, struct s3c_view path, struct s3c_json_scratch *scratch,
                  struct s3c_view *ret)
{
    struct s3c_view name;
    struct s3c_json_reader r;
    bool more = true;

    *ret = (struct s3c_view){NULL, 0};
    /* The reader modifies only what is read by s3c_json_read_string, which unescape calls for its copy alone. */
    s3c_json_reader_init(&r, (char *)json.ptr, json.len);
    while (more) {
        more = s3c_view_split(path, '\0', &name, &path);
        if (enter(&r, more ? name : path, scratch) != 0)
            return 0;
    }
    return read_scalar(&r, scratch, ret);
}
