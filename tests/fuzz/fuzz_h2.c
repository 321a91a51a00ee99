/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes into a connection of the gRPC server: each call that is opened ends exactly once, and the server outlives it. The first
 * byte says how the rest is cut into writes, and whether a client's preface goes before it.
 */
#include "fuzz.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "grpc/server_private.h"

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"

struct counts {
    size_t opened, ended, messages, to_send;
};

static struct counts *counts_of(const struct grpc_call *c)
{
    return grpc_server_user(grpc_call_server(c));
}

static int open_call(struct grpc_call *c, struct s3c_error *err)
{
    (void)err;
    counts_of(c)->opened++;
    return 0;
}

static void end_call(struct grpc_call *c, bool cancelled)
{
    (void)cancelled;
    require(++counts_of(c)->ended <= counts_of(c)->opened);
}

static void echo(struct grpc_call *c, struct s3c_view m)
{
    counts_of(c)->messages++;
    grpc_call_reply(c, m);
}

/* Every third message holds the call; the next turn releases it. */
static void chat(struct grpc_call *c, struct s3c_view m)
{
    struct counts *n = counts_of(c);

    n->to_send += m.len % 7;
    grpc_call_set_user(c, c);
    grpc_call_hold(c, ++n->messages % 3 == 0);
    grpc_call_kick(c);
}

static size_t pull(struct grpc_call *c, struct grpc_piece *pieces, size_t max)
{
    static const char bytes[20000];
    struct counts *n = counts_of(c);

    require(max >= 2);
    if (!n->to_send)
        return 0;
    n->to_send--;
    pieces[0] = (struct grpc_piece){bytes, n->to_send % 300};
    pieces[1] = (struct grpc_piece){bytes, n->to_send % 2 ? sizeof(bytes) : 0};
    return 2;
}

static void finish(struct grpc_call *c)
{
    grpc_call_finish(c, GRPC_UNKNOWN, "50%\n");
}

static void turn(struct grpc_server *s)
{
    for (struct grpc_conn *c = s->conns; c; c = c->next)
        for (struct grpc_call *k = c->calls; k; k = k->next)
            grpc_call_hold(k, false);
    grpc_server_wake(s); /* so that the loop does not wait */
    require(grpc_loop_turn(s, NULL) == 0);
}

static void say(struct grpc_server *s, int fd, const uint8_t *p, size_t n, size_t run)
{
    char sink[65536];

    while (n > 0) {
        size_t part = n < run ? n : run;

        if (send(fd, p, part, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
            return; /* it has hung up */
        p += part;
        n -= part;
        turn(s);
        if (n % 2)
            (void)!recv(fd, sink, sizeof(sink), MSG_DONTWAIT);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct grpc_method table[] = {
        {"/e", open_call, echo, NULL, NULL, end_call},
        {"/c", open_call, chat, finish, pull, end_call},
        {NULL, NULL, NULL, NULL, NULL, NULL},
    };
    static const struct grpc_method *const tables[] = {table, NULL};
    struct counts counts = {0};
    const struct grpc_server_options o = {tables, 5000, -1, &counts};
    struct grpc_server *s = NULL;
    int fds[2];

    if (size < 2)
        return 0;
    require(grpc_server_new(&s, &o, NULL) == 0);
    require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
    require(grpc_server_adopt(s, fds[0], NULL) == 0);
    if (data[0] & 1)
        say(s, fds[1], (const uint8_t *)PREFACE, sizeof(PREFACE) - 1, 1000);
    say(s, fds[1], data + 1, size - 1, (size_t)1 << (data[0] >> 1) % 16);
    for (size_t i = 0; i < 4; i++)
        turn(s);
    close(fds[1]);
    turn(s);
    turn(s);
    require(grpc_server_connections(s) == 0);
    require(counts.ended == counts.opened);
    grpc_server_free(s);
    return 0;
}
