/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/process.h"

#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <netinet/in.h>
#include <stdint.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/error.h"
#include "base/view.h"
#include "plugin/plugin.h"

#define COOKIE_VALUE     "204e8e812c3a1bb73b838928c575b42a105dd2e9aa449be481bc4590486df53f"
#define CORE_PROTOCOL    1
#define APP_PROTOCOL     2
#define MAX_RECEIVE      (4u << 20) /* what Conduit's own default is */
#define MAX_RECEIVE_GRPC INT32_MAX
#define SOCKET_TRIES     100
#define BACKLOG          16

static const char *get_or(process_getenv_fn *get, void *ctx, const char *name, const char *other)
{
    const char *text = get(ctx, name);
    return text && *text ? text : other;
}

static uint64_t get_number(process_getenv_fn *get, void *ctx, const char *name, uint64_t max,
                           uint64_t other)
{
    uint64_t n;

    if (s3c_view_u64(s3c_view_trim(s3c_view_str(get(ctx, name))), &n) < 0 || n == 0)
        return other;
    return n < max ? n : max;
}

/* The list is not sorted: it comes out of a Go map. */
static bool offers(struct s3c_view versions, uint64_t version)
{
    struct s3c_view head;
    uint64_t n;

    do {
        struct s3c_view rest = {NULL, 0};
        if (!s3c_view_split(versions, ',', &head, &rest))
            head = versions;
        if (s3c_view_u64(s3c_view_trim(head), &n) == 0 && n == version)
            return true;
        versions = rest;
    } while (versions.len > 0);
    return false;
}

static int judge(process_getenv_fn *get, void *ctx, struct s3c_error *err)
{
    const char *versions = get_or(get, ctx, "PLUGIN_PROTOCOL_VERSIONS", "");

    if (!s3c_view_eq_str(S3C_VIEW(COOKIE_VALUE), get_or(get, ctx, PLUGIN_COOKIE_NAME, "")))
        return s3c_error_set(
            err, S3C_E_INVALID,
            "handshake: " PLUGIN_COOKIE_NAME
            " is set, but not as Conduit sets it: this host is none that the connector knows. "
            "Unset it to use the command line");
    if (!offers(s3c_view_str(versions), APP_PROTOCOL))
        return s3c_error_set(
            err, S3C_E_INVALID,
            "handshake: the host offers connector protocol versions \"%.60s\", the connector "
            "speaks version %d: use Conduit 0.12 or later",
            versions, APP_PROTOCOL);
    if (*get_or(get, ctx, "PLUGIN_CLIENT_CERT", ""))
        return s3c_error_set(err, S3C_E_INVALID,
                             "handshake: the host wants TLS to its plugins (PLUGIN_CLIENT_CERT), "
                             "which the connector has not: switch it off in the host");
    return 0;
}

int process_init(struct process *p, process_getenv_fn *get, void *ctx, struct s3c_error *err)
{
    int r = judge(get, ctx, err);

    if (r < 0)
        return r;
    *p = (struct process){.listen_fd = -1, .parent = getppid()};
    p->env = (struct process_env){
        .utilities_target = get_or(get, ctx, "CONDUIT_CONNECTOR_UTILITIES_GRPC_TARGET", ""),
        .token = get_or(get, ctx, "CONDUIT_CONNECTOR_TOKEN", ""),
        .connector_id = get_or(get, ctx, "CONDUIT_CONNECTOR_ID", ""),
        .log_level = get_or(get, ctx, "CONDUIT_CONNECTOR_LOG_LEVEL", ""),
        .max_receive = get_number(get, ctx, "CONDUIT_CONNECTOR_MAX_RECEIVE_RECORD_SIZE",
                                  MAX_RECEIVE_GRPC, MAX_RECEIVE),
        .socket_dir =
            get_or(get, ctx, "PLUGIN_UNIX_SOCKET_DIR", get_or(get, ctx, "TMPDIR", "/tmp")),
        .socket_group = get_or(get, ctx, "PLUGIN_UNIX_SOCKET_GROUP", ""),
        .min_port = (unsigned)get_number(get, ctx, "PLUGIN_MIN_PORT", UINT16_MAX, 10000),
        .max_port = (unsigned)get_number(get, ctx, "PLUGIN_MAX_PORT", UINT16_MAX, 25000),
        .mux_asked = *get_or(get, ctx, "PLUGIN_MULTIPLEX_GRPC", "") != '\0',
    };
    return 0;
}

static unsigned random_number(void)
{
    unsigned n;

    if (getrandom(&n, sizeof(n), GRND_NONBLOCK) != (ssize_t)sizeof(n))
        n = (unsigned)getpid();
    return n;
}

/* A name that nobody has yet. Closes fd on failure. */
static int bind_unix(struct process *p, int fd, struct s3c_error *err)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int n, why = strpbrk(p->env.socket_dir, "|\n") ? EINVAL : 0; /* the handshake's own marks */

    for (int i = 0; i < SOCKET_TRIES && why != EINVAL; i++) {
        n = snprintf(a.sun_path, sizeof(a.sun_path), "%s/plugin%u", p->env.socket_dir,
                     random_number());
        if (n < 0 || (size_t)n >= sizeof(a.sun_path)) {
            why = ENAMETOOLONG;
            break;
        }
        if (bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0) {
            memcpy(p->socket_path, a.sun_path, sizeof(a.sun_path));
            return 0;
        }
        why = errno;
        if (why != EADDRINUSE)
            break;
    }
    (void)close(fd);
    return s3c_error_errno(err, why, "socket in %s", p->env.socket_dir);
}

static int share_with_group(const struct process *p, struct s3c_error *err)
{
    const char *name = p->env.socket_group;
    struct group *g;
    uint64_t id;

    if (!*name)
        return 0;
    if (s3c_view_u64(s3c_view_str(name), &id) < 0) {
        g = getgrnam(name);
        if (!g)
            return s3c_error_set(err, S3C_E_IO,
                                 "PLUGIN_UNIX_SOCKET_GROUP: there is no group \"%.60s\"", name);
        id = g->gr_gid;
    }
    if (chown(p->socket_path, (uid_t)-1, (gid_t)id) < 0 || chmod(p->socket_path, 0660) < 0)
        return s3c_error_errno(err, errno, "%s: cannot be given to group %.60s", p->socket_path,
                               name);
    return 0;
}

static int listen_unix(struct process *p, struct s3c_error *err)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    mode_t mask;
    int r;

    if (fd < 0)
        return s3c_error_errno(err, errno, "unix socket");
    mask = umask(0177);
    r = bind_unix(p, fd, err);
    (void)umask(mask);
    if (r < 0)
        return r;
    p->listen_fd = fd;
    r = share_with_group(p, err);
    if (r == 0 && listen(fd, BACKLOG) < 0)
        r = s3c_error_errno(err, errno, "%s: listen", p->socket_path);
    if (r < 0)
        process_done(p);
    return r;
}

/* From a random port on, so that plugins that start together do not queue for the same ones. */
static int bind_tcp(struct process *p, int fd)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    unsigned low = p->env.min_port, count = p->env.max_port >= low ? p->env.max_port - low + 1 : 1,
             first = random_number() % count;

    for (unsigned i = 0; i < count; i++) {
        unsigned port = low + (first + i) % count;
        a.sin_port = htons((uint16_t)port);
        if (bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(fd, BACKLOG) == 0) {
            p->port = port;
            return 0;
        }
        if (errno != EADDRINUSE && errno != EACCES)
            break;
    }
    return -errno;
}

static int listen_tcp(struct process *p, struct s3c_error *err)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), r;

    if (fd < 0)
        return s3c_error_errno(err, errno, "TCP socket");
    r = bind_tcp(p, fd);
    if (r < 0) {
        (void)close(fd);
        return s3c_error_errno(err, -r, "127.0.0.1 ports %u to %u", p->env.min_port,
                               p->env.max_port);
    }
    p->listen_fd = fd;
    return 0;
}

int process_listen(struct process *p, struct s3c_error *err)
{
    struct s3c_error no_unix, no_tcp;

    if (listen_unix(p, &no_unix) == 0 || listen_tcp(p, &no_tcp) == 0)
        return 0;
    return s3c_error_set(err, S3C_E_IO,
                         "handshake: nothing to listen on: %.300s; %.300s; set TMPDIR to a folder "
                         "that can be written",
                         no_unix.message, no_tcp.message);
}

int process_shake_hands(const struct process *p, int fd, struct s3c_error *err)
{
    char address[sizeof(p->socket_path) + 16], line[sizeof(address) + 40];
    int n;

    if (p->socket_path[0])
        (void)snprintf(address, sizeof(address), "unix|%s", p->socket_path);
    else
        (void)snprintf(address, sizeof(address), "tcp|127.0.0.1:%u", p->port);
    n = snprintf(line, sizeof(line), "%d|%d|%s|grpc|%s\n", CORE_PROTOCOL, APP_PROTOCOL, address,
                 p->env.mux_asked ? "|false" : "");
    if (write(fd, line, (size_t)n) != n)
        return s3c_error_errno(err, errno, "handshake: standard output");
    return 0;
}

bool process_is_orphan(const struct process *p)
{
    return getppid() != p->parent;
}

void process_done(struct process *p)
{
    if (p->listen_fd >= 0)
        (void)close(p->listen_fd);
    p->listen_fd = -1;
    if (p->socket_path[0])
        (void)unlink(p->socket_path);
    p->socket_path[0] = '\0';
}
