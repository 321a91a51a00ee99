/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/args.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/banned.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/view.h"

struct parser {
    struct cli_args *args;
    int argc;
    char **argv;
    cli_complain_fn *complain;
    void *ctx;
    unsigned problems;
};

static void complain(struct parser *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void complain(struct parser *p, const char *fmt, ...)
{
    char text[400];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    p->complain(p->ctx, text);
    p->problems++;
}

/* The argument after argv[i] if it can be a value. */
static bool next_value(const struct parser *p, int i, struct s3c_view *ret)
{
    if (i + 1 >= p->argc || strncmp(p->argv[i + 1], "--", 2) == 0)
        return false;
    *ret = s3c_view_str(p->argv[i + 1]);
    return true;
}

static int take_flag(struct parser *p, int i, const struct cli_flag *f, struct s3c_view value)
{
    struct cli_args *a = p->args;

    if (f->id == CLI_FLAG_HELP) {
        struct s3c_view what = value;
        bool follows = !value.ptr && next_value(p, i, &what) && s3c_view_eq_str(what, "all");
        a->given[f->id] = true;
        a->help_all |= what.ptr && s3c_view_eq_str(what, "all");
        return follows ? i + 1 : i;
    }
    if (!f->value) {
        if (value.ptr)
            complain(p, "--%s: takes no value", f->name);
        a->given[f->id] = true;
        return i;
    }
    if (!value.ptr && !next_value(p, i, &value)) {
        complain(p, "--%s: a value is missing; write --%s %s (or --%s=%s)", f->name, f->name,
                 f->value, f->name, f->value);
        return i;
    }
    if (a->given[f->id] && !s3c_view_eq(a->flag[f->id], value))
        complain(p, "--%s: given twice with different values", f->name);
    a->given[f->id] = true;
    a->flag[f->id] = value;
    return value.ptr == (i + 1 < p->argc ? p->argv[i + 1] : NULL) ? i + 1 : i;
}

static int take_option(struct parser *p, int i, struct s3c_view name, struct s3c_view value)
{
    struct cli_assign *a = &p->args->assigns[p->args->assign_count++];
    bool follows = !value.ptr && next_value(p, i, &value);

    *a = (struct cli_assign){.name = name, .value = value};
    return follows ? i + 1 : i;
}

static void take_operand(struct parser *p, const char *text)
{
    const struct cli_command *c = p->args->command;

    if (!c->operand)
        complain(p, "%s: takes options only (--NAME VALUE), not the argument %.60s", c->name, text);
    else if (p->args->operand.ptr)
        complain(p, "%s: one argument is enough: source or destination", c->name);
    else
        p->args->operand = s3c_view_str(text);
}

/* Takes argv[i] and what belongs to it; returns the index of the last one taken. */
static int take(struct parser *p, int i)
{
    struct s3c_view arg = s3c_view_str(p->argv[i]), name, value = {NULL, 0};
    const struct cli_flag *f;

    if (s3c_view_eq_str(arg, "-h"))
        arg = S3C_VIEW("--help");
    if (!s3c_view_starts(arg, S3C_VIEW("--")) || arg.len == 2) {
        if (arg.len > 1 && arg.ptr[0] == '-')
            complain(p, "%.60s: unknown option; options are written --NAME VALUE", p->argv[i]);
        else
            take_operand(p, p->argv[i]);
        return i;
    }
    name = s3c_view_skip(arg, 2);
    (void)s3c_view_split(name, '=', &name, &value);
    f = cli_flag_find(name, p->args->command->id);
    return f ? take_flag(p, i, f, value) : take_option(p, i, name, value);
}

int cli_args_parse(struct cli_args *ret, const struct cli_command *command, int argc, char **argv,
                   cli_complain_fn *complain_fn, void *ctx, unsigned *ret_problems)
{
    struct parser p = {
        .args = ret, .argc = argc, .argv = argv, .complain = complain_fn, .ctx = ctx};

    *ret = (struct cli_args){.command = command};
    ret->assigns = s3c_zalloc((size_t)(argc + 1) * sizeof(*ret->assigns));
    if (!ret->assigns)
        return S3C_E_NOMEM;
    for (int i = 0; i < argc; i++)
        i = take(&p, i);
    *ret_problems = p.problems;
    return 0;
}

void cli_args_done(struct cli_args *a)
{
    s3c_free(S3C_TAKE(a->assigns));
}

int cli_args_limit(const struct cli_args *a, uint64_t *ret, struct s3c_error *err)
{
    struct s3c_view text = a->flag[CLI_FLAG_LIMIT];
    char shown[24];

    *ret = 0;
    if (!a->given[CLI_FLAG_LIMIT] || (s3c_view_u64(text, ret) == 0 && *ret > 0))
        return 0;
    s3c_view_copy(shown, sizeof(shown), text);
    return s3c_error_set(err, S3C_E_INVALID,
                         "--limit: \"%s\" is not a number of records; allowed: 1 or more", shown);
}
