/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standard error: log lines, errors, the progress line. One writer for all threads, so that lines never mix and a progress line on a
 * terminal is cleared before anything else is shown. Messages are one line each; control characters become '?'.
 */
#ifndef S3C_CLI_CONSOLE_H
#define S3C_CLI_CONSOLE_H

#include <pthread.h>

#include <s3c/error.h>
#include <s3c/log.h>

struct cli_console {
    int fd;
    bool tty;
    bool quiet;         /* only errors */
    struct s3c_log log; /* for the library; its level is the console's */
    pthread_mutex_t lock;
    bool line_open; /* a progress line without its newline is shown; under lock */
};

void cli_console_init(struct cli_console *c, int fd);
void cli_console_done(struct cli_console *c); /* ends an open progress line */
void cli_console_set_level(struct cli_console *c, enum s3c_log_level level);

/* "s3c: error: ...", "s3c: warning: ...", "s3c: ...", "s3c: debug: ..." when the level lets it pass. */
void cli_say(struct cli_console *c, enum s3c_log_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The progress line: rewritten in place on a terminal, else a line of its own. */
void cli_status(struct cli_console *c, const char *text);

#endif
