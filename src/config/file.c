/* SPDX-License-Identifier: Apache-2.0 */
/* The config file: `name = value` lines. No quoting and no inline comments, because secret keys hold any character. */
#include "config/config.h"

#include <errno.h>

#include "base/banned.h"
#include "base/error.h"
#include "base/view.h"

#define FILE_MAX (1u << 20)

int s3c_config_read_text(const char *what, const char *path, struct s3c_buf *ret,
                         struct s3c_error *err)
{
    FILE *f = fopen(path, "re");
    int r = 0;

    if (!f)
        return s3c_error_errno(err, errno, "%s %s", what, path);
    while (r == 0 && !feof(f)) {
        r = s3c_buf_reserve(ret, 4096);
        if (r == 0) {
            ret->len += fread(ret->ptr + ret->len, 1, 4096, f);
            if (ferror(f))
                r = s3c_error_errno(err, errno, "%s %s", what, path);
        } else if (r == S3C_E_TOO_LARGE) {
            r = s3c_error_set(err, r, "%s %s: larger than %zu MiB", what, path, ret->max >> 20);
        } else {
            r = s3c_error_nomem(err);
        }
    }
    (void)fclose(f);
    return r;
}

static int one_line(struct s3c_view line, unsigned number, const char *path,
                    s3c_config_line_fn *each, void *ctx, struct s3c_error *err)
{
    struct s3c_view name, value;

    line = s3c_view_trim(line);
    if (line.len == 0 || line.ptr[0] == '#')
        return 0;
    /* The line itself is not shown: it may be a secret whose name was forgotten. */
    if (!s3c_view_split(line, '=', &name, &value) || s3c_view_trim(name).len == 0)
        return s3c_error_set(err, S3C_E_INVALID,
                             "config file %s, line %u: not of the form \"name = value\"", path,
                             number);
    return each(ctx, s3c_view_trim(name), s3c_view_trim(value), err);
}

int s3c_config_each_line(const char *path, s3c_config_line_fn *each, void *ctx,
                         struct s3c_error *err)
{
    struct s3c_buf text = S3C_BUF_INIT(FILE_MAX + 4096);
    struct s3c_view rest, line;
    unsigned number = 0;
    int r;

    r = s3c_config_read_text("config file", path, &text, err);
    rest = s3c_buf_view(&text);
    while (r == 0 && rest.len > 0) {
        if (!s3c_view_split(rest, '\n', &line, &rest)) {
            line = rest;
            rest.len = 0;
        }
        r = one_line(line, ++number, path, each, ctx, err);
    }
    if (text.ptr)
        s3c_wipe(text.ptr, text.len);
    s3c_buf_done(&text);
    return r;
}

static int set_line(void *ctx, struct s3c_view name, struct s3c_view value, struct s3c_error *err)
{
    return s3c_config_set(ctx, name, value, S3C_FROM_FILE, err);
}

int s3c_config_read_file(struct s3c_config *c, const char *path, struct s3c_error *err)
{
    return s3c_config_each_line(path, set_line, c, err);
}
