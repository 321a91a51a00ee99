/* SPDX-License-Identifier: Apache-2.0 */
/* From a target's text to a connected socket, within a deadline. */
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/view.h"
#include "grpc/client_private.h"

/* ---- the target ---- */

static bool means_here(struct s3c_view host)
{
    return host.len == 0 || s3c_view_eq_str(host, "::") || s3c_view_eq_str(host, "0.0.0.0");
}

static int bad_target(struct s3c_view text, struct s3c_error *err)
{
    return s3c_error_set(
        err, S3C_E_INVALID,
        "'%.*s' is no gRPC target: expected host:port, [address]:port or unix:/path",
        (int)(text.len < 200 ? text.len : 200), text.ptr ? text.ptr : "");
}

static bool split_target(struct s3c_view text, struct s3c_view *host, struct s3c_view *port)
{
    uint64_t number;

    if (!s3c_view_split_last(text, ':', host, port) || s3c_view_u64(*port, &number) < 0 ||
        number == 0 || number > 65535)
        return false;
    if (s3c_view_starts(*host, S3C_VIEW("[")) && s3c_view_ends(*host, S3C_VIEW("]")) &&
        host->len >= 2) {
        *host = s3c_view_first(s3c_view_skip(*host, 1), host->len - 2);
        return true;
    }
    /* An address with colons needs its brackets: without them the port could be a part of it. */
    return host->len == 0 || !memchr(host->ptr, ':', host->len);
}

int grpc_target_parse(struct grpc_target *t, struct s3c_view text, struct s3c_error *err)
{
    const struct s3c_view unix_prefix = S3C_VIEW("unix:");
    struct s3c_view host, port = S3C_VIEW("");

    memset(t, 0, sizeof(*t));
    t->is_unix = s3c_view_starts(text, unix_prefix);
    if (t->is_unix) {
        host = s3c_view_skip(text, unix_prefix.len);
        if (host.len == 0 || host.len >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
            return bad_target(text, err);
    } else if (!split_target(text, &host, &port)) {
        return bad_target(text, err);
    }
    t->is_local = !t->is_unix && means_here(host);
    t->text = s3c_viewdup(text);
    t->host = s3c_viewdup(host);
    t->port = s3c_viewdup(port);
    if (t->text && t->host && t->port)
        return 0;
    grpc_target_done(t);
    return s3c_error_nomem(err);
}

void grpc_target_done(struct grpc_target *t)
{
    s3c_free(S3C_TAKE(t->text));
    s3c_free(S3C_TAKE(t->host));
    s3c_free(S3C_TAKE(t->port));
}

/* ---- waiting ---- */

static int left_ms(const struct grpc_patience *p)
{
    int64_t left = p->due_mono_ns - s3c_mono_ns(s3c_clock_system());

    if (left <= 0)
        return 0;
    left = (left - 1) / S3C_NS_PER_MS + 1;
    return left > INT_MAX ? INT_MAX : (int)left;
}

int grpc_timed_out(const char *what, struct s3c_error *err)
{
    (void)s3c_error_set(err, S3C_E_TIMEOUT, "%s: no answer within the time given", what);
    if (err)
        err->retryable = true;
    return S3C_E_TIMEOUT;
}

int grpc_wait(const struct grpc_patience *p, int fd, short events, const char *what,
              struct s3c_error *err)
{
    struct pollfd fds[] = {{.fd = fd, .events = events}, {.fd = p->cancel_fd, .events = POLLIN}};
    int n, ms;

    do {
        ms = left_ms(p);
        n = poll(fds, 2, ms);
    } while ((n < 0 && errno == EINTR) || (n == 0 && ms > 0));
    if (n < 0)
        return s3c_error_errno(err, errno, "%s: cannot wait", what);
    if (fds[1].revents)
        return s3c_error_set(err, S3C_E_CANCELLED, "%s: cancelled", what);
    return n > 0 ? 0 : grpc_timed_out(what, err);
}

/* ---- connecting ---- */

static int no_connection(const struct grpc_target *t, int errno_value, struct s3c_error *err)
{
    (void)s3c_error_errno(err, errno_value, "cannot connect to %s", t->text);
    if (err) {
        err->code = S3C_E_CONNECT;
        err->retryable = true;
    }
    return S3C_E_CONNECT;
}

static int finish_connect(const struct grpc_target *t, const struct grpc_patience *p, int fd,
                          struct s3c_error *err)
{
    char what[256];
    int problem = 0, r;
    socklen_t len = sizeof(problem);

    (void)snprintf(what, sizeof(what), "connecting to %s", t->text);
    r = grpc_wait(p, fd, POLLOUT, what, err);
    if (r < 0)
        return r;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &len) < 0)
        problem = errno;
    return problem ? no_connection(t, problem, err) : 0;
}

static int dial_address(const struct grpc_target *t, const struct grpc_patience *p,
                        const struct sockaddr *address, socklen_t len, int *ret_fd,
                        struct s3c_error *err)
{
    const int yes = 1;
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), r = 0;

    if (fd < 0)
        return no_connection(t, errno, err);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    if (connect(fd, address, len) < 0)
        r = errno == EINPROGRESS ? finish_connect(t, p, fd, err) : no_connection(t, errno, err);
    if (r < 0)
        close(fd);
    else
        *ret_fd = fd;
    return r;
}

static int dial_unix(const struct grpc_target *t, const struct grpc_patience *p, int *ret_fd,
                     struct s3c_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    memcpy(address.sun_path, t->host, strlen(t->host) + 1);
    return dial_address(t, p, (const struct sockaddr *)&address, sizeof(address), ret_fd, err);
}

/* The first of the host's addresses that answers. A timeout or a cancel ends the search. */
static int dial_host(const struct grpc_target *t, const char *host, const struct grpc_patience *p,
                     int *ret_fd, struct s3c_error *err)
{
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list;
    int problem = getaddrinfo(host, t->port, &hints, &list), r = S3C_E_CONNECT;

    if (problem == EAI_MEMORY)
        return s3c_error_nomem(err);
    if (problem) {
        (void)s3c_error_set(err, S3C_E_RESOLVE, "cannot resolve %s: %s", t->text,
                            gai_strerror(problem));
        if (err)
            err->retryable = problem == EAI_AGAIN;
        return S3C_E_RESOLVE;
    }
    for (const struct addrinfo *a = list; a && r == S3C_E_CONNECT; a = a->ai_next)
        r = dial_address(t, p, a->ai_addr, a->ai_addrlen, ret_fd, err);
    freeaddrinfo(list);
    return r;
}

int grpc_dial(const struct grpc_target *t, const struct grpc_patience *p, int *ret_fd,
              struct s3c_error *err)
{
    int r;

    if (t->is_unix)
        return dial_unix(t, p, ret_fd, err);
    if (!t->is_local)
        return dial_host(t, t->host, p, ret_fd, err);
    /* One that listens everywhere listens on both, unless a protocol is switched off. */
    r = dial_host(t, "127.0.0.1", p, ret_fd, err);
    return r == S3C_E_CONNECT ? dial_host(t, "::1", p, ret_fd, err) : r;
}
