/* SPDX-License-Identifier: Apache-2.0 */
/* The position file: bytes, atomic replacement, and that a failure leaves the old position. */
#include "check.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/view.h"
#include "cli/posfile.h"
#include "scratch.h"

static void save(struct cli_posfile *p, const char *position)
{
    struct s3c_error err;

    CHECK_OK(cli_posfile_note(p, s3c_view_str(position), &err), &err);
    CHECK_OK(cli_posfile_save(p, &err), &err);
}

static void exactly_one_line_feed_is_cut_off(void **state)
{
    static const struct {
        const char *text, *position;
    } cases[] = {{"", ""},
                 {"\n", ""},
                 {"k_c1\n", "k_c1"},
                 {"k_c1", "k_c1"},
                 {"a\nb_s1\n", "a\nb_s1"},
                 {"\n\n", "\n"},
                 {"k_c1\r\n", "k_c1\r"}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct cli_posfile p;
        struct s3c_error err;
        struct scratch s;

        scratch_begin(&s, "position");
        scratch_write(s.path, cases[i].text, strlen(cases[i].text));
        CHECK_OK(cli_posfile_open(&p, s.path, &err), &err);
        CHECK_VIEW(s3c_buf_view(&p.position), cases[i].position);
        cli_posfile_done(&p);
        scratch_end(&s);
    }
}

static void what_is_saved_is_read_back(void **state)
{
    struct cli_posfile p;
    struct s3c_error err;
    struct scratch s;
    char text[64];

    (void)state;
    scratch_begin(&s, "position");
    CHECK_OK(cli_posfile_open(&p, s.path, &err), &err);
    assert_int_equal(p.position.len, 0); /* absent = from the start */
    assert_int_equal(scratch_count(s.folder), 0);
    save(&p, "a\n_s7\n");
    assert_int_equal(scratch_read(s.path, text, sizeof(text)), 7);
    assert_string_equal(text, "a\n_s7\n\n");
    save(&p, "b_c8");
    assert_int_equal(scratch_count(s.folder), 1); /* no temporary file stays behind */
    cli_posfile_done(&p);
    CHECK_OK(cli_posfile_open(&p, s.path, &err), &err);
    CHECK_VIEW(s3c_buf_view(&p.position), "b_c8");
    cli_posfile_done(&p);
    scratch_end(&s);
}

static void nothing_is_saved_that_was_not_noted(void **state)
{
    struct cli_posfile p;
    struct s3c_error err;
    struct scratch s;

    (void)state;
    scratch_begin(&s, "position");
    CHECK_OK(cli_posfile_open(&p, s.path, &err), &err);
    CHECK_OK(cli_posfile_save(&p, &err), &err);
    assert_int_equal(scratch_count(s.folder), 0);
    cli_posfile_done(&p);
    CHECK_OK(cli_posfile_open(&p, NULL, &err), &err);
    CHECK_OK(cli_posfile_note(&p, S3C_VIEW("k_c1"), &err), &err);
    CHECK_OK(cli_posfile_save(&p, &err), &err);
    cli_posfile_done(&p);
    scratch_end(&s);
}

static void ticks_save_about_twice_a_second(void **state)
{
    const int64_t period = CLI_POSFILE_PERIOD_MS * INT64_C(1000000);
    struct cli_posfile p;
    struct s3c_error err;
    struct scratch s;

    (void)state;
    scratch_begin(&s, "position");
    CHECK_OK(cli_posfile_open(&p, s.path, &err), &err);
    save(&p, "k_c1");
    CHECK_OK(cli_posfile_note(&p, S3C_VIEW("k_c2"), &err), &err);
    CHECK_OK(cli_posfile_tick(&p, p.saved_ns + period - 1, &err), &err);
    assert_true(p.dirty);
    CHECK_OK(cli_posfile_tick(&p, p.saved_ns + period, &err), &err);
    assert_false(p.dirty);
    cli_posfile_done(&p);
    scratch_end(&s);
}

static void devices_and_folders_are_refused(void **state)
{
    static const char *const paths[] = {"/dev/full", "/dev/null", "/tmp"};

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct cli_posfile p;
        struct s3c_error err;

        CHECK_CODE(cli_posfile_open(&p, paths[i], &err), S3C_E_INVALID);
        CHECK_HAS(err.message, paths[i]);
        CHECK_HAS(err.message, "not a regular file");
        cli_posfile_done(&p);
    }
}

static void a_file_that_is_too_long_is_refused(void **state)
{
    static const char many[70000];
    struct cli_posfile p;
    struct s3c_error err;
    struct scratch s;

    (void)state;
    scratch_begin(&s, "position");
    scratch_write(s.path, many, sizeof(many));
    CHECK_CODE(cli_posfile_open(&p, s.path, &err), S3C_E_INVALID);
    CHECK_HAS(err.message, "too long");
    cli_posfile_done(&p);
    scratch_end(&s);
}

static void a_symbolic_link_stays_one(void **state)
{
    struct cli_posfile p;
    struct s3c_error err;
    struct scratch s;
    char link_path[160], text[64];
    struct stat st;

    (void)state;
    scratch_begin(&s, "position");
    scratch_write(s.path, "k_c1\n", 5);
    (void)snprintf(link_path, sizeof(link_path), "%s/link", s.folder);
    assert_int_equal(symlink(s.path, link_path), 0);
    CHECK_OK(cli_posfile_open(&p, link_path, &err), &err);
    save(&p, "k_c2");
    assert_int_equal(lstat(link_path, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    (void)scratch_read(s.path, text, sizeof(text));
    assert_string_equal(text, "k_c2\n");
    cli_posfile_done(&p);
    scratch_end(&s);
}

/* As on a full disk: no file of this process may grow. */
static void a_full_disk_leaves_the_old_position(void **state)
{
    struct rlimit none = {0, RLIM_INFINITY}, old;
    struct cli_posfile p;
    struct s3c_error err;
    struct scratch s;
    char text[64];

    (void)state;
    scratch_begin(&s, "position");
    CHECK_OK(cli_posfile_open(&p, s.path, &err), &err);
    save(&p, "k_c1");
    CHECK_OK(cli_posfile_note(&p, S3C_VIEW("k_c2"), &err), &err);
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    none.rlim_max = old.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    CHECK_CODE(cli_posfile_save(&p, &err), S3C_E_IO);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    CHECK_HAS(err.message, s.path);
    CHECK_HAS(err.message, "nothing is lost");
    (void)scratch_read(s.path, text, sizeof(text));
    assert_string_equal(text, "k_c1\n");
    assert_int_equal(scratch_count(s.folder), 1);
    CHECK_OK(cli_posfile_save(&p, &err), &err); /* there is room again */
    (void)scratch_read(s.path, text, sizeof(text));
    assert_string_equal(text, "k_c2\n");
    cli_posfile_done(&p);
    scratch_end(&s);
}

static void a_folder_that_is_gone_is_an_error(void **state)
{
    struct cli_posfile p;
    struct s3c_error err;

    (void)state;
    CHECK_OK(cli_posfile_open(&p, "/nonexistent/s3c/position", &err), &err);
    CHECK_OK(cli_posfile_note(&p, S3C_VIEW("k_c2"), &err), &err);
    CHECK_CODE(cli_posfile_save(&p, &err), S3C_E_IO);
    CHECK_HAS(err.message, "No such file or directory");
    cli_posfile_done(&p);
}

static void running_out_of_memory_is_an_ordinary_error(void **state)
{
    struct scratch s;

    (void)state;
    scratch_begin(&s, "position");
    scratch_write(s.path, "k_c1\n", 5);
    FOR_EACH_ALLOC_FAILURE
    {
        struct cli_posfile p;
        struct s3c_error err;
        int r = cli_posfile_open(&p, s.path, &err);

        if (r == 0)
            r = cli_posfile_note(&p, S3C_VIEW("k_c2"), &err);
        if (r == 0)
            r = cli_posfile_save(&p, &err);
        if (check_alloc_failed())
            assert_true(r < 0);
        else
            CHECK_OK(r, &err);
        cli_posfile_done(&p);
    }
    scratch_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(exactly_one_line_feed_is_cut_off),
        CHECK_TEST(what_is_saved_is_read_back),
        CHECK_TEST(nothing_is_saved_that_was_not_noted),
        CHECK_TEST(ticks_save_about_twice_a_second),
        CHECK_TEST(devices_and_folders_are_refused),
        CHECK_TEST(a_file_that_is_too_long_is_refused),
        CHECK_TEST(a_symbolic_link_stays_one),
        CHECK_TEST(a_full_disk_leaves_the_old_position),
        CHECK_TEST(a_folder_that_is_gone_is_an_error),
        CHECK_TEST(running_out_of_memory_is_an_ordinary_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
