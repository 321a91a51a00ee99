/* SPDX-License-Identifier: Apache-2.0 */
/* Help and specification: they fit where they are read, and every option is in them. */
#include "check.h"

#include <string.h>

#include <s3c/config.h>

#include "cli/help.h"

static void terminate(struct s3c_buf *b)
{
    CHECK_OK(s3c_buf_terminate(b), NULL);
}

/* Lines of at most 80 columns; returns how many. */
static size_t lines_of(struct s3c_buf *b)
{
    size_t lines = 0;

    terminate(b);
    for (const char *p = b->ptr; *p; lines++) {
        size_t len = strcspn(p, "\n");
        if (len > 80)
            fail_msg("%zu columns: %.*s", len, (int)len, p);
        p += len + 1;
    }
    s3c_buf_done(b);
    return lines;
}

static void every_help_fits_a_screen(void **state)
{
    struct s3c_buf b = S3C_BUF_INIT(100000);
    const struct cli_command *c;
    size_t n;

    (void)state;
    c = cli_commands(&n);
    for (size_t i = 0; i < n; i++) {
        CHECK_OK(cli_help_command(&b, &c[i]), NULL);
        assert_in_range(lines_of(&b), 1, 24);
        CHECK_OK(cli_help_command_full(&b, &c[i]), NULL); /* may scroll, but only downwards */
        assert_true(lines_of(&b) > 0);
    }
    CHECK_OK(cli_help_program(&b), NULL);
    assert_in_range(lines_of(&b), 1, 24);
}

static void every_option_is_described(void **state)
{
    struct s3c_buf help = S3C_BUF_INIT(100000), json = S3C_BUF_INIT(100000),
                   text = S3C_BUF_INIT(100000);
    const struct s3c_option *o;
    size_t n;

    (void)state;
    CHECK_OK(cli_help_command_full(&help, cli_command_find((struct s3c_view){"pipe", 4})), NULL);
    CHECK_OK(cli_spec_json(&json), NULL);
    CHECK_OK(cli_spec_text(&text), NULL);
    terminate(&help);
    terminate(&json);
    terminate(&text);
    o = s3c_options(&n);
    for (size_t i = 0; i < n; i++) {
        if (!(o[i].sides & S3C_PLUGIN))
            CHECK_HAS(help.ptr, o[i].name);
        else
            assert_null(strstr(help.ptr, o[i].name));
        CHECK_HAS(text.ptr, o[i].name);
        CHECK_HAS(json.ptr, o[i].name);
        CHECK_HAS(json.ptr, o[i].alias ? o[i].alias : o[i].name);
    }
    s3c_buf_done(&help);
    s3c_buf_done(&json);
    s3c_buf_done(&text);
}

/* A buffer may do without some of the room it asks for: then the text is whole all the same. */
static void running_out_of_memory_is_an_ordinary_error(void **state)
{
    struct s3c_buf whole = S3C_BUF_INIT(100000);

    (void)state;
    CHECK_OK(cli_spec_json(&whole), NULL);
    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_buf b = S3C_BUF_INIT(100000);
        int r = cli_spec_json(&b);

        if (r == 0)
            assert_int_equal(b.len, whole.len);
        else
            CHECK_CODE(r, S3C_E_NOMEM);
        assert_true(check_alloc_failed() || r == 0);
        s3c_buf_done(&b);
    }
    s3c_buf_done(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(every_help_fits_a_screen),
        CHECK_TEST(every_option_is_described),
        CHECK_TEST(running_out_of_memory_is_an_ordinary_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
