/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPU of the gRPC server per message, with a raw HTTP/2 client in a process of its own on a socket pair:
 *
 *     bench_grpc send|receive MESSAGES SIZE [WINDOW]
 *
 * send: the server streams replies; receive: the client streams requests. The client uses frames of 16 KiB, as grpc-go does.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nghttp2/nghttp2.h>

#include "base/mem.h"
#include "bench.h"
#include "grpc/deframe.h"
#include "grpc/server.h"

struct job {
    uint64_t left, done;
    size_t size;
    char *payload;
};

static void ended(struct grpc_call *c, bool cancelled)
{
    (void)cancelled;
    grpc_server_stop(grpc_call_server(c));
}

static size_t pull(struct grpc_call *c, struct grpc_piece *pieces, size_t max)
{
    struct job *j = grpc_server_user(grpc_call_server(c));

    (void)max;
    if (!j->left) {
        grpc_call_finish(c, GRPC_OK, NULL);
        return 0;
    }
    j->left--;
    j->done++;
    pieces[0] = (struct grpc_piece){j->payload, j->size};
    return 1;
}

static size_t pull_nothing(struct grpc_call *c, struct grpc_piece *pieces, size_t max)
{
    (void)c;
    (void)pieces;
    (void)max;
    return 0;
}

static void take(struct grpc_call *c, struct s3c_view m)
{
    struct job *j = grpc_server_user(grpc_call_server(c));

    j->done += m.len == j->size;
}

static void finish(struct grpc_call *c)
{
    grpc_call_finish(c, GRPC_OK, NULL);
}

/* ---- the client ---- */

struct client {
    int fd;
    uint64_t left; /* messages to send */
    char *message; /* with its prefix */
    size_t len, at;
    bool closed;
};

static ssize_t on_send(nghttp2_session *h2, const uint8_t *p, size_t n, int flags, void *user)
{
    const struct client *c = user;

    (void)h2;
    (void)flags;
    return send(c->fd, p, n, MSG_NOSIGNAL) < 0 ? NGHTTP2_ERR_CALLBACK_FAILURE : (ssize_t)n;
}

static int on_close(nghttp2_session *h2, int32_t stream, uint32_t code, void *user)
{
    struct client *c = user;

    (void)h2;
    (void)stream;
    (void)code;
    c->closed = true;
    return 0;
}

static ssize_t on_read(nghttp2_session *h2, int32_t stream, uint8_t *buf, size_t len,
                       uint32_t *flags, nghttp2_data_source *source, void *user)
{
    struct client *c = user;
    size_t n = 0;

    (void)h2;
    (void)stream;
    (void)source;
    while (c->left && n < len) {
        size_t part = c->len - c->at < len - n ? c->len - c->at : len - n;

        memcpy(buf + n, c->message + c->at, part);
        n += part;
        c->at = (c->at + part) % c->len;
        c->left -= c->at == 0;
    }
    if (!c->left)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

static void request(nghttp2_session *h2, const char *path)
{
    const char *const fields[][2] = {{":method", "POST"},
                                     {":scheme", "http"},
                                     {":path", path},
                                     {":authority", "unused"},
                                     {"content-type", "application/grpc"}};
    nghttp2_data_provider provider = {.read_callback = on_read};
    nghttp2_nv nv[5];

    for (size_t i = 0; i < 5; i++)
        nv[i] = (nghttp2_nv){(uint8_t *)(uintptr_t)fields[i][0], (uint8_t *)(uintptr_t)fields[i][1],
                             strlen(fields[i][0]), strlen(fields[i][1]), NGHTTP2_NV_FLAG_NONE};
    nghttp2_submit_request(h2, NULL, nv, 5, &provider, NULL);
}

static int run_client(struct client *c, const char *path, uint32_t window)
{
    static uint8_t input[1 << 18];
    const nghttp2_settings_entry entry = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window};
    nghttp2_session_callbacks *cb;
    nghttp2_session *h2;
    ssize_t n = 1;

    if (nghttp2_session_callbacks_new(&cb))
        return 1;
    nghttp2_session_callbacks_set_send_callback(cb, on_send);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_close);
    if (nghttp2_session_client_new(&h2, cb, c) ||
        nghttp2_submit_settings(h2, NGHTTP2_FLAG_NONE, &entry, 1))
        return 1;
    nghttp2_session_set_local_window_size(h2, NGHTTP2_FLAG_NONE, 0, (int32_t)window);
    request(h2, path);
    while (!c->closed && n > 0 && nghttp2_session_send(h2) == 0) {
        n = recv(c->fd, input, sizeof(input), 0);
        if (n > 0 && nghttp2_session_mem_recv(h2, input, (size_t)n) < 0)
            n = -1;
    }
    nghttp2_session_del(h2);
    nghttp2_session_callbacks_del(cb);
    return c->closed ? 0 : 1;
}

static void start_client(int fds[2], const struct job *j, bool sends, uint32_t window)
{
    struct client c = {.fd = fds[1], .len = GRPC_PREFIX_SIZE + j->size};

    close(fds[0]);
    c.message = s3c_zalloc(c.len);
    if (!c.message)
        _exit(1);
    grpc_prefix_write((uint8_t *)c.message, j->size);
    c.left = sends ? j->left : 1;
    _exit(run_client(&c, sends ? "/b/Receive" : "/b/Send", window));
}

int main(int argc, char **argv)
{
    static const struct grpc_method table[] = {
        {"/b/Send", NULL, NULL, NULL, pull, ended},
        {"/b/Receive", NULL, take, finish, pull_nothing, ended},
        {NULL, NULL, NULL, NULL, NULL, NULL},
    };
    static const struct grpc_method *const tables[] = {table, NULL};
    struct job j = {0};
    struct grpc_server_options o = {tables, (size_t)1 << 30, -1, &j};
    struct grpc_server *s = NULL;
    struct bench_usage before;
    struct s3c_error err;
    int fds[2], status;
    pid_t child;

    if (argc < 4) {
        fprintf(stderr, "usage: bench_grpc send|receive MESSAGES SIZE [WINDOW]\n");
        return 2;
    }
    j.left = strtoull(argv[2], NULL, 10);
    j.size = strtoull(argv[3], NULL, 10);
    j.payload = s3c_zalloc(j.size);
    if (!j.payload || socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0)
        return 1;
    child = fork();
    if (child == 0)
        start_client(fds, &j, strcmp(argv[1], "receive") == 0,
                     argc > 4 ? (uint32_t)strtoul(argv[4], NULL, 10) : 65535);
    close(fds[1]);
    bench_start();
    before = bench_now();
    bench_check(grpc_server_new(&s, &o, &err), &err, "server");
    bench_check(grpc_server_adopt(s, fds[0], &err), &err, "connection");
    bench_check(grpc_server_run(s, &err), &err, "run");
    bench_print(argv[1], j.done, j.done * j.size, bench_since(before, bench_now()), 0);
    grpc_server_free(s);
    s3c_free(j.payload);
    return waitpid(child, &status, 0) == child && status == 0 ? 0 : 1;
}
