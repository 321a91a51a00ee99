/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of a configuration: what the files here share, and the two doors for other layers and tests (environment). */
#ifndef S3C_CONFIG_CONFIG_H
#define S3C_CONFIG_CONFIG_H

#include "base/buf.h"
#include "config/settings.h"
#include "s3/creds.h"

#define S3C_ORIGINS      3   /* of enum s3c_origin */
#define S3C_PROBLEMS_MAX 100 /* kept; a file of a million wrong lines is not worth more memory */
#define S3C_PROBLEM_MAX  512 /* bytes of one */

struct s3c_config_value {
    char *text[S3C_ORIGINS]; /* as set; NULL = not set */
    const char
        *spelling[S3C_ORIGINS]; /* the name under which it was set: the option's name or alias */
    char *found;                /* from the environment or the profile */
    const char
        *effective; /* of all these or the default; NULL = unset. Known after s3c_config_finish */
};

struct s3c_config {
    unsigned side; /* bits of enum s3c_side */
    bool finished;
    s3c_getenv_fn *getenv_fn; /* never NULL */
    void *getenv_ctx;
    struct s3c_config_value *values; /* one per row of the option table */
    char *problems[S3C_PROBLEMS_MAX];
    size_t problem_count;
    struct s3c_settings settings;
    struct s3c_template *names; /* what settings.names shows */
};

/* Parses key.template into `names`; a part of finish, for a destination. 0 or S3C_E_NOMEM. */
S3C_MUST_USE int s3c_config_parse_names(struct s3c_config *c);

/*
 * Appends a file's bytes, up to what the buffer may have less 4 KiB; `what` it is, for messages. 0, S3C_E_NOMEM, S3C_E_IO, S3C_E_TOO_LARGE.
 */
S3C_MUST_USE int s3c_config_read_text(const char *what, const char *path, struct s3c_buf *ret,
                                      struct s3c_error *err);
/* Parses what the option schema names into settings.schema; a part of finish, for a destination. 0 or S3C_E_NOMEM. */
S3C_MUST_USE int s3c_config_parse_schema(struct s3c_config *c);

/* The environment that finish and the session's credential chain read; NULL = getenv. Before s3c_config_finish. */
void s3c_config_set_env(struct s3c_config *c, s3c_getenv_fn *fn, void *ctx);

/* Keeps one line for s3c_config_finish; control characters become '?'. 0 or S3C_E_NOMEM; beyond the maximum it is dropped. */
S3C_MUST_USE int s3c_config_complain(struct s3c_config *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The value of the option with this field in struct s3c_settings. */
struct s3c_config_value *s3c_config_value_of(struct s3c_config *c, size_t field);

#define S3C_VALUE_SHOWN 96
/* A value for a message: cut, without control characters, bytes that are no UTF-8 as '?'. Returns dst. */
const char *s3c_value_show(char dst[S3C_VALUE_SHOWN], const char *text);

/*
 * Parses `text` by the option's type and range and stores it at its field of *ret (strings: the pointer itself). 0, or S3C_E_INVALID with
 * *ret_why = static text that completes "NAME: "VALUE" ...".
 */
S3C_MUST_USE int s3c_value_parse(const struct s3c_option *o, const char *text,
                                 struct s3c_settings *ret, const char **ret_why);

#endif
