/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/posfile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"

#define POSITION_MAX \
    (64u << 10) /* a key has at most 1,024 bytes on most servers; none comes near this */

static int read_position(int fd, struct cli_posfile *p, struct s3c_error *err)
{
    ssize_t n;

    do {
        if (s3c_buf_reserve(&p->position, 4096) < 0)
            return s3c_error_set(err, S3C_E_INVALID,
                                 "position file %s: too long to hold a position", p->path);
        n = read(fd, p->position.ptr + p->position.len, 4096);
        if (n < 0 && errno != EINTR)
            return s3c_error_errno(err, errno, "position file %s", p->path);
        p->position.len += n > 0 ? (size_t)n : 0;
    } while (n != 0);
    if (p->position.len > 0 && p->position.ptr[p->position.len - 1] == '\n')
        p->position.len--; /* exactly one: a key may end in LF */
    return 0;
}

static int load(struct cli_posfile *p, struct s3c_error *err)
{
    struct stat st;
    int fd, r;

    /* Not blocking: a FIFO would wait for its writer before it can be refused. */
    fd = open(p->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0)
        return s3c_error_errno(err, errno, "position file %s", p->path);
    if (fstat(fd, &st) < 0)
        r = s3c_error_errno(err, errno, "position file %s", p->path);
    else if (!S_ISREG(st.st_mode)) /* it will be replaced by a file: never do that to a device */
        r = s3c_error_set(
            err, S3C_E_INVALID,
            "position file %s: not a regular file; name a file, or one that does not exist yet",
            p->path);
    else
        r = read_position(fd, p, err);
    (void)close(fd);
    return r;
}

int cli_posfile_open(struct cli_posfile *p, const char *path, struct s3c_error *err)
{
    char *real;
    size_t n;

    *p = (struct cli_posfile){.position = S3C_BUF_INIT(POSITION_MAX)};
    if (!path)
        return 0;
    real = realpath(path, NULL); /* a symbolic link stays one: its target is replaced */
    p->path = s3c_strdup(real ? real : path);
    free(real);
    if (!p->path)
        return s3c_error_nomem(err);
    n = strlen(p->path) + sizeof(".new");
    p->temp = s3c_alloc(n);
    if (!p->temp)
        return s3c_error_nomem(err);
    (void)snprintf(p->temp, n, "%s.new", p->path);
    return load(p, err);
}

int cli_posfile_explain(const struct cli_posfile *p, int r, struct s3c_error *err)
{
    return r == S3C_E_POSITION && p->path ? s3c_error_wrap(err, r, "position file %s", p->path) : r;
}

int cli_posfile_note(struct cli_posfile *p, struct s3c_view position, struct s3c_error *err)
{
    if (!p->path)
        return 0;
    s3c_buf_clear(&p->position);
    p->dirty = true;
    if (s3c_buf_add_view(&p->position, position) < 0) {
        p->dirty = false;
        return s3c_error_nomem(err);
    }
    return 0;
}

/* The rename is only safe once the directory is on disk. File systems that cannot do that say EINVAL. */
static int sync_folder(const char *path)
{
    char *copy = s3c_strdup(path);
    int fd, r = -1;

    if (!copy) {
        errno = ENOMEM;
        return -1;
    }
    fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        r = fsync(fd) < 0 && errno != EINVAL ? -1 : 0;
        (void)close(fd);
    }
    s3c_free(copy);
    return r;
}

static int write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t w = write(fd, p, n);
        if (w < 0 && errno != EINTR)
            return -1;
        p += w > 0 ? w : 0;
        n -= w > 0 ? (size_t)w : 0;
    }
    return 0;
}

static int replace(struct cli_posfile *p)
{
    int fd, bad;

    fd = open(p->temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd < 0)
        return -1;
    bad = write_all(fd, p->position.ptr, p->position.len) < 0 || write_all(fd, "\n", 1) < 0 ||
          fsync(fd) < 0;
    if (close(fd) < 0 || bad)
        return -1;
    if (rename(p->temp, p->path) < 0)
        return -1;
    return sync_folder(p->path);
}

int cli_posfile_save(struct cli_posfile *p, struct s3c_error *err)
{
    if (!p->path || !p->dirty)
        return 0;
    p->saved_ns = s3c_mono_ns(s3c_clock_system());
    if (replace(p) < 0) {
        int error = errno;
        (void)unlink(p->temp);
        return s3c_error_errno(
            err, error,
            "position file %s: cannot be saved, it holds an older position and nothing is lost; make "
            "room or name another file",
            p->path);
    }
    p->dirty = false;
    return 0;
}

int cli_posfile_tick(struct cli_posfile *p, int64_t now_mono_ns, struct s3c_error *err)
{
    if (now_mono_ns - p->saved_ns < CLI_POSFILE_PERIOD_MS * S3C_NS_PER_MS)
        return 0;
    return cli_posfile_save(p, err);
}

void cli_posfile_done(struct cli_posfile *p)
{
    s3c_free(S3C_TAKE(p->path));
    s3c_free(S3C_TAKE(p->temp));
    s3c_buf_done(&p->position);
}
