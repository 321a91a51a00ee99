/* SPDX-License-Identifier: Apache-2.0 */
/* Its memory comes from malloc: allocation-failure loops must not hit it. */
#include "tiny_server.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 512

struct connection {
    struct tiny_server *server;
    int fd;
    pthread_t thread;
    int served;
};

struct tiny_server {
    int fd, port;
    pthread_t thread;
    atomic_int accepted, requests;
    struct connection connections[CONNECTIONS_MAX];
};

struct request {
    char method[16], target[1024];
    size_t body_len;
    bool expect_continue;
};

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    abort();
}

static void say(int fd, const char *text)
{
    (void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static void break_off(int fd)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0}; /* close sends RST */

    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

/* Until the client hangs up or the server is freed. */
static void wait_for_end(int fd)
{
    char c;

    while (recv(fd, &c, 1, 0) > 0)
        continue;
}

static bool read_header(int fd, char *buf, size_t size)
{
    size_t n = 0;

    while (n + 1 < size && recv(fd, buf + n, 1, 0) == 1) {
        buf[++n] = '\0';
        if (n >= 4 && memcmp(buf + n - 4, "\r\n\r\n", 4) == 0)
            return true;
    }
    return false;
}

static bool parse(const char *head, struct request *r)
{
    const char *sp = strchr(head, ' '), *sp2 = sp != NULL ? strchr(sp + 1, ' ') : NULL, *line;

    *r = (struct request){0};
    if (sp2 == NULL)
        return false;
    (void)snprintf(r->method, sizeof(r->method), "%.*s", (int)(sp - head), head);
    (void)snprintf(r->target, sizeof(r->target), "%.*s", (int)(sp2 - sp - 1), sp + 1);
    for (line = strchr(head, '\n'); line != NULL; line = strchr(line + 1, '\n')) {
        if (strncasecmp(line + 1, "content-length:", 15) == 0)
            r->body_len = strtoul(line + 16, NULL, 10);
        if (strncasecmp(line + 1, "expect:", 7) == 0)
            r->expect_continue = true;
    }
    return true;
}

static bool read_body(int fd, const struct request *r)
{
    char buf[65536];
    size_t left = r->body_len;

    if (r->expect_continue)
        say(fd, "HTTP/1.1 100 Continue\r\nx-interim: yes\r\n\r\n");
    while (left > 0) {
        ssize_t n = recv(fd, buf, left < sizeof(buf) ? left : sizeof(buf), 0);
        if (n <= 0)
            return false;
        left -= (size_t)n;
    }
    return true;
}

static void well_formed(struct connection *c, const struct request *r, const char *rest)
{
    char head[2048];

    (void)snprintf(head, sizeof(head),
                   "HTTP/1.1 200 OK\r\nx-echo: %s %s %zu\r\nx-connection: %d\r\n%s", r->method,
                   r->target, r->body_len, c->served, rest);
    say(c->fd, head);
}

static void send_big(struct connection *c, const struct request *r)
{
    static const size_t size = 4u << 20;
    char *body = calloc(1, size);
    size_t sent = 0;

    must(body != NULL, "calloc");
    well_formed(c, r, "Content-Length: 4194304\r\n\r\n");
    while (sent < size) {
        ssize_t n = send(c->fd, body + sent, size - sent, MSG_NOSIGNAL);
        if (n <= 0)
            break;
        sent += (size_t)n;
    }
    free(body);
}

/* Answers; false: the connection is over. */
static bool answer(struct connection *c, const struct request *r)
{
    const char *t = r->target;

    if (strncmp(t, "/chunked", 8) == 0)
        well_formed(
            c, r,
            "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\nx-trailer: yes\r\n\r\n");
    else if (strncmp(t, "/no-body", 8) == 0)
        well_formed(c, r, "Content-Length: 5\r\n\r\n"); /* HEAD */
    else if (strncmp(t, "/big", 4) == 0)
        send_big(c, r);
    else if (strncmp(t, "/error", 6) == 0)
        say(c->fd, "HTTP/1.1 503 Slow Down\r\nContent-Length: 4\r\n\r\nslow");
    else if (strncmp(t, "/close", 6) == 0)
        return well_formed(c, r, "Connection: close\r\n\r\nhello"), false;
    else if (strncmp(t, "/truncated", 10) == 0)
        return well_formed(c, r, "Content-Length: 10\r\n\r\nhello"), false;
    else if (strncmp(t, "/cut-chunk", 10) == 0)
        return well_formed(c, r, "Transfer-Encoding: chunked\r\n\r\n5\r\nhel"), false;
    else if (strncmp(t, "/reset", 6) == 0)
        return well_formed(c, r, "Content-Length: 10\r\n\r\nhello"), break_off(c->fd), false;
    else if (strncmp(t, "/nothing", 8) == 0)
        return false;
    else if (strncmp(t, "/garbage", 8) == 0)
        return say(c->fd, "220 mail.example ESMTP ready\r\n"), false;
    else if (strncmp(t, "/stale", 6) == 0) /* says it keeps the connection, and does not */
        return well_formed(c, r, "Content-Length: 5\r\n\r\nhello"), false;
    else if (strncmp(t, "/stall-body", 11) == 0)
        return well_formed(c, r, "Content-Length: 10\r\n\r\nhello"), wait_for_end(c->fd), false;
    else if (strncmp(t, "/stall", 6) == 0)
        return wait_for_end(c->fd), false;
    else
        well_formed(c, r, "Content-Length: 5\r\n\r\nhello");
    return true;
}

static void *serve(void *ctx)
{
    struct connection *c = ctx;
    char head[16384];
    struct request r;

    while (read_header(c->fd, head, sizeof(head)) && parse(head, &r)) {
        (void)atomic_fetch_add(&c->server->requests, 1);
        if (!read_body(c->fd, &r) || !answer(c, &r))
            break;
        c->served++;
    }
    (void)shutdown(c->fd, SHUT_WR);
    return NULL;
}

static void *accept_all(void *ctx)
{
    struct tiny_server *s = ctx;
    int fd, n;

    while ((n = atomic_load(&s->accepted)) < CONNECTIONS_MAX &&
           (fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        struct connection *c = &s->connections[n];
        c->server = s;
        c->fd = fd;
        must(pthread_create(&c->thread, NULL, serve, c) == 0, "pthread_create");
        atomic_store(&s->accepted, n + 1);
    }
    return NULL;
}

static int listen_somewhere(int backlog, int *ret_port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    must(fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(fd, backlog) == 0,
         "listen");
    must(getsockname(fd, (struct sockaddr *)&a, &len) == 0, "getsockname");
    *ret_port = ntohs(a.sin_port);
    return fd;
}

struct tiny_server *tiny_server_new(void)
{
    struct tiny_server *s = calloc(1, sizeof(*s));

    must(s != NULL, "calloc");
    s->fd = listen_somewhere(512, &s->port);
    must(pthread_create(&s->thread, NULL, accept_all, s) == 0, "pthread_create");
    return s;
}

void tiny_server_free(struct tiny_server *s)
{
    int i;

    (void)shutdown(s->fd, SHUT_RDWR); /* ends accept */
    (void)pthread_join(s->thread, NULL);
    for (i = 0; i < atomic_load(&s->accepted); i++) {
        (void)shutdown(s->connections[i].fd, SHUT_RDWR);
        (void)pthread_join(s->connections[i].thread, NULL);
        (void)close(s->connections[i].fd);
    }
    (void)close(s->fd);
    free(s);
}

int tiny_server_port(const struct tiny_server *s)
{
    return s->port;
}

int tiny_server_connections(const struct tiny_server *s)
{
    return atomic_load(&s->accepted);
}

int tiny_server_requests(const struct tiny_server *s)
{
    return atomic_load(&s->requests);
}

void full_backlog_begin(struct full_backlog *b)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    b->fd = listen_somewhere(0, &b->port);
    a.sin_port = htons((uint16_t)b->port);
    for (size_t i = 0; i < sizeof(b->waiting) / sizeof(b->waiting[0]); i++) {
        b->waiting[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        must(b->waiting[i] >= 0, "socket");
        (void)!connect(b->waiting[i], (struct sockaddr *)&a, sizeof(a)); /* is not finished */
    }
}

void full_backlog_end(struct full_backlog *b)
{
    for (size_t i = 0; i < sizeof(b->waiting) / sizeof(b->waiting[0]); i++)
        (void)close(b->waiting[i]);
    (void)close(b->fd);
}
