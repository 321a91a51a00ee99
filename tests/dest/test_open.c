/* SPDX-License-Identifier: Apache-2.0 */
/* s3c_destination_open over the real transport: to a port where nobody listens, and to one that answers like a bucket. */
#include "check.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <s3c/destination.h>

#include "base/view.h"
#include "config/config.h"

static const char *no_env(void *ctx, const char *name)
{
    (void)ctx;
    (void)name;
    return NULL;
}

static struct s3c_config *config(int port)
{
    char endpoint[64];
    const char *const options[][2] = {
        {"aws.bucket", "bucket"},
        {"aws.access-key-id", "AKID"},
        {"aws.secret-access-key", "SECRET"},
        {"format", "json"},
        {"aws.endpoint", endpoint},
        {"prefix", "out"},
    };
    struct s3c_config *c;
    struct s3c_error err;

    (void)snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%d", port);
    CHECK_OK(s3c_config_new(&c, S3C_DESTINATION, &err), &err);
    s3c_config_set_env(c, no_env, NULL);
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        CHECK_OK(s3c_config_set(c, s3c_view_str(options[i][0]), s3c_view_str(options[i][1]),
                                S3C_FROM_FILE, &err),
                 &err);
    CHECK_OK(s3c_config_finish(c, &err), &err);
    return c;
}

/* A listening socket on a free port; accepts nothing by itself. */
static int listen_anywhere(int *ret_port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    *ret_port = ntohs(a.sin_port);
    return fd;
}

/* Answers each request of one connection with 200, until it is closed. Bodies fit into one read with their header or the next. */
static void *serve(void *arg)
{
    static const char ok[] =
        "HTTP/1.1 200 OK\r\nx-amz-request-id: 1\r\nETag: \"e\"\r\nContent-Length: 0\r\n\r\n";
    int fd = accept(*(int *)arg, NULL, NULL);
    char request[8192];
    size_t len = 0;
    ssize_t n;

    while ((n = read(fd, request + len, sizeof(request) - 1 - len)) > 0) {
        len += (size_t)n;
        request[len] = '\0';
        if (!strstr(request, "\r\n\r\n") ||
            (strncmp(request, "PUT", 3) == 0 && !strstr(request, "}\n")))
            continue;
        if (write(fd, ok, sizeof(ok) - 1) < 0)
            break;
        len = 0;
    }
    (void)close(fd);
    return NULL;
}

static void names_the_class_when_nobody_listens(void **state)
{
    struct s3c_destination *d = NULL;
    struct s3c_config *c;
    struct s3c_error err;
    int port;

    (void)state;
    (void)close(listen_anywhere(&port)); /* free a moment ago: nobody listens */
    c = config(port);
    CHECK_CODE(s3c_destination_open(&d, c, NULL, &err), S3C_E_CONNECT);
    CHECK_HAS(err.message, "connection");
    assert_null(d);
    s3c_config_free(c);
}

static void opens_and_stores(void **state)
{
    const struct s3c_record r = {
        .operation = S3C_OP_CREATE, .position = S3C_VIEW("p"), .metadata_nil = true};
    struct s3c_destination *d = NULL;
    struct s3c_ack ack;
    struct s3c_config *c;
    struct s3c_error err;
    pthread_t server;
    size_t n;
    int port, fd = listen_anywhere(&port);

    (void)state;
    assert_int_equal(pthread_create(&server, NULL, serve, &fd), 0);
    c = config(port);
    CHECK_OK(s3c_destination_open(&d, c, NULL, &err), &err);
    CHECK_OK(s3c_destination_write(d, &r, 1, &n, &err), &err);
    CHECK_OK(s3c_destination_stop(d, -1, &err), &err);
    CHECK_CODE(s3c_destination_acks(d, &ack, 1, &n, -1, &err), 0);
    CHECK_VIEW(ack.position, "p");
    assert_null(ack.error);
    CHECK_CODE(s3c_destination_acks(d, &ack, 1, &n, -1, &err), S3C_END);
    s3c_destination_close(d);
    s3c_config_free(c);
    assert_int_equal(pthread_join(server, NULL), 0);
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(names_the_class_when_nobody_listens),
        CHECK_TEST(opens_and_stores),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
