/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lock is the name of an abstract unix socket: it needs no folder that may be missing or read-only, and it is gone with the process, however
 * that ends. The host name is part of the identity beside the machine's id because containers of one image often share the latter.
 */
#include "dest/identity.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/view.h"

#define HASH_SEED UINT64_C(0x7333632d69646e74)

/* Each text with its length, so that no two lists of texts look the same. */
static int add_text(struct s3c_buf *b, struct s3c_view v)
{
    int r = s3c_buf_addf(b, "%zu:", v.len);

    return r < 0 ? r : s3c_buf_add_view(b, v);
}

static struct s3c_view machine_id(char *dst, size_t size)
{
    int fd = open("/etc/machine-id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, dst, size);

    if (fd >= 0)
        (void)close(fd);
    return s3c_view_trim((struct s3c_view){dst, n > 0 ? (size_t)n : 0});
}

static int describe(struct s3c_buf *b, const struct s3c_settings *s)
{
    struct utsname host = {.nodename = ""};
    char machine[64];
    int r;

    (void)uname(&host); /* an empty name then */
    r = add_text(b, machine_id(machine, sizeof(machine)));
    if (r == 0)
        r = add_text(b, s3c_view_str(host.nodename));
    if (r == 0)
        r = add_text(b, s3c_view_str(s->endpoint));
    if (r == 0)
        r = add_text(b, s3c_view_str(s->bucket));
    if (r == 0)
        r = add_text(b, s3c_view_str(s->prefix));
    if (r == 0)
        r = add_text(b, s3c_view_str(s->key_template));
    if (r == 0)
        r = s3c_buf_addf(b, "%" PRId64, s->shard_index);
    return r;
}

static int hold(struct s3c_hash128 hash)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int n = snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, "s3c-%016" PRIx64 "%016" PRIx64,
                     hash.hi, hash.lo);

    if (fd < 0)
        return -1;
    if (bind(fd, (const struct sockaddr *)&a,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

int s3c_identity_take(struct s3c_identity *ret, const struct s3c_settings *s, struct s3c_error *err)
{
    struct s3c_buf text = S3C_BUF_INIT(SIZE_MAX);
    struct s3c_hash128 hash;
    int r = describe(&text, s);

    hash = s3c_hash128(s3c_buf_view(&text).ptr, text.len, HASH_SEED);
    s3c_buf_done(&text);
    if (r < 0)
        return s3c_error_nomem(err);
    r = hold(hash);
    *ret = (struct s3c_identity){.held = r >= 0, .lock = r, .writer = (uint32_t)hash.lo};
    return 0;
}

void s3c_identity_done(struct s3c_identity *id)
{
    if (id->held)
        (void)close(id->lock);
    id->held = false;
}
