/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration of a source or a destination: one option table feeds parsing, validation, help, specification and docs.
 *
 * Use: s3c_config_new, s3c_config_set for each name and value (in order of falling precedence: the first non-empty value of an
 * option wins, see `origin`), then s3c_config_finish once, which reads the AWS environment and profile for what is still
 * missing, applies defaults and reports all problems at once. A finished config is read-only and may be shared by threads.
 */
#ifndef S3C_CONFIG_H
#define S3C_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <s3c/error.h>
#include <s3c/log.h>
#include <s3c/view.h>

#ifdef __cplusplus
extern "C" {
#endif

enum s3c_side {
    S3C_SOURCE = 1,
    S3C_DESTINATION = 2,
    S3C_PLUGIN =
        4, /* with one of the others: also the options that only a Conduit plugin has (sdk.*) */
};         /* bits */

enum s3c_option_type {
    S3C_TYPE_STRING,
    S3C_TYPE_INT,
    S3C_TYPE_BOOL,
    S3C_TYPE_DURATION, /* Go's syntax */
    S3C_TYPE_SIZE,     /* bytes, or with KiB, MiB, GiB */
    S3C_TYPE_ENUM,
    S3C_TYPE_PATH,
    S3C_TYPE_URL,
    S3C_TYPE_FLOAT,
};

struct s3c_option {
    const char *name;  /* canonical, hyphenated: "polling-period" */
    const char *alias; /* camelCase spelling ("pollingPeriod"), or NULL where both are the same */
    enum s3c_option_type type;
    unsigned sides;      /* S3C_SOURCE | S3C_DESTINATION; | S3C_PLUGIN: of a Conduit plugin only */
    const char *def;     /* default as text, or NULL */
    const char *allowed; /* "auto, true, false" or "1 to 100000": shown to people, or NULL */
    const char *description; /* one or two sentences */
    bool required;
    bool secret; /* never printed; refused on a command line */
    int64_t min,
        max; /* INT, SIZE (bytes), DURATION (ns), FLOAT: the range, both included; max 0 = no upper end */
    int64_t unit; /* DURATION: the value must be a multiple of it (0: any) */
    size_t field; /* for the library itself: where the typed value goes */
};

/* The whole table in documentation order. Static. */
S3C_PUBLIC const struct s3c_option *s3c_options(size_t *ret_count);
/* Whether an option exists on any of these sides; those of the plugin only where `sides` has S3C_PLUGIN. */
S3C_PUBLIC bool s3c_option_is_for(const struct s3c_option *o, unsigned sides);
/* Finds by canonical name, alias, or either without "aws."; NULL if there is none for any of these sides. */
S3C_PUBLIC const struct s3c_option *s3c_option_find(struct s3c_view name, unsigned sides);
/* The spelling that a mistyped name most likely meant (camelCase if it has an upper-case letter); NULL: none is near. */
S3C_PUBLIC const char *s3c_option_nearest(struct s3c_view name, unsigned sides);
/* "string", "int", "bool", "duration", "size", "enum", "path", "URL", "float": for people. */
S3C_PUBLIC const char *s3c_option_type_name(enum s3c_option_type type);

/* Where a value comes from; earlier ones win. Within one origin, two different non-empty values of one option are a problem. */
enum s3c_origin { S3C_FROM_COMMAND_LINE, S3C_FROM_FILE, S3C_FROM_HOST };

struct s3c_config;

/* `side`: S3C_SOURCE or S3C_DESTINATION, for a plugin with S3C_PLUGIN. */
S3C_PUBLIC S3C_MUST_USE int s3c_config_new(struct s3c_config **ret, unsigned side,
                                           struct s3c_error *err);
S3C_PUBLIC void s3c_config_free(struct s3c_config *c); /* wipes secrets; NULL is fine */

/* Takes a copy. Problems (unknown name, secret on the command line, ...) are kept for s3c_config_finish. 0 or S3C_E_NOMEM. */
S3C_PUBLIC S3C_MUST_USE int s3c_config_set(struct s3c_config *c, struct s3c_view name,
                                           struct s3c_view value, enum s3c_origin origin,
                                           struct s3c_error *err);
/*
 * Calls `each` for the `name = value` lines of a file ('#' at the start of a line: comment; blank lines; no quoting; white space
 * around name and value is cut off). Stops when `each` returns non-zero and returns that. 0, S3C_E_IO, S3C_E_NOMEM, S3C_E_INVALID (a line
 * without '=', or without a name; the message has its number), S3C_E_TOO_LARGE (more than 1 MiB).
 */
typedef int s3c_config_line_fn(void *ctx, struct s3c_view name, struct s3c_view value,
                               struct s3c_error *err);
S3C_PUBLIC S3C_MUST_USE int s3c_config_each_line(const char *path, s3c_config_line_fn *each,
                                                 void *ctx, struct s3c_error *err);
/* The same, each line set with origin S3C_FROM_FILE. */
S3C_PUBLIC S3C_MUST_USE int s3c_config_read_file(struct s3c_config *c, const char *path,
                                                 struct s3c_error *err);
/*
 * Validates everything and fills defaults. 0, S3C_E_NOMEM, or S3C_E_INVALID: err->message holds as many problems as fit, and
 * s3c_config_problem gives them all, one line each, without secrets.
 */
S3C_PUBLIC S3C_MUST_USE int s3c_config_finish(struct s3c_config *c, struct s3c_error *err);
S3C_PUBLIC size_t s3c_config_problem_count(const struct s3c_config *c);
S3C_PUBLIC const char *s3c_config_problem(const struct s3c_config *c, size_t i);

/* The effective value as text, for people ("***" for secrets, "" when unset); valid as long as the config. */
S3C_PUBLIC const char *s3c_config_text(const struct s3c_config *c, const struct s3c_option *o);
/*
 * The typed value of an option of a finished config, by canonical name: what its type stores (INT; SIZE in bytes; DURATION in ns, or
 * in the option's unit; BOOL 0 or 1; ENUM the index in `allowed`). 0 for a name that is none, or whose type the function does not give.
 */
S3C_PUBLIC int64_t s3c_config_number(const struct s3c_config *c, const char *name);
S3C_PUBLIC double s3c_config_float(const struct s3c_config *c, const char *name);

/* Whether the key of a file of this destination could begin with a prefix, going by key.template; false for a source. Of a finished config. */
S3C_PUBLIC bool s3c_config_writes_under(const struct s3c_config *c, struct s3c_view prefix);

/*
 * `check`: settings, credentials, bucket and permissions, at most 10 s in all. `report` is called once per step, in order, on the
 * calling thread: name ("endpoint", "credentials", "bucket", "versioning", "list" and "read", or "names" and "write"), and the error or NULL.
 * `detail` is one line for people, may be empty. Returns 0 if all steps worked, else the first failure.
 */
typedef void s3c_check_fn(void *ctx, const char *step, const char *detail,
                          const struct s3c_error *problem);
S3C_PUBLIC S3C_MUST_USE int s3c_check(const struct s3c_config *c, const struct s3c_log *log,
                                      s3c_check_fn *report, void *ctx, struct s3c_error *err);

/*
 * The short one: credentials, endpoint and bucket, at most 10 s in all, before it is used. 0 (also where the server allows only
 * other calls than the one that asks for a bucket), or the class of the failure, which err->message names as well.
 */
S3C_PUBLIC S3C_MUST_USE int s3c_check_bucket(const struct s3c_config *c, const struct s3c_log *log,
                                             struct s3c_error *err);

#ifdef __cplusplus
}
#endif
#endif
