/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as what a gRPC server answers: the client ends its call, with an answer that is whole or an error that says why, and keeps nothing. */
#include "fuzz.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/view.h"
#include "grpc/client.h"

#define REPLY_MAX 1000

struct server {
    int listen_fd;
    const uint8_t *data;
    size_t size;
};

/* Says all it has to say at once, and listens until the client has hung up. */
static void *serve(void *ctx)
{
    const struct server *s = ctx;
    char sink[4096];
    int fd = accept(s->listen_fd, NULL, NULL);

    require(fd >= 0);
    (void)!send(fd, s->data, s->size, MSG_NOSIGNAL);
    (void)shutdown(fd, SHUT_WR);
    while (recv(fd, sink, sizeof(sink), 0) > 0)
        continue;
    (void)close(fd);
    return NULL;
}

static void require_answer(const struct grpc_response *a)
{
    require(a->message.len <= REPLY_MAX);
    require(s3c_utf8_valid(s3c_view_str(a->text)) && strlen(a->text) < sizeof(a->text));
    for (const char *p = a->text; *p; p++)
        require((unsigned char)*p >= 0x20);
}

static void call(const char *target)
{
    const struct grpc_request q = {
        .path = "/s/M", .message = S3C_VIEW("?"), .timeout_ns = 20 * S3C_NS_PER_SEC};
    struct grpc_response a = GRPC_RESPONSE_INIT(REPLY_MAX);
    struct grpc_client *c = NULL;
    struct s3c_error err = {0};
    int r;

    require(grpc_client_new(&c, s3c_view_str(target), &err) == 0);
    r = grpc_client_call(c, &q, &a, &err);
    require(r != S3C_E_TIMEOUT || a.status == GRPC_DEADLINE_EXCEEDED); /* it has hung up long ago */
    if (r == 0)
        require_answer(&a);
    else
        require(*err.message);
    grpc_client_free(c);
    grpc_response_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct server s = {.data = data, .size = size};
    struct sockaddr_un where = {.sun_family = AF_UNIX};
    char target[sizeof(where.sun_path) + 8];
    pthread_t thread;

    (void)snprintf(where.sun_path, sizeof(where.sun_path), "/tmp/fuzz-client-%d", (int)getpid());
    (void)snprintf(target, sizeof(target), "unix:%s", where.sun_path);
    s.listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(bind(s.listen_fd, (struct sockaddr *)&where, sizeof(where)) == 0);
    require(listen(s.listen_fd, 1) == 0);
    require(pthread_create(&thread, NULL, serve, &s) == 0);
    call(target);
    require(pthread_join(thread, NULL) == 0);
    (void)close(s.listen_fd);
    (void)unlink(where.sun_path);
    return 0;
}
