/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help.h"

#include <stdio.h>

#include <s3c/config.h>

#include "base/banned.h"
#include "base/view.h"
#include "cli/cli.h"

#define WIDTH 79

static const char *placeholder(const struct s3c_option *o)
{
    switch (o->type) {
    case S3C_TYPE_INT:
    case S3C_TYPE_FLOAT:
        return "N";
    case S3C_TYPE_BOOL:
    case S3C_TYPE_ENUM:
        return o->allowed;
    case S3C_TYPE_DURATION:
        return "DURATION";
    case S3C_TYPE_SIZE:
        return "SIZE";
    case S3C_TYPE_PATH:
        return "FILE";
    case S3C_TYPE_URL:
        return "URL";
    case S3C_TYPE_STRING:
        break;
    }
    return "TEXT";
}

static const char *short_name(const struct s3c_option *o)
{
    return strncmp(o->name, "aws.", 4) == 0 ? o->name + 4 : o->name;
}

int cli_help_program(struct s3c_buf *out)
{
    const struct cli_command *c;
    size_t n;
    int r;

    r = s3c_buf_add_str(
        out, "Usage: " CLI_PROGRAM " COMMAND [options]\n"
             "An S3 bucket as a stream of change records, and records as files in a bucket.\n\n");
    c = cli_commands(&n);
    for (size_t i = 0; i < n && r == 0; i++)
        r = s3c_buf_addf(out, "  %-12s %s\n", c[i].name, c[i].summary);
    if (r == 0)
        r = s3c_buf_add_str(
            out,
            "\n  COMMAND --help tells more; --version tells the version. Also installed as s3c.\n"
            "  Credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, an AWS profile, or\n"
            "  a --config file. Exit status: 0 done, 1 failed, 2 refused before it began.\n");
    return r;
}

static int flag_lines(struct s3c_buf *out, const struct cli_command *c)
{
    const struct cli_flag *f;
    char left[40];
    size_t n;
    int r = 0;

    f = cli_flags(&n);
    for (size_t i = 0; i < n && r == 0; i++)
        if (f[i].help && (f[i].commands & (unsigned)c->id)) {
            (void)snprintf(left, sizeof(left), "--%s%s%s", f[i].name, f[i].value ? " " : "",
                           f[i].value ? f[i].value : "");
            r = s3c_buf_addf(out, "  %-22s %s\n", left, f[i].help);
        }
    return r;
}

/* "--polling-period DURATION [1s]": what fits a paragraph. Secrets are named as what belongs elsewhere. */
static int option_word(const struct s3c_option *o, char *dst, size_t size)
{
    bool shown = o->def && *o->def;
    char words[40];
    size_t n = 0;

    for (const char *p = placeholder(o); *p && n + 1 < sizeof(words);
         p++) /* "auto, true" -> "auto|true" */
        if (*p != ' ')
            words[n++] = *p == ',' ? '|' : *p;
    words[n] = '\0';
    return snprintf(dst, size, "--%s %s%s%s%s", short_name(o), words, shown ? " [" : "",
                    shown ? o->def : "", shown ? "]" : "");
}

static int option_paragraph(struct s3c_buf *out, unsigned sides)
{
    const struct s3c_option *o;
    char word[100];
    size_t n, column = 0;
    int r = 0;

    o = s3c_options(&n);
    for (size_t i = 0; i < n && r == 0; i++) {
        size_t len;
        if (!s3c_option_is_for(&o[i], sides) || o[i].secret)
            continue;
        len = (size_t)option_word(&o[i], word, sizeof(word));
        if (column > 0 && column + 2 + len > WIDTH) {
            r = s3c_buf_add_char(out, '\n');
            column = 0;
        }
        if (r == 0)
            r = s3c_buf_addf(out, "  %s", word);
        column += 2 + len;
    }
    return r < 0 ? r : s3c_buf_add_char(out, '\n');
}

static int usage(struct s3c_buf *out, const struct cli_command *c)
{
    return s3c_buf_addf(out, "Usage: " CLI_PROGRAM " %s %s\n%s\n\n", c->name, c->usage, c->summary);
}

int cli_help_command(struct s3c_buf *out, const struct cli_command *c)
{
    int r = usage(out, c);

    if (r == 0)
        r = flag_lines(out, c);
    if (r < 0 || c->sides == 0)
        return r;
    if (c->scoped) /* both lists would not fit a screen, and they are on two others */
        return s3c_buf_add_str(
            out, "\n  --source.NAME VALUE       as in " CLI_PROGRAM " source --help\n"
                 "  --destination.NAME VALUE  as in " CLI_PROGRAM " destination --help\n"
                 "  --NAME VALUE              an aws.* option for both (endpoint, region, ...)\n\n"
                 "The secret key and the session token come from the environment, an AWS profile\n"
                 "or the --config file. See also: --help all.\n");
    r = s3c_buf_add_char(out, '\n');
    if (r == 0)
        r = option_paragraph(out, c->sides);
    if (r == 0)
        r = s3c_buf_add_str(
            out,
            "\nThe secret key and the session token come from the environment, an AWS profile\n"
            "or the --config file. What each option means: --help all.\n");
    return r;
}

/* Wraps words at WIDTH, each line after `indent` spaces. */
static int wrapped(struct s3c_buf *out, const char *text, int indent)
{
    size_t column = 0;
    int r = 0;

    while (*text && r == 0) {
        size_t len = strcspn(text, " ");
        if (column > 0 && (size_t)indent + column + 1 + len > WIDTH) {
            r = s3c_buf_add_char(out, '\n');
            column = 0;
        }
        if (r == 0)
            r = column > 0 ? s3c_buf_add_char(out, ' ') : s3c_buf_addf(out, "%*s", indent, "");
        if (r == 0)
            r = s3c_buf_add(out, text, len);
        column += len + (column > 0 ? 1 : 0);
        text += len + (text[len] ? 1 : 0);
    }
    return r < 0 ? r : s3c_buf_add_char(out, '\n');
}

static int option_details(struct s3c_buf *out, const struct s3c_option *o)
{
    char text[600];
    int r = s3c_buf_addf(out, "  --%s", o->name);

    if (r == 0 && o->alias)
        r = s3c_buf_addf(out, ", --%s", o->alias);
    if (r == 0)
        r = s3c_buf_addf(out, "  (%s%s", s3c_option_type_name(o->type),
                         o->required ? ", required" : "");
    if (r == 0 && o->def && *o->def)
        r = s3c_buf_addf(out, ", default %s", o->def);
    if (r == 0)
        r = s3c_buf_add_str(out, ")\n");
    (void)snprintf(text, sizeof(text), "%s%s%s%s", o->description, o->allowed ? " Allowed: " : "",
                   o->allowed ? o->allowed : "", o->allowed ? "." : "");
    return r < 0 ? r : wrapped(out, text, 6);
}

int cli_help_options(struct s3c_buf *out, unsigned sides)
{
    const struct s3c_option *o;
    size_t n;
    int r = 0;

    o = s3c_options(&n);
    for (size_t i = 0; i < n && r == 0; i++)
        if (s3c_option_is_for(&o[i], sides))
            r = option_details(out, &o[i]);
    return r;
}

int cli_help_command_full(struct s3c_buf *out, const struct cli_command *c)
{
    int r = usage(out, c);

    if (r == 0)
        r = flag_lines(out, c);
    if (r == 0 && c->sides)
        r = s3c_buf_add_str(
            out,
            "\nOptions (aws. may be left out; both spellings mean the same; in a --config file:\n"
            "name = value, without the hyphens in front):\n");
    if (r == 0 && c->sides)
        r = cli_help_options(out, c->sides);
    return r;
}
