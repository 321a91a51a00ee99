/* SPDX-License-Identifier: Apache-2.0 */
/* Standard input as lines, standard output as a buffer, and their ends. */
#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/view.h"
#include "cli/lines.h"
#include "cli/output.h"

/* Fills until the end of input and takes every line on the way; they are joined by '|'. */
static void read_all(int fd, char *joined, size_t size)
{
    struct cli_lines l;
    struct s3c_error err;
    size_t len;
    char *line;
    int r;

    joined[0] = '\0';
    cli_lines_init(&l, fd);
    do {
        r = cli_lines_fill(&l, &err);
        CHECK_OK(r, &err);
        while (cli_lines_next(&l, &line, &len)) {
            check_append(joined, size, line, len);
            check_append(joined, size, "|", 1);
        }
    } while (r != S3C_END);
    cli_lines_done(&l);
}

static void lines_are_the_same_wherever_the_input_is_cut(void **state)
{
    static const char text[] = "one\n\ntwo with words\nlast";
    char joined[200];

    (void)state;
    for (size_t cut = 0; cut < sizeof(text); cut++) {
        struct cli_lines l;
        struct s3c_error err;
        char *line;
        size_t len;
        int fds[2];

        joined[0] = '\0';
        assert_int_equal(pipe(fds), 0);
        cli_lines_init(&l, fds[0]);
        assert_int_equal(write(fds[1], text, cut), (ssize_t)cut);
        for (int half = 0; half < 3; half++) {
            if (half == 0 && cut == 0)
                assert_false(cli_lines_wait(&l, 0));
            else
                CHECK_OK(cli_lines_fill(&l, &err), &err);
            while (cli_lines_next(&l, &line, &len)) {
                check_append(joined, sizeof(joined), line, len);
                check_append(joined, sizeof(joined), "|", 1);
            }
            if (half == 0 && sizeof(text) - 1 > cut)
                assert_int_equal(write(fds[1], text + cut, sizeof(text) - 1 - cut),
                                 (ssize_t)(sizeof(text) - 1 - cut));
            if (half == 0)
                (void)close(fds[1]);
        }
        assert_string_equal(joined, "one||two with words|last|");
        assert_int_equal(l.number, 4);
        CHECK_CODE(cli_lines_fill(&l, &err), S3C_END);
        cli_lines_done(&l);
        (void)close(fds[0]);
    }
}

static void an_empty_input_has_no_line(void **state)
{
    char joined[10];
    int fd = open("/dev/null", O_RDONLY);

    (void)state;
    read_all(fd, joined, sizeof(joined));
    assert_string_equal(joined, "");
    (void)close(fd);
}

static void a_closed_input_is_an_error(void **state)
{
    struct cli_lines l;
    struct s3c_error err;

    (void)state;
    cli_lines_init(&l, -1);
    CHECK_CODE(cli_lines_fill(&l, &err), S3C_E_IO);
    CHECK_HAS(err.message, "standard input: cannot be read: Bad file descriptor");
    cli_lines_done(&l);
}

static int put_line(struct cli_output *o, const char *text, struct s3c_error *err)
{
    CHECK_OK(s3c_buf_add_str(&o->buf, text), NULL);
    return cli_output_flush(o, err);
}

static void output_arrives(void **state)
{
    struct cli_output o;
    struct s3c_error err;
    char text[20] = "";
    int fds[2];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    cli_output_init(&o, fds[1]);
    CHECK_OK(cli_output_flush(&o, &err), &err);
    CHECK_OK(put_line(&o, "line\n", &err), &err);
    assert_int_equal(o.bytes, 5);
    assert_true(cli_output_has_reader(&o));
    assert_int_equal(read(fds[0], text, sizeof(text)), 5);
    assert_string_equal(text, "line\n");
    cli_output_done(&o);
    (void)close(fds[0]);
    (void)close(fds[1]);
}

static void a_reader_that_left_is_noticed(void **state)
{
    struct cli_output o;
    struct s3c_error err;
    int fds[2];

    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe(fds), 0);
    cli_output_init(&o, fds[1]);
    (void)close(fds[0]);
    assert_false(cli_output_has_reader(&o));
    CHECK_CODE(put_line(&o, "line\n", &err), S3C_E_IO);
    CHECK_HAS(err.message, "standard output: its reader has closed it");
    cli_output_done(&o);
    (void)close(fds[1]);
}

static void a_full_disk_is_named(void **state)
{
    struct cli_output o;
    struct s3c_error err;
    int fd = open("/dev/full", O_WRONLY);

    (void)state;
    cli_output_init(&o, fd);
    CHECK_CODE(put_line(&o, "line\n", &err), S3C_E_IO);
    CHECK_HAS(err.message, "No space left on device");
    cli_output_done(&o);
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(lines_are_the_same_wherever_the_input_is_cut),
        CHECK_TEST(an_empty_input_has_no_line),
        CHECK_TEST(a_closed_input_is_an_error),
        CHECK_TEST(output_arrives),
        CHECK_TEST(a_reader_that_left_is_noticed),
        CHECK_TEST(a_full_disk_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
