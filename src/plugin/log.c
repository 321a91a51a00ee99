/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/log.h"

#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/view.h"

/* A pipe that can be written to takes this many bytes at once, whole; so a line of at most that never waits. */
#define LINE_MAX_BYTES PIPE_BUF

struct plugin_log {
    int fd;
    struct s3c_log sink;
    const char *module; /* "" = none */
    char bucket[64];    /* "" = none */
    atomic_ulong dropped;
};

static const char *const level_names[] = {
    [S3C_LOG_ERROR] = "error",
    [S3C_LOG_WARN] = "warn",
    [S3C_LOG_INFO] = "info",
    [S3C_LOG_DEBUG] = "debug",
};

static int add_field(struct s3c_buf *line, const char *name, const char *value)
{
    int r;

    if (!*value)
        return 0;
    r = s3c_buf_addf(line, ",\"%s\":", name);
    return r < 0 ? r : s3c_json_string(line, s3c_view_str(value), S3C_JSON_PLAIN);
}

static int make_line(struct s3c_buf *line, const struct plugin_log *l, enum s3c_log_level level,
                     const char *message, unsigned long dropped)
{
    char number[24];
    int r = s3c_buf_addf(line, "{\"@level\":\"%s\"", level_names[level]);

    if (r == 0)
        r = add_field(line, "@module", l->module);
    if (r == 0)
        r = add_field(line, "bucket", l->bucket);
    if (r == 0 && dropped > 0) {
        (void)snprintf(number, sizeof(number), "%lu", dropped);
        r = add_field(line, "dropped_lines", number);
    }
    if (r == 0)
        r = s3c_buf_add_str(line, ",\"@message\":");
    if (r == 0)
        r = s3c_json_string(line, s3c_view_str(message), S3C_JSON_PLAIN);
    return r < 0 ? r : s3c_buf_add_str(line, "}\n");
}

static bool put_line(int fd, struct s3c_view line)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};

    if (poll(&p, 1, 0) != 1 || !(p.revents & POLLOUT))
        return false;
    return write(fd, line.ptr, line.len) == (ssize_t)line.len;
}

static void write_line(void *ctx, enum s3c_log_level level, const char *message)
{
    struct plugin_log *l = ctx;
    struct s3c_buf line = S3C_BUF_INIT(LINE_MAX_BYTES);
    unsigned long dropped = atomic_exchange(&l->dropped, 0);

    if (make_line(&line, l, level, message, dropped) < 0 || !put_line(l->fd, s3c_buf_view(&line)))
        (void)atomic_fetch_add(&l->dropped, dropped + 1);
    s3c_buf_done(&line);
}

static enum s3c_log_level parse_level(struct s3c_view name)
{
    if (s3c_view_eq_nocase(name, S3C_VIEW("trace")))
        return S3C_LOG_DEBUG;
    for (int i = S3C_LOG_ERROR; i <= S3C_LOG_DEBUG; i++)
        if (s3c_view_eq_nocase(name, s3c_view_str(level_names[i])))
            return (enum s3c_log_level)i;
    return s3c_view_eq_nocase(name, S3C_VIEW("fatal")) ||
                   s3c_view_eq_nocase(name, S3C_VIEW("panic"))
               ? S3C_LOG_ERROR
               : S3C_LOG_INFO;
}

int plugin_log_new(struct plugin_log **ret, int fd, const char *level, struct s3c_error *err)
{
    struct plugin_log *l = s3c_zalloc(sizeof(*l));

    if (!l)
        return s3c_error_nomem(err);
    l->fd = fd;
    l->module = "";
    l->sink = (struct s3c_log){parse_level(s3c_view_str(level)), write_line, l};
    *ret = l;
    return 0;
}

void plugin_log_free(struct plugin_log *l)
{
    s3c_free(l);
}

const struct s3c_log *plugin_log_sink(const struct plugin_log *l)
{
    return &l->sink;
}

void plugin_log_context(struct plugin_log *l, const char *module, const char *bucket)
{
    l->module = module;
    s3c_view_copy(l->bucket, sizeof(l->bucket), s3c_view_str(bucket));
}
