/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/console.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define LINE_MAX_BYTES 1400 /* a whole s3c_error message and its prefix */

/* Nothing can be done about a standard error that takes no bytes. */
static void put(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t w = write(fd, p, n);
        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0)
            return;
        p += w;
        n -= (size_t)w;
    }
}

static void flatten(char *p)
{
    for (; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
}

static void put_line(struct cli_console *c, const char *prefix, const char *text)
{
    char line[LINE_MAX_BYTES];
    size_t n;

    (void)snprintf(line, sizeof(line) - 1, "%s%s", prefix, text);
    flatten(line);
    n = strlen(line);
    line[n++] = '\n';
    (void)pthread_mutex_lock(&c->lock);
    if (c->line_open)
        put(c->fd, "\r\033[K", 4);
    c->line_open = false;
    put(c->fd, line, n);
    (void)pthread_mutex_unlock(&c->lock);
}

static const char *prefix_of(enum s3c_log_level level)
{
    switch (level) {
    case S3C_LOG_ERROR:
        return "s3c: error: ";
    case S3C_LOG_WARN:
        return "s3c: warning: ";
    case S3C_LOG_DEBUG:
        return "s3c: debug: ";
    case S3C_LOG_INFO:
        break;
    }
    return "s3c: ";
}

static void log_line(void *ctx, enum s3c_log_level level, const char *message)
{
    put_line(ctx, prefix_of(level), message);
}

void cli_console_init(struct cli_console *c, int fd)
{
    *c = (struct cli_console){.fd = fd, .tty = isatty(fd) == 1};
    c->log = (struct s3c_log){.level = S3C_LOG_INFO, .write = log_line, .ctx = c};
    (void)pthread_mutex_init(&c->lock, NULL);
}

void cli_console_done(struct cli_console *c)
{
    if (c->line_open)
        put(c->fd, "\n", 1);
    c->line_open = false;
    (void)pthread_mutex_destroy(&c->lock);
}

void cli_console_set_level(struct cli_console *c, enum s3c_log_level level)
{
    c->log.level = level;
    c->quiet = level == S3C_LOG_ERROR;
}

void cli_say(struct cli_console *c, enum s3c_log_level level, const char *fmt, ...)
{
    char text[LINE_MAX_BYTES];
    va_list ap;

    if (level > c->log.level)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    put_line(c, prefix_of(level), text);
}

void cli_status(struct cli_console *c, const char *text)
{
    char line[400];
    int n;

    if (!c->tty) {
        put_line(c, "s3c: ", text);
        return;
    }
    n = snprintf(line, sizeof(line), "\r\033[K%s", text);
    if (n < 0)
        return;
    (void)pthread_mutex_lock(&c->lock);
    put(c->fd, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
    c->line_open = true;
    (void)pthread_mutex_unlock(&c->lock);
}
