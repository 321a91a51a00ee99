/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP server of threads for tests of the transport: the path of a request says how the answer misbehaves (tiny_server.c has the table).
 * Every well-formed answer tells in `x-echo` method, target and body length as they arrived, and in `x-connection` how many
 * requests came on this connection before. Listens on 127.0.0.1. One test thread makes and frees it.
 */
#ifndef S3C_TESTS_TINY_SERVER_H
#define S3C_TESTS_TINY_SERVER_H

#include <stdatomic.h>

struct tiny_server;

struct tiny_server *tiny_server_new(void);
void tiny_server_free(
    struct tiny_server *s); /* breaks all connections off and waits for its threads */
int tiny_server_port(const struct tiny_server *s);
int tiny_server_connections(const struct tiny_server *s); /* accepted so far */
int tiny_server_requests(const struct tiny_server *s);    /* whose header arrived so far */

/* A port where no connection is ever made, as behind a firewall that drops packets: its queue is full. */
struct full_backlog {
    int fd, port;
    int waiting[3];
};
void full_backlog_begin(struct full_backlog *b);
void full_backlog_end(struct full_backlog *b);

#endif
