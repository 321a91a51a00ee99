/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/setup.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/banned.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "base/view.h"

#define ASSIGNS_MAX 1000 /* lines of a config file and arguments together */

/* One name and value, and what the name means here. */
struct assign {
    struct s3c_view name, value;
    enum s3c_origin origin;
    unsigned sides; /* whose; 0 = it is no option */
    bool scoped;    /* the side was named */
    const struct s3c_option *option;
};

struct setup {
    struct cli *cli;
    unsigned wanted;         /* sides */
    struct s3c_arena memory; /* of the config file's lines */
    struct assign *assigns;
    size_t count;
};

static void problem(struct setup *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void problem(struct setup *s, const char *fmt, ...)
{
    char text[700];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    cli_problem(s->cli, text);
}

static const char *dashes(const struct assign *a)
{
    return a->origin == S3C_FROM_COMMAND_LINE ? "--" : "config file: ";
}

static void unknown(struct setup *s, const struct assign *a, struct s3c_view name,
                    const char *scope)
{
    const struct cli_command *command = s->cli->args.command;
    const struct cli_flag *f;
    struct s3c_nearest near;
    char shown[80];
    size_t n;

    s3c_nearest_init(&near, name);
    s3c_nearest_offer(&near, s3c_option_nearest(name, a->sides));
    f = cli_flags(&n);
    for (size_t i = 0; i < n && !*scope && a->origin == S3C_FROM_COMMAND_LINE; i++)
        if (f[i].commands & (unsigned)command->id)
            s3c_nearest_offer(&near, f[i].name);
    s3c_view_copy(shown, sizeof(shown), a->name);
    if (near.best)
        problem(s, "%s%s: unknown option; did you mean %s%s%s?", dashes(a), shown, dashes(a), scope,
                near.best);
    else
        problem(s, "%s%s: unknown option; see " CLI_PROGRAM " %s --help", dashes(a), shown,
                command->name);
}

/* Which sides a name means. Shows a problem and returns false where it means none, or not just one. */
static bool resolve(struct setup *s, struct assign *a)
{
    static const struct {
        struct s3c_view word;
        unsigned side;
    } scopes[] = {{{"source.", 7}, S3C_SOURCE}, {{"destination.", 12}, S3C_DESTINATION}};
    struct s3c_view name = a->name;
    const char *scope = "";

    a->sides = s->wanted;
    for (size_t i = 0; s->cli->args.command->scoped && i < 2; i++)
        if (s3c_view_starts(name, scopes[i].word)) {
            name = s3c_view_skip(name, scopes[i].word.len);
            scope = scopes[i].word.ptr;
            a->sides = scopes[i].side;
            a->scoped = true;
        }
    a->option = s3c_option_find(name, a->sides);
    if (!a->option) {
        char shown[80];
        unsigned other = (S3C_SOURCE | S3C_DESTINATION) & ~a->sides;
        s3c_view_copy(shown, sizeof(shown), a->name);
        if (other && s3c_option_find(name, other))
            problem(s, "%s%s: not an option of the %s, only of the %s", dashes(a), shown,
                    a->sides == S3C_SOURCE ? "source" : "destination",
                    a->sides == S3C_SOURCE ? "destination" : "source");
        else if (s3c_option_find(name, S3C_SOURCE | S3C_DESTINATION | S3C_PLUGIN))
            problem(s, "%s%s: an option of the Conduit plugin only", dashes(a), shown);
        else
            unknown(s, a, name, scope);
        return false;
    }
    a->sides &= a->option->sides;
    if (a->sides == (S3C_SOURCE | S3C_DESTINATION) && strncmp(a->option->name, "aws.", 4) != 0) {
        problem(s, "%s%s: say which one: source.%s or destination.%s", dashes(a), a->option->name,
                a->option->name, a->option->name);
        return false;
    }
    a->name = name;
    return true;
}

static int add(struct setup *s, struct s3c_view name, struct s3c_view value, enum s3c_origin origin,
               struct s3c_error *err)
{
    struct assign a = {.name = name, .value = value, .origin = origin};

    if (s->count == ASSIGNS_MAX)
        return s3c_error_set(err, S3C_E_INVALID,
                             "more than %d options are set: that cannot be meant", ASSIGNS_MAX);
    if (!resolve(s, &a))
        return 0;
    if (!value.ptr) {
        problem(s, "--%s: a value is missing; write --%s VALUE (or --%s=VALUE)", a.option->name,
                a.option->name, a.option->name);
        return 0;
    }
    s->assigns[s->count++] = a;
    return 0;
}

static int add_line(void *ctx, struct s3c_view name, struct s3c_view value, struct s3c_error *err)
{
    struct setup *s = ctx;

    name = s3c_arena_copy(&s->memory, name);
    value = s3c_arena_copy(&s->memory, value);
    if (!name.ptr || !value.ptr)
        return s3c_error_nomem(err);
    return add(s, name, value, S3C_FROM_FILE, err);
}

static int collect(struct setup *s, struct s3c_error *err)
{
    const struct cli_args *args = &s->cli->args;
    int r = 0;

    s->assigns = s3c_zalloc(ASSIGNS_MAX * sizeof(*s->assigns));
    if (!s->assigns)
        return s3c_error_nomem(err);
    for (size_t i = 0; i < args->assign_count && r == 0; i++)
        r = add(s, args->assigns[i].name, args->assigns[i].value, S3C_FROM_COMMAND_LINE, err);
    if (r == 0 && args->given[CLI_FLAG_CONFIG]) {
        r = s3c_config_each_line(args->flag[CLI_FLAG_CONFIG].ptr, add_line, s, err);
        if (r < 0 && r != S3C_E_NOMEM)
            err->code =
                S3C_E_INVALID; /* whatever is wrong with the file, it is an option that was refused */
    }
    return r;
}

/* A plain name gives way to the same option with its side named. */
static bool is_overruled(const struct setup *s, const struct assign *a, unsigned side)
{
    for (size_t i = 0; i < s->count && !a->scoped; i++) {
        const struct assign *b = &s->assigns[i];
        if (b->scoped && b->option == a->option && b->origin == a->origin && (b->sides & side))
            return true;
    }
    return false;
}

static int build_side(struct setup *s, enum s3c_side side, struct s3c_config **ret,
                      struct s3c_error *err)
{
    const char *who = !s->cli->args.command->scoped ? ""
                      : side == S3C_SOURCE          ? "source: "
                                                    : "destination: ";
    int r;

    r = s3c_config_new(ret, side, err);
    for (size_t i = 0; i < s->count && r == 0; i++) {
        const struct assign *a = &s->assigns[i];
        if ((a->sides & (unsigned)side) && !is_overruled(s, a, (unsigned)side))
            r = s3c_config_set(*ret, a->name, a->value, a->origin, err);
    }
    if (r == 0)
        r = s3c_config_finish(*ret, err);
    if (r == S3C_E_INVALID && s3c_config_problem_count(*ret) > 0) {
        for (size_t i = 0; i < s3c_config_problem_count(*ret); i++)
            problem(s, "%s%s", who, s3c_config_problem(*ret, i));
        return 0; /* the other side's problems are to be seen as well */
    }
    return r;
}

/* Values of the config file may be secrets; the configurations have their own copies. */
static void forget(struct setup *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->assigns[i].origin == S3C_FROM_FILE)
            s3c_wipe((char *)s->assigns[i].value.ptr, s->assigns[i].value.len);
    s3c_free(s->assigns);
}

int cli_configs_build(struct cli *cli, unsigned sides, struct cli_configs *ret)
{
    struct setup s = {.cli = cli, .wanted = sides, .memory = S3C_ARENA_INIT(4u << 20)};
    struct s3c_error err;
    int r;

    *ret = (struct cli_configs){0};
    r = collect(&s, &err);
    if (r == 0 && (sides & S3C_SOURCE))
        r = build_side(&s, S3C_SOURCE, &ret->source, &err);
    if (r == 0 && (sides & S3C_DESTINATION))
        r = build_side(&s, S3C_DESTINATION, &ret->destination, &err);
    forget(&s);
    s3c_arena_done(&s.memory);
    if (r < 0)
        return cli_fail(cli, &err);
    return cli->problems > 0 ? 2 : 0;
}

void cli_configs_done(struct cli_configs *c)
{
    s3c_config_free(S3C_TAKE(c->source));
    s3c_config_free(S3C_TAKE(c->destination));
}
