/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP/1.1 side: a listening socket, its connections, and the loop that drives them. One thread. */
#ifndef S3D_CONN_H
#define S3D_CONN_H

#include "server.h"

struct s3d_loop;
/* Listens on 127.0.0.1; *ret_port is the port it got. Ends the program when it cannot. */
struct s3d_loop *s3d_loop_new(struct s3d *s, unsigned port, unsigned *ret_port);
/* Serves until *stop is set (by a signal, which interrupts the wait). */
void s3d_loop_run(struct s3d_loop *l, const volatile int *stop);
void s3d_loop_free(struct s3d_loop *l); /* closes all connections */

#endif
