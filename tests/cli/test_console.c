/* SPDX-License-Identifier: Apache-2.0 */
/* Standard error and signals: one line each, and a second signal that does not wait. */
#include "check.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/console.h"
#include "cli/signals.h"

static const char *said(int fd, char *text, size_t size)
{
    ssize_t n = read(fd, text, size - 1);

    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void messages_are_one_line_with_their_level(void **state)
{
    struct cli_console c;
    char text[4000];
    int fds[2];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    cli_console_init(&c, fds[1]);
    cli_say(&c, S3C_LOG_ERROR, "a\nb\033[2J %d", 7);
    cli_say(&c, S3C_LOG_WARN, "w");
    cli_say(&c, S3C_LOG_INFO, "i");
    cli_say(&c, S3C_LOG_DEBUG, "not at this level");
    c.log.write(c.log.ctx, S3C_LOG_WARN, "from the library");
    cli_status(&c, "no terminal: a line of its own");
    assert_string_equal(
        said(fds[0], text, sizeof(text)),
        "s3c: error: a?b?[2J 7\ns3c: warning: w\ns3c: i\ns3c: warning: from the library\n"
        "s3c: no terminal: a line of its own\n");
    cli_console_set_level(&c, S3C_LOG_ERROR);
    cli_say(&c, S3C_LOG_WARN, "quiet now");
    cli_say(&c, S3C_LOG_ERROR, "%2000d", 1);
    assert_true(strlen(said(fds[0], text, sizeof(text))) < 1500);
    assert_int_equal(text[strlen(text) - 1], '\n');
    assert_null(strstr(text, "quiet"));
    cli_console_done(&c);
    (void)close(fds[0]);
    (void)close(fds[1]);
}

static void a_progress_line_gives_way(void **state)
{
    struct cli_console c;
    char text[400];
    int fds[2];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    cli_console_init(&c, fds[1]);
    c.tty = true;
    cli_status(&c, "1 record");
    cli_status(&c, "2 records");
    cli_say(&c, S3C_LOG_WARN, "w");
    cli_status(&c, "3 records");
    cli_console_done(&c);
    assert_string_equal(
        said(fds[0], text, sizeof(text)),
        "\r\033[K1 record\r\033[K2 records\r\033[Ks3c: warning: w\n\r\033[K3 records\n");
    (void)close(fds[0]);
    (void)close(fds[1]);
}

static void ring(void *ctx)
{
    static const char one = 1;

    if (write(*(int *)ctx, &one, 1) != 1)
        abort();
}

/* The signals are the process's, so each part has a process of its own. Its exit status is what is checked. */
static int in_child(void (*run)(struct cli_signals *s, int bell, int ear))
{
    struct cli_signals s;
    struct s3c_error err;
    int status, fds[2];
    pid_t pid = fork();

    if (pid == 0) {
        if (pipe(fds) < 0 || cli_signals_start(&s, &err) < 0)
            _exit(70);
        run(&s, fds[1], fds[0]);
        cli_signals_stop(&s);
        _exit(0);
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

static void expect(bool ok)
{
    if (!ok)
        _exit(71);
}

static void one_signal(struct cli_signals *s, int bell, int ear)
{
    struct pollfd flag = {.fd = s->fd, .events = POLLIN};
    char c;

    cli_signals_set_wake(s, ring, &bell);
    expect(!cli_signals_stopped(s) && poll(&flag, 1, 0) == 0);
    (void)kill(getpid(), SIGTERM);
    expect(read(ear, &c, 1) == 1); /* blocks until it has been woken */
    expect(cli_signals_stopped(s) && poll(&flag, 1, 0) == 1);
    cli_signals_set_wake(s, NULL, NULL);
}

static void two_signals(struct cli_signals *s, int bell, int ear)
{
    one_signal(s, bell, ear);
    (void)kill(getpid(), SIGINT);
    for (;;)
        (void)pause();
}

static void a_closed_pipe(struct cli_signals *s, int bell, int ear)
{
    (void)s;
    (void)close(ear);
    expect(write(bell, "x", 1) < 0); /* an error, not the end of the process */
}

static void the_first_signal_asks_the_second_ends(void **state)
{
    (void)state;
    assert_int_equal(in_child(one_signal), 0);
    assert_int_equal(in_child(two_signals), 1);
    assert_int_equal(in_child(a_closed_pipe), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(messages_are_one_line_with_their_level),
        CHECK_TEST(a_progress_line_gives_way),
        CHECK_TEST(the_first_signal_asks_the_second_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
