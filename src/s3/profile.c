/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "s3/creds.h"
#include "s3/profile_text.h"

#define FILE_MAX (1u << 20)

struct lookup {
    s3c_getenv_fn *getenv_fn;
    void *ctx;
};

static const char *env(const struct lookup *l, const char *name)
{
    const char *v = l->getenv_fn ? l->getenv_fn(l->ctx, name) : getenv(name);

    return v && *v ? v : NULL;
}

static void buf_wipe(struct s3c_buf *b)
{
    if (b->ptr)
        s3c_wipe(b->ptr, b->cap);
    s3c_buf_done(b);
}

/* The whole file, its room reserved before it is read: a buffer that grows would leave secrets behind. */
static int read_all(int fd, const char *path, struct s3c_buf *out, struct s3c_error *err)
{
    off_t size = lseek(fd, 0, SEEK_END);
    ssize_t n;

    if (size < 0 || lseek(fd, 0, SEEK_SET) < 0)
        return s3c_error_errno(err, errno, "reading %s", path);
    if ((uint64_t)size > FILE_MAX)
        return s3c_error_set(err, S3C_E_IO,
                             "reading %s: larger than 1 MiB, which no AWS configuration is", path);
    if (s3c_buf_reserve(out, (size_t)size + 1) < 0)
        return s3c_error_nomem(err);
    while ((n = read(fd, out->ptr + out->len, (size_t)size - out->len)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return s3c_error_errno(err, errno, "reading %s", path);
        out->len += (size_t)n;
    }
    return 0;
}

/* Nothing is in `out` when there is no such file. */
static int read_file(const char *path, struct s3c_buf *out, struct s3c_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), r;

    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    if (fd < 0)
        return s3c_error_errno(err, errno, "opening %s", path);
    r = read_all(fd, path, out, err);
    (void)close(fd);
    return r;
}

/* The file that `variable` names, else ~/.aws/<name>; "~/" at its start is the home directory. */
static int read_configured(const struct lookup *l, const char *variable, const char *name,
                           struct s3c_buf *out, struct s3c_error *err)
{
    _cleanup_(s3c_buf_done) struct s3c_buf path = S3C_BUF_INIT(64u << 10);
    const char *named = env(l, variable), *home = env(l, "HOME");
    int r;

    if (named && !(named[0] == '~' && named[1] == '/'))
        r = s3c_buf_add_str(&path, named);
    else if (!home)
        return 0;
    else
        r = named ? s3c_buf_addf(&path, "%s%s", home, named + 1)
                  : s3c_buf_addf(&path, "%s/.aws/%s", home, name);
    if (r == 0)
        r = s3c_buf_terminate(&path);
    if (r == S3C_E_TOO_LARGE)
        return s3c_error_set(err, S3C_E_IO, "the path of the AWS %s file is too long", name);
    if (r < 0)
        return s3c_error_nomem(err);
    return read_file(path.ptr, out, err);
}

int s3c_profile_load(struct s3c_profile *ret, const char *name, s3c_getenv_fn *getenv_fn, void *ctx,
                     struct s3c_error *err)
{
    _cleanup_(buf_wipe) struct s3c_buf config = S3C_BUF_INIT(FILE_MAX + 2),
                                       credentials = S3C_BUF_INIT(FILE_MAX + 2);
    _cleanup_(s3c_profile_done) struct s3c_profile p = {0};
    struct lookup l = {getenv_fn, ctx};
    const char *wanted = name;
    int r;

    if (!wanted)
        wanted = env(&l, "AWS_PROFILE");
    if (!wanted)
        wanted = env(&l, "AWS_DEFAULT_PROFILE");
    r = read_configured(&l, "AWS_CONFIG_FILE", "config", &config, err);
    if (r == 0)
        r = read_configured(&l, "AWS_SHARED_CREDENTIALS_FILE", "credentials", &credentials, err);
    if (r < 0)
        return r;
    if (s3c_profile_parse(&p, s3c_buf_view(&config), s3c_buf_view(&credentials),
                          wanted ? wanted : "default") < 0)
        return s3c_error_nomem(err);
    if (wanted && !p.found)
        return s3c_error_set(
            err, S3C_E_CREDENTIALS,
            "the AWS profile \"%s\" is in neither the credentials nor the config file; check its name%s",
            wanted, name ? "" : " in AWS_PROFILE");
    *ret = p;
    p = (struct s3c_profile){0};
    return 0;
}
