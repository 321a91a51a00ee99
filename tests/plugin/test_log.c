/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "plugin/log.h"

struct rig {
    int fd[2];
    struct plugin_log *log;
    char text[1 << 17];
};

static void begin(struct rig *r, const char *level)
{
    struct s3c_error err;

    memset(r, 0, sizeof(*r));
    assert_int_equal(pipe2(r->fd, O_CLOEXEC), 0);
    assert_int_equal(fcntl(r->fd[0], F_SETFL, O_NONBLOCK), 0);
    CHECK_OK(plugin_log_new(&r->log, r->fd[1], level, &err), &err);
}

static void end(struct rig *r)
{
    plugin_log_free(r->log);
    (void)close(r->fd[0]);
    (void)close(r->fd[1]);
}

static const char *written(struct rig *r)
{
    ssize_t n = read(r->fd[0], r->text, sizeof(r->text) - 1);

    r->text[n > 0 ? n : 0] = '\0';
    return r->text;
}

static void a_line_is_what_hclog_reads(void **state)
{
    struct rig r;

    (void)state;
    begin(&r, "info");
    s3c_logf(plugin_log_sink(r.log), S3C_LOG_WARN, "a \"b\" \\ c\n%s", "\xc3\xa4\xff");
    assert_string_equal(written(&r),
                        "{\"@level\":\"warn\",\"@message\":\"a \\\"b\\\" \\\\ c?\xc3\xa4?\"}\n");
    plugin_log_context(r.log, "s3.source", "my-\"bucket\"");
    s3c_logf(plugin_log_sink(r.log), S3C_LOG_ERROR, "x");
    assert_string_equal(written(&r),
                        "{\"@level\":\"error\",\"@module\":\"s3.source\",\"bucket\":\"my-"
                        "\\\"bucket\\\"\",\"@message\":\"x\"}\n");
    end(&r);
}

static void the_level_of_the_host_counts(void **state)
{
    static const struct {
        const char *name;
        enum s3c_log_level level;
    } levels[] = {
        {"trace", S3C_LOG_DEBUG}, {"debug", S3C_LOG_DEBUG}, {"info", S3C_LOG_INFO},
        {"warn", S3C_LOG_WARN},   {"error", S3C_LOG_ERROR}, {"fatal", S3C_LOG_ERROR},
        {"", S3C_LOG_INFO},       {NULL, S3C_LOG_INFO},     {"WARN", S3C_LOG_WARN},
        {"loud", S3C_LOG_INFO},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        struct rig r;

        begin(&r, levels[i].name);
        assert_int_equal(plugin_log_sink(r.log)->level, levels[i].level);
        s3c_logf(plugin_log_sink(r.log), S3C_LOG_DEBUG, "x");
        assert_int_equal(*written(&r) != '\0', levels[i].level == S3C_LOG_DEBUG);
        end(&r);
    }
}

/* The host's pipe is full: the plugin goes on, and says later what is missing. */
static void a_host_that_does_not_read_is_not_waited_for(void **state)
{
    struct rig r;
    char message[1001];
    size_t lines = 0;

    (void)state;
    begin(&r, "info");
    memset(message, 'm', sizeof(message) - 1);
    message[sizeof(message) - 1] = '\0';
    assert_true(fcntl(r.fd[1], F_SETPIPE_SZ, 4096) >= 4096);
    for (int i = 0; i < 100; i++)
        s3c_logf(plugin_log_sink(r.log), S3C_LOG_INFO, "%s", message);
    for (const char *p = written(&r); (p = strchr(p, '\n')) != NULL; p++)
        lines++;
    assert_in_range(lines, 1, 50);
    s3c_logf(plugin_log_sink(r.log), S3C_LOG_INFO, "again");
    (void)snprintf(message, sizeof(message), "\"dropped_lines\":\"%zu\"", 100 - lines);
    CHECK_HAS(written(&r), message);
    s3c_logf(plugin_log_sink(r.log), S3C_LOG_INFO, "and again");
    assert_null(strstr(written(&r), "dropped"));
    end(&r);
}

static void the_longest_message_fits_whole(void **state)
{
    struct rig r;
    char message[2000];
    size_t n;

    (void)state;
    begin(&r, "info");
    plugin_log_context(r.log, "s3.source",
                       "0123456789012345678901234567890123456789012345678901234567890123456");
    memset(message, '"', sizeof(message) - 1); /* each is escaped */
    message[sizeof(message) - 1] = '\0';
    s3c_logf(plugin_log_sink(r.log), S3C_LOG_INFO, "%s", message);
    n = strlen(written(&r));
    assert_in_range(n, 2000, 4096);
    assert_string_equal(r.text + n - 4, "\"\"}\n");
    end(&r);
}

static void running_out_of_memory_loses_a_line_only(void **state)
{
    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct rig r = {.fd = {-1, -1}};
        struct s3c_error err;
        int n;

        assert_int_equal(pipe2(r.fd, O_CLOEXEC | O_NONBLOCK), 0);
        n = plugin_log_new(&r.log, r.fd[1], "info", &err);
        if (n == 0) {
            s3c_logf(plugin_log_sink(r.log), S3C_LOG_INFO, "once");
            s3c_logf(plugin_log_sink(r.log), S3C_LOG_INFO, "twice");
            assert_true(*written(&r) != '\0'); /* one of them, or both */
        } else {
            CHECK_CODE(n, S3C_E_NOMEM);
        }
        end(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(a_line_is_what_hclog_reads),
        CHECK_TEST(the_level_of_the_host_counts),
        CHECK_TEST(a_host_that_does_not_read_is_not_waited_for),
        CHECK_TEST(the_longest_message_fits_whole),
        CHECK_TEST(running_out_of_memory_loses_a_line_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
