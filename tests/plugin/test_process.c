/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "plugin/process.h"

#define COOKIE "204e8e812c3a1bb73b838928c575b42a105dd2e9aa449be481bc4590486df53f"

struct variable {
    const char *name, *value;
};

/* A list of variables, later ones winning, ended by a name of NULL. */
static const char *get(void *ctx, const char *name)
{
    const char *found = NULL;

    for (const struct variable *v = ctx; v->name; v++)
        if (strcmp(v->name, name) == 0)
            found = v->value;
    return found;
}

#define HOST                                 \
    {"CONDUIT_PLUGIN_MAGIC_COOKIE", COOKIE}, \
    {                                        \
        "PLUGIN_PROTOCOL_VERSIONS", "2,1"    \
    }

static void init(struct process *p, struct variable *env)
{
    struct s3c_error err;

    CHECK_OK(process_init(p, get, env, &err), &err);
}

static void what_the_host_says_is_read(void **state)
{
    struct variable env[] = {HOST,
                             {"CONDUIT_CONNECTOR_UTILITIES_GRPC_TARGET", "[::]:4711"},
                             {"CONDUIT_CONNECTOR_TOKEN", "{}"},
                             {"CONDUIT_CONNECTOR_ID", "pipe:s3"},
                             {"CONDUIT_CONNECTOR_LOG_LEVEL", "warn"},
                             {"CONDUIT_CONNECTOR_MAX_RECEIVE_RECORD_SIZE", "123456"},
                             {"TMPDIR", "/var/tmp"},
                             {"PLUGIN_MIN_PORT", "20000"},
                             {"PLUGIN_MAX_PORT", "99999"},
                             {NULL, NULL}};
    struct process p;

    (void)state;
    init(&p, env);
    assert_string_equal(p.env.utilities_target, "[::]:4711");
    assert_string_equal(p.env.token, "{}");
    assert_string_equal(p.env.connector_id, "pipe:s3");
    assert_string_equal(p.env.log_level, "warn");
    assert_string_equal(p.env.socket_dir, "/var/tmp");
    assert_int_equal(p.env.max_receive, 123456);
    assert_int_equal(p.env.min_port, 20000);
    assert_int_equal(p.env.max_port, 65535);
    assert_false(p.env.mux_asked);
    assert_false(process_is_orphan(&p));
}

static void what_is_missing_has_a_default(void **state)
{
    static const char *const sizes[] = {NULL, "", "0", "-5", "many"};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct variable env[] = {
            HOST, {"CONDUIT_CONNECTOR_MAX_RECEIVE_RECORD_SIZE", sizes[i]}, {NULL, NULL}};
        struct process p;

        init(&p, env);
        assert_int_equal(p.env.max_receive, 4 << 20);
        assert_string_equal(p.env.utilities_target, "");
        assert_string_equal(p.env.token, "");
        assert_string_equal(p.env.socket_dir, "/tmp");
        assert_int_equal(p.env.min_port, 10000);
        assert_int_equal(p.env.max_port, 25000);
    }
}

static void the_versions_are_a_list_in_any_order(void **state)
{
    static const struct {
        const char *versions;
        bool fine;
    } cases[] = {{"1,2", true},   {"2,1", true}, {"2", true},   {" 1 , 2 ", true}, {"3,2,1", true},
                 {"1", false},    {"", false},   {"12", false}, {"1,22", false},   {"2x", false},
                 {",,2,,", true}, {",", false},  {NULL, false}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct variable env[] = {
            HOST, {"PLUGIN_PROTOCOL_VERSIONS", cases[i].versions}, {NULL, NULL}};
        struct s3c_error err = {0};
        struct process p;

        CHECK_CODE(process_init(&p, get, env, &err), cases[i].fine ? 0 : S3C_E_INVALID);
        if (!cases[i].fine)
            CHECK_HAS(err.message, "the connector speaks version 2");
    }
}

static void other_hosts_are_refused(void **state)
{
    struct variable no_cookie[] = {{"PLUGIN_PROTOCOL_VERSIONS", "2"}, {NULL, NULL}};
    struct variable wrong_cookie[] = {HOST, {"CONDUIT_PLUGIN_MAGIC_COOKIE", "x"}, {NULL, NULL}};
    struct variable tls[] = {HOST, {"PLUGIN_CLIENT_CERT", "-----BEGIN"}, {NULL, NULL}};
    struct s3c_error err;
    struct process p;

    (void)state;
    CHECK_CODE(process_init(&p, get, no_cookie, &err), S3C_E_INVALID);
    CHECK_HAS(err.message, "CONDUIT_PLUGIN_MAGIC_COOKIE");
    CHECK_CODE(process_init(&p, get, wrong_cookie, &err), S3C_E_INVALID);
    CHECK_HAS(err.message, "CONDUIT_PLUGIN_MAGIC_COOKIE");
    CHECK_CODE(process_init(&p, get, tls, &err), S3C_E_INVALID);
    CHECK_HAS(err.message, "TLS");
}

static int entries(const char *folder)
{
    DIR *d = opendir(folder);
    int n = 0;

    assert_non_null(d);
    for (struct dirent *e = readdir(d); e; e = readdir(d))
        n += e->d_name[0] != '.';
    (void)closedir(d);
    return n;
}

static void make_folder(char *dst)
{
    (void)memcpy(dst, "/tmp/s3c-plugin-XXXXXX", sizeof("/tmp/s3c-plugin-XXXXXX"));
    assert_non_null(mkdtemp(dst));
}

static void shake_hands(const struct process *p, char *line, size_t size)
{
    struct s3c_error err;
    int fd[2];
    ssize_t n;

    assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
    CHECK_OK(process_shake_hands(p, fd[1], &err), &err);
    n = read(fd[0], line, size - 1);
    assert_true(n > 0);
    line[n] = '\0';
    (void)close(fd[0]);
    (void)close(fd[1]);
}

static void connects(int family, const void *address, size_t size)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(connect(fd, address, (socklen_t)size), 0);
    (void)close(fd);
}

static void the_socket_comes_and_goes(void **state)
{
    char folder[64], line[256], want[256];
    struct variable env[] = {
        HOST, {"TMPDIR", "/nonexistent"}, {"PLUGIN_UNIX_SOCKET_DIR", folder}, {NULL, NULL}};
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    struct s3c_error err;
    struct process p;
    struct stat st;

    (void)state;
    make_folder(folder);
    init(&p, env);
    CHECK_OK(process_listen(&p, &err), &err);
    assert_int_equal(entries(folder), 1);
    assert_int_equal(stat(p.socket_path, &st), 0);
    assert_true(S_ISSOCK(st.st_mode));
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_true(fcntl(p.listen_fd, F_GETFD) & FD_CLOEXEC);
    shake_hands(&p, line, sizeof(line));
    (void)snprintf(want, sizeof(want), "1|2|unix|%s|grpc|\n", p.socket_path);
    assert_string_equal(line, want);
    memcpy(a.sun_path, p.socket_path, sizeof(a.sun_path));
    connects(AF_UNIX, &a, sizeof(a));
    process_done(&p);
    process_done(&p);
    assert_int_equal(entries(folder), 0);
    assert_int_equal(rmdir(folder), 0);
}

/* Where no unix socket can be: too long a path, no folder, a name that would break the handshake's line. */
static void tcp_serves_where_no_unix_socket_can_be(void **state)
{
    static const char *const folders[] = {
        "/tmp/0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890",
        "/nonexistent/folder", "/tmp/a|b"};

    (void)state;
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        struct variable env[] = {HOST,
                                 {"TMPDIR", folders[i]},
                                 {"PLUGIN_MIN_PORT", "21000"},
                                 {"PLUGIN_MAX_PORT", "21999"},
                                 {"PLUGIN_MULTIPLEX_GRPC", "true"},
                                 {NULL, NULL}};
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        char line[256], want[256];
        struct s3c_error err;
        struct process p;

        init(&p, env);
        CHECK_OK(process_listen(&p, &err), &err);
        assert_in_range(p.port, 21000, 21999);
        assert_string_equal(p.socket_path, "");
        shake_hands(&p, line, sizeof(line));
        (void)snprintf(want, sizeof(want), "1|2|tcp|127.0.0.1:%u|grpc||false\n", p.port);
        assert_string_equal(line, want);
        a.sin_port = htons((uint16_t)p.port);
        connects(AF_INET, &a, sizeof(a));
        process_done(&p);
    }
}

static void a_taken_port_is_passed_over(void **state)
{
    struct variable env[] = {HOST,
                             {"TMPDIR", "/nonexistent"},
                             {"PLUGIN_MIN_PORT", "22501"},
                             {"PLUGIN_MAX_PORT", "22502"},
                             {NULL, NULL}};
    struct process p[3];
    struct s3c_error err;

    (void)state;
    for (int i = 0; i < 3; i++)
        init(&p[i], env);
    CHECK_OK(process_listen(&p[0], &err), &err);
    CHECK_OK(process_listen(&p[1], &err), &err);
    assert_int_equal(p[0].port + p[1].port, 22501 + 22502);
    CHECK_CODE(process_listen(&p[2], &err), S3C_E_IO);
    CHECK_HAS(err.message, "/nonexistent");
    CHECK_HAS(err.message, "22501 to 22502");
    process_done(&p[0]);
    process_done(&p[1]);
    process_done(&p[2]);
}

static void the_group_of_the_socket_is_set_or_missed(void **state)
{
    char folder[64], gid[16];
    struct variable env[] = {
        HOST, {"TMPDIR", folder}, {"PLUGIN_UNIX_SOCKET_GROUP", gid}, {NULL, NULL}};
    struct s3c_error err;
    struct process p;
    struct stat st;

    (void)state;
    make_folder(folder);
    (void)snprintf(gid, sizeof(gid), "%u", getegid());
    init(&p, env);
    CHECK_OK(process_listen(&p, &err), &err);
    assert_int_equal(stat(p.socket_path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0660);
    process_done(&p);
    (void)snprintf(gid, sizeof(gid), "no-such-group");
    CHECK_OK(process_listen(&p, &err), &err); /* TCP then: other users could not use the socket */
    assert_string_equal(p.socket_path, "");
    process_done(&p);
    assert_int_equal(entries(folder), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void a_host_that_is_gone_breaks_the_handshake(void **state)
{
    struct process p = {.listen_fd = -1, .port = 1};
    struct s3c_error err;

    (void)state;
    CHECK_CODE(process_shake_hands(&p, -1, &err), S3C_E_IO);
    CHECK_HAS(err.message, "handshake");
}

/* In a child of a child, which is ended: it prints whether the process saw that. */
static void an_orphan_knows_it(void **state)
{
    int up[2], down[2];
    char seen[2] = "";
    pid_t child;

    (void)state;
    assert_int_equal(pipe(up), 0);
    assert_int_equal(pipe(down), 0);
    child = fork();
    if (child == 0) {
        struct process p = {.parent = getpid()};
        if (fork() == 0) {
            bool before = process_is_orphan(&p);
            (void)!write(up[1], before ? "1" : "0", 1);
            (void)!read(down[0], seen, 1); /* until the parent has been waited for */
            (void)!write(up[1], process_is_orphan(&p) ? "1" : "0", 1);
            _exit(0);
        }
        (void)!read(up[0], seen, 1);
        _exit(seen[0] == '0' ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(write(down[1], "x", 1), 1);
    assert_int_equal(read(up[0], seen, 1), 1);
    assert_string_equal(seen, "1");
    for (int i = 0; i < 2; i++) {
        (void)close(up[i]);
        (void)close(down[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(what_the_host_says_is_read),
        CHECK_TEST(what_is_missing_has_a_default),
        CHECK_TEST(the_versions_are_a_list_in_any_order),
        CHECK_TEST(other_hosts_are_refused),
        CHECK_TEST(the_socket_comes_and_goes),
        CHECK_TEST(tcp_serves_where_no_unix_socket_can_be),
        CHECK_TEST(a_taken_port_is_passed_over),
        CHECK_TEST(the_group_of_the_socket_is_set_or_missed),
        CHECK_TEST(a_host_that_is_gone_breaks_the_handshake),
        CHECK_TEST(an_orphan_knows_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
